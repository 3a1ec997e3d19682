package main

import (
	"fmt"
	"io"
	"os"
	"unicode/utf8"
)

// terminal writes to a terminal. What could make it do anything but show text is spelled out: names and messages come from
// people who need not mean well by whoever reads them.
type terminal struct{ file *os.File }

// forTerminal returns the file, or what is safe to write to where it is a terminal.
func forTerminal(f *os.File) io.Writer {
	if isTerminal(f) {
		return terminal{f}
	}
	return f
}

// isTerminal reports whether somebody watches what is written.
func isTerminal(w io.Writer) bool {
	if _, ok := w.(terminal); ok {
		return true
	}
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull) // a device as well, and nobody watches it
	return err != nil || !os.SameFile(info, null)
}

// Write writes text. A character that is cut in two by the end of b is spelled out.
func (t terminal) Write(b []byte) (int, error) {
	if _, err := t.file.Write(spellOut(b)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// spellOut returns text with its control characters as JSON writes them, but for tabs and line breaks.
func spellOut(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1:
			out = fmt.Appendf(out, `\x%02x`, text[0])
		case isControl(r):
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = append(out, text[:size]...)
		}
		text = text[size:]
	}
	return out
}

// isControl reports whether a character does something: those of ASCII, those of ISO 6429, and those that turn the direction
// of writing, so that a text shows as another.
func isControl(r rune) bool {
	switch {
	case r == '\n', r == '\t':
		return false
	case r < ' ', 0x7f <= r && r <= 0x9f:
		return true
	}
	return r == 0x061c || r == 0x200e || r == 0x200f || 0x202a <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069
}
