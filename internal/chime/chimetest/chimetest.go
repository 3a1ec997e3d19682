// Package chimetest provides a [chime.Source] for tests, with a clock that they move.
package chimetest

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/carillon-server/carillon/internal/chime"
)

// Start is the time that a new clock shows.
var Start = time.Date(2026, 3, 1, 9, 30, 0, 123_000_000, time.UTC)

// Clock stands still until it is moved. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that shows [Start].
func NewClock() *Clock { return &Clock{now: Start} }

// Now returns what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Move moves the clock onwards; it does not go back.
func (c *Clock) Move(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(max(by, 0))
}

// Source returns a source whose time is the clock's, also in the IDs, and whose IDs and randomness are the same in every run.
// It is safe for concurrent use.
func (c *Clock) Source() chime.Source {
	s := &source{clock: c, random: rand.NewChaCha8([32]byte{1})}
	return chime.Source{
		Now:    c.Now,
		NewID:  s.newID,
		Random: s,
	}
}

// Source returns a source whose clock stands still at [Start].
func Source() chime.Source { return NewClock().Source() }

type source struct {
	clock  *Clock
	mu     sync.Mutex
	random *rand.ChaCha8
	made   uint64
}

func (s *source) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.Read(b)
}

// newID returns UUIDs of version 7 that count upwards.
func (s *source) newID() chime.ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made++
	var id chime.ID
	binary.BigEndian.PutUint64(id[:], uint64(s.clock.Now().UnixMilli())<<16|0x7000)
	binary.BigEndian.PutUint64(id[8:], 1<<63|s.made)
	return id
}
