package walwrite

import (
	"os"
	"syscall"
)

// dataSyncer syncs a log's contents, and of the rest what is needed to find them: not the time of the last write, which
// costs another write of the disk, or of the filesystem's journal. SQLite does so wherever it is compiled for it.
type dataSyncer struct{ file *os.File }

func (s *dataSyncer) open(name string) {
	// A failure leaves the syncs to SQLite. An open file more is harmless here: the locks that a process loses when it closes
	// any of a file's descriptors are on the database and its index, not on the log.
	s.file, _ = os.OpenFile(name, os.O_RDWR, 0)
}

// sync reports whether it is known here how to do it, and if so how it went.
func (s *dataSyncer) sync() (known bool, err error) {
	if s.file == nil {
		return false, nil
	}
	for {
		if err := syscall.Fdatasync(int(s.file.Fd())); err != syscall.EINTR {
			return true, err
		}
	}
}

func (s *dataSyncer) close() {
	if s.file != nil {
		_ = s.file.Close() // everything is synced
	}
}
