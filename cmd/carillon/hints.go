package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// command is how this program was started, so that the lines it prints can be pasted.
type command struct {
	program string // its path; empty if go run started it
	data    string // the data folder, empty if it is the default
	shell   shell  // in which they are pasted
}

// startedAs returns how the program was started.
func startedAs(env func(string) (string, bool), folder string, isDefault bool) command {
	c := command{program: os.Args[0], shell: guessShell(env)}
	if path, err := os.Executable(); err == nil && isTemporary(path) {
		c.program = ""
	}
	if !isDefault {
		c.data = folder
	}
	return c
}

// isTemporary reports whether a program is in a build's temporary folder, as go run puts it there.
func isTemporary(path string) bool {
	return strings.Contains(path, string(filepath.Separator)+"go-build")
}

// line returns the command line of a command, with its arguments as they stand.
func (c command) line(name string, args ...string) string {
	program := "go run ./cmd/carillon"
	if c.program != "" {
		program = c.shell.run(c.shell.quote(c.program))
	}
	words := append([]string{program, name}, args...)
	if c.data != "" {
		words = append(words, "--data", c.shell.quote(c.data))
	}
	return strings.Join(words, " ")
}

// printHints prints what to paste into a second terminal.
func printHints(w io.Writer, c command, server running) {
	sh, url := c.shell, server.endpoint()
	var awsTrust, curlTrust string
	if server.CAFile != "" {
		awsTrust, curlTrust = "--ca-bundle "+sh.quote(server.CAFile)+" ", "--cacert "+sh.quote(server.CAFile)+" "
	}
	curl := sh.curl(curlTrust+fmt.Sprintf(`--aws-sigv4 "aws:amz:%s:chime" --user "%s:%s" --header 'Content-Type: application/json' "%s/accounts/$A/users?operation=create"`,
		defaultRegion, sh.exported("AWS_ACCESS_KEY_ID"), sh.exported("AWS_SECRET_ACCESS_KEY"), url), `{"Email":"jim@example.com"}`)
	fmt.Fprintf(w, `Carillon listens on %[1]s. Try it from a second terminal, in this folder:

    %[2]s
    %[3]s
    %[4]s

The same with the AWS CLI, and with curl:

    aws --endpoint-url %[1]s %[7]s--region %[5]s chime create-user --account-id $A --email joe@example.com
    %[6]s

`, url, sh.evaluate(c.line("env")), sh.assign("A", c.line("call", "CreateAccount", "Name=Demo", "--query", "Account.AccountId")),
		c.line("call", "CreateUser", "AccountId=$A", "Email=jane@example.com"), defaultRegion, curl, awsTrust)
}
