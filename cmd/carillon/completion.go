package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/alecthomas/kong"
	"github.com/posener/complete"
	"github.com/willabides/kongplete"

	"github.com/carillon-server/carillon/api"
)

// completionCommand prints a script for a shell.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is printed below the command's first line.
func (completionCommand) Help() string {
	return `Load it in the shell's start-up file:

    eval "$(carillon completion bash)"           in ~/.bashrc
    eval "$(carillon completion zsh)"            in ~/.zshrc
    carillon completion fish | source            in ~/.config/fish/config.fish
`
}

// Run prints the script. It makes the shell ask this program, which knows its own commands.
func (c *completionCommand) Run(p *process) error {
	path, err := os.Executable()
	if err != nil {
		return err
	}
	if isTemporary(path) {
		return fmt.Errorf("a shell completes a program that stays where it is; build this one first: go build -o carillon ./cmd/carillon")
	}
	name := filepath.Base(path)
	switch c.Shell {
	case "bash":
		fmt.Fprintf(p.stdout, "complete -C %s %s\n", quotePOSIX(path), name)
	case "zsh":
		fmt.Fprintf(p.stdout, "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }\nautoload -Uz bashcompinit && bashcompinit\ncomplete -o nospace -C %s %s\n", quotePOSIX(path), name)
	case "fish":
		fmt.Fprintf(p.stdout, "complete -f -c %s -a '(env COMP_LINE=(commandline -cp) %s)'\n", name, quoteFish(path))
	}
	return nil
}

// complete answers a shell that asks for completions, and reports whether one did.
func (p *process) complete(parser *kong.Kong) bool {
	if _, asked := p.env("COMP_LINE"); !asked {
		return false
	}
	operations := make([]string, len(api.AllOperations))
	for i, op := range api.AllOperations {
		operations[i] = op.Name
	}
	root, err := kongplete.Command(parser, kongplete.WithPredictor("operation", complete.PredictSet(operations...)))
	if err != nil {
		return false
	}
	shell := complete.New(parser.Model.Name, root)
	shell.Out = p.stdout
	return shell.Complete()
}
