package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/carillon-server/carillon/test/harness"
)

// fsyncConnections is how many connections create users while fsyncs are counted.
const fsyncConnections = 64

// fsyncs returns how many fsyncs a create costs, counted by strace from outside; nil where there is no strace, and where
// another process makes them. Its filter
// stops the server at these two calls only, so the batches are about those of the measurement. What the start and the
// stop sync counts too.
func (t *turns) fsyncs() (_ *float64, err error) {
	strace, err := exec.LookPath("strace")
	if t.postgres != nil || errors.Is(err, exec.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	t.say("count the fsyncs")
	c, err := t.filledStore.copy("traced")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.drop()) }()
	counts := filepath.Join(t.work, "strace")
	s, err := harness.Start(t.program, c.folder, harness.Options{
		Wrapper: []string{strace, "-f", "--seccomp-bpf", "-c", "-U", "name,calls", "-e", "trace=fsync,fdatasync", "-o", counts},
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Kill()) }()
	o, err := t.load(s, createUser, fsyncConnections, nil).send(s.Address, fsyncConnections, max(t.duration, time.Second))
	if err != nil {
		return nil, err
	}
	if err := s.Stop(); err != nil {
		return nil, err
	}
	n, err := readCounts(counts)
	if err != nil {
		return nil, err
	}
	perCreate := float64(n) / float64(o.requests)
	return &perCreate, nil
}

// readCounts adds up the calls in strace's summary.
func readCounts(file string) (total int, err error) {
	summary, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(summary) {
		fields := bytes.Fields(line)
		if len(fields) != 2 || string(fields[0]) != "fsync" && string(fields[0]) != "fdatasync" {
			continue
		}
		n, err := strconv.Atoi(string(fields[1]))
		if err != nil {
			return 0, fmt.Errorf("strace's summary: %w", err)
		}
		total += n
	}
	if total == 0 {
		return 0, fmt.Errorf("strace saw no fsync: %s", summary)
	}
	return total, nil
}
