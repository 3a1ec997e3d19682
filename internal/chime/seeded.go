package chime

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"time"
)

// seededFrom is the time within the first ID of a seeded source, the next is a millisecond later: 1 January 2026.
const seededFrom = 1_767_225_600_000

// Seeded returns sources for tests, one for each tenant, whose IDs and randomness follow from the seed and the tenant: a
// tenant in which the same is done in the same order gets the same, whatever others do beside it. The time within the IDs
// is not real time. Nothing that is made of them is safe from guessing. The sources are safe for concurrent use.
func Seeded(seed uint64, now func() time.Time) func(Tenant) Source {
	var mu sync.Mutex
	all := map[Tenant]*seeded{}
	return func(t Tenant) Source {
		mu.Lock()
		defer mu.Unlock()
		s := all[t]
		if s == nil {
			s = newSeeded(seed, t)
			all[t] = s
		}
		return Source{Now: now, NewID: s.newID, Random: s}
	}
}

type seeded struct {
	mu     sync.Mutex
	random *rand.ChaCha8
	mark   uint64 // in all its IDs
	made   uint64
}

func newSeeded(seed uint64, t Tenant) *seeded {
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], seed)
	binary.BigEndian.PutUint64(key[8:], uint64(t))
	random := rand.NewChaCha8(key)
	return &seeded{random: random, mark: random.Uint64()}
}

func (s *seeded) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.Read(b)
}

// newID returns UUIDs of version 7 that count upwards.
func (s *seeded) newID() ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	var id ID
	binary.BigEndian.PutUint64(id[:], (seededFrom+s.made)<<16|0x7000)
	binary.BigEndian.PutUint64(id[8:], 1<<63|s.mark>>2)
	s.made++
	return id
}
