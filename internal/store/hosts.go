package store

import (
	"sync"

	"github.com/carillon-server/carillon/internal/chime"
)

// hosts remembers what AccountAndOwner found, for the writer of the embedded store: nobody else changes accounts and
// domains, so what it found holds until it writes anything but a new user.
type hosts map[hostKey]host

type hostKey struct {
	tenant  chime.Tenant
	account chime.ID
	domain  string
}

// maxHosts bounds how many are remembered.
const maxHosts = 1000

func (h hosts) remember(k hostKey, found *host) {
	if h == nil {
		return
	}
	if len(h) >= maxHosts {
		clear(h)
	}
	h[k] = *found
}

// sharedHosts remembers for all callers what AccountAndOwner found, where somebody else may change it: a group looks again
// before it relies on it. Safe for concurrent use.
type sharedHosts struct {
	mu    sync.Mutex
	hosts hosts
}

// find returns a copy of what is remembered; a nil sharedHosts remembers nothing.
func (s *sharedHosts) find(k hostKey) (host, bool) {
	if s == nil {
		return host{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h, ok := s.hosts[k]
	return h, ok
}

func (s *sharedHosts) remember(k hostKey, found *host) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hosts.remember(k, found)
}

func (s *sharedHosts) forget(k hostKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.hosts, k)
}
