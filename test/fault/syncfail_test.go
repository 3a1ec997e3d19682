package fault

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/carillon-server/carillon/internal/store"
	"github.com/carillon-server/carillon/test/harness"
)

// TestFailedSync lets a sync of the log fail under writers, or one of the database as the log is folded into it. Nobody knows then
// what is on the disk: those whose transaction is under way get no answer, neither does anybody who wants to write after them,
// and the server ends. The next one knows: a repeated call has made one user, whether the first attempt did or not.
func TestFailedSync(t *testing.T) {
	const wal = store.File + "-wal"
	for name, c := range map[string]struct {
		file   string
		inject string
		killed bool
	}{
		"an early one":         {wal, ":when=5", false},
		"one of many":          {wal, ":when=20", false},
		"and a kill at once":   {wal, ":signal=KILL:when=20", true},
		"as the log is folded": {store.File, ":when=1", false},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			s := start(t, folder)
			account := s.account()
			s.stop()
			strace := []string{"strace", "-f", "-qq", "-o", "/dev/null", "-P", filepath.Join(folder, c.file), "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO" + c.inject}
			if out, err := exec.Command(strace[0], append(strace[1:len(strace):len(strace)], "true")...).CombinedOutput(); err != nil {
				unavailable(t, "strace injects no errors here: %v\n%s", err, out)
			}
			s = start(t, folder, strace...)
			l := s.writeUntilGone(account)
			if err := s.Stop(); err == nil {
				t.Error("the server stopped well, want a bad end")
			}
			if !c.killed && !strings.Contains(s.log.String(), "the disk failed while committing") {
				t.Errorf("the log does not say why the server ended:\n%s", s.log)
			}
			if len(l.lost) == 0 {
				t.Error("no answer was lost")
			}

			s = start(t, folder)
			there := s.users(account)
			for _, u := range l.users {
				if _, ok := there[u.UserID]; !ok {
					t.Errorf("user %s was acknowledged and is gone", u.UserID)
				}
				delete(there, u.UserID)
			}
			t.Logf("%d users acknowledged, %d answers lost, of whom %d are there", len(l.users), len(l.lost), len(there))
			conn, err := s.dial()
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			for _, c := range l.lost {
				if _, err := c.attempt(s, conn); err != nil {
					t.Errorf("the repeated call: %v", err)
				}
			}
			if got, want := len(s.users(account)), len(l.users)+len(l.lost); got != want {
				t.Errorf("%d users are there, want %d", got, want)
			}
			s.stop()
			checkFile(t, folder, len(l.users)+len(l.lost))
		})
	}
}

// writeUntilGone has writers create users, each until an answer does not come. Any answer but a success is a failure of the
// test: a user about whom it says so may be there.
func (s *server) writeUntilGone(account string) *ledger {
	l := &ledger{}
	var numbers sequence
	var all sync.WaitGroup
	begun := time.Now()
	for range writers {
		all.Go(func() {
			conn, err := s.dial()
			if err != nil {
				s.t.Error(err)
				return
			}
			defer conn.Close()
			for time.Since(begun) < time.Minute {
				c := newCreation(account, "failing", numbers.next())
				u, err := c.attempt(s, conn)
				var refused *harness.StatusError
				if errors.As(err, &refused) {
					s.t.Errorf("CreateUser: %v", err)
				}
				if err != nil {
					l.lose(c)
					return
				}
				l.acknowledge(u)
			}
			s.t.Error("answers went on for a minute")
		})
	}
	all.Wait()
	return l
}
