package store

import (
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/carillon-server/carillon/internal/chime"
)

// moment orders the IDs of audit records: milliseconds, then a count within them in the last 12 bits. An ID is a UUID of
// version 7 that consists of its moment and the lane of the server that made it, so that a seal can list IDs in two or three
// bytes each.
type moment uint64

// lane is what the IDs end with that one server makes.
type lane [8]byte

func momentAt(t time.Time) moment { return moment(max(t.UnixMilli(), 0)) << 12 }

func momentOf(id chime.ID) moment {
	x := binary.BigEndian.Uint64(id[:])
	return moment(x>>16<<12 | x&0xfff)
}

func laneOf(id chime.ID) (l lane) {
	copy(l[:], id[8:])
	return l
}

// in is the ID of the moment in a lane.
func (m moment) in(l lane) (id chime.ID) {
	x := uint64(m)
	binary.BigEndian.PutUint64(id[:], x>>12<<16|0x7000|x&0xfff)
	copy(id[8:], l[:])
	return id
}

// end is as late as any ID of the moment.
func (m moment) end() chime.ID { return m.in(lane{255, 255, 255, 255, 255, 255, 255, 255}) }

// issuer makes the IDs of this process's audit records, each later than the one before, and knows which of them belong to
// transactions under way. Safe for concurrent use.
type issuer struct {
	lane lane

	mu     sync.Mutex
	last   moment
	flying map[*flight]struct{}
}

// flight is a transaction under way with records in it.
type flight struct{ first moment }

func newIssuer(random io.Reader) (*issuer, error) {
	i := &issuer{flying: map[*flight]struct{}{}}
	if _, err := io.ReadFull(random, i.lane[:]); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	i.lane[0] = i.lane[0]&0x3f | 0x80 // the variant of a UUID
	return i, nil
}

// next returns the ID of a record that is made at that time, or after the one before.
func (i *issuer) next(at time.Time) chime.ID {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.last = max(i.last+1, momentAt(at))
	return i.last.in(i.lane)
}

// depart returns the flight of the IDs that come next.
func (i *issuer) depart() *flight {
	i.mu.Lock()
	defer i.mu.Unlock()
	f := &flight{i.last + 1}
	i.flying[f] = struct{}{}
	return f
}

// land ends a flight: its transaction is committed, or never will be. A nil flight has no records.
func (i *issuer) land(f *flight) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.flying, f)
}

// settled returns the latest moment up to which all records are committed, or never will be. None is made any more that is
// as early.
func (i *issuer) settled(now time.Time) moment {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.flying) == 0 {
		i.last = max(i.last, momentAt(now))
		return i.last
	}
	first := i.last
	for f := range i.flying {
		first = min(first, f.first-1)
	}
	return first
}

// raise lets all IDs that are still to be made come after the moment.
func (i *issuer) raise(m moment) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.last = max(i.last, m)
}
