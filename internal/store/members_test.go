package store

import (
	"crypto/rand"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/seal/sealtest"
	"github.com/carillon-server/carillon/internal/store/pgtest"
)

// openServers opens stores on one database, as several servers do.
func openServers(t *testing.T, n int) []*DB {
	t.Helper()
	dsn := pgtest.Database(t)
	var all []*DB
	for range n {
		db, err := OpenPostgres(t.Context(), dsn, rand.Reader, sealtest.Keys)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		all = append(all, db)
	}
	return all
}

func recordAt(t *testing.T, db *DB, at time.Time) {
	t.Helper()
	if err := db.Update(t.Context(), auditTenant, func(tx *Tx) error {
		tx.Record(at, nil, []byte("record"))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// sealedRecords lets a server seal, and returns how many records are sealed by then and that all is well.
func sealedRecords(t *testing.T, db *DB) (n int) {
	t.Helper()
	if err := db.SealAudit(t.Context(), time.Now(), true); err != nil {
		t.Fatal(err)
	}
	if err := db.View(t.Context(), auditTenant, func(tx *Tx) error {
		c, err := tx.CheckSeals(0)
		if c.Fault != nil || !c.Done {
			t.Errorf("fault %+v, done %v", c.Fault, c.Done)
		}
		n = c.Records
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestSealsWaitForLateCommits has a server whose transaction got its ID early and is committed late.
func TestSealsWaitForLateCommits(t *testing.T) {
	t.Parallel()
	servers := openServers(t, 2)
	one, two := servers[0], servers[1]
	recordAt(t, one, time.Now())
	if n := sealedRecords(t, one); n != 1 {
		t.Fatalf("%d records are sealed, want 1", n)
	}
	recordAt(t, two, time.Now())
	sealedRecords(t, two) // says where the second server is

	late := one.auditor.depart()
	id := one.auditor.next(time.Now())
	if err := one.SealAudit(t.Context(), time.Now(), false); err != nil { // says that something is under way
		t.Fatal(err)
	}
	before := sealedRecords(t, two)
	recordAt(t, two, time.Now().Add(time.Second))
	if n := sealedRecords(t, two); n != before {
		t.Errorf("%d records are sealed, with an earlier one under way", n)
	}
	sum := one.auditor.sum(auditTenant, id, nil, []byte("late"))
	if err := one.Update(t.Context(), auditTenant, func(tx *Tx) error {
		tx.queue(insertAudit, auditTenant, id[:], []byte{}, []byte("late"), sum[:])
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	one.auditor.land(late)
	deadline := time.Now().Add(10 * time.Second)
	for n := 0; n != 4; {
		if time.Now().After(deadline) {
			t.Fatalf("%d records are sealed, want 4", n)
		}
		sealedRecords(t, one)
		n = sealedRecords(t, two)
	}
}

// TestServersThatJoin has a server whose clock is behind: its records still come after what the others have sealed.
func TestServersThatJoin(t *testing.T) {
	t.Parallel()
	servers := openServers(t, 2)
	one, two := servers[0], servers[1]
	recordAt(t, one, time.Now())
	sealedRecords(t, one)
	recordAt(t, two, time.Now().Add(-time.Hour))
	deadline := time.Now().Add(10 * time.Second)
	for n := 0; n != 2; {
		if time.Now().After(deadline) {
			t.Fatalf("%d records are sealed, want 2", n)
		}
		sealedRecords(t, two)
		n = sealedRecords(t, one)
	}
}

// TestServersThatAreGone waits for nobody who has left, or whose beat stands still.
func TestServersThatAreGone(t *testing.T) {
	t.Parallel()
	m := members{seen: map[lane]heldBeat{}}
	now := time.Now()
	if m.gone(lane{1}, 7, now) || m.gone(lane{1}, 7, now.Add(goneAfter-1)) || m.gone(lane{1}, 8, now.Add(goneAfter)) {
		t.Error("a server that lives is taken for gone")
	}
	if !m.gone(lane{1}, 8, now.Add(2*goneAfter)) || !m.gone(lane{2}, -1, now) {
		t.Error("a server that has gone is waited for")
	}
}

// TestServersHardlyConflict has two servers add users to one account at the same time, each with a record: hardly any of that
// has to be done again.
func TestServersHardlyConflict(t *testing.T) {
	t.Parallel()
	servers := openServers(t, 2)
	source := chimetest.Source()
	account := chime.NewAccount(source, auditTenant, "Example")
	if err := servers[0].Update(t.Context(), auditTenant, func(tx *Tx) error { tx.InsertAccount(account); return nil }); err != nil {
		t.Fatal(err)
	}
	const callers, each = 32, 40
	var all sync.WaitGroup
	for n := range callers {
		all.Go(func() {
			for i := range each {
				if err := servers[n%2].Update(t.Context(), auditTenant, func(tx *Tx) error {
					a, _, err := tx.AccountAndOwner(account.ID, "example.com")
					if err != nil {
						return err
					}
					u, err := a.NewUser(source, "", fmt.Sprintf("u%d.%d@example.com", n, i), "")
					if err != nil {
						return err
					}
					tx.InsertUser(u, Mark{})
					tx.Record(time.Now(), []byte("context"), []byte("record"))
					return nil
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	again := servers[0].Unserialized() + servers[1].Unserialized()
	t.Logf("%d of %d were made again", again, callers*each)
	if again*20 > callers*each { // the first calls learn the context, and a small table is one page
		t.Errorf("%d of %d had to be made again", again, callers*each)
	}
}
