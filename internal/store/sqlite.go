package store

import (
	"errors"
	"strings"
	"syscall"

	modernc "modernc.org/sqlite"
	"zombiezen.com/go/sqlite"

	"github.com/carillon-server/carillon/internal/chime"
	_ "github.com/carillon-server/carillon/internal/store/pagecache" // for all connections
)

// duplicate returns the promise that a statement would have broken. SQLite names the columns, not the index.
func duplicate(err error) (Promise, bool) {
	if code, _ := codeOf(err); code != sqlite.ResultConstraintUnique && code != sqlite.ResultConstraintPrimaryKey {
		return NoPromise, false
	}
	switch {
	case strings.Contains(err.Error(), "users.email_key"):
		return UserEmail, true
	case strings.Contains(err.Error(), "users.pin"):
		return UserPIN, true
	case strings.Contains(err.Error(), "marks.mark"):
		return MarkMade, true
	case strings.Contains(err.Error(), "domains.name"):
		return DomainName, true
	case strings.Contains(err.Error(), "users.number"):
		return UserNumber, true
	case strings.Contains(err.Error(), "number_holds.number"):
		return NumberHeld, true
	case strings.Contains(err.Error(), "rooms.request"):
		return RoomRequest, true
	case strings.Contains(err.Error(), "memberships.member"):
		return RoomMember, true
	case strings.Contains(err.Error(), "bots.email_key"):
		return BotEmail, true
	case strings.Contains(err.Error(), "tenants.tenant"):
		return TenantTaken, true
	case strings.Contains(err.Error(), "principals.name_key"):
		return PrincipalName, true
	case strings.Contains(err.Error(), "access_keys.slot"):
		return KeySlot, true
	}
	return NoPromise, false
}

// explain adds the remedy to what an operator can mend, and makes a client's error of what is not its fault.
func explain(err error) error {
	code, ok := codeOf(err)
	if !ok {
		return err
	}
	switch code.ToPrimary() {
	case sqlite.ResultFull:
		return &unavailable{"the disk is full; nothing was written; make room and try again", err}
	case sqlite.ResultReadOnly:
		return &unavailable{"the database cannot be written; mend its permissions and restart", err}
	case sqlite.ResultBusy:
		return &unavailable{"another process holds the database; nothing was written", err}
	case sqlite.ResultNotADB:
		return errors.Join(errors.New("the file is not a SQLite database; restore it from a backup"), err)
	case sqlite.ResultCorrupt:
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
	code, _ := codeOf(err)
	return code.ToPrimary() == sqlite.ResultIOErr
}

func isReadOnly(err error) bool { return errors.Is(err, syscall.EROFS) }

// isEngine reports whether an error comes from the engine rather than from an operation.
func isEngine(err error) bool {
	_, ok := codeOf(err)
	return ok
}

// codeOf returns the engine's code of an error, and whether the engine made it: for this package, or for the migrations,
// which need database/sql.
func codeOf(err error) (sqlite.ResultCode, bool) {
	if err == nil {
		return sqlite.ResultOK, false
	}
	var ours *engineError
	var migrations *modernc.Error
	switch {
	case errors.As(err, &ours):
		return sqlite.ErrCode(ours.error), true
	case errors.As(err, &migrations):
		return sqlite.ResultCode(migrations.Code()), true
	}
	return sqlite.ResultOK, false
}
