package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// writes counts the calls of Write.
type writes struct {
	mu    sync.Mutex
	text  strings.Builder
	calls int
}

func (w *writes) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	return w.text.Write(p)
}

func (w *writes) got() (string, int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String(), w.calls
}

func TestLineBuffer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var w writes
		b := newLineBuffer(&w)
		want := ""
		for i := range 10 {
			line := fmt.Sprintf("line %d\n", i)
			want += line
			fmt.Fprint(b, line)
		}
		if text, calls := w.got(); text != "" || calls != 0 {
			t.Errorf("at once: %q in %d writes, want none", text, calls)
		}
		time.Sleep(lineDelay)
		synctest.Wait()
		if text, calls := w.got(); text != want || calls != 1 {
			t.Errorf("after the delay: %q in %d writes, want all lines in one", text, calls)
		}
		big := strings.Repeat("x", lineRoom) + "\n"
		fmt.Fprint(b, big)
		if _, calls := w.got(); calls != 2 {
			t.Errorf("%d writes after a full buffer, want it written at once", calls)
		}
		fmt.Fprint(b, "last\n")
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		fmt.Fprint(b, "later\n")
		if text, calls := w.got(); text != want+big+"last\nlater\n" || calls != 4 {
			t.Errorf("after Close: %d bytes in %d writes, want everything", len(text), calls)
		}
	})
}
