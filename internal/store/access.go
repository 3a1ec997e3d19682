package store

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"github.com/carillon-server/carillon/internal/chime"
)

// Access is an access key with its secret, and whose it is.
type Access struct {
	Key       chime.AccessKey
	Secret    string
	Caller    chime.Caller
	Suspended bool // its tenant is
}

// accessQuery finds a row for each id, be it one that nobody has: what is not there is made up, so that it takes as long to find.
const accessQuery = `
	select coalesce(k.id, ''), coalesce(k.tenant, 0), coalesce(k.principal, $2), coalesce(k.slot, 0), coalesce(k.inactive, 0),
		coalesce(k.created_at, 0), k.last_used_at, coalesce(k.sealed_secret, $3), t.suspended, p.name, p.granted
	from (select cast($1 as text) as id) asked
	left join access_keys k on k.id = asked.id
	left join tenants t on t.tenant = k.tenant
	left join principals p on p.tenant = k.tenant and p.id = k.principal`

func scanAccess(t *Tx, row scanner) (*Access, error) {
	var a Access
	var sealed []byte
	var suspended sql.NullInt64
	var name sql.NullString
	var granted []byte
	if err := row.Scan(append(keyPlaces(&a.Key), &sealed, &suspended, &name, &granted)...); err != nil {
		return nil, err
	}
	a.Suspended = suspended.Int64 != 0
	if a.Key.Principal == (chime.ID{}) {
		a.Caller = a.Key.Tenant.Root(chime.TenantRoot, a.Key.ID)
	} else {
		a.Caller = (&chime.Principal{Tenant: a.Key.Tenant, ID: a.Key.Principal, Name: name.String}).Caller(a.Key.ID)
		copy(a.Caller.Granted[:], granted)
	}
	a.Caller.KeptKey = true
	var err error
	a.Secret, err = t.open("access_keys", a.Key.Tenant, []byte(a.Key.ID), sealed)
	return &a, err
}

// Access returns the access key of that id, or nil; and whether it was remembered: the embedded store remembers keys until
// anything changes that they depend on. Do not change what it returns.
func (db *DB) Access(ctx context.Context, id string) (_ *Access, remembered bool, err error) {
	a, epoch := db.accesses.find(id)
	if a != nil {
		return a, true, nil
	}
	if a, err = db.LookUpAccess(ctx, id); err != nil {
		return nil, false, err
	}
	db.accesses.remember(a, epoch)
	return a, false, nil
}

// LookUpAccess is Access without a memory. It takes as long for an id that nobody has as for one that somebody has.
func (db *DB) LookUpAccess(ctx context.Context, id string) (*Access, error) {
	var found *Access
	err := db.View(ctx, 0, func(t *Tx) (err error) {
		var nobody chime.ID
		found, err = queryRow(t, scanAccess, accessQuery, id, nobody[:], t.seals.decoy)
		return err
	})
	if err != nil || found.Key.ID == "" {
		return nil, err // and leave found alone after an error
	}
	return found, nil
}

// accesses remembers access keys, for the embedded store: all that changes there goes through its writer, which lets them be
// forgotten before it says that it has changed something that they depend on. Safe for concurrent use; a nil *accesses remembers
// nothing.
type accesses struct {
	mu    sync.RWMutex
	keys  map[string]*Access
	epoch uint64 // counts how often everything was forgotten
}

// maxAccesses bounds how many keys are remembered; each takes about 500 bytes.
const maxAccesses = 1 << 13

func (c *accesses) find(id string) (*Access, uint64) {
	if c == nil {
		return nil, 0
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.keys[id], c.epoch
}

// remember keeps a key that was read in that epoch. One read before the last change may be out of date.
func (c *accesses) remember(a *Access, epoch uint64) {
	if c == nil || a == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch != epoch {
		return
	}
	if c.keys == nil {
		c.keys = map[string]*Access{}
	}
	if len(c.keys) >= maxAccesses {
		clear(c.keys)
	}
	c.keys[a.Key.ID] = a
}

// forget forgets everything.
func (c *accesses) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	c.keys = nil
}

// uses are when access keys were used last, as far as that is not written yet. Safe for concurrent use.
type uses struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// maxUses bounds how many keys' uses wait to be written. Those beyond it are noted at their next use.
const maxUses = 1 << 14

// NoteUse notes that a key was used. It is written by [DB.WriteUses].
func (db *DB) NoteUse(a *Access, now time.Time) {
	u := &db.uses
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.last == nil {
		u.last = map[string]time.Time{}
	}
	if len(u.last) < maxUses {
		u.last[a.Key.ID] = now
	}
}

// usesAtOnce bounds how many uses a transaction writes.
const usesAtOnce = 500

// WriteUses writes when keys were used last. What cannot be written is lost: it only tells people which keys are in use.
func (db *DB) WriteUses(ctx context.Context) error {
	u := &db.uses
	u.mu.Lock()
	last := u.last
	u.last = nil
	u.mu.Unlock()
	for len(last) > 0 {
		some := map[string]time.Time{}
		for id, at := range last {
			if len(some) == usesAtOnce {
				break
			}
			some[id] = at
			delete(last, id)
		}
		err := db.Update(ctx, 0, func(t *Tx) error {
			for id, at := range some {
				t.queue(`
					update access_keys
					set last_used_at = $2
					where id = $1 and (last_used_at is null or last_used_at < $2)`,
					id, at.UnixMilli())
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
