package main

import (
	"bytes"
	"io"
	"os"
	"testing"
)

func TestSpellOut(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Jane Doe\n\tmüde 🎈":                   "Jane Doe\n\tmüde 🎈",
		"\x1b]0;owned\x07\x1b[2J":              `\u001b]0;owned\u0007\u001b[2J`,
		"over\rwritten\b\x00":                  `over\u000dwritten\u0008\u0000`,
		"\u009b31m\u007f":                      `\u009b31m\u007f`,
		"\x9b31m":                              `\x9b31m`,
		"pay \u202eelpoep\u202c\u2066x":        `pay \u202eelpoep\u202c\u2066x`,
		"\uFFFD stays, half of \xc3 not":       "\uFFFD stays, half of " + `\xc3 not`,
		"a joiner \u200d stays, a mark \u200f": "a joiner \u200d stays, a mark " + `\u200f`,
	} {
		if got := string(spellOut([]byte(text))); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}

// TestTerminal takes another device for a terminal, which needs none. /dev/null is not taken for one: nobody watches it.
func TestTerminal(t *testing.T) {
	t.Parallel()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if got := forTerminal(null); got != io.Writer(null) {
		t.Errorf("nothing is a terminal: %T", got)
	}
	device, err := os.OpenFile("/dev/zero", os.O_RDWR, 0)
	if err != nil {
		t.Skip("there is no device to take for a terminal: ", err)
	}
	defer device.Close()
	w := forTerminal(device)
	if _, ok := w.(terminal); !ok || !isTerminal(w) {
		t.Fatalf("a device is no terminal: %T", w)
	}
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if got := forTerminal(file); got != io.Writer(file) {
		t.Errorf("a file is a terminal: %T", got)
	}
	for _, text := range []string{"a\x1b", "b\x1b"} {
		if n, err := io.WriteString(terminal{file}, text); n != len(text) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
	got, err := os.ReadFile(file.Name())
	if err != nil || !bytes.Equal(got, []byte(`a\u001bb\u001b`)) {
		t.Errorf("%q, %v", got, err)
	}
}
