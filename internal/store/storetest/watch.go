package storetest

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/internal/store"
)

func watched(t *testing.T, s *suite) {
	var changes atomic.Int64
	var took atomic.Int64
	s.Watch(store.Watch{
		Committed: func(n int, d time.Duration) { changes.Add(int64(n)); took.Add(int64(d)) },
		Retried:   func(string) {},
	})
	s.enqueue(t, s.job(0), s.job(time.Hour))
	if err := s.insert(t.Context(), tenant, s.user(t, "jane@example.com")); err != nil {
		t.Fatal(err)
	}
	if n := changes.Load(); n != 2 || took.Load() <= 0 {
		t.Errorf("the watch was told of %d changes that took %v, want 2", n, time.Duration(took.Load()))
	}
	got, err := s.Figures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Size < 4096 {
		t.Errorf("the database has %d bytes", got.Size)
	}
	if diff := cmp.Diff(store.Figures{Size: got.Size, Jobs: map[string]int{kind: 2}}, got); diff != "" {
		t.Errorf("figures (-want +got):\n%s", diff)
	}
}
