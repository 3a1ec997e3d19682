package main

import (
	"errors"
	"os"
	"path/filepath"
)

// freshFile is a file that takes its place when it is complete, and that only this user can read. After a crash the file at
// the path is the old one or the new one, never a part of it.
type freshFile struct {
	*os.File
	path string
	done bool
}

func newFreshFile(path string) (*freshFile, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return nil, err
	}
	return &freshFile{File: f, path: path}, nil
}

// commit puts the file into its place.
func (f *freshFile) commit() error {
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), f.path); err != nil {
		return err
	}
	f.done = true
	// The rename is durable once the folder is. Systems that cannot sync a folder need not: the file is made anew then.
	if folder, err := os.Open(filepath.Dir(f.path)); err == nil {
		_ = folder.Sync()
		_ = folder.Close()
	}
	return nil
}

// discard removes a file that was not committed.
func (f *freshFile) discard() error {
	if f.done {
		return nil
	}
	_ = f.Close() // commit may have closed it
	return os.Remove(f.Name())
}

// writeFile puts data into a fresh file.
func writeFile(path string, data []byte) (err error) {
	f, err := newFreshFile(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.discard()) }()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.commit()
}
