// Package fault tests what the server promises when things go wrong around it: the process is killed, the disk is full, clients
// hang up. It starts the built server as its users do.
package fault

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to read what the server left behind

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/store"
	"github.com/carillon-server/carillon/internal/store/pgtest"
	"github.com/carillon-server/carillon/test/harness"
)

// program is the path of the built server.
var program string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "carillon-fault-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	if program, err = harness.Build(folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return pgtest.Stop(m.Run())
}

// server is a running server and its log.
type server struct {
	*harness.Server
	log *syncBuffer
	t   *testing.T
}

// syncBuffer is a buffer that the server's log may still be coming into while a test reads it.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start starts a server on the folder, under the wrapper if there is one. It is killed at the end if it still runs then.
func start(t *testing.T, folder string, wrapper ...string) *server {
	t.Helper()
	s := &server{log: &syncBuffer{}, t: t}
	var err error
	if s.Server, err = harness.Start(program, folder, harness.Options{Wrapper: wrapper, Log: s.log}); err != nil {
		t.Fatalf("%v\n%s", err, s.log)
	}
	t.Cleanup(func() {
		if err := s.Kill(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// stop ends the server in good order.
func (s *server) stop() {
	s.t.Helper()
	if err := s.Stop(); err != nil {
		s.t.Fatalf("%v\n%s", err, s.log)
	}
}

// dial connects to the server, with a limit to how long the test will wait for it.
func (s *server) dial() (*harness.Conn, error) {
	c, err := harness.Dial(s.Address)
	if err != nil {
		return nil, err
	}
	return c, c.SetDeadline(time.Now().Add(time.Minute))
}

// call makes one call, which succeeds.
func call[Out any](s *server, operation string, in any) *Out {
	s.t.Helper()
	out, err := tryCall[Out](s, operation, in)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// tryCall makes one call over a connection of its own.
func tryCall[Out any](s *server, operation string, in any) (*Out, error) {
	c, err := s.dial()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return harness.Call[Out](s.Server, c, operation, in)
}

// account makes an account and returns its id.
func (s *server) account() string {
	s.t.Helper()
	return call[api.CreateAccountOutput](s, "CreateAccount", &api.CreateAccountInput{Name: "Fault"}).Account.AccountID
}

// users returns all users of the account by their ids, from the pages of ListUsers.
func (s *server) users(account string) map[string]api.User {
	s.t.Helper()
	c, err := s.dial()
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	all := map[string]api.User{}
	addresses := map[string]bool{}
	for in := (&api.ListUsersInput{AccountID: account, MaxResults: 200}); ; {
		out, err := harness.Call[api.ListUsersOutput](s.Server, c, "ListUsers", in)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, u := range out.Users {
			if addresses[u.PrimaryEmail] {
				s.t.Errorf("%s belongs to two users", u.PrimaryEmail)
			}
			addresses[u.PrimaryEmail] = true
			all[u.UserID] = u
		}
		if in.NextToken = out.NextToken; in.NextToken == "" {
			return all
		}
	}
}

// checkFile reads the database of a server that has ended: it is whole and holds so many users, each of them complete.
func checkFile(t *testing.T, folder string, want int) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(folder, store.File))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRowContext(t.Context(), "pragma integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity_check: %s, %v", verdict, err)
	}
	var users, addresses, pins, whole int
	err = db.QueryRowContext(t.Context(), `
		select count(*), count(distinct lower(email_key)), count(distinct pin),
			count(case when length(id) = 16 and length(mark) = 16 and registered_at > 0 and display_name <> '' and license in ('Pro', 'Basic')
				and type = 'PrivateUser' and registration = 'Registered' and account in (select id from accounts) then 1 end)
		from users`).Scan(&users, &addresses, &pins, &whole)
	if err != nil {
		t.Fatal(err)
	}
	if users != want || addresses != want || pins != want || whole != want {
		t.Errorf("the file holds %d users with %d addresses and %d PINs, %d of them complete; want %d", users, addresses, pins, whole, want)
	}
}
