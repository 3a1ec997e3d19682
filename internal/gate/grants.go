package gate

import (
	"context"
	"fmt"
	"sync"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/policy"
	"github.com/carillon-server/carillon/internal/store"
)

// grants remembers the compiled policies of principals. A caller comes with the ID of the last change to them, which was read
// with its key: so what is remembered is never out of date, and nothing more is read until they change. Safe for concurrent
// use.
type grants struct {
	mu   sync.RWMutex
	sets map[chime.ID]granted // by principal
}

type granted struct {
	change chime.ID
	set    policy.Set
}

// maxGrants bounds how many principals' policies are remembered; each takes a few kilobytes.
const maxGrants = 1 << 10

// of returns the policies of an IAM user.
func (g *grants) of(ctx context.Context, db *store.DB, caller *chime.Caller) (policy.Set, error) {
	if caller.Granted == (chime.ID{}) {
		return nil, nil
	}
	g.mu.RLock()
	known := g.sets[caller.PrincipalID]
	g.mu.RUnlock()
	if known.change == caller.Granted {
		return known.set, nil
	}
	read, err := db.Granted(ctx, caller.Tenant, caller.PrincipalID)
	if err != nil {
		return nil, err
	}
	set, err := compile(read.Grants)
	if err != nil {
		return nil, fmt.Errorf("policies of %s: %w", caller.ARN, err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.sets == nil || len(g.sets) >= maxGrants {
		g.sets = map[chime.ID]granted{}
	}
	g.sets[caller.PrincipalID] = granted{read.Change, set}
	return set, nil
}

// compile reads policies that were read before they were kept. One that is not understood any more fails the call: it may deny.
func compile(list []*chime.Grant) (policy.Set, error) {
	set := make(policy.Set, 0, len(list))
	for _, g := range list {
		document := g.Document
		if g.Managed {
			var known bool
			if document, known = policy.Managed(g.Name); !known {
				return nil, fmt.Errorf("no managed policy is called %s", g.Name)
			}
		}
		p, err := policy.Parse(document)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", g.Name, err)
		}
		set = append(set, policy.Named{Name: g.Name, Policy: p})
	}
	return set, nil
}
