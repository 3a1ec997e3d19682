// Package walwrite has SQLite write to its log at once what it writes in pieces.
//
// A transaction adds each page that it changed to the log with two writes, one of 24 bytes and one of the page, and syncs
// the log once. With some thirty operations in a transaction these are more than a hundred system calls, all made by the one
// goroutine that everybody waits for. The VFS of this package keeps them in memory until the sync, and makes a few of them.
//
// Nobody sees the difference. What is in the log counts for others only when its index says so, and SQLite writes that after
// the sync. The connection itself reads back what it wrote before only where a transaction outgrows its cache of pages; the
// log is asked for nothing before it has been written.
//
// So this is for the only connection that writes, with synchronous=FULL and without psow=0. With less than FULL nobody syncs
// before the index is written. What a transaction wrote that is undone may be held for longer than its lock, and would be
// written over what another connection has committed since.
package walwrite

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite "modernc.org/sqlite/lib"

	"github.com/carillon-server/carillon/internal/store/translated"
)

// VFS names the VFS for SQLite, to be asked for as "file:...?vfs=carillon-wal" after Register. All its files but logs are
// those of the system's own VFS.
const VFS = "carillon-wal"

const (
	// maxHeld bounds what is kept in memory, in bytes. A transaction of thirty creates has 250,000.
	maxHeld = 1 << 20
	// maxWrite is what is written at once, in bytes: as much as the largest page has. The system's VFS takes no more than twice
	// that for granted.
	maxWrite = 1 << 16
)

// Register makes the VFS known to SQLite. It may be called any number of times.
func Register() error { return register() }

var register = sync.OnceValue(func() error {
	tls := libc.NewTLS()
	defer tls.Close()
	if code := sqlite.Xsqlite3_initialize(tls); code != sqlite.SQLITE_OK {
		return fmt.Errorf("SQLite does not start: code %d", code)
	}
	system.address = sqlite.Xsqlite3_vfs_find(tls, 0)
	if system.address == 0 {
		return errors.New("SQLite has no VFS for this system")
	}
	vfs := *translated.At[sqlite.Tsqlite3_vfs](system.address)
	system.open = translated.Function[opener](vfs.FxOpen)
	name, err := libc.CString(VFS) // never freed, as the VFS
	if err != nil {
		return err
	}
	vfs.FzName = name
	vfs.FxOpen = translated.Pointer(opener(open))
	ours = vfs
	if code := sqlite.Xsqlite3_vfs_register(tls, uintptr(unsafe.Pointer(&ours)), 0); code != sqlite.SQLITE_OK {
		return fmt.Errorf("SQLite does not take the VFS: code %d", code)
	}
	return nil
})

// ours is the VFS that SQLite knows. It stays where it is, as package variables do.
var ours sqlite.Tsqlite3_vfs

// system is the VFS that does the work.
var system struct {
	address uintptr
	open    opener
}

// The functions of a VFS and of a file that are replaced, or that the replacements need. Their results are SQLite's codes.
type (
	opener   = func(tls *libc.TLS, vfs, name, file uintptr, flags int32, outFlags uintptr) int32
	closer   = func(tls *libc.TLS, file uintptr) int32
	transfer = func(tls *libc.TLS, file, buffer uintptr, amount int32, offset int64) int32 // reads or writes
	truncate = func(tls *libc.TLS, file uintptr, size int64) int32
	syncer   = func(tls *libc.TLS, file uintptr, flags int32) int32
	sizer    = func(tls *libc.TLS, file, size uintptr) int32
)

// log is an open log. One connection has it, which one goroutine uses at a time.
type log struct {
	methods sqlite.Tsqlite3_io_methods // those that SQLite calls
	entered bool                       // the folder that names the log has been synced: the system does so with a log's first sync

	close    closer
	read     transfer
	write    transfer
	truncate truncate
	sync     syncer
	size     sizer

	held   []byte // is to be written
	offset int64  // where
	lost   int32  // why something was given up of a transaction that may not know
}

// logs finds the log of a file by the file's address.
var logs struct {
	sync.RWMutex
	open map[uintptr]*log
}

func find(file uintptr) *log {
	logs.RLock()
	defer logs.RUnlock()
	return logs.open[file]
}

// open opens a file as the system does, and puts itself between SQLite and the file if that is a log.
func open(tls *libc.TLS, _, name, file uintptr, flags int32, outFlags uintptr) int32 {
	code := system.open(tls, system.address, name, file, flags, outFlags)
	if code != sqlite.SQLITE_OK || flags&sqlite.SQLITE_OPEN_WAL == 0 {
		return code
	}
	opened := translated.At[sqlite.Tsqlite3_file](file)
	l := &log{methods: *translated.At[sqlite.Tsqlite3_io_methods](opened.FpMethods)}
	m := &l.methods
	l.close, m.FxClose = translated.Function[closer](m.FxClose), translated.Pointer(closer(closeLog))
	l.read, m.FxRead = translated.Function[transfer](m.FxRead), translated.Pointer(transfer(readLog))
	l.write, m.FxWrite = translated.Function[transfer](m.FxWrite), translated.Pointer(transfer(writeLog))
	l.truncate, m.FxTruncate = translated.Function[truncate](m.FxTruncate), translated.Pointer(truncate(truncateLog))
	l.sync, m.FxSync = translated.Function[syncer](m.FxSync), translated.Pointer(syncer(syncLog))
	l.size, m.FxFileSize = translated.Function[sizer](m.FxFileSize), translated.Pointer(sizer(sizeOfLog))
	logs.Lock()
	defer logs.Unlock()
	if logs.open == nil {
		logs.open = map[uintptr]*log{}
	}
	logs.open[file] = l // also keeps the methods where SQLite finds them
	opened.FpMethods = uintptr(unsafe.Pointer(m))
	return code
}

// closeLog drops what is held: it was never committed.
func closeLog(tls *libc.TLS, file uintptr) int32 {
	l := find(file)
	logs.Lock()
	delete(logs.open, file)
	logs.Unlock()
	return l.close(tls, file)
}

func writeLog(tls *libc.TLS, file, buffer uintptr, amount int32, offset int64) int32 {
	l := find(file)
	if offset != l.offset+int64(len(l.held)) || len(l.held)+int(amount) > maxHeld {
		if code := l.flush(tls, file); code != sqlite.SQLITE_OK {
			return code
		}
		l.offset = offset
	}
	l.held = append(l.held, unsafe.Slice(translated.At[byte](buffer), amount)...)
	return sqlite.SQLITE_OK
}

// flush writes what is held. What cannot be written is given up, as SQLite gives up the transaction when a write fails.
func (l *log) flush(tls *libc.TLS, file uintptr) int32 {
	rest := l.held
	l.held = l.held[:0]
	for len(rest) > 0 {
		n := min(len(rest), maxWrite)
		if code := l.write(tls, file, uintptr(unsafe.Pointer(unsafe.SliceData(rest))), int32(n), l.offset); code != sqlite.SQLITE_OK {
			return code
		}
		l.offset += int64(n)
		rest = rest[n:]
	}
	return sqlite.SQLITE_OK
}

// settle writes what is held, since the file is asked for something. SQLite need not give up the transaction when that fails,
// as it would for a write, but perhaps the statement: the commit must not succeed then.
func (l *log) settle(tls *libc.TLS, file uintptr) int32 {
	code := l.flush(tls, file)
	if code != sqlite.SQLITE_OK {
		l.lost = code
	}
	return code
}

func syncLog(tls *libc.TLS, file uintptr, flags int32) int32 {
	l := find(file)
	code := l.flush(tls, file)
	if l.lost != sqlite.SQLITE_OK {
		code, l.lost = l.lost, sqlite.SQLITE_OK
	}
	if code != sqlite.SQLITE_OK {
		return code
	}
	if l.entered {
		return l.syncData(tls, file, flags)
	}
	code = l.sync(tls, file, flags)
	l.entered = code == sqlite.SQLITE_OK
	return code
}

func readLog(tls *libc.TLS, file, buffer uintptr, amount int32, offset int64) int32 {
	l := find(file)
	if code := l.settle(tls, file); code != sqlite.SQLITE_OK {
		return code
	}
	return l.read(tls, file, buffer, amount, offset)
}

func truncateLog(tls *libc.TLS, file uintptr, size int64) int32 {
	l := find(file)
	if code := l.settle(tls, file); code != sqlite.SQLITE_OK {
		return code
	}
	return l.truncate(tls, file, size)
}

func sizeOfLog(tls *libc.TLS, file, size uintptr) int32 {
	l := find(file)
	if code := l.settle(tls, file); code != sqlite.SQLITE_OK {
		return code
	}
	return l.size(tls, file, size)
}
