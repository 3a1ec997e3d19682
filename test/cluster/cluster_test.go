// Package cluster tests what several servers promise that share one PostgreSQL: a server is killed, the database restarts
// hard, connections break in the middle of commits.
package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/store/pgtest"
	"github.com/carillon-server/carillon/test/harness"
)

const (
	writers  = 32
	lasts    = 14 * time.Second
	attempts = 60 // of a call: more than an SDK makes, since a hard restart may take a while on a busy machine
)

// cluster is a database and the servers on it.
type cluster struct {
	t        *testing.T
	program  string
	database string // behind the proxy
	direct   string
	mu       sync.Mutex
	servers  []*harness.Server
	logs     []*lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start starts server i.
func (c *cluster) start(i int) {
	c.t.Helper()
	log := &lockedBuffer{}
	s, err := harness.Start(c.program, filepath.Join(c.t.TempDir(), fmt.Sprint("data", i)), harness.Options{
		Env: []string{"CARILLON_DATABASE=" + c.database}, Log: log,
	})
	if err != nil {
		c.t.Fatalf("%v\n%s", err, log)
	}
	c.t.Cleanup(func() { s.Kill() }) // it may have been killed already
	c.mu.Lock()
	defer c.mu.Unlock()
	c.servers[i], c.logs[i] = s, log
}

func (c *cluster) server(i int) *harness.Server {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.servers[i]
}

// create makes a user as an SDK does: the same invocation id from attempt to attempt, at whichever server answers.
func (c *cluster) create(account, email string, first int) error {
	invocation := uuid.NewString()
	var last error
	for n := range attempts {
		s := c.server((first + n) % len(c.servers))
		conn, err := harness.Dial(s.Address)
		if err == nil {
			conn.SetDeadline(time.Now().Add(40 * time.Second))
			request := s.Attempt("CreateUser", &api.CreateUserInput{AccountID: account, Email: email}, invocation, n+1)
			_, err = harness.Send[api.CreateUserOutput](conn, "CreateUser", request)
			conn.Close()
		}
		if err == nil {
			return nil
		}
		last = err
		var refused *harness.StatusError
		if errors.As(err, &refused) && refused.Status < 500 {
			return err
		}
		time.Sleep(time.Duration(20+rand.IntN(200)) * time.Millisecond) // a backoff, as SDKs have
	}
	return fmt.Errorf("gave up after %d attempts: %w", attempts, last)
}

// startPostgres starts PostgreSQL, fsync on, with an empty database, and stops it with the test. The test is skipped where there is
// none.
func startPostgres(t *testing.T) (_ *pgtest.Cluster, database string) {
	t.Helper()
	postgres, err := pgtest.Start(pgtest.Options{Durable: true})
	if errors.Is(err, pgtest.ErrMissing) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := postgres.Stop(); err != nil {
			t.Error(err)
		}
	})
	if database, err = postgres.NewDatabase(t.Context()); err != nil {
		t.Fatal(err)
	}
	return postgres, database
}

// startServers starts two servers on a database.
func startServers(t *testing.T, database, direct string) *cluster {
	t.Helper()
	program, err := harness.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t: t, program: program, direct: direct, database: database, servers: make([]*harness.Server, 2), logs: make([]*lockedBuffer, 2)}
	c.start(0)
	c.start(1)
	return c
}

// written is what writers were told.
type written struct {
	made    sync.Map // by address
	total   atomic.Int64
	longest atomic.Int64 // between two successes of a writer
}

func (w *written) String() string {
	return fmt.Sprintf("%d users acknowledged, longest gap of a writer %v", w.total.Load(), time.Duration(w.longest.Load()).Round(time.Millisecond))
}

// write has writers create users while something happens.
func (c *cluster) write(account string, lasts time.Duration, meanwhile func()) *written {
	begun := time.Now()
	var w written
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			last := begun
			for n := 0; time.Since(begun) < lasts; n++ {
				email := harness.Email(fmt.Sprint("w", i), uint64(n))
				if err := c.create(account, email, i); err != nil {
					c.t.Errorf("CreateUser: %v", err)
					return
				}
				w.made.Store(email, true)
				w.total.Add(1)
				gap := int64(time.Since(last))
				last = time.Now()
				for was := w.longest.Load(); gap > was && !w.longest.CompareAndSwap(was, gap); was = w.longest.Load() {
				}
			}
		})
	}
	meanwhile()
	all.Wait()
	return &w
}

func TestServersOnOneDatabase(t *testing.T) {
	postgres, direct := startPostgres(t)
	proxy, err := postgres.NewProxy()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { proxy.Close() })
	c := startServers(t, proxy.DSN("d1"), direct)
	account := c.account()
	var commits, cuts atomic.Int64
	proxy.Decide(func(statement string) pgtest.Action {
		if statement != "commit" || commits.Add(1)%40 != 0 {
			return pgtest.Pass
		}
		if cuts.Add(1)%2 == 0 {
			return pgtest.CutBefore
		}
		return pgtest.CutAfter
	})
	w := c.write(account, lasts, func() {
		time.Sleep(3 * time.Second)
		if err := c.server(0).Kill(); err != nil {
			t.Error(err)
		}
		time.Sleep(2 * time.Second)
		c.start(0)
		time.Sleep(2 * time.Second)
		if err := errors.Join(postgres.Crash(), postgres.Restart()); err != nil {
			t.Error(err)
		}
	})
	proxy.Decide(func(string) pgtest.Action { return pgtest.Pass })
	c.check(account, &w.made)
	c.checkRecords()
	t.Logf("%v, %d connections cut in a commit", w, cuts.Load())
}

// TestStandbyTakesOver has the primary crash under writers, for good, and its synchronous standby promoted: nothing that was
// acknowledged is lost. The servers find the new primary by themselves.
func TestStandbyTakesOver(t *testing.T) {
	primary, _ := startPostgres(t)
	standby, err := primary.NewStandby(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := standby.Stop(); err != nil {
			t.Error(err)
		}
	})
	c := startServers(t, pgtest.EitherDSN(primary, standby, "d1"), standby.DSN("d1"))
	account := c.account()
	w := c.write(account, lasts, func() {
		time.Sleep(4 * time.Second)
		if err := primary.Crash(); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second) // until somebody notices
		if err := standby.Promote(); err != nil {
			t.Error(err)
		}
	})
	c.check(account, &w.made)
	c.checkRecords()
	t.Log(w)
}

func (c *cluster) account() string {
	c.t.Helper()
	conn, err := harness.Dial(c.server(0).Address)
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close()
	out, err := harness.Call[api.CreateAccountOutput](c.server(0), conn, "CreateAccount", &api.CreateAccountInput{Name: "Cluster"})
	if err != nil {
		c.t.Fatal(err)
	}
	return out.Account.AccountID
}

// check compares what was acknowledged with what is in the database, and looks for panics in the logs.
func (c *cluster) check(account string, made *sync.Map) {
	for i, log := range c.logs {
		if text := log.String(); strings.Contains(text, "panic") {
			c.t.Errorf("server %d panicked:\n%s", i, text)
		}
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, c.direct)
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `select email_key from users`)
	if err != nil {
		c.t.Fatal(err)
	}
	there, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		c.t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, email := range there {
		if seen[email] {
			c.t.Errorf("there are two users %s", email)
		}
		seen[email] = true
	}
	made.Range(func(email, _ any) bool {
		if !seen[email.(string)] {
			c.t.Errorf("user %s of account %s was acknowledged and is gone", email, account)
		}
		delete(seen, email.(string))
		return true
	})
	if len(seen) > 0 {
		c.t.Errorf("%d users are there that nobody was told of", len(seen))
	}
}
