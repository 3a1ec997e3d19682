package store

import (
	"sync"

	"github.com/carillon-server/carillon/internal/chime"
)

// records remembers users that were read, for the embedded store: all that changes there goes through its writer, which
// lets everything be forgotten that it may have changed before it says that it has. Safe for concurrent use; a nil *records
// remembers nothing.
type records struct {
	mu    sync.RWMutex
	users map[userKey]chime.User
	epoch uint64 // counts how often everything was forgotten
}

type userKey struct {
	tenant        chime.Tenant
	account, user chime.ID
}

// maxRecords bounds how many users are remembered; each takes about 500 bytes.
const maxRecords = 1 << 15

func newRecords() *records { return &records{users: map[userKey]chime.User{}} }

// user returns a copy of what is remembered, or nil, and the epoch for remember.
func (r *records) user(k userKey) (*chime.User, uint64) {
	if r == nil {
		return nil, 0
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if u, known := r.users[k]; known {
		return &u, r.epoch
	}
	return nil, r.epoch
}

// remember keeps a user who was read in that epoch. One read before the last change may be out of date.
func (r *records) remember(k userKey, u *chime.User, epoch uint64) {
	if r == nil || u == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.epoch != epoch {
		return
	}
	if len(r.users) >= maxRecords {
		for any := range r.users { // whichever comes first
			delete(r.users, any)
			break
		}
	}
	r.users[k] = *u
}

// forget forgets everything.
func (r *records) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.epoch++
	if len(r.users) > 0 {
		r.users = map[userKey]chime.User{}
	}
}
