// Package pagecache keeps SQLite from looking through its whole cache of pages in a commit.
//
// Where an index grows in its middle, a page is split, and two pages may have to swap their numbers. One of them has the number
// of a page for that moment that no database has, the one with the byte that stands for locks, at 1 GiB. The cache notes it as
// the largest number that it ever held. In the commit SQLite has the cache drop what is beyond the end of the database, and as
// its largest page seems to be, every page in it is looked at: with 2000 of them, each elsewhere in memory, that was half of the
// time of a commit that had changed sixty. This package has the cache forget that number once no page has it any more.
//
// It is for all connections of the process. SQLite takes it only before its first use, so this package sets it up when the
// program begins.
package pagecache

import (
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite "modernc.org/sqlite/lib"

	"github.com/carillon-server/carillon/internal/store/translated"
)

// lockByte is where the byte stands that is in no page, which has the page's number for it. Source: "The SQLite database file
// format", 1.4.
const lockByte = 0x40000000

// rekeyer gives a page of a cache another number.
type rekeyer = func(tls *libc.TLS, cache, page uintptr, from, to uint32)

// methods are those of SQLite's own cache, but for one. SQLite copies them.
var methods sqlite.Tsqlite3_pcache_methods2

var rekeyPage rekeyer // of SQLite's own cache

// largest is the largest number in each cache, by its address, in which a page is without a place for the moment.
var largest struct {
	sync.Mutex
	of map[uintptr]uint32
}

func init() {
	tls := libc.NewTLS()
	defer tls.Close()
	list := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(uintptr(0))))
	if list == 0 {
		return // then the cache is SQLite's own
	}
	defer libc.Xfree(tls, list)
	address := libc.VaList(list, uintptr(unsafe.Pointer(&methods)))
	if sqlite.Xsqlite3_config(tls, sqlite.SQLITE_CONFIG_GETPCACHE2, address) != sqlite.SQLITE_OK {
		return
	}
	rekeyPage = translated.Function[rekeyer](methods.FxRekey)
	methods.FxRekey = translated.Pointer(rekeyer(rekey))
	largest.of = map[uintptr]uint32{}
	sqlite.Xsqlite3_config(tls, sqlite.SQLITE_CONFIG_PCACHE2, libc.VaList(list, uintptr(unsafe.Pointer(&methods))))
}

func rekey(tls *libc.TLS, cache, page uintptr, from, to uint32) {
	c := translated.At[sqlite.TPCache1](cache)
	nowhere := uint32(lockByte/c.FszPage) + 1
	before := c.FiMaxKey
	rekeyPage(tls, cache, page, from, to)
	switch nowhere {
	case to:
		largest.Lock()
		largest.of[cache] = before
		largest.Unlock()
	case from:
		largest.Lock()
		if before, known := largest.of[cache]; known {
			c.FiMaxKey = max(before, to)
			delete(largest.of, cache)
		}
		largest.Unlock()
	}
}
