package main

import (
	"context"
	"fmt"
	"strings"
)

type healthCommand struct {
	Endpoint string `placeholder:"URL" help:"The server's address. Default: the one that runs on the data folder."`
}

// Help is printed below the command's first line.
func (healthCommand) Help() string {
	return `It asks GET /readyz: a ready server reads and writes its database. Containers use it as their health check:

    HEALTHCHECK CMD ["carillon", "health"]
`
}

// Run checks the server and says what it found.
func (c *healthCommand) Run(ctx context.Context, p *process, g *globals) error {
	url := strings.TrimSuffix(c.Endpoint, "/")
	if url != "" {
		if err := checkReady(ctx, url); err != nil {
			return err
		}
	} else {
		folder, isDefault, err := g.dataFolder(p.env)
		if err != nil {
			return err
		}
		server, err := findServer(ctx, folder, startedAs(folder, isDefault))
		if err != nil {
			return err
		}
		url = server.URL
	}
	fmt.Fprintf(p.stdout, "ready: %s\n", url)
	return nil
}
