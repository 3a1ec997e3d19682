package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/store"
)

// endOfAudit is later than any record.
var endOfAudit = store.AuditMoment(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))

// create adds a user the way CreateUser does, with a record whose body is the address.
func (s *suite) create(ctx context.Context, email string) error {
	return s.Update(ctx, tenant, func(tx *store.Tx) error {
		if tx.Met() == store.UserEmail {
			return chime.Conflict.Errorf("taken")
		}
		a, _, err := tx.AccountAndOwner(s.account.ID, "example.com")
		if err != nil {
			return err
		}
		u, err := a.NewUser(s.source, "", email, "")
		if err != nil {
			return err
		}
		tx.InsertUser(u, store.Mark{})
		tx.Record(chimetest.Start, []byte("context"), []byte(email))
		return nil
	})
}

// records returns the tenant's records, the earliest first.
func (s *suite) records(t *testing.T, of chime.Tenant) []*store.AuditRecord {
	t.Helper()
	var all []*store.AuditRecord
	err := s.View(t.Context(), of, func(tx *store.Tx) (err error) {
		all, err = tx.AuditBefore(endOfAudit, chime.ID{}, 10_000)
		return err
	})
	if err != nil {
		t.Fatalf("AuditBefore: %v", err)
	}
	for i := range len(all) / 2 {
		all[i], all[len(all)-1-i] = all[len(all)-1-i], all[i]
	}
	return all
}

func bodies(records []*store.AuditRecord) (all []string) {
	for _, r := range records {
		all = append(all, string(r.Body))
	}
	return all
}

// check goes through all seals, and returns what the last step found and how many records they cover.
func (s *suite) check(t *testing.T) (c store.AuditCheck, records int) {
	t.Helper()
	for !c.Done && c.Fault == nil {
		after := c.Through
		err := s.View(t.Context(), tenant, func(tx *store.Tx) (err error) {
			c, err = tx.CheckSeals(after)
			return err
		})
		if err != nil {
			t.Fatalf("CheckSeals: %v", err)
		}
		records += c.Records
	}
	return c, records
}

func (s *suite) seal(t *testing.T) {
	t.Helper()
	if err := s.SealAudit(t.Context(), chimetest.Start, true); err != nil {
		t.Fatalf("SealAudit: %v", err)
	}
}

func auditRecords(t *testing.T, s *suite) {
	if err := s.create(t.Context(), "one@example.com"); err != nil {
		t.Fatal(err)
	}
	if err := s.create(t.Context(), "one@example.com"); !errors.Is(err, chime.Conflict) {
		t.Errorf("a taken address: %v", err)
	}
	refused := errors.New("refused")
	if err := s.Update(t.Context(), tenant, func(tx *store.Tx) error {
		tx.Record(chimetest.Start, nil, []byte("refused"))
		return refused
	}); !errors.Is(err, refused) {
		t.Errorf("refused: %v", err)
	}
	s.update(t, func(tx *store.Tx) error { // with no change beside, and in no context
		tx.Record(chimetest.Start, nil, []byte("two"))
		tx.Record(chimetest.Start.Add(time.Hour), []byte("another context"), []byte("three"))
		return nil
	})
	if err := s.create(t.Context(), "four@example.com"); err != nil {
		t.Fatal(err)
	}
	got := s.records(t, tenant)
	if diff := cmp.Diff([]string{"one@example.com", "two", "three", "four@example.com"}, bodies(got)); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	for i, context := range []string{"context", "", "another context", "context"} {
		if string(got[i].Context) != context || !got[i].Intact {
			t.Errorf("record %d is in the context %q, intact: %v", i, got[i].Context, got[i].Intact)
		}
	}
	if at := got[2].ID.Time(); at.Before(chimetest.Start.Add(time.Hour)) {
		t.Errorf("a record is of %v, before it was made", at)
	}
	if others := s.records(t, tenant+1); len(others) > 0 {
		t.Errorf("another tenant sees %d records", len(others))
	}
}

// auditRace has many creates in one batch or group, some of one address.
func auditRace(t *testing.T, s *suite) {
	const users, attempts = 40, 3
	if err := s.create(t.Context(), "first@example.com"); err != nil { // the context is known from now on
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for n := range users {
		for range attempts {
			all.Go(func() {
				if err := s.create(t.Context(), fmt.Sprintf("u%d@example.com", n)); err != nil && !errors.Is(err, chime.Conflict) {
					t.Errorf("create: %v", err)
				}
			})
		}
	}
	all.Wait()
	recorded := map[string]int{}
	for _, r := range s.records(t, tenant) {
		recorded[string(r.Body)]++
	}
	for _, email := range s.emails(t) {
		if recorded[email] != 1 {
			t.Errorf("%s has %d records", email, recorded[email])
		}
		delete(recorded, email)
	}
	if len(recorded) > 0 {
		t.Errorf("records of users who are not there: %v", recorded)
	}
}

func auditSeals(t *testing.T, s *suite) {
	if c, n := s.check(t); c.Head != nil || c.Fault != nil || n != 0 {
		t.Errorf("before anything was recorded: %+v", c)
	}
	for n := range 5 {
		if err := s.create(t.Context(), fmt.Sprintf("u%d@example.com", n)); err != nil {
			t.Fatal(err)
		}
		if n%2 == 1 {
			s.seal(t)
		}
	}
	c, n := s.check(t)
	if c.Fault != nil || n != 4 || c.Head.Number != 2 {
		t.Errorf("%d records are sealed, the last seal is %+v, fault %+v", n, c.Head, c.Fault)
	}
	s.seal(t)
	s.seal(t) // nothing is new
	if c, n = s.check(t); c.Fault != nil || n != 5 || c.Head.Number != 3 {
		t.Errorf("%d records are sealed, the last seal is %+v, fault %+v", n, c.Head, c.Fault)
	}
	err := s.View(t.Context(), tenant, func(tx *store.Tx) error {
		n, _, fault, err := tx.CheckTail(c.Head.Last)
		if n != 0 || fault != nil {
			t.Errorf("%d records are not sealed, fault %+v", n, fault)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// manySealed has more records than a seal covers.
func manySealed(t *testing.T, s *suite) {
	const records = 4100
	s.update(t, func(tx *store.Tx) error {
		for range records {
			tx.Record(chimetest.Start, nil, []byte("x"))
		}
		return nil
	})
	s.seal(t)
	if c, n := s.check(t); c.Fault != nil || n != records || c.Head.Number != 3 {
		t.Errorf("%d records are sealed, the last seal is %+v, fault %+v", n, c.Head, c.Fault)
	}
}

func auditRetention(t *testing.T, s *suite) {
	later := chimetest.Start.AddDate(100, 0, 0)
	retire := func() {
		t.Helper()
		if err := s.RetireAudit(t.Context(), later, chimetest.Start); err != nil {
			t.Fatalf("RetireAudit: %v", err)
		}
	}
	retire()
	record := func(body string) {
		s.update(t, func(tx *store.Tx) error { tx.Record(chimetest.Start, []byte("context"), []byte(body)); return nil })
	}
	record("one")
	record("two")
	s.seal(t)
	if err := s.RetireAudit(t.Context(), chimetest.Start.Add(-time.Hour), chimetest.Start); err != nil {
		t.Fatal(err)
	}
	record("three")
	if got := bodies(s.records(t, tenant)); len(got) != 3 {
		t.Fatalf("what is not old is gone: %v", got)
	}
	retire()
	if diff := cmp.Diff([]string{"three"}, bodies(s.records(t, tenant))); diff != "" {
		t.Errorf("records, of which the last is not sealed (-want +got):\n%s", diff)
	}
	c, n := s.check(t)
	if c.Fault != nil || n != 0 || c.Removed != 1 || c.Head.Number != 2 {
		t.Errorf("%d records are sealed, removed up to seal %d, the last is %+v, fault %+v", n, c.Removed, c.Head, c.Fault)
	}
	s.seal(t)
	if c, n = s.check(t); c.Fault != nil || n != 1 || c.Removed != 1 {
		t.Errorf("%d records are sealed, removed up to seal %d, fault %+v", n, c.Removed, c.Fault)
	}
	retire()
	retire() // nothing is left to do
	if c, _ = s.check(t); c.Fault != nil || c.Removed != 3 || c.Head.Number != 4 {
		t.Errorf("removed up to seal %d, the last is %+v, fault %+v", c.Removed, c.Head, c.Fault)
	}
	record("four")
	s.seal(t)
	if c, n = s.check(t); c.Fault != nil || n != 1 {
		t.Errorf("%d records are sealed, fault %+v", n, c.Fault)
	}
}
