package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// TestBatches cuts a long file into requests that the server takes: neither too many rows nor too many bytes.
func TestBatches(t *testing.T) {
	t.Parallel()
	for _, city := range []string{"Seattle", strings.Repeat("x", 300)} {
		var file strings.Builder
		const rows = 12_000
		for i := range rows {
			fmt.Fprintf(&file, "+1206555%04d,US,Local,%s,WA\n", i, city)
		}
		r := newRowReader(strings.NewReader(file.String()))
		seen := 0
		var err error
		for err == nil {
			var b batch
			b, err = r.next(func(line int, text string) { t.Errorf("line %d: %s", line, text) })
			size := 0
			for i, row := range b.rows {
				if seen++; b.lines[i] != seen {
					t.Fatalf("row %d is said to be line %d", seen, b.lines[i])
				}
				size += rowBytes + len(row.E164PhoneNumber) + len(row.City)
			}
			if len(b.rows) > maxImport || size > maxImportBytes+1000 {
				t.Errorf("a batch of %d rows and %d bytes", len(b.rows), size)
			}
		}
		if !errors.Is(err, io.EOF) || seen != rows {
			t.Errorf("%d rows, %v; want %d", seen, err, rows)
		}
	}
}

func TestProgressText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		p    *progress
		took time.Duration
		want string
	}{
		{&progress{done: 500, size: 1000, offset: 250}, 10 * time.Second, "[=======                       ]  25% 500 numbers, 50/s, 30s left"},
		{&progress{done: 500, size: 1000, offset: 1000}, 10 * time.Second, "[==============================] 100% 500 numbers, 50/s, 0s left"},
		{&progress{done: 500}, 10 * time.Second, "500 numbers, 50/s"},
	} {
		if got := c.p.text(c.took); got != c.want {
			t.Errorf("text = %q, want %q", got, c.want)
		}
	}
}
