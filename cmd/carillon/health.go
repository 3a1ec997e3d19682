package main

import (
	"context"
	"fmt"
)

type healthCommand struct {
	Endpoint string `placeholder:"URL" help:"The server's address. Default: the one that runs on the data folder."`
	trust
}

// Help is printed below the command's first line.
func (healthCommand) Help() string {
	return `It asks GET /readyz: a ready server reads and writes its database. Containers use it as their health check:

    carillon health
    carillon health --endpoint http://127.0.0.1:24463
    HEALTHCHECK CMD ["carillon", "health"]
`
}

// Run checks the server and says what it found.
func (c *healthCommand) Run(ctx context.Context, p *process, g *globals) error {
	url, err := c.find(ctx, p, g)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "ready: %s\n", url)
	return nil
}

// find returns the address of the server if it is ready.
func (c *healthCommand) find(ctx context.Context, p *process, g *globals) (url string, err error) {
	if c.Endpoint != "" {
		if url, err = endpointURL(c.Endpoint); err != nil {
			return "", err
		}
		client, err := c.client()
		if err != nil {
			return "", err
		}
		return url, checkReady(ctx, client, url)
	}
	folder, isDefault, err := g.dataFolder(p.env)
	if err != nil {
		return "", err
	}
	server, err := findServer(ctx, folder, startedAs(p.env, folder, isDefault))
	return server.URL, err
}
