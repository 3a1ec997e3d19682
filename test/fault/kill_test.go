package fault

import (
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/test/harness"
)

const (
	kills   = 20
	writers = 64
)

// creation is a CreateUser that a client goes on to attempt until it has an answer.
type creation struct {
	in         *api.CreateUserInput
	invocation string
	attempts   int
}

func newCreation(account, series string, n uint64) *creation {
	return &creation{
		in:         &api.CreateUserInput{AccountID: account, Email: harness.Email(series, n), Username: "A Name"},
		invocation: uuid.NewString(),
	}
}

// request is the next attempt.
func (c *creation) request(s *server) []byte {
	c.attempts++
	return s.Attempt("CreateUser", c.in, c.invocation, c.attempts)
}

func (c *creation) attempt(s *server, conn *harness.Conn) (*api.User, error) {
	out, err := harness.Send[api.CreateUserOutput](conn, "CreateUser", c.request(s))
	if err != nil {
		return nil, err
	}
	return out.User, nil
}

// ledger is what the clients know: who was acknowledged, and whose answer was lost.
type ledger struct {
	mu    sync.Mutex
	users []*api.User
	lost  []*creation
}

func (l *ledger) acknowledge(u *api.User) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.users = append(l.users, u)
}

func (l *ledger) lose(c *creation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = append(l.lost, c)
}

// TestKill kills the server under writers, again and again on one data folder.
func TestKill(t *testing.T) {
	folder := t.TempDir()
	s := start(t, folder)
	account := s.account()
	acknowledged := map[string]api.User{}
	var numbers sequence
	slowest := time.Duration(0)
	for kill := 1; kill <= kills; kill++ {
		var l ledger
		s.writeUntilKilled(account, &numbers, &l)

		s = start(t, folder)
		slowest = max(slowest, s.Took)
		repeated := s.repeatLost(&l)
		s.checkThere(account, l.users)
		for _, u := range l.users {
			acknowledged[u.UserID] = *u
		}
		t.Logf("kill %2d: %5d users acknowledged, %2d answers lost, %2d of them repeated after a start of %v",
			kill, len(l.users)-repeated, len(l.lost), repeated, s.Took.Round(time.Millisecond))
	}
	if slowest > time.Second {
		t.Errorf("a start took %v, want at most a second", slowest)
	}

	there := s.users(account)
	s.checkRecords(there)
	for id, want := range acknowledged {
		want.PersonalPIN = "" // lists do not show it
		got, ok := there[id]
		if !ok {
			t.Errorf("user %s was acknowledged and is gone", id)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("user %s (-acknowledged +there):\n%s", id, diff)
		}
	}
	s.stop()
	checkFile(t, folder, len(there))
	t.Logf("%d users acknowledged in all, %d there, the slowest start took %v", len(acknowledged), len(there), slowest)
}

// sequence counts over all goroutines.
type sequence struct {
	mu   sync.Mutex
	last uint64
}

func (s *sequence) next() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	return s.last
}

// writeUntilKilled lets writers create users, and kills the server at some moment.
func (s *server) writeUntilKilled(account string, numbers *sequence, l *ledger) {
	var wait sync.WaitGroup
	for range writers {
		wait.Go(func() {
			conn, err := s.dial()
			if err != nil {
				s.t.Error(err)
				return
			}
			defer conn.Close()
			for s.write(conn, newCreation(account, "kill", numbers.next()), l) {
			}
		})
	}
	time.Sleep(50*time.Millisecond + rand.N(500*time.Millisecond))
	if err := s.Kill(); err != nil {
		s.t.Fatal(err)
	}
	wait.Wait()
}

// write makes one user, and reports whether the server still lives. One call in eight loses patience and is attempted again
// while the first attempt is under way.
func (s *server) write(conn *harness.Conn, c *creation, l *ledger) (alive bool) {
	if rand.N(8) == 0 {
		s.hangUp(c)
	}
	u, err := c.attempt(s, conn)
	var refused *harness.StatusError
	switch {
	case errors.As(err, &refused):
		s.t.Errorf("attempt %d for %s: %v", c.attempts, c.in.Email, err)
	case err != nil:
		l.lose(c)
		return false
	default:
		l.acknowledge(u)
	}
	return true
}

// hangUp makes an attempt and closes the connection without waiting for the answer.
func (s *server) hangUp(c *creation) {
	conn, err := s.dial()
	if err != nil {
		return // the server was killed, as the next attempt will find
	}
	_, _ = conn.Write(c.request(s)) // whether it gets there or not
	conn.Close()
}

// repeatLost repeats every second call whose answer was lost, twice: both times it gets the same user. The others gave up.
func (s *server) repeatLost(l *ledger) (repeated int) {
	s.t.Helper()
	conn, err := s.dial()
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	for i, c := range l.lost {
		if i%2 == 1 {
			continue
		}
		u, err := c.attempt(s, conn)
		if err != nil {
			s.t.Fatalf("repeated after the restart: %v", err)
		}
		again, err := c.attempt(s, conn)
		if err != nil {
			s.t.Fatalf("repeated once more: %v", err)
		}
		if diff := cmp.Diff(u, again); diff != "" {
			s.t.Errorf("repeated once more (-before +after):\n%s", diff)
		}
		l.acknowledge(u)
		repeated++
	}
	return repeated
}

// checkThere finds each user by id and by address.
func (s *server) checkThere(account string, users []*api.User) {
	s.t.Helper()
	work := make(chan *api.User)
	var wait sync.WaitGroup
	for range 8 {
		conn, err := s.dial()
		if err != nil {
			s.t.Fatal(err)
		}
		wait.Go(func() {
			defer conn.Close()
			for want := range work {
				got, err := harness.Call[api.GetUserOutput](s.Server, conn, "GetUser", &api.GetUserInput{AccountID: account, UserID: want.UserID})
				if err != nil {
					s.t.Errorf("%s was acknowledged: %v", want.PrimaryEmail, err)
					continue
				}
				if diff := cmp.Diff(want, got.User); diff != "" {
					s.t.Errorf("user (-acknowledged +there):\n%s", diff)
				}
				list, err := harness.Call[api.ListUsersOutput](s.Server, conn, "ListUsers", &api.ListUsersInput{AccountID: account, UserEmail: want.PrimaryEmail})
				if err != nil || len(list.Users) != 1 || list.Users[0].UserID != want.UserID {
					s.t.Errorf("by the address %s: %+v, %v", want.PrimaryEmail, list, err)
				}
			}
		})
	}
	for _, u := range users {
		work <- u
	}
	close(work)
	wait.Wait()
}
