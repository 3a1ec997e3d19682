package main

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/carillon-server/carillon/internal/seal/sealtest"
	"github.com/carillon-server/carillon/internal/store"
)

// engine keeps the filled store, and copies it for the servers that are measured.
type engine interface {
	// open opens the filled store, to be filled more.
	open(ctx context.Context) (*store.DB, error)
	// copy copies the filled store, which is closed.
	copy(name string) (*copied, error)
	close() error
}

// copied is a copy of the filled store.
type copied struct {
	folder string   // of the server's data
	env    []string // of the server
	size   func() (int64, error)
	drop   func() error
}

// folders keeps stores in SQLite, each in a folder.
type folders struct {
	filled string
	work   string // of the copies
}

func (f folders) open(ctx context.Context) (*store.DB, error) {
	return store.Open(ctx, f.filled, rand.Reader, sealtest.Keys)
}

func (f folders) copy(name string) (*copied, error) {
	to := filepath.Join(f.work, name)
	c := &copied{
		folder: to,
		size:   func() (int64, error) { return diskSize(to) },
		drop:   func() error { return os.RemoveAll(to) },
	}
	return c, f.copyTo(to)
}

// copyTo copies the database into a new folder, and on to the disk, so that its writing back disturbs no measurement.
func (f folders) copyTo(folder string) (err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	from, err := os.Open(filepath.Join(f.filled, store.File))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := os.OpenFile(filepath.Join(folder, store.File), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Sync(), to.Close())
}

func (folders) close() error { return nil }

// diskSize returns the size of the files in a folder.
func diskSize(folder string) (size int64, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return 0, err
		}
		size += info.Size()
	}
	return size, nil
}
