package store

import "github.com/carillon-server/carillon/internal/chime"

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
