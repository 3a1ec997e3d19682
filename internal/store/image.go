package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/carillon-server/carillon/internal/seal"
)

// Image is a new store in one piece. Stores whose data ends with their process are copied from it: that takes a
// millisecond or two, and the migrations of a new store a hundred.
type Image struct {
	database []byte
	made     *DB // the store that it was, closed: copies have its secrets
}

// NewImage makes a new store. random makes its secrets, and keys has what seals them; all copies share both.
func NewImage(ctx context.Context, random io.Reader, keys seal.Source) (_ *Image, err error) {
	folder, err := os.MkdirTemp("", "carillon-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	db, err := open(ctx, folder, &sealer{source: keys, random: random}, passing)
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	database, err := os.ReadFile(filepath.Join(folder, File))
	return &Image{database, db}, err
}

// passing is for what ends with the process: nothing is synced, so there is nothing to gain by folding the log later than SQLite
// does by itself.
var passing = setup{pragmas: append(slices.Clone(writerPragmas), "synchronous(off)", "wal_autocheckpoint(1000)")}

// Open opens a copy in folder, which is empty or made, and locks the folder until Close. It is an embedded store like
// any other, but that nothing is synced: after a crash of the machine what it holds may be lost or damaged.
func (i *Image) Open(folder string) (_ *DB, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w; choose another with --data", err)
	}
	seals := i.made.seals.copy()
	audit, err := newAuditing(seals.random)
	if err != nil {
		return nil, err
	}
	audit.key = i.made.auditor.key
	e := newEmbedded(folder, seals, audit, passing)
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	if e.lock, err = acquire(folder); err != nil {
		return nil, err
	}
	if err := os.WriteFile(e.path, i.database, 0o600); err != nil {
		return nil, fmt.Errorf("copy the database: %w", err)
	}
	writing, err := e.setup.open(e.path)
	if err != nil {
		return nil, fmt.Errorf("open %s for writing: %w", e.path, err)
	}
	db := newDB(e, seals, audit)
	db.accesses, db.tokens, db.links, db.pins = e.accesses, i.made.tokens, i.made.links, i.made.pins
	e.startWriter(writing, db)
	for range cap(e.readers) {
		e.readers <- nil
		e.reading++
	}
	return db, nil
}

// copy returns a sealer with the same keys.
func (s *sealer) copy() *sealer {
	c := &sealer{source: s.source, random: s.random, decoy: s.decoy}
	c.ring.Store(s.ring.Load())
	return c
}
