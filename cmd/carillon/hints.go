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
	words string // go run ./cmd/carillon, or the program's path
	data  string // the data folder, empty if it is the default
}

// startedAs returns how the program was started. A program in a build's temporary folder was started by go run.
func startedAs(folder string, isDefault bool) command {
	c := command{words: quotePOSIX(os.Args[0])}
	if executable, err := os.Executable(); err == nil && strings.Contains(executable, string(filepath.Separator)+"go-build") {
		c.words = "go run ./cmd/carillon"
	}
	if !isDefault {
		c.data = folder
	}
	return c
}

// line returns the command line of a command, with its arguments as they stand.
func (c command) line(name string, args ...string) string {
	words := append([]string{c.words, name}, args...)
	if c.data != "" {
		words = append(words, "--data", quotePOSIX(c.data))
	}
	return strings.Join(words, " ")
}

// printHints prints what to paste into a second terminal.
func printHints(w io.Writer, c command, url string) {
	fmt.Fprintf(w, `Carillon listens on %[1]s. Try it from a second terminal, in this folder:

    eval "$(%[2]s)"
    A=$(%[3]s)
    %[4]s

The same with the AWS CLI, and with curl:

    aws --endpoint-url %[1]s --region %[5]s chime create-user --account-id $A --email joe@example.com
    curl --aws-sigv4 "aws:amz:%[5]s:chime" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" --header 'Content-Type: application/json' --data '{"Email":"jim@example.com"}' "%[1]s/accounts/$A/users?operation=create"

`, url, c.line("env"), c.line("call", "CreateAccount", "Name=Demo", "--query", "Account.AccountId"),
		c.line("call", "CreateUser", "AccountId=$A", "Email=jane@example.com"), defaultRegion)
}
