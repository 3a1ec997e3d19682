// Command carillon serves the administration API of Amazon Chime, and calls it.
//
// It is the only package that builds things: it turns flags, environment and a file into settings, opens the store,
// takes time and randomness from the system, and hands all of it to the packages below internal.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/alecthomas/kong"
)

func main() {
	runtime.MemProfileRate = 0 // unless somebody may ask for the profile: it makes every server larger
	p := &process{env: os.LookupEnv, stdin: os.Stdin, stdout: forTerminal(os.Stdout), stderr: forTerminal(os.Stderr)}
	os.Exit(p.run(context.Background(), os.Args[1:]))
}

// process is what a command gets from the operating system.
type process struct {
	env    func(name string) (string, bool)
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
}

// run runs one command line and returns the exit code: 0 after success, 1 when the command could not do its work, 2
// when the command line or a setting is wrong.
func (p *process) run(ctx context.Context, args []string) int {
	var c cli
	parser, err := newParser(p, &c)
	if err != nil {
		return p.report(err) // the settings' struct is wrong: every test fails
	}
	if p.complete(parser) {
		return 0
	}
	switch {
	case len(args) == 0:
		args = []string{"--help"}
	case args[0] == "help":
		args = append(args[1:], "--help")
	case args[0] == "--version":
		args[0] = "version"
	}
	parsed, err := parser.Parse(flagsFirst(parser, args))
	if err != nil {
		return p.report(misparsed(err))
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	return p.report(parsed.Run(p, &c.globals))
}

// report says on standard error what went wrong, in a line or two, and returns the exit code.
func (p *process) report(err error) int {
	var usage *usageError
	var answer *answerError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(p.stderr, "carillon: %v\n", err)
		return 2
	case errors.As(err, &answer):
		fmt.Fprintln(p.stderr, err)
		return 1
	}
	fmt.Fprintf(p.stderr, "carillon: %v\n", err)
	return 1
}

// usageError is a mistake in the command line or in a setting: nothing was done.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// misparsed adds to the parser's error where to read more.
func misparsed(err error) error {
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil && parse.Context.Selected() != nil {
		return usagef("%v\nsee: %s --help", err, parse.Context.Selected().FullPath())
	}
	return usagef("%v\nsee: carillon --help", err)
}
