package main

import (
	"io"
	"sync"
	"time"
)

const (
	lineDelay = 50 * time.Millisecond
	lineRoom  = 32 << 10 // bytes
)

// lineBuffer gathers the lines of a log and writes them together, at most lineDelay late: under load a call to the
// operating system for each line would be a good part of what the line is about. Safe for concurrent use.
type lineBuffer struct {
	w       io.Writer
	mu      sync.Mutex
	lines   []byte
	late    *time.Timer // writes what is there; nil when there is nothing
	closed  bool
	refused error // what w said last
}

func newLineBuffer(w io.Writer) *lineBuffer { return &lineBuffer{w: w} }

// Write adds a line.
func (b *lineBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, line...)
	switch {
	case b.closed || len(b.lines) >= lineRoom:
		b.flush()
	case b.late == nil:
		b.late = time.AfterFunc(lineDelay, func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.flush()
		})
	}
	return len(line), b.refused
}

// flush writes what is there. The caller holds the lock.
func (b *lineBuffer) flush() {
	if b.late != nil {
		b.late.Stop()
		b.late = nil
	}
	if len(b.lines) > 0 {
		_, b.refused = b.w.Write(b.lines)
		b.lines = b.lines[:0]
	}
}

// Close writes what is there, and lets every later line through at once.
func (b *lineBuffer) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.flush()
	return b.refused
}
