package main

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestSoakSaysWhatItSees(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := run(options{database: onSQLite, users: 200, soak: time.Second}, &out, newProgress(os.Stderr)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"A mixed load on a store of 200 users", "goroutines: ", "too short for a verdict"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, &out)
		}
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	series := func(last window) []window {
		w := []window{{rss: 1 << 20}} // the first does not count
		for range 6 {
			w = append(w, window{rss: 50 << 20, p99: 10 * time.Millisecond})
		}
		return append(w, last, last, last)
	}
	for _, c := range []struct {
		name       string
		last       window
		idle, busy int
		want       string // "" if all is flat
	}{
		{"as it was", window{rss: 52 << 20, p99: 12 * time.Millisecond}, 20, 22, ""},
		{"more memory", window{rss: 60 << 20, p99: 10 * time.Millisecond}, 20, 20, "memory: GROWING"},
		{"slower", window{rss: 50 << 20, p99: 16 * time.Millisecond}, 20, 20, "p99: GROWING"},
		{"goroutines", window{rss: 50 << 20, p99: 10 * time.Millisecond}, 20, 84, "goroutines: LEFT"},
	} {
		var out strings.Builder
		err := verdict(series(c.last), c.idle, c.busy, &out)
		if (err == nil) != (c.want == "") || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: %v, want %q in\n%s", c.name, err, c.want, &out)
		}
	}
}
