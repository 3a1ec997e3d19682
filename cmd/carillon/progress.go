package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// progress counts what a long command has done and shows it, as a bar where somebody watches: on a terminal. It is safe for
// concurrent use.
type progress struct {
	out    io.Writer
	things string // that are counted
	size   int64  // that the offset will have at the end, 0 if nobody knows
	begun  time.Time
	bar    bool

	mu     sync.Mutex
	done   int
	offset int64
	before int64 // part of the offset: done before, by what was interrupted then
	shown  time.Time
}

func newProgress(out io.Writer, things string, size int64) *progress {
	p := &progress{out: out, things: things, size: size, begun: time.Now(), bar: isTerminal(out)}
	if t, ok := out.(terminal); ok {
		p.out = t.file // the bar is drawn with control characters
	}
	return p
}

// add counts items that are done. offset is how far they reach.
func (p *progress) add(items int, offset int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += items
	p.offset = max(p.offset, offset)
	if now := time.Now(); p.bar && now.Sub(p.shown) >= 100*time.Millisecond {
		p.shown = now
		fmt.Fprint(p.out, clearLine, p.text(now.Sub(p.begun)))
	}
}

// bytes says how many of how many bytes are done, where items are megabytes.
func (p *progress) bytes(done, total int64) {
	p.mu.Lock()
	p.size = total
	items := int(done/1e6) - p.done
	p.mu.Unlock()
	p.add(items, done)
}

// skip says how much of the offset was done before.
func (p *progress) skip(before int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.before = before
}

// fail says why a row is not done.
func (p *progress) fail(file string, line int, problem string) {
	p.say(fmt.Sprintf("%s:%d: %s", file, line, problem))
}

// say prints a line above the bar.
func (p *progress) say(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar {
		fmt.Fprint(p.out, clearLine)
	}
	text += "\n"
	if p.bar {
		text = string(spellOut([]byte(text)))
	}
	fmt.Fprint(p.out, text)
}

// end takes the bar away.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar {
		fmt.Fprint(p.out, clearLine)
	}
}

const (
	clearLine = "\r\x1b[K"
	barWidth  = 30
)

// text is the bar with the rate and the time that is left.
func (p *progress) text(took time.Duration) string {
	rate := float64(p.done) / max(took.Seconds(), 0.001)
	if p.size == 0 || p.offset <= p.before {
		return fmt.Sprintf("%d %s, %.0f/s", p.done, p.things, rate)
	}
	part := min(float64(p.offset)/float64(p.size), 1)
	full := int(part * barWidth)
	left := time.Duration(float64(took) * max(0, float64(p.size-p.offset)) / float64(p.offset-p.before)).Round(time.Second)
	return fmt.Sprintf("[%s%s] %3.0f%% %d %s, %.0f/s, %s left",
		strings.Repeat("=", full), strings.Repeat(" ", barWidth-full), part*100, p.done, p.things, rate, left)
}
