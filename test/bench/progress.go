package main

import (
	"fmt"
	"os"
	"time"
)

// progress says what is under way: on a terminal in a line that is written over, elsewhere in a line for each step.
type progress struct {
	out      *os.File
	terminal bool
	begun    time.Time
}

func newProgress(out *os.File) *progress {
	info, err := out.Stat()
	return &progress{out, err == nil && info.Mode()&os.ModeCharDevice != 0, time.Now()}
}

func (p *progress) say(form string, args ...any) {
	line := fmt.Sprintf("%4.0f s  %s", time.Since(p.begun).Seconds(), fmt.Sprintf(form, args...))
	if p.terminal {
		fmt.Fprintf(p.out, "\r\x1b[K%s", line)
		return
	}
	fmt.Fprintln(p.out, line)
}

// clear leaves the line empty for what comes next.
func (p *progress) clear() {
	if p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
