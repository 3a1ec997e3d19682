package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/seal"
	"github.com/carillon-server/carillon/internal/server"
	"github.com/carillon-server/carillon/internal/store"
)

// ephemeralSettings are the settings of a server for tests, and the calls that a server begins with.
type ephemeralSettings struct {
	Ephemeral bool    `env:"CARILLON_EPHEMERAL" help:"Keep everything in a temporary folder, or in the empty one that --data names, and remove it at the end. Nothing is fsynced; the clock can be advanced (--test-clock) and faults be ordered (--faults); Reset, Snapshot and RestoreSnapshot are allowed; an access key of 12 digits, with the secret of the first credentials, is the root of the AWS account of that number."`
	Seed      *uint64 `env:"CARILLON_SEED" placeholder:"N" help:"With --ephemeral: give the same IDs, PINs and tokens in every run with this number. In each AWS account they follow from the calls that are made there, in their order."`
	Init      string  `env:"CARILLON_INIT" placeholder:"FILE" help:"Make the calls in a YAML or JSON file before the server is ready. A server that keeps its data makes each of them once, in whatever start; calls that are added at the end of the file are made with the next start."`
}

// These stand for the server itself where sources are of tenants, so that tenants get the same whatever it draws.
const itself, itselfAtStart chime.Tenant = -1, -2

// prepare checks the settings and returns the folder, and how to remove what is in it. The folder given is that of --data or
// the default.
func (c *serveCommand) prepare(folder string, isDefault bool) (_ string, remove func() error, err error) {
	switch {
	case !c.Ephemeral && c.Seed != nil:
		return "", nil, usagef("--seed is for --ephemeral: IDs and tokens that can be guessed are for tests alone")
	case !c.Ephemeral:
		return folder, func() error { return nil }, nil
	case c.Database != "sqlite":
		return "", nil, usagef("--ephemeral and --database exclude each other: an ephemeral server has its data in a temporary folder")
	}
	c.TestClock, c.Faults = true, true
	if isDefault {
		if folder, err = os.MkdirTemp("", "carillon-"); err != nil {
			return "", nil, fmt.Errorf("make a temporary folder: %w", err)
		}
		return folder, func() error { return os.RemoveAll(folder) }, nil
	}
	there, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", nil, fmt.Errorf("look into the data folder: %w; choose another with --data", err)
	}
	if len(there) > 0 {
		return "", nil, fmt.Errorf("the data folder %s is not empty, and --ephemeral removes it at the end; choose another with --data, or leave that out for a temporary one", folder)
	}
	return folder, func() error { return os.RemoveAll(folder) }, nil
}

// openEphemeral opens a store whose data ends with the server.
func (c *serveCommand) openEphemeral(ctx context.Context, folder string, keys seal.Source) (*store.DB, error) {
	var random io.Reader = rand.Reader
	if c.Seed != nil {
		random = chime.Seeded(*c.Seed, nil)(itselfAtStart).Random
	}
	image, err := store.NewImage(ctx, random, keys)
	if err != nil {
		return nil, err
	}
	return image.Open(folder)
}

// arrange changes the settings of the operations for a server whose data ends with it. It returns where the server itself
// gets what varies.
func (c *serveCommand) arrange(s *ops.Settings, source chime.Source) chime.Source {
	if !c.Ephemeral {
		return source
	}
	s.Snapshots = ops.NewSnapshots()
	if c.Seed == nil {
		return source
	}
	s.SourceOf = chime.Seeded(*c.Seed, source.Now)
	return s.SourceOf(itself)
}

// lookUp returns the access keys of the server.
func (c *serveCommand) lookUp(db *store.DB, first server.Key) server.Keys {
	keys := server.LookUp(db, first)
	if c.Ephemeral {
		return server.AnyTenant(keys, first)
	}
	return keys
}
