package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// syncs is how many fdatasyncs are timed.
const syncs = 300

// syncTime returns the median time in which the disk of a folder takes 4 KiB at the end of a file: a write and an fdatasync, as
// a commit makes them.
func syncTime(folder string) (_ time.Duration, err error) {
	path := filepath.Join(folder, "sync")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(path)) }()
	page := make([]byte, 4096)
	took := make([]time.Duration, syncs)
	for i := range took {
		begun := time.Now()
		if _, err := f.Write(page); err != nil {
			return 0, err
		}
		if err := syscall.Fdatasync(int(f.Fd())); err != nil {
			return 0, err
		}
		took[i] = time.Since(begun)
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}
