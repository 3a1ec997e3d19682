package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/store"
)

// read returns all that a tenant holds.
func (s *suite) read(t *testing.T, of chime.Tenant) (c *store.Contents) {
	t.Helper()
	err := s.Update(t.Context(), of, func(tx *store.Tx) (err error) {
		c, err = tx.Contents()
		return err
	})
	if err != nil {
		t.Fatalf("Contents: %v", err)
	}
	return c
}

func (s *suite) replace(t *testing.T, c *store.Contents) error {
	return s.Update(t.Context(), tenant, func(tx *store.Tx) error {
		if tx.Met() != store.NoPromise {
			return chime.Conflict.Errorf("met %s", tx.Met())
		}
		tx.Replace(c)
		return nil
	})
}

// contents takes out what a tenant holds, and puts it back.
func contents(t *testing.T, s *suite) {
	jane, number := s.user(t, "jane@example.com"), s.number("+12065550100")
	job := &store.Job{Tenant: tenant, ID: s.source.NewID(), Kind: "kind", Account: s.account.ID, Subject: jane.ID, State: store.JobQueued, DueAt: chimetest.Start, QueuedAt: chimetest.Start}
	for _, err := range []error{
		s.insert(t.Context(), tenant, jane),
		s.insert(t.Context(), otherTenant, s.user(t, "jane@example.com")),
		s.take(t.Context(), tenant, number),
		s.Update(t.Context(), tenant, func(tx *store.Tx) error { tx.InsertJob(job); return nil }),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.HoldJobs(t.Context(), s.source.NewID(), []*store.Job{job}); err != nil {
		t.Fatal(err)
	}
	before := s.read(t, tenant)
	if got, want := before.Size(), 5; got != want {
		t.Errorf("%d rows, want %d: an account, a user, a number and its hold, a job", got, want)
	}

	s.update(t, func(tx *store.Tx) error { tx.Clear(); return nil })
	if got := s.read(t, tenant).Size(); got != 0 {
		t.Errorf("%d rows are left, want none", got)
	}
	if got := s.read(t, otherTenant).Size(); got != 1 {
		t.Errorf("another tenant has %d rows left, want its own", got)
	}
	if err := s.insert(t.Context(), tenant, s.user(t, "later@example.com")); err != nil {
		t.Fatal(err)
	}

	if err := s.replace(t, before); err != nil {
		t.Fatalf("Replace: %v", err)
	}
	if diff := cmp.Diff([]string{"jane@example.com"}, s.emails(t)); diff != "" {
		t.Errorf("users that are back (-want +got):\n%s", diff)
	}
	s.viewAs(t, tenant, func(tx *store.Tx) error {
		got, err := tx.User(s.account.ID, jane.ID)
		if diff := cmp.Diff(jane, got); diff != "" {
			t.Errorf("a user who is back (-want +got):\n%s", diff)
		}
		return err
	})
	due, err := s.DueJobs(t.Context(), "kind", chimetest.Start, 10)
	if err != nil || len(due) != 1 || due[0].Holder != nil {
		t.Errorf("jobs that are back: %+v, %v; want one that nobody holds", due, err)
	}

	s.update(t, func(tx *store.Tx) error { tx.Clear(); return nil })
	if err := s.take(t.Context(), otherTenant, number); err != nil {
		t.Fatalf("a number that was cleared cannot be taken: %v", err)
	}
	if err := s.replace(t, before); !errors.Is(err, chime.Conflict) {
		t.Errorf("Replace with a number that another has: %v, want a conflict", err)
	}
	if got := s.read(t, tenant).Size(); got != 0 {
		t.Errorf("%d rows are there after a conflict, want none", got)
	}
}

// cleared takes out what all tenants hold.
func cleared(t *testing.T, s *suite) {
	if err := s.insert(t.Context(), otherTenant, s.user(t, "jane@example.com")); err != nil {
		t.Fatal(err)
	}
	number := s.number("+12065551000")
	s.update(t, func(tx *store.Tx) error {
		return tx.ImportNumbers([]*chime.StockNumber{stockOf(t, string(number.Number), "US", "Local", "", "WA")})
	})
	if err := s.take(t.Context(), otherTenant, number); err != nil {
		t.Fatal(err)
	}
	available := func() (is bool) {
		s.viewAs(t, tenant, func(tx *store.Tx) error {
			n, err := tx.StockNumber(number.Number)
			is = n != nil && n.Available
			return err
		})
		return is
	}
	if available() {
		t.Error("a number that is held is available")
	}
	s.update(t, func(tx *store.Tx) error { tx.SetAdvance(time.Second); return nil })
	s.update(t, func(tx *store.Tx) error { tx.ClearAll(); return nil })
	for _, of := range []chime.Tenant{tenant, otherTenant} {
		if got := s.read(t, of).Size(); got != 0 {
			t.Errorf("tenant %s has %d rows left, want none", of, got)
		}
	}
	if !available() {
		t.Error("a number that nobody holds any more is not available")
	}
	if advance, err := s.Advance(t.Context()); advance != 0 || err != nil {
		t.Errorf("the clock is %s before the time, %v; want none", advance, err)
	}
}
