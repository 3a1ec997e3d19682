package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
)

// bareArgument makes this program the bare server.
const bareArgument = "bare"

// bareAnswer has the size of an answer to CreateUser.
var bareAnswer = []byte(`{"bare":"` + strings.Repeat("x", 430-len(`{"bare":""}`)) + `"}`)

// bare serves until standard input ends, which it does with the process that started it. It prints its address.
func bare() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go func() {
		_ = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if r.Method == http.MethodPost {
				w.WriteHeader(http.StatusCreated)
			}
			_, _ = w.Write(bareAnswer)
		})) // only ever ends with the process
	}()
	fmt.Println(listener.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin) // any end of it is the end
}

// bareServer is a bare server in a process of its own.
type bareServer struct {
	address string
	cmd     *exec.Cmd
	stdin   io.Closer
}

func startBare() (*bareServer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	b := &bareServer{cmd: exec.Command(self, bareArgument)}
	b.cmd.Stderr = os.Stderr
	if b.stdin, err = b.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := b.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := b.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.stop()
		return nil, err
	}
	b.address = strings.TrimSpace(line)
	return b, nil
}

func (b *bareServer) stop() {
	_ = b.stdin.Close() // which ends it
	_ = b.cmd.Wait()
}
