//go:build !linux

package walwrite

import "modernc.org/libc"

// syncData leaves the sync to SQLite.
func (l *log) syncData(tls *libc.TLS, file uintptr, flags int32) int32 {
	return l.sync(tls, file, flags)
}
