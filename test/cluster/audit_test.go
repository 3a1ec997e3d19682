package cluster

import (
	"context"
	"errors"
	"fmt"
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
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/store/pgtest"
	"github.com/carillon-server/carillon/test/harness"
)

// sealedWithin is how long it may take until everything is sealed when a server was killed: the others wait a minute for it.
const sealedWithin = 90 * time.Second

// checkRecords compares the users in the database with their audit records, and waits until all of these are sealed.
func (c *cluster) checkRecords() {
	ctx := context.Background()
	db, err := pgx.Connect(ctx, c.direct)
	if err != nil {
		c.t.Fatal(err)
	}
	defer db.Close(ctx)
	rows, err := db.Query(ctx, `select id from users`)
	if err != nil {
		c.t.Fatal(err)
	}
	users, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil {
		c.t.Fatal(err)
	}
	s := c.server(0)
	conn, err := harness.Dial(s.Address)
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close()
	recorded, err := harness.CreatedUsers(s, conn)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, u := range users {
		id := chime.ID(u).String()
		if recorded[id] != 1 {
			c.t.Errorf("user %s is there and has %d records", id, recorded[id])
		}
		delete(recorded, id)
	}
	for id := range recorded {
		c.t.Errorf("user %s has a record and is not there", id)
	}
	for begun := time.Now(); ; time.Sleep(time.Second) {
		sealed, unsealed, err := harness.VerifyAudit(s, conn)
		if err != nil {
			c.t.Fatal(err)
		}
		if unsealed == 0 {
			c.t.Logf("%d users have a record each; %d records were sealed after %v", len(users), sealed, time.Since(begun).Round(time.Second))
			return
		}
		if time.Since(begun) > sealedWithin {
			c.t.Fatalf("%d records are not sealed", unsealed)
		}
	}
}

// TestServersDoNotConflict lets two servers create users of one account and looks into PostgreSQL's log for transactions
// that it could not serialize with others.
func TestServersDoNotConflict(t *testing.T) {
	postgres, err := pgtest.Start(pgtest.Options{Durable: true, Settings: []string{"log_line_prefix = '%e '", "log_min_messages = error"}})
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
	direct, err := postgres.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	program, err := harness.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t: t, program: program, direct: direct, database: direct, servers: make([]*harness.Server, 2), logs: make([]*lockedBuffer, 2)}
	c.start(0)
	c.start(1)
	account := c.account()
	conn, err := pgx.Connect(t.Context(), direct)
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), `do $$ begin raise exception using errcode = '40001'; end $$`)
	before := refusals(t, postgres)
	if err := conn.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err == nil || before == 0 {
		t.Fatalf("the log does not show what it is read for: %v", err)
	}
	var made atomic.Int64
	var all sync.WaitGroup
	for begun, w := time.Now(), 0; w < writers; w++ {
		all.Go(func() {
			s := c.server(w % len(c.servers))
			conn, err := harness.Dial(s.Address)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			for n := 0; time.Since(begun) < 5*time.Second; n++ {
				in := &api.CreateUserInput{AccountID: account, Email: harness.Email(fmt.Sprint("w", w), uint64(n))}
				if _, err := harness.Send[api.CreateUserOutput](conn, "CreateUser", s.Attempt("CreateUser", in, uuid.NewString(), 1)); err != nil {
					t.Errorf("CreateUser: %v", err)
					return
				}
				made.Add(1)
			}
		})
	}
	all.Wait()
	refused := refusals(t, postgres) - before
	t.Logf("%d users made, %d transactions could not be serialized", made.Load(), refused)
	if int64(refused)*100 >= made.Load() {
		t.Errorf("%d transactions could not be serialized beside %d creates, want less than one in a hundred", refused, made.Load())
	}
	c.checkRecords()
}

// refusals counts the errors 40001 in the log.
func refusals(t *testing.T, postgres *pgtest.Cluster) int {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(postgres.Folder, "log"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(log), "\n40001 ERROR")
}
