package fault

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/store/pgtest"
	"github.com/carillon-server/carillon/test/harness"
)

const (
	movedUsers = 3000
	stocked    = 40000 // numbers: the bulk of what is moved
)

// command runs the program with arguments, and kills it after a while if that is not zero.
func command(t *testing.T, killAfter time.Duration, args ...string) (output string, killed bool, err error) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = harness.Environment()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if killAfter > 0 {
		timer := time.AfterFunc(killAfter, func() { _ = cmd.Process.Kill() }) // it may have ended
		defer timer.Stop()
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		status, ok := exit.Sys().(syscall.WaitStatus)
		killed = ok && status.Signaled()
	}
	return out.String(), killed, err
}

// must is command for one that succeeds.
func must(t *testing.T, args ...string) string {
	t.Helper()
	out, _, err := command(t, 0, args...)
	if err != nil {
		t.Fatalf("carillon %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// populate makes users and a stock of numbers, and returns the users.
func (s *server) populate(account string, users, numbers int) map[string]api.User {
	s.t.Helper()
	var wait sync.WaitGroup
	var n sequence
	for range 16 {
		conn, err := s.dial()
		if err != nil {
			s.t.Fatal(err)
		}
		wait.Go(func() {
			defer conn.Close()
			for i := n.next(); i <= uint64(users); i = n.next() {
				if _, err := newCreation(account, "move", i).attempt(s, conn); err != nil {
					s.t.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	for at := 0; at < numbers; at += 5000 {
		in := &api.ImportPhoneNumbersInput{}
		for i := at; i < min(numbers, at+5000); i++ {
			in.PhoneNumbers = append(in.PhoneNumbers, api.ImportPhoneNumber{E164PhoneNumber: fmt.Sprintf("+1206%07d", 2000000+i), Country: "US", Type: "Local", City: "Seattle", State: "WA"})
		}
		if out := call[api.ImportPhoneNumbersOutput](s, "ImportPhoneNumbers", in); len(out.ImportErrors) > 0 {
			s.t.Fatalf("import: %+v", out.ImportErrors[0])
		}
	}
	return s.users(account)
}

var sums = regexp.MustCompile(`(?m)^\w+ +\d+ rows  sha256 [0-9a-f]+$`)

// copyKilled copies, is killed again and again, and comes to its end. It returns what it said of the tables.
func copyKilled(t *testing.T, from, to string, half func()) []string {
	t.Helper()
	kills, begun := 0, time.Now()
	for {
		after := 100*time.Millisecond + rand.N(300*time.Millisecond)
		if kills >= 6 {
			after = 0
		}
		out, killed, err := command(t, after, "copy", "--from", from, "--to", to)
		if killed {
			if kills++; kills == 3 {
				half()
			}
			continue
		}
		if err != nil {
			t.Fatalf("copy: %v\n%s", err, out)
		}
		if kills < 3 {
			t.Errorf("the copy was killed %d times only, which shows little", kills)
		}
		if again := must(t, "copy", "--from", from, "--to", to); !strings.Contains(again, "Nothing was left to copy") {
			t.Errorf("a copy of what was copied says:\n%s", again)
		}
		t.Logf("%s: killed %d times, whole after %v", strings.SplitN(to, ":", 2)[0], kills, time.Since(begun).Round(time.Millisecond))
		return sums.FindAllString(out, -1)
	}
}

// TestCopyKilled copies a store to PostgreSQL and back. The copies are killed on their way, again and again; no server may be
// started on a half of one.
func TestCopyKilled(t *testing.T) {
	dsn := pgtest.Database(t)
	first, last := t.TempDir(), filepath.Join(t.TempDir(), "last")
	s := start(t, first)
	account := s.account()
	want := s.populate(account, movedUsers, stocked)
	s.stop()

	must(t, "migrate", "up", "--database", dsn) // or a kill would meet that, and no half of a copy
	there := copyKilled(t, "sqlite:"+first, dsn, func() {
		out, _, err := command(t, 20*time.Second, "serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--database", dsn)
		if err == nil || !strings.Contains(out, "the database is the target of a copy that has not finished") {
			t.Errorf("a server on a half of a copy: %v\n%s", err, out)
		}
	})
	back := copyKilled(t, dsn, "sqlite:"+last, func() {
		out, _, err := command(t, 20*time.Second, "serve", "--data", last, "--listen", "127.0.0.1:0")
		if err == nil || !strings.Contains(out, "the database is the target of a copy that has not finished") {
			t.Errorf("a server on a half of a copy: %v\n%s", err, out)
		}
	})
	if diff := cmp.Diff(there, back); diff != "" || len(there) < 20 {
		t.Errorf("the checksums (-there +back):\n%s", diff)
	}
	s = start(t, last)
	if diff := cmp.Diff(want, s.users(account)); diff != "" {
		t.Errorf("users (-before +after the way there and back):\n%s", diff)
	}
	s.stop()
	checkFile(t, last, movedUsers)
}
