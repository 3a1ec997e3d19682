package throttle_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/carillon-server/carillon/internal/throttle"
)

// clock is moved by the test.
type clock struct{ now time.Duration }

func (c *clock) elapsed() time.Duration { return c.now }

func TestBurstThenRate(t *testing.T) {
	t.Parallel()
	var c clock
	b := throttle.New[string](throttle.Limit{PerSecond: 10, Burst: 3}, 100, c.elapsed)
	for i := range 3 {
		if wait := b.Take("jane"); wait != 0 {
			t.Fatalf("token %d of the burst comes in %v", i, wait)
		}
	}
	if wait := b.Take("jane"); wait != 100*time.Millisecond {
		t.Errorf("after the burst a token comes in %v, want 100ms", wait)
	}
	if wait := b.Wait("jane"); wait != 100*time.Millisecond {
		t.Errorf("Wait: %v, want 100ms", wait)
	}
	if wait := b.Take("joe"); wait != 0 {
		t.Errorf("another's token comes in %v", wait)
	}
	c.now += 100 * time.Millisecond
	if wait := b.Wait("jane"); wait != 0 {
		t.Errorf("Wait after 100ms: %v", wait)
	}
	if wait := b.Take("jane"); wait != 0 {
		t.Errorf("after 100ms a token comes in %v", wait)
	}
	if wait := b.Take("jane"); wait != 100*time.Millisecond {
		t.Errorf("the next token comes in %v, want 100ms", wait)
	}
	c.now += time.Hour
	for i := range 4 {
		if wait := b.Take("jane"); (wait == 0) != (i < 3) {
			t.Errorf("after an hour, token %d comes in %v: the bucket holds three", i, wait)
		}
	}
}

// TestNeverMoreThanTheLimit takes at random moments: in no stretch of time may more be taken than the burst and what comes
// meanwhile, and whoever waits as long as told gets a token.
func TestNeverMoreThanTheLimit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := throttle.Limit{PerSecond: rapid.Float64Range(0.1, 1e6).Draw(t, "per second"), Burst: rapid.IntRange(1, 50).Draw(t, "burst")}
		var c clock
		b := throttle.New[int](limit, 10, c.elapsed)
		var taken []time.Duration
		for range rapid.IntRange(1, 100).Draw(t, "attempts") {
			c.now += time.Duration(rapid.IntRange(0, int(3e9/limit.PerSecond)).Draw(t, "pause"))
			wait := b.Take(1)
			if wait == 0 {
				taken = append(taken, c.now)
				continue
			}
			if rapid.Bool().Draw(t, "patient") {
				c.now += wait
				if again := b.Take(1); again != 0 {
					t.Fatalf("told to wait %v, and after that %v", wait, again)
				}
				taken = append(taken, c.now)
			}
		}
		for i := range taken {
			for j := i; j < len(taken); j++ {
				most := float64(limit.Burst) + (taken[j]-taken[i]).Seconds()*limit.PerSecond*1.001 + 1
				if n := float64(j - i + 1); n > most {
					t.Fatalf("%v tokens between %v and %v, at most %v", n, taken[i], taken[j], most)
				}
			}
		}
	})
}

// TestBoundedMemory takes for more keys than there is room: those beyond share a bucket, until others are full again.
func TestBoundedMemory(t *testing.T) {
	t.Parallel()
	var c clock
	b := throttle.New[int](throttle.Limit{PerSecond: 1, Burst: 2}, 3, c.elapsed)
	for key := range 3 {
		b.Take(key)
	}
	for i, key := range []int{3, 4, 5} {
		if wait := b.Take(key); (wait == 0) != (i < 2) {
			t.Errorf("key %d, without a bucket of its own: %v", key, wait)
		}
	}
	if wait := b.Wait(6); wait != 0 {
		t.Errorf("key 6, which has taken nothing, would wait %v for others", wait)
	}
	if wait := b.Take(0); wait != 0 {
		t.Errorf("key 0 has its own bucket, and one token left: %v", wait)
	}
	c.now += 3 * time.Second
	for range 2 {
		if wait := b.Take(6); wait != 0 {
			t.Errorf("once others are full again, a new key has a bucket of its own: %v", wait)
		}
	}
	if wait := b.Take(7); wait != 0 {
		t.Errorf("and so has the next: %v", wait)
	}
}

func BenchmarkTake(b *testing.B) {
	begun := time.Now()
	buckets := throttle.New[string](throttle.Limit{PerSecond: 1e9, Burst: 1e6}, 1000, func() time.Duration { return time.Since(begun) })
	b.ReportAllocs()
	for b.Loop() {
		buckets.Take("arn:aws:iam::123456789012:user/jane")
	}
}
