// Command withpostgres runs a command with a PostgreSQL of its own: started in a temporary folder, named in the variable
// CARILLON_TEST_DATABASE, and stopped when the command has ended. Tests that find the variable use it instead of SQLite:
//
//	go run ./test/withpostgres go test ./internal/ops
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/carillon-server/carillon/internal/store/pgtest"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "withpostgres: %v\n", err)
	}
	os.Exit(code)
}

// run returns the exit code of the command, and why it was not run.
func run(command []string) (code int, err error) {
	if len(command) == 0 {
		return 2, errors.New("which command is to be run?")
	}
	// An interrupt from the terminal reaches the command, too: its end is waited for, and PostgreSQL is stopped.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt, syscall.SIGTERM)
	cluster, err := pgtest.Start(pgtest.Options{})
	if err != nil {
		return 2, err
	}
	defer func() {
		if stopped := cluster.Stop(); stopped != nil {
			code, err = max(code, 2), errors.Join(err, stopped)
		}
	}()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), pgtest.Variable+"="+cluster.DSN("postgres"))
	err = cmd.Run()
	if ended := (*exec.ExitError)(nil); errors.As(err, &ended) {
		return max(ended.ExitCode(), 1), nil
	}
	if err != nil {
		return 2, err
	}
	return 0, nil
}
