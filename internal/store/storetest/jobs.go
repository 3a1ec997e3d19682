package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/store"
)

const kind = "test"

// job returns a job that is due some time after the start.
func (s *suite) job(in time.Duration) *store.Job {
	return &store.Job{
		Tenant: tenant, ID: s.source.NewID(), Kind: kind, Account: s.account.ID, Subject: s.source.NewID(), Payload: "1",
		State: store.JobQueued, QueuedAt: chimetest.Start, DueAt: chimetest.Start.Add(in),
	}
}

func (s *suite) enqueue(t *testing.T, jobs ...*store.Job) {
	t.Helper()
	s.update(t, func(tx *store.Tx) error {
		for _, j := range jobs {
			tx.InsertJob(j)
		}
		return nil
	})
}

// due returns the jobs that are due some time after the start.
func (s *suite) due(t *testing.T, after time.Duration) []*store.Job {
	t.Helper()
	found, err := s.DueJobs(t.Context(), kind, chimetest.Start.Add(after), 10)
	if err != nil {
		t.Fatalf("DueJobs: %v", err)
	}
	return found
}

func jobs(t *testing.T, s *suite) {
	later, now := s.job(time.Hour), s.job(0)
	other := s.job(0)
	other.Kind = "other"
	s.enqueue(t, later, now, other)
	select {
	case <-s.Jobs():
	default:
		t.Error("Jobs was not told of a commit")
	}
	if diff := cmp.Diff([]*store.Job{now}, s.due(t, 0)); diff != "" {
		t.Errorf("due at the start (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]*store.Job{now, later}, s.due(t, time.Hour)); diff != "" {
		t.Errorf("due an hour later (-want +got):\n%s", diff)
	}
	for from, want := range map[time.Duration]time.Time{
		-time.Second:     chimetest.Start,
		0:                chimetest.Start.Add(time.Hour),
		time.Hour:        {},
		time.Hour - 1e6:  chimetest.Start.Add(time.Hour),
		30 * time.Minute: chimetest.Start.Add(time.Hour),
	} {
		got, err := s.NextJob(t.Context(), kind, chimetest.Start.Add(from))
		if !got.Equal(want) || err != nil {
			t.Errorf("NextJob %v after the start: %v, %v, want %v", from, got, err, want)
		}
	}
	err := s.View(t.Context(), 999999999999, func(tx *store.Tx) error {
		got, err := tx.Job(now.ID)
		if got != nil {
			t.Errorf("another tenant sees %v", got)
		}
		return err
	})
	if err != nil {
		t.Fatalf("View: %v", err)
	}
}

func heldJobs(t *testing.T, s *suite) {
	s.enqueue(t, s.job(0), s.job(0))
	first, second := s.source.NewID(), s.source.NewID()
	seen := s.due(t, 0)
	held, err := s.HoldJobs(t.Context(), first, seen[:1])
	if err != nil || len(held) != 1 || *held[0].Holder != first || held[0].Beat != 1 {
		t.Fatalf("HoldJobs: %v, %v; want the job at beat 1", held, err)
	}
	taken, err := s.HoldJobs(t.Context(), second, seen)
	if err != nil || len(taken) != 1 || taken[0].ID != seen[1].ID {
		t.Errorf("HoldJobs with what was read before: %v, %v; want the job that is free alone", taken, err)
	}
	s.update(t, func(tx *store.Tx) error { tx.UpdateJob(taken[0]); return nil })
	if late, err := s.HoldJobs(t.Context(), second, taken); len(late) > 0 || err != nil {
		t.Errorf("a beat for a job that was let go of meanwhile: %v, %v; want it free", late, err)
	}
	again, err := s.HoldJobs(t.Context(), first, held)
	if err != nil || len(again) != 1 || again[0].Beat != 2 {
		t.Errorf("HoldJobs by the holder: %v, %v; want beat 2", again, err)
	}
	done := *again[0]
	done.State, done.FinishedAt, done.Attempts = store.JobDone, chimetest.Start, 1
	s.update(t, func(tx *store.Tx) error { tx.UpdateJob(&done); return nil })
	if late, err := s.HoldJobs(t.Context(), second, again); len(late) > 0 || err != nil {
		t.Errorf("HoldJobs of a job that is done: %v, %v; want none", late, err)
	}
	err = s.View(t.Context(), tenant, func(tx *store.Tx) error {
		got, err := tx.Job(done.ID)
		done.Holder, done.Beat = nil, done.Beat+1
		if diff := cmp.Diff(&done, got); diff != "" {
			t.Errorf("the job that is done (-want +got):\n%s", diff)
		}
		return err
	})
	if err != nil {
		t.Fatalf("View: %v", err)
	}
}

func endedJobs(t *testing.T, s *suite) {
	queued, before, after := s.job(0), s.job(0), s.job(0)
	before.State, before.FinishedAt = store.JobParked, chimetest.Start.Add(-time.Millisecond)
	after.State, after.FinishedAt = store.JobDone, chimetest.Start
	s.enqueue(t, queued, before, after)
	if err := s.ClearJobs(t.Context(), chimetest.Start); err != nil {
		t.Fatalf("ClearJobs: %v", err)
	}
	err := s.View(t.Context(), tenant, func(tx *store.Tx) error {
		left, err := tx.JobsOfKind(kind, "", chime.ID{}, 10)
		if diff := cmp.Diff([]*store.Job{queued, after}, left); diff != "" {
			t.Errorf("left (-want +got):\n%s", diff)
		}
		return err
	})
	if err != nil {
		t.Fatalf("View: %v", err)
	}
}

func purgedAccounts(t *testing.T, s *suite) {
	deleted := func(name string, at time.Time) *chime.Account {
		a := chime.NewAccount(s.source, tenant, name)
		a.DeletedAt = at
		s.update(t, func(tx *store.Tx) error { tx.InsertAccount(a); return nil })
		return a
	}
	deleted("old", chimetest.Start)
	occupied := deleted("old with a user", chimetest.Start)
	deleted("new", chimetest.Start.Add(time.Millisecond))
	u := s.user(t, "jane@example.com")
	u.AccountID = occupied.ID
	if err := s.insert(t.Context(), tenant, u); err != nil {
		t.Fatalf("insert: %v", err)
	}
	left := func() (names []string) {
		err := s.View(t.Context(), tenant, func(tx *store.Tx) error {
			all, err := tx.DeletedAccounts(time.Time{}, chime.ID{}, 10)
			for _, a := range all {
				names = append(names, a.Name)
			}
			there, err2 := tx.Account(s.account.ID)
			if there == nil {
				t.Errorf("the account that is not deleted is gone: %v", err2)
			}
			return err
		})
		if err != nil {
			t.Fatalf("DeletedAccounts: %v", err)
		}
		return names
	}
	if err := s.PurgeAccounts(t.Context(), chimetest.Start); err != nil {
		t.Fatalf("PurgeAccounts: %v", err)
	}
	if diff := cmp.Diff([]string{"old with a user", "new"}, left()); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	s.update(t, func(tx *store.Tx) error { tx.DeleteUser(u); return nil })
	if err := s.PurgeAccounts(t.Context(), chimetest.Start); err != nil {
		t.Fatalf("PurgeAccounts: %v", err)
	}
	if diff := cmp.Diff([]string{"new"}, left()); diff != "" {
		t.Errorf("left once the user is gone (-want +got):\n%s", diff)
	}
}
