package walwrite

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/carillon-server/carillon/internal/store/translated"
)

// opened is a database whose log is written by this package.
type opened struct {
	*sqlite.Conn
	path string
	t    *testing.T
}

func openDatabase(t *testing.T, pragmas ...string) *opened {
	if err := Register(); err != nil {
		t.Fatal(err)
	}
	d := &opened{path: filepath.Join(t.TempDir(), "a folder", "what?.db"), t: t}
	if err := os.Mkdir(filepath.Dir(d.path), 0o700); err != nil {
		t.Fatal(err)
	}
	var err error
	if d.Conn, err = sqlite.OpenConn("file:"+(&url.URL{Path: d.path}).EscapedPath()+"?vfs="+VFS, sqlite.OpenReadWrite, sqlite.OpenCreate, sqlite.OpenURI); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if n := len(logs.open); n != 0 {
			t.Errorf("%d logs are left, want none", n)
		}
	})
	for _, p := range append([]string{"journal_mode(wal)", "synchronous(full)", "wal_autocheckpoint(0)"}, pragmas...) {
		d.exec("pragma " + p)
	}
	d.exec("create table t (n integer primary key, filling blob)")
	return d
}

func (d *opened) exec(text string) {
	d.t.Helper()
	if err := sqlitex.ExecuteTransient(d.Conn, text, nil); err != nil {
		d.t.Fatalf("%s: %v", text, err)
	}
}

// rows is how many rows a connection sees whose files are the system's.
func rows(t *testing.T, path string) (n int64) {
	t.Helper()
	c, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if n, err = sqlitex.ResultInt64(c.Prep("select count(*) from t")); err != nil {
		t.Fatal(err)
	}
	if said, err := sqlitex.ResultText(c.Prep("pragma integrity_check")); err != nil || said != "ok" {
		t.Errorf("integrity check: %q, %v", said, err)
	}
	return n
}

const fill = `insert into t (filling) with recursive s(n) as (select 1 union all select n+1 from s where n < %d) select randomblob(3000) from s`

// crashed is the database as it would be found if the machine failed now: its files without its index.
func (d *opened) crashed() string {
	d.t.Helper()
	copied := filepath.Join(d.t.TempDir(), "crashed.db")
	for _, end := range []string{"", "-wal"} {
		data, err := os.ReadFile(d.path + end)
		if err != nil {
			d.t.Fatal(err)
		}
		if err := os.WriteFile(copied+end, data, 0o600); err != nil {
			d.t.Fatal(err)
		}
	}
	return copied
}

// log is the log of the database, and the file's address.
func (d *opened) log() (l *log, file uintptr) {
	d.t.Helper()
	for file, l = range logs.open {
		return l, file
	}
	d.t.Fatal("no log is open")
	return nil, 0
}

// held is what has been given to the log and is not in its file.
func (d *opened) held() int {
	d.t.Helper()
	l, _ := d.log()
	return len(l.held)
}

// outgrow begins a transaction, and lets it outgrow the cache until something is held.
func (d *opened) outgrow() {
	d.t.Helper()
	d.exec("begin")
	for d.exec(fmt.Sprintf(fill, 20)); d.held() == 0; {
		d.exec(fmt.Sprintf(fill, 1))
	}
}

// undo ends a transaction that an error may have ended.
func (d *opened) undo() {
	d.t.Helper()
	if !d.AutocommitEnabled() {
		d.exec("rollback")
	}
}

func TestCommitIsInTheFile(t *testing.T) {
	d := openDatabase(t)
	for i := range int64(20) {
		d.exec(fmt.Sprintf(fill, 3))
		if n := d.held(); n != 0 {
			t.Fatalf("%d bytes are held after a commit, want none", n)
		}
		if got := rows(t, d.path); got != 3*(i+1) {
			t.Fatalf("another connection sees %d rows, want %d", got, 3*(i+1))
		}
	}
	if got := rows(t, d.crashed()); got != 60 {
		t.Errorf("%d rows are there after a crash, want 60", got)
	}
}

// TestTransactionLargerThanCache has SQLite write to the log before the commit, read from it, and write there again.
func TestTransactionLargerThanCache(t *testing.T) {
	d := openDatabase(t, "cache_size(10)")
	d.exec(fmt.Sprintf(fill, 500))
	d.exec("begin")
	d.exec(fmt.Sprintf(fill, 1000)) // more than maxHeld
	d.exec("update t set filling = zeroblob(3000) where n % 2")
	if sum, err := sqlitex.ResultInt64(d.Prep("select count(*) from t where filling = zeroblob(3000)")); err != nil || sum != 750 {
		t.Fatalf("the transaction sees %d rows that it changed, %v, want 750", sum, err)
	}
	if got := rows(t, d.path); got != 500 {
		t.Errorf("another connection sees %d rows before the commit, want 500", got)
	}
	if got := rows(t, d.crashed()); got != 500 {
		t.Errorf("%d rows are there after a crash before the commit, want 500", got)
	}
	d.exec("commit")
	if got := rows(t, d.crashed()); got != 1500 {
		t.Errorf("%d rows are there after a crash, want 1500", got)
	}
}

func TestRollback(t *testing.T) {
	d := openDatabase(t, "cache_size(10)")
	d.exec(fmt.Sprintf(fill, 10))
	for range 3 {
		d.exec("begin")
		d.exec(fmt.Sprintf(fill, 100))
		d.exec("savepoint s")
		d.exec("delete from t")
		d.exec("rollback to s")
		d.exec("rollback")
		d.exec(fmt.Sprintf(fill, 1))
	}
	if got := rows(t, d.crashed()); got != 13 {
		t.Errorf("%d rows are there, want 13", got)
	}
}

// TestLogBeginsAgain folds the log again and again, so that it is written over, and cut to a size.
func TestLogBeginsAgain(t *testing.T) {
	d := openDatabase(t, "journal_size_limit(100000)")
	for i := range int64(10) {
		d.exec(fmt.Sprintf(fill, 100))
		d.exec("pragma wal_checkpoint(restart)")
		d.exec(fmt.Sprintf(fill, 1))
		if got := rows(t, d.crashed()); got != 101*(i+1) {
			t.Fatalf("%d rows are there, want %d", got, 101*(i+1))
		}
	}
	log, err := os.Stat(d.path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if log.Size() > 100000 {
		t.Errorf("the log has %d bytes, want at most 100000", log.Size())
	}
}

// TestWritesAreFew counts the writes and syncs that the system sees for a transaction of many pages.
func TestWritesAreFew(t *testing.T) {
	d := openDatabase(t)
	var writes, syncs int
	l, _ := d.log()
	write := l.write
	l.write = func(tls *libc.TLS, file, buffer uintptr, amount int32, offset int64) int32 {
		writes++
		return write(tls, file, buffer, amount, offset)
	}
	l.sync = func(*libc.TLS, uintptr, int32) int32 { syncs++; return lib.SQLITE_OK }
	l.entered = false
	d.exec(fmt.Sprintf(fill, 50)) // about 200,000 bytes
	if writes > 5 || syncs != 1 {
		t.Errorf("%d writes and %d syncs, want at most 5 and 1", writes, syncs)
	}
}

// TestFirstSyncIsTheSystems has the folder synced that names the log: without that a power cut may leave no log at all.
func TestFirstSyncIsTheSystems(t *testing.T) {
	d := openDatabase(t)
	l, _ := d.log()
	if !l.entered {
		t.Error("the log has been synced by a commit, but not by the system")
	}
	l.entered = false
	var code int32 = lib.SQLITE_IOERR_FSYNC
	syncs := 0
	l.sync = func(*libc.TLS, uintptr, int32) int32 { syncs++; return code }
	if err := sqlitex.ExecuteTransient(d.Conn, fmt.Sprintf(fill, 1), nil); err == nil {
		t.Error("a commit succeeds, though the first sync failed")
	}
	code = lib.SQLITE_OK
	d.exec(fmt.Sprintf(fill, 1))
	if syncs != 2 || !l.entered {
		t.Errorf("%d syncs by the system, want a failed one and one more", syncs)
	}
	d.exec(fmt.Sprintf(fill, 1))
	if runtime.GOOS == "linux" && syncs != 2 {
		t.Error("SQLite goes on to sync the log, want its contents alone to be synced")
	}
}

// TestFailures has the system refuse a write and a sync. The caller hears of it, and what he was told before stays.
func TestFailures(t *testing.T) {
	full := func(*libc.TLS, uintptr, uintptr, int32, int64) int32 { return lib.SQLITE_FULL }
	broken := func(*libc.TLS, uintptr, int32) int32 { return lib.SQLITE_IOERR_FSYNC }
	for name, c := range map[string]struct {
		damage func(*log)
		want   sqlite.ResultCode
	}{
		"no room": {func(l *log) { l.write = full }, sqlite.ResultFull},
		"no sync": {func(l *log) { l.entered = false; l.sync = broken }, sqlite.ResultIOErrFsync},
	} {
		t.Run(name, func(t *testing.T) {
			d := openDatabase(t)
			d.exec(fmt.Sprintf(fill, 5))
			l, _ := d.log()
			sound := *l
			c.damage(l)
			err := sqlitex.ExecuteTransient(d.Conn, fmt.Sprintf(fill, 5), nil)
			if got := sqlite.ErrCode(err); got != c.want {
				t.Errorf("%v, want %v", err, c.want)
			}
			d.undo()
			if got := rows(t, d.path); got != 5 {
				t.Errorf("%d rows are there after the failure, want 5", got)
			}
			l.write, l.sync = sound.write, sound.sync
			d.exec(fmt.Sprintf(fill, 5))
			if got := rows(t, d.crashed()); got != 10 {
				t.Errorf("%d rows are there in the end, want 10", got)
			}
		})
	}
}

// TestLostWriteIsNeverCommitted lets a write fail that a read asks for. SQLite undoes the statement that read, and goes on with
// the transaction, of which something is missing in the log.
func TestLostWriteIsNeverCommitted(t *testing.T) {
	d := openDatabase(t, "cache_size(10)")
	d.exec(fmt.Sprintf(fill, 100))
	d.outgrow()
	l, _ := d.log()
	write := l.write
	failed := 0
	l.write = func(*libc.TLS, uintptr, uintptr, int32, int64) int32 {
		failed++
		l.write = write
		return lib.SQLITE_FULL
	}
	if err := sqlitex.ExecuteTransient(d.Conn, "insert into t select n + 1000, filling from t", nil); sqlite.ErrCode(err) != sqlite.ResultFull || failed != 1 {
		t.Fatalf("a read that failed %d times: %v, want that the disk is full", failed, err)
	}
	if !d.AutocommitEnabled() {
		if err := sqlitex.ExecuteTransient(d.Conn, "commit", nil); sqlite.ErrCode(err) != sqlite.ResultFull {
			t.Errorf("the commit: %v, want that the disk is full", err)
		}
	}
	d.undo()
	d.exec(fmt.Sprintf(fill, 1))
	if got := rows(t, d.crashed()); got != 101 {
		t.Errorf("%d rows are there, want 101", got)
	}
}

// TestClosedWithHeld closes a database while the log is yet to be given something of a transaction that was undone.
func TestClosedWithHeld(t *testing.T) {
	d := openDatabase(t, "cache_size(10)")
	d.exec(fmt.Sprintf(fill, 5))
	other, err := sqlite.OpenConn(d.path, sqlite.OpenReadWrite) // keeps the log
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := sqlitex.ExecuteTransient(other, "select count(*) from t", nil); err != nil {
		t.Fatal(err)
	}
	d.outgrow()
	d.exec("rollback")
	before := d.crashed()
	if err := d.Conn.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{before, d.crashed()} {
		if got := rows(t, path); got != 5 {
			t.Errorf("%d rows are there, want 5", got)
		}
	}
	if d.Conn, err = sqlite.OpenConn(d.path, sqlite.OpenReadWrite); err != nil { // to be closed in the end
		t.Fatal(err)
	}
}

// TestHeldIsPartOfTheFile asks for the size of a log, and cuts it, while there is something to be written.
func TestHeldIsPartOfTheFile(t *testing.T) {
	d := openDatabase(t, "cache_size(10)")
	tls := libc.NewTLS()
	defer tls.Close()
	l, file := d.log()
	for name, ask := range map[string]func() int32{
		"size": func() int32 {
			size := tls.Alloc(8)
			defer tls.Free(8)
			code := sizeOfLog(tls, file, size)
			if got := *translated.At[int64](size); got != l.offset {
				t.Errorf("the log has %d bytes, want %d", got, l.offset)
			}
			return code
		},
		"truncate": func() int32 { return truncateLog(tls, file, l.offset+int64(len(l.held))) },
	} {
		d.outgrow()
		end := l.offset + int64(len(l.held))
		if code := ask(); code != lib.SQLITE_OK {
			t.Errorf("%s: code %d", name, code)
		}
		if there, err := os.Stat(d.path + "-wal"); err != nil || there.Size() != end {
			t.Errorf("%s: the file has %d bytes, %v, want %d", name, there.Size(), err, end)
		}
		if n := d.held(); n != 0 {
			t.Errorf("%s: %d bytes are still to be written", name, n)
		}
		d.exec("rollback")
	}
}
