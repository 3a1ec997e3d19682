package jobs_test

import (
	"testing"
	"time"

	"github.com/carillon-server/carillon/api"
)

func (f *fixture) verify(t *testing.T) (sealed, unsealed, removed int) {
	t.Helper()
	for in := (&api.VerifyAuditInput{}); ; {
		out := call[api.VerifyAuditOutput](t, f, "VerifyAudit", in)
		if out.Fault != nil {
			t.Fatalf("fault: %+v", out.Fault)
		}
		sealed, unsealed, removed = sealed+out.Records, unsealed+out.Unsealed, max(removed, out.RemovedSeals)
		if in.NextToken = out.NextToken; in.NextToken == "" {
			return sealed, unsealed, removed
		}
	}
}

// TestRecordsAreSealed has a runner that runs: nothing is unsealed for long.
func TestRecordsAreSealed(t *testing.T) {
	t.Parallel()
	f := start(t)
	defer f.run(t)()
	f.invite(t, "one@example.com", "two@example.com")
	begun := time.Now()
	eventually(t, "everything is sealed", func() bool {
		sealed, unsealed, _ := f.verify(t)
		return sealed > 0 && unsealed == 0
	})
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("sealing took %v, want at most 2s", took)
	}
}

func TestRecordsEnd(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.invite(t, "one@example.com")
	r := f.runner(nil)
	r.AuditKeep = 24 * time.Hour
	if err := r.SealAudit(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	clean := func() {
		t.Helper()
		if err := r.Clean(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	clean()
	sealed, _, removed := f.verify(t)
	if sealed == 0 || removed != 0 {
		t.Errorf("at once: %d records, removed up to seal %d", sealed, removed)
	}
	f.clock.Move(25 * time.Hour)
	clean()
	if sealed, unsealed, removed := f.verify(t); sealed != 0 || unsealed != 0 || removed != 1 {
		t.Errorf("the day after: %d records and %d unsealed, removed up to seal %d", sealed, unsealed, removed)
	}
	if out := call[api.LookupEventsOutput](t, f, "LookupEvents", &api.LookupEventsInput{}); len(out.Events) != 0 {
		t.Errorf("%d events are left", len(out.Events))
	}
}
