// Package throttle bounds how often something may be done, with a token bucket for each who does it. However many they are,
// the buckets take bounded memory.
package throttle

import (
	"sync"
	"time"
)

// Limit is what a bucket holds at most and how fast it fills. Both are above zero.
type Limit struct {
	PerSecond float64
	Burst     int
}

// Buckets are token buckets, one for each key, all full at first. They are safe for concurrent use.
type Buckets[K comparable] struct {
	every   time.Duration // a token comes
	room    time.Duration // how far a bucket may be behind
	most    int
	elapsed func() time.Duration

	mu    sync.Mutex
	empty map[K]time.Duration // when the bucket will be full; one that is full need not be here
	rest  time.Duration       // the one bucket of those for whom there is no room
	swept time.Duration
}

// New returns buckets that are told apart for at most so many keys at a time: beyond, keys share a bucket. elapsed is a clock
// that goes on evenly.
func New[K comparable](l Limit, most int, elapsed func() time.Duration) *Buckets[K] {
	every := max(time.Duration(float64(time.Second)/l.PerSecond), 1)
	return &Buckets[K]{every: every, room: every * time.Duration(l.Burst), most: most, elapsed: elapsed, empty: map[K]time.Duration{}}
}

// Clock returns a clock that begins now and goes on evenly, whatever is done to the time of day.
func Clock() (elapsed func() time.Duration) {
	begun := time.Now()
	return func() time.Duration { return time.Since(begun) }
}

// Take takes a token from the bucket and returns zero, or how long it will take until there is one.
func (b *Buckets[K]) Take(key K) (wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.elapsed()
	full, apart := b.bucket(key, now)
	if wait := full + b.every - b.room - now; wait > 0 {
		return wait
	}
	if full += b.every; apart {
		b.empty[key] = full
	} else {
		b.rest = full
	}
	return 0
}

// Wait returns how long it will take until there is a token, zero if there is one. A key without a bucket of its own has taken
// nothing that anybody knows of: it does not wait for what others took from the shared one.
func (b *Buckets[K]) Wait(key K) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.elapsed()
	full, apart := b.bucket(key, now)
	if !apart {
		return 0
	}
	return max(full+b.every-b.room-now, 0)
}

// bucket returns when a key's bucket will be full, and whether it has one of its own. It makes room at most once in the time
// in which an empty bucket fills.
func (b *Buckets[K]) bucket(key K, now time.Duration) (full time.Duration, apart bool) {
	if full, known := b.empty[key]; known {
		return max(full, now), true
	}
	if len(b.empty) >= b.most && now-b.swept >= b.room {
		b.swept = now
		for k, full := range b.empty {
			if full <= now {
				delete(b.empty, k)
			}
		}
	}
	if len(b.empty) >= b.most {
		return max(b.rest, now), false
	}
	return now, true
}
