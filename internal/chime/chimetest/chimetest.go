// Package chimetest provides a fixed [chime.Source] for tests.
package chimetest

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/carillon-server/carillon/internal/chime"
)

// Start is the time that the clock of [Source] shows.
var Start = time.Date(2026, 3, 1, 9, 30, 0, 123_000_000, time.UTC)

// Source returns a source whose clock stands still at [Start] and whose IDs and randomness are the same in every run.
// It is safe for concurrent use.
func Source() chime.Source {
	s := &source{random: rand.NewChaCha8([32]byte{1})}
	return chime.Source{
		Now:    func() time.Time { return Start },
		NewID:  s.newID,
		Random: s,
	}
}

type source struct {
	mu     sync.Mutex
	random *rand.ChaCha8
	made   uint64
}

func (s *source) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.Read(b)
}

// newID returns UUIDs of version 7 that count upwards from the fixed time.
func (s *source) newID() chime.ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made++
	var id chime.ID
	binary.BigEndian.PutUint64(id[:], uint64(Start.UnixMilli())<<16|0x7000)
	binary.BigEndian.PutUint64(id[8:], 1<<63|s.made)
	return id
}
