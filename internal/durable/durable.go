// Package durable replaces files so that after a crash a file is the old one or the new one, never a part of it.
package durable

import (
	"errors"
	"os"
	"path/filepath"
	"time"
)

// Partial is how the name of a file ends that is not whole yet. It begins with a dot and the name that the file will have.
const Partial = ".part"

// Write puts data into a file that only this user can read.
func Write(path string, data []byte) error {
	return Fill(path, func(w *os.File) error {
		_, err := w.Write(data)
		return err
	})
}

// Fill puts what fill writes into a file that only this user can read. Before fill has returned nil and all of it is on the
// disk, the path is as it was.
func Fill(path string, fill func(*os.File) error) (err error) {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Discard()) }()
	if err := fill(f.File); err != nil {
		return err
	}
	return f.Commit()
}

// File is a file that takes its place when it is complete, and that only this user can read.
type File struct {
	*os.File
	path string
	done bool
}

// Create returns a file that will be at the path. What programs left behind there that were killed is removed.
func Create(path string) (*File, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*"+Partial) // mode 0600
	if err != nil {
		return nil, err
	}
	sweep(path, f)
	return &File{File: f, path: path}, nil
}

// Commit puts the file into its place, once all of it is on the disk.
func (f *File) Commit() error {
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), f.path); err != nil {
		return err
	}
	f.done = true
	SyncFolder(filepath.Dir(f.path))
	return nil
}

// Discard removes a file that was not committed.
func (f *File) Discard() error {
	if f.done {
		return nil
	}
	_ = f.Close() // Commit may have closed it
	return os.Remove(f.Name())
}

// abandoned is how long a file that is not whole has not been written to when nobody writes it any more.
const abandoned = time.Hour

// sweep removes the parts of the file that programs left behind which were killed, but not the fresh one.
func sweep(path string, fresh *os.File) {
	now, err := fresh.Stat()
	if err != nil {
		return
	}
	folder := filepath.Dir(path)
	entries, _ := os.ReadDir(folder) // what cannot be seen stays
	for _, e := range entries {
		ours, _ := filepath.Match("."+filepath.Base(path)+"-*"+Partial, e.Name())
		info, err := e.Info()
		if ours && err == nil && now.ModTime().Sub(info.ModTime()) > abandoned {
			_ = os.Remove(filepath.Join(folder, e.Name()))
		}
	}
}

// SyncFolder makes the names in a folder durable, where the system can.
func SyncFolder(folder string) {
	f, err := os.Open(folder)
	if err != nil {
		return
	}
	_ = f.Sync() // systems that cannot sync a folder need not
	_ = f.Close()
}
