package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

type envCommand struct {
	Shell  string `enum:"auto,bash,zsh,sh,fish,powershell" default:"auto" help:"The shell to write for: bash, zsh, sh, fish or powershell. Default: the one that SHELL names."`
	Region string `default:"us-east-1" help:"The region that clients sign for; the server takes any. Default: ${default}."`
}

// Help is printed below the command's first line.
func (envCommand) Help() string {
	return `Evaluate what it prints, and the AWS CLI, the AWS SDKs and carillon call use the server:

    eval "$(carillon env)"                                bash, zsh, sh
    carillon env | source                                 fish
    carillon env | Out-String | Invoke-Expression         PowerShell

It prints a secret. It removes AWS_PROFILE and AWS_SESSION_TOKEN, which would go before or with the credentials. If the
server's certificate is its own authority, AWS_CA_BUNDLE makes clients trust it, and nothing else: AWS itself cannot be
called in the same shell then.
`
}

// Run prints the variables.
func (c *envCommand) Run(ctx context.Context, p *process, g *globals) error {
	folder, isDefault, err := g.dataFolder(p.env)
	if err != nil {
		return err
	}
	server, err := findServer(ctx, folder, startedAs(p.env, folder, isDefault))
	if err != nil {
		return err
	}
	keys, err := serverKeys(p.env, folder, server)
	if err != nil {
		return err
	}
	sh := guessShell(p.env)
	if c.Shell != "auto" {
		sh = shells()[c.Shell]
	}
	fmt.Fprint(p.stdout, exports(sh, server, c.Region, keys))
	return nil
}

// exports returns the lines that set a client's environment.
func exports(sh shell, server running, region string, keys credentials) string {
	var b strings.Builder
	variables := [][2]string{
		{"AWS_ENDPOINT_URL_CHIME", server.endpoint()},
		{"AWS_ACCESS_KEY_ID", keys.accessKeyID},
		{"AWS_SECRET_ACCESS_KEY", keys.secret},
		{"AWS_REGION", region},
		{"AWS_DEFAULT_REGION", region},
	}
	if server.CAFile != "" {
		variables = append(variables, [2]string{"AWS_CA_BUNDLE", server.CAFile}, [2]string{"NODE_EXTRA_CA_CERTS", server.CAFile})
	}
	for _, v := range variables {
		fmt.Fprintln(&b, sh.export(v[0], sh.quote(v[1])))
	}
	for _, name := range [...]string{"AWS_PROFILE", "AWS_SESSION_TOKEN"} {
		fmt.Fprintln(&b, sh.unset(name))
	}
	return b.String()
}

// serverKeys returns the first credentials of a running server: those of the environment if the server has them, or
// those of its data folder.
func serverKeys(env func(string) (string, bool), folder string, server running) (credentials, error) {
	set, isSet, err := environmentRoot(env)
	if err != nil {
		return credentials{}, err
	}
	if isSet && set.accessKeyID == server.AccessKeyID {
		return set, nil
	}
	kept, err := readCredentials(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return credentials{}, err
	}
	if err == nil && kept.accessKeyID == server.AccessKeyID {
		return kept, nil
	}
	return credentials{}, fmt.Errorf("the server took its first credentials from the environment when it started; set %s and %s here as there",
		rootAccessKeyID, rootSecretAccessKey)
}
