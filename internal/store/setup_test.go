package store

import (
	"path/filepath"
	"testing"
)

// TestOnlySyncedLogsAreHeld: without a sync in each commit, nobody would write what walwrite holds before others look for it.
func TestOnlySyncedLogsAreHeld(t *testing.T) {
	for name, w := range map[string]setup{"lasting": lasting, "passing": passing} {
		path := filepath.Join(t.TempDir(), File)
		if err := writable(path); err != nil {
			t.Fatal(err)
		}
		c, err := w.open(path)
		if err != nil {
			t.Fatal(err)
		}
		var level int64
		if err := c.query(func(r scanner) error { return r.Scan(&level) }, "pragma synchronous"); err != nil {
			t.Fatal(err)
		}
		const full = 2
		if held := w.vfs != ""; held != (level == full) {
			t.Errorf("%s: the log is held: %t, with synchronous=%d", name, held, level)
		}
		if err := c.close(); err != nil {
			t.Error(err)
		}
	}
}
