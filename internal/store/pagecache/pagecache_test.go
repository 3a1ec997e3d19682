package pagecache

import (
	"path/filepath"
	"testing"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/carillon-server/carillon/internal/store/translated"
)

// TestSwapIsForgotten lets an index grow all over, until pages have swapped their numbers, and looks at what the cache holds for
// its largest number when a commit begins.
func TestSwapIsForgotten(t *testing.T) {
	own := rekeyPage
	defer func() { rekeyPage = own }()
	swaps := 0
	var cache *lib.TPCache1
	rekeyPage = func(tls *libc.TLS, address, page uintptr, from, to uint32) {
		if to == lockByte/4096+1 {
			swaps++
			cache = translated.At[lib.TPCache1](address)
		}
		own(tls, address, page, from, to)
	}
	c, err := sqlite.OpenConn(filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	exec := func(text string) {
		t.Helper()
		if err := sqlitex.ExecuteTransient(c, text, nil); err != nil {
			t.Fatal(err)
		}
	}
	exec("create table t (k text primary key) without rowid")
	for range 50 {
		exec("begin")
		exec("insert into t with recursive s(n) as (select 1 union all select n+1 from s where n < 100) select hex(randomblob(30)) from s")
		pages, err := sqlitex.ResultInt64(c.Prep("pragma page_count"))
		if err != nil {
			t.Fatal(err)
		}
		if cache != nil && int64(cache.FiMaxKey) > pages {
			t.Fatalf("the largest page is held to be %d, of %d", cache.FiMaxKey, pages)
		}
		exec("commit")
	}
	if swaps == 0 {
		t.Error("no pages have swapped their numbers")
	}
	if len(largest.of) > 0 {
		t.Errorf("%d pages are still without a place", len(largest.of))
	}
	if n, err := sqlitex.ResultInt64(c.Prep("select count(*) from t")); err != nil || n != 5000 {
		t.Errorf("%d rows, %v, want 5000", n, err)
	}
	if said, err := sqlitex.ResultText(c.Prep("pragma integrity_check")); err != nil || said != "ok" {
		t.Errorf("integrity check: %q, %v", said, err)
	}
}
