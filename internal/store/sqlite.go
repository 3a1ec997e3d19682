package store

import (
	"errors"
	"strings"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/carillon-server/carillon/internal/chime"
)

// duplicate returns the promise that a statement would have broken. SQLite names the columns, not the index.
func duplicate(err error) (Promise, bool) {
	var e *sqlite.Error
	if !errors.As(err, &e) || e.Code() != sqlite3.SQLITE_CONSTRAINT_UNIQUE && e.Code() != sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY {
		return NoPromise, false
	}
	switch {
	case strings.Contains(e.Error(), "users.email_key"):
		return UserEmail, true
	case strings.Contains(e.Error(), "users.pin"):
		return UserPIN, true
	case strings.Contains(e.Error(), "marks.mark"):
		return MarkMade, true
	case strings.Contains(e.Error(), "domains.name"):
		return DomainName, true
	}
	return NoPromise, false
}

// explain adds the remedy to what an operator can mend, and makes a client's error of what is not its fault.
func explain(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return &unavailable{"the disk is full; nothing was written; make room and try again", err}
	case sqlite3.SQLITE_READONLY:
		return &unavailable{"the database cannot be written; mend its permissions and restart", err}
	case sqlite3.SQLITE_BUSY:
		return &unavailable{"another process holds the database; nothing was written", err}
	case sqlite3.SQLITE_NOTADB:
		return errors.Join(errors.New("the file is not a SQLite database; restore it from a backup"), err)
	case sqlite3.SQLITE_CORRUPT:
		return errors.Join(errors.New("the database is damaged; restore it from a backup"), err)
	}
	return err
}

// unavailable is an error of kind chime.Unavailable that keeps its cause for the log.
type unavailable struct {
	message string
	cause   error
}

func (e *unavailable) Error() string        { return e.message }
func (e *unavailable) Is(target error) bool { return target == chime.Unavailable }
func (e *unavailable) Unwrap() error        { return e.cause }

// mayHavePersisted reports whether a failed commit may have reached the disk all the same: its fsync failed, not its
// write.
func mayHavePersisted(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_IOERR
}

func isReadOnly(err error) bool { return errors.Is(err, syscall.EROFS) }

// isEngine reports whether an error comes from the engine rather than from an operation.
func isEngine(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e)
}
