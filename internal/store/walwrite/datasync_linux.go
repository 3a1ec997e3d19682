package walwrite

import (
	"syscall"

	"modernc.org/libc"
	sqlite "modernc.org/sqlite/lib"

	"github.com/carillon-server/carillon/internal/store/translated"
)

// syncData syncs a log's contents, and of the rest what is needed to find them: not the time of the last write, which costs
// another write of the disk, or of the filesystem's journal. SQLite does so wherever it is compiled for it.
func (l *log) syncData(_ *libc.TLS, file uintptr, _ int32) int32 {
	opened := translated.At[sqlite.TunixFile](file)
	for {
		switch err := syscall.Fdatasync(int(opened.Fh)); err {
		case nil:
			return sqlite.SQLITE_OK
		case syscall.EINTR:
		default:
			if number, ok := err.(syscall.Errno); ok {
				opened.FlastErrno = int32(number)
			}
			return sqlite.SQLITE_IOERR_FSYNC
		}
	}
}
