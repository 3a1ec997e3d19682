package ops

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/store"
)

// maxSnapshots bounds how many snapshots are kept at a time.
const maxSnapshots = 100

// Snapshots are what tenants held at a moment, by name. A server has them whose data ends with it. They live in memory, as
// long as the server does, and are safe for concurrent use.
type Snapshots struct {
	mu  sync.Mutex
	all map[snapshotKey]snapshot
}

type snapshotKey struct {
	tenant chime.Tenant
	name   string
}

type snapshot struct {
	contents *store.Contents
	at       time.Time
}

// NewSnapshots returns an empty set.
func NewSnapshots() *Snapshots { return &Snapshots{all: map[snapshotKey]snapshot{}} }

func (s snapshot) wire(name string) *api.SnapshotOfTenant {
	return &api.SnapshotOfTenant{Name: name, CreatedTimestamp: s.at, Rows: s.contents.Size()}
}

var errNotEphemeral = chime.Forbidden.Errorf("this server keeps its data; start one with --ephemeral")

// Reset makes a tenant as empty as a new one, or all of them (decided: so that tests can share a server). IDs go on where
// they were, also those that are the same in every run.
func (c *Call) Reset(_ context.Context, in *api.ResetInput) (*api.ResetOutput, error) {
	if c.Snapshots == nil {
		return nil, errNotEphemeral
	}
	all, tenant := in.All != nil && *in.All, c.Caller.Tenant.String()
	if all && c.Caller.Kind != chime.InstallationRoot {
		return nil, chime.Forbidden.Errorf("only the root of the installation can reset all AWS accounts; leave All out to reset this one")
	}
	c.Faults.remove(func(f *api.Fault) bool { return all || f.AWSAccountID == tenant })
	if all {
		c.Tx.ClearAll()
	} else {
		c.Tx.Clear()
	}
	return &api.ResetOutput{}, nil
}

// Snapshot keeps what the tenant holds under a name (decided: of a tenant, so that tests which share a server do not undo one
// another's work).
func (c *Call) Snapshot(_ context.Context, in *api.SnapshotInput) (*api.SnapshotOutput, error) {
	if c.Snapshots == nil {
		return nil, errNotEphemeral
	}
	contents, err := c.Tx.Contents()
	if err != nil {
		return nil, err
	}
	c.Snapshots.mu.Lock()
	defer c.Snapshots.mu.Unlock()
	key, s := snapshotKey{c.Caller.Tenant, in.Name}, snapshot{contents, c.Source.Now()}
	if _, replaced := c.Snapshots.all[key]; !replaced && len(c.Snapshots.all) >= maxSnapshots {
		return nil, chime.BadRequest.Errorf("there are %d snapshots already; forget some with DeleteSnapshot", maxSnapshots)
	}
	c.Snapshots.all[key] = s
	return &api.SnapshotOutput{Snapshot: s.wire(in.Name)}, nil
}

// RestoreSnapshot puts the tenant back to what it was (decided). Jobs that were under way then are done again.
func (c *Call) RestoreSnapshot(_ context.Context, in *api.RestoreSnapshotInput) (*api.RestoreSnapshotOutput, error) {
	if c.Snapshots == nil {
		return nil, errNotEphemeral
	}
	c.Snapshots.mu.Lock()
	s, ok := c.Snapshots.all[snapshotKey{c.Caller.Tenant, in.Name}]
	c.Snapshots.mu.Unlock()
	if !ok {
		return nil, chime.NotFound.Errorf("snapshot %s", in.Name)
	}
	if c.Tx.Met() == store.NumberHeld {
		return nil, chime.Conflict.Errorf("a phone number of the snapshot belongs to another AWS account by now")
	}
	c.Tx.Replace(s.contents)
	return &api.RestoreSnapshotOutput{Snapshot: s.wire(in.Name)}, nil
}

// ListSnapshots lists the tenant's snapshots by their names (decided).
func (c *Call) ListSnapshots(context.Context, *api.ListSnapshotsInput) (*api.ListSnapshotsOutput, error) {
	if c.Snapshots == nil {
		return nil, errNotEphemeral
	}
	c.Snapshots.mu.Lock()
	defer c.Snapshots.mu.Unlock()
	out := &api.ListSnapshotsOutput{Snapshots: []api.SnapshotOfTenant{}}
	for key, s := range c.Snapshots.all {
		if key.tenant == c.Caller.Tenant {
			out.Snapshots = append(out.Snapshots, *s.wire(key.name))
		}
	}
	slices.SortFunc(out.Snapshots, func(a, b api.SnapshotOfTenant) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

// DeleteSnapshot forgets a snapshot (decided).
func (c *Call) DeleteSnapshot(_ context.Context, in *api.DeleteSnapshotInput) (*api.DeleteSnapshotOutput, error) {
	if c.Snapshots == nil {
		return nil, errNotEphemeral
	}
	c.Snapshots.mu.Lock()
	defer c.Snapshots.mu.Unlock()
	key := snapshotKey{c.Caller.Tenant, in.Name}
	if _, ok := c.Snapshots.all[key]; !ok {
		return nil, chime.NotFound.Errorf("snapshot %s", in.Name)
	}
	delete(c.Snapshots.all, key)
	return &api.DeleteSnapshotOutput{}, nil
}
