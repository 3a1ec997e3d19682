package store_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/seal/sealtest"
	"github.com/carillon-server/carillon/internal/store"
	"github.com/carillon-server/carillon/internal/store/pgtest"
)

// troubled is a store behind a proxy.
type troubled struct {
	*store.DB
	proxy   *pgtest.Proxy
	source  chime.Source
	account *chime.Account
}

func openTroubled(t *testing.T) *troubled {
	t.Helper()
	dsn := pgtest.Database(t)
	proxy, err := pgtest.Shared(t).NewProxy()
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.OpenPostgres(t.Context(), proxy.DSN(strings.TrimPrefix(u.Path, "/")), rand.Reader, sealtest.Keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(db.Close(), proxy.Close()); err != nil {
			t.Error(err)
		}
	})
	s := &troubled{DB: db, proxy: proxy, source: chimetest.Source()}
	s.account = chime.NewAccount(s.source, 1, "Example")
	if err := db.Update(t.Context(), 1, func(tx *store.Tx) error { tx.InsertAccount(s.account); return nil }); err != nil {
		t.Fatal(err)
	}
	return s
}

// create adds a user the way CreateUser does, which a group takes, or with a job beside, which none does.
func (s *troubled) create(ctx context.Context, email string, alone bool) error {
	return s.Update(ctx, 1, func(tx *store.Tx) error {
		if tx.Met() == store.UserEmail {
			return chime.Conflict.Errorf("taken")
		}
		a, _, err := tx.AccountAndOwner(s.account.ID, "example.com")
		if err != nil {
			return err
		}
		if a == nil {
			return errors.New("the account is gone")
		}
		u, err := a.NewUser(s.source, "", email, "")
		if err != nil {
			return err
		}
		tx.InsertUser(u, store.Mark{})
		if alone {
			tx.InsertJob(&store.Job{Tenant: 1, ID: s.source.NewID(), Kind: "test", State: store.JobDone, QueuedAt: s.source.Now(), DueAt: s.source.Now()})
		}
		return nil
	})
}

// count returns how many users and jobs there are.
func (s *troubled) count(t *testing.T) (users, jobs int) {
	t.Helper()
	s.proxy.Decide(func(string) pgtest.Action { return pgtest.Pass })
	err := s.View(t.Context(), 1, func(tx *store.Tx) error {
		u, err1 := tx.Users(s.account.ID, "", chime.ID{}, 10_000)
		j, err2 := tx.JobsOfKind("test", "", chime.ID{}, 10_000)
		users, jobs = len(u), len(j)
		return errors.Join(err1, err2)
	})
	if err != nil {
		t.Fatal(err)
	}
	return users, jobs
}

// once does the action to the first statement that begins so.
func once(prefix string, action pgtest.Action) func(string) pgtest.Action {
	var done atomic.Bool
	return func(statement string) pgtest.Action {
		if strings.HasPrefix(statement, prefix) && done.CompareAndSwap(false, true) {
			return action
		}
		return pgtest.Pass
	}
}

// TestPostgresResolveIsCut loses the answer of a commit that did not happen, and then that of the question whether it did.
func TestPostgresResolveIsCut(t *testing.T) {
	t.Parallel()
	s := openTroubled(t)
	var step atomic.Int64
	s.proxy.Decide(func(statement string) pgtest.Action {
		switch {
		case statement == "commit" && step.CompareAndSwap(0, 1):
			return pgtest.CutBefore
		case strings.HasPrefix(statement, "insert into marks") && strings.HasSuffix(statement, "do nothing") && step.CompareAndSwap(1, 2):
			return pgtest.CutAfter
		}
		return pgtest.Pass
	})
	if err := s.create(t.Context(), "jane@example.com", true); err != nil {
		t.Errorf("create: %v", err)
	}
	if users, jobs := s.count(t); users != 1 || jobs != 1 || step.Load() != 2 {
		t.Errorf("%d users and %d jobs after %d cuts, want 1, 1 and 2", users, jobs, step.Load())
	}
}

// TestPostgresAllCommitsAreCut loses the answers of as many commits at once as there are connections, half of them of commits
// that did not happen: to find out needs connections, too.
func TestPostgresAllCommitsAreCut(t *testing.T) {
	t.Parallel()
	const callers = 12
	s := openTroubled(t)
	var commits atomic.Int64
	var arrived sync.WaitGroup
	arrived.Add(callers)
	s.proxy.Decide(func(statement string) pgtest.Action {
		if statement != "commit" {
			return pgtest.Pass
		}
		n := commits.Add(1)
		if n > callers {
			return pgtest.Pass
		}
		arrived.Done()
		arrived.Wait()
		if n%2 == 0 {
			return pgtest.CutBefore
		}
		return pgtest.CutAfter
	})
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			if err := s.create(t.Context(), fmt.Sprintf("u%d@example.com", i), true); err != nil {
				t.Errorf("create: %v", err)
			}
		})
	}
	all.Wait()
	if users, jobs := s.count(t); users != callers || jobs != callers {
		t.Errorf("%d users and %d jobs, want %d of both", users, jobs, callers)
	}
}

func TestPostgresTrouble(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		statement string
		action    pgtest.Action
	}{
		"not serializable at a write":             {"insert into users", pgtest.Fail("40001")},
		"not serializable at the commit":          {"commit", pgtest.Fail("40001")},
		"deadlock":                                {"insert into users", pgtest.Fail("40P01")},
		"connection failure from a healthy one":   {"insert into users", pgtest.Fail("08006")},
		"too many connections":                    {"begin", pgtest.Fail("53300")},
		"shutting down":                           {"begin", pgtest.Fail("57P01")},
		"completion unknown, not committed":       {"commit", pgtest.Fail("40003")},
		"completion unknown, committed":           {"commit", pgtest.Hide("40003")},
		"resolution unknown, committed":           {"commit", pgtest.Hide("08007")},
		"connection failure at commit, committed": {"commit", pgtest.Hide("08006")},
		"cut before a read":                       {"select", pgtest.CutBefore},
		"cut before a write":                      {"insert into users", pgtest.CutBefore},
		"cut after a write":                       {"insert into users", pgtest.CutAfter},
		"cut before the commit":                   {"commit", pgtest.CutBefore},
		"cut after the commit":                    {"commit", pgtest.CutAfter},
	} {
		for _, alone := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, alone %t", name, alone), func(t *testing.T) {
				t.Parallel()
				s := openTroubled(t)
				s.proxy.Decide(once(c.statement, c.action))
				if err := s.create(t.Context(), "jane@example.com", alone); err != nil {
					t.Errorf("create: %v", err)
				}
				want := 0
				if alone {
					want = 1
				}
				if users, jobs := s.count(t); users != 1 || jobs != want {
					t.Errorf("%d users and %d jobs, want 1 and %d", users, jobs, want)
				}
			})
		}
	}
}

// TestPostgresWithoutGroups stands for an engine that refuses the statement of a group, as one that spreads its tables may.
func TestPostgresWithoutGroups(t *testing.T) {
	t.Parallel()
	s := openTroubled(t)
	var refused atomic.Int64
	s.proxy.Decide(func(statement string) pgtest.Action {
		if !strings.Contains(statement, "unnest(") {
			return pgtest.Pass
		}
		refused.Add(1)
		return pgtest.Fail("0A000")
	})
	for n := range 5 {
		if err := s.create(t.Context(), fmt.Sprintf("u%d@example.com", n), false); err != nil {
			t.Errorf("create: %v", err)
		}
	}
	if users, _ := s.count(t); users != 5 || refused.Load() != 1 {
		t.Errorf("%d users after %d refusals, want 5 after 1", users, refused.Load())
	}
}

// TestPostgresStorm has many callers while statements of all sorts meet all sorts of trouble: who is told of success made
// exactly one user, who is told of failure none.
func TestPostgresStorm(t *testing.T) {
	t.Parallel()
	s := openTroubled(t)
	var mu sync.Mutex
	random := mathrand.New(mathrand.NewPCG(1, 2))
	actions := []pgtest.Action{
		pgtest.Fail("40001"), pgtest.Fail("08006"), pgtest.Fail("40003"), pgtest.Fail("57P01"), pgtest.CutBefore, pgtest.CutAfter,
	}
	s.proxy.Decide(func(statement string) pgtest.Action {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case random.IntN(100) >= 8 || strings.HasPrefix(statement, "rollback"):
			return pgtest.Pass
		case statement == "commit" && random.IntN(4) == 0:
			return pgtest.Hide("40003")
		}
		return actions[random.IntN(len(actions))]
	})
	const callers, each = 16, 12
	var succeeded atomic.Int64
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			for j := range each {
				switch err := s.create(t.Context(), fmt.Sprintf("u%d.%d@example.com", i, j), j%3 == 0); {
				case err == nil:
					succeeded.Add(1)
				case !errors.Is(err, chime.Unavailable):
					t.Errorf("create: %v", err)
				}
			}
		})
	}
	all.Wait()
	users, _ := s.count(t)
	if users != int(succeeded.Load()) {
		t.Errorf("%d users are there, %d callers were told so", users, succeeded.Load())
	}
	t.Logf("%d of %d calls succeeded", users, callers*each)
}
