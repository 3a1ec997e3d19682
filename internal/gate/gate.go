// Package gate is the one way in: every call of every operation passes [Gate.Do], whoever carries it.
//
// The gate owns the transaction. It may run an operation more than once before it commits, and answers only what was
// committed.
package gate

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/audit"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/store"
)

// Gate runs operations. It is safe for concurrent use.
type Gate struct {
	db       *store.DB
	source   chime.Source
	settings ops.Settings
	late     *late
	guards   func() map[string]*guarded // by operation; made for the first caller whom policies bind
	grants   grants
}

// New returns the gate to a store, whose secrets complete the settings.
func New(db *store.DB, source chime.Source, settings ops.Settings) *Gate {
	settings.TokenKey, settings.LinkKey, settings.PINs = db.TokenKey(), db.LinkKey(), db.PINs()
	settings.LoadKeys = db.LoadKeys
	return &Gate{db: db, source: source, settings: settings, guards: sync.OnceValue(guards), late: newLate()}
}

// Request is a call that is known to come from its caller and to have well-formed input.
type Request struct {
	Operation *api.Operation
	Input     any // a pointer to the operation's input structure
	Caller    chime.Caller
	Origin    Origin
	Mark      store.Mark // zero if a repetition could not be told from a new call
}

// Origin is where a call comes from, for those who decide about it and for those who read of it later.
type Origin struct {
	RequestID    string
	InvocationID string     // that of the client, the same from attempt to attempt; empty if it sent none
	Address      netip.Addr // invalid if it is not known
	UserAgent    string
	Secure       bool // it came over TLS
}

// ErrDrop is the error of a call whose connection is to be lost on order, without an answer.
var ErrDrop = errors.New("the connection is lost on order")

// Exception is an error that was ordered by its name on the wire.
type Exception struct{ Name string }

func (e *Exception) Error() string { return e.Name + " was ordered by a fault" }

// Do runs the operation and returns its output once what it did is durable. After an error nothing of it is there, but
// for a [store.Unknown], for an ErrDrop that was ordered to come after the commit, and for a ctx that ends while the commit
// is under way.
func (g *Gate) Do(ctx context.Context, r *Request) (any, error) {
	if err := g.authorize(ctx, r); err != nil {
		return nil, err
	}
	var strike ops.Strike
	if g.settings.Faults != nil {
		var err error
		if strike, err = g.strike(ctx, r); err != nil {
			return nil, err
		}
	}
	if ops.Prepares(r.Input) {
		if err := g.prepare(ctx, r); err != nil {
			return nil, err
		}
	}
	out, err := g.transact(ctx, r)
	if err == nil && strike.DropAfter {
		return nil, ErrDrop
	}
	return out, err
}

// strike lets a fault that was ordered for the call do what it does before the operation.
func (g *Gate) strike(ctx context.Context, r *Request) (ops.Strike, error) {
	s := g.settings.Faults.Strike(r.Operation, r.Caller.Tenant)
	if s.Delay > 0 {
		delay := time.NewTimer(s.Delay)
		defer delay.Stop()
		select {
		case <-delay.C:
		case <-ctx.Done():
			return s, ctx.Err()
		}
	}
	switch {
	case s.DropBefore:
		return s, ErrDrop
	case s.Exception != "":
		return s, &Exception{s.Exception}
	}
	return s, nil
}

// prepare asks the world what the operation must know before its transaction. Meanwhile none is open.
func (g *Gate) prepare(ctx context.Context, r *Request) error {
	var ask func(context.Context) error
	err := g.db.View(ctx, r.Caller.Tenant, func(tx *store.Tx) error {
		call, err := g.call(tx, r.Caller)
		if err != nil {
			return err
		}
		ask, err = call.Prepare(r.Input)
		return err
	})
	if err != nil {
		return err
	}
	return ask(ctx)
}

func (g *Gate) transact(ctx context.Context, r *Request) (any, error) {
	transaction := g.db.Update
	if r.Operation.ReadOnly {
		transaction = g.db.View
	}
	var out any
	var due, changes bool
	err := transaction(ctx, r.Caller.Tenant, func(tx *store.Tx) error {
		call, err := g.call(tx, r.Caller)
		if err != nil {
			return err
		}
		call.Mark = r.Mark
		out, err = r.Operation.Invoke(ctx, call, r.Input)
		due, changes = call.Due, tx.Changes()
		if err == nil && changes && g.settings.Audit != audit.Off {
			g.record(tx, r, out)
		}
		return err
	})
	if err != nil {
		return nil, err // and leave out alone: if ctx has ended, the operation may still be running
	}
	if !changes {
		g.answered(r)
	}
	if due {
		// The call is committed, so no error may be answered any more: a job that failed is tried again by itself.
		_ = g.settings.RunDue(ctx)
	}
	return out, nil
}

func (g *Gate) call(tx *store.Tx, caller chime.Caller) (*ops.Call, error) {
	source := g.source
	if g.settings.SourceOf != nil {
		source = g.settings.SourceOf(caller.Tenant)
	}
	if g.settings.TestClock { // read anew by each call, so that all servers of an installation agree
		advance, err := tx.Advance()
		if err != nil {
			return nil, err
		}
		source.Now = func() time.Time { return g.source.Now().Add(advance) }
	}
	return &ops.Call{Settings: &g.settings, Caller: caller, Source: source, Tx: tx}, nil
}

// Now returns the time that users see.
func (g *Gate) Now(ctx context.Context) (now time.Time, err error) {
	if !g.settings.TestClock {
		return g.source.Now(), nil
	}
	advance, err := g.db.Advance(ctx)
	return g.source.Now().Add(advance), err
}

// InboundTenant returns whose an inbound URL is, and whether it was made here: [ops.InboundTenant].
func (g *Gate) InboundTenant(id, token string) (chime.Tenant, bool) {
	return ops.InboundTenant(g.settings.LinkKey, id, token)
}

// Work runs a step of the server's own work for a tenant, in a transaction as an operation has it: fn may run more than
// once, and has no effect but through its call.
func (g *Gate) Work(ctx context.Context, tenant chime.Tenant, fn func(*ops.Call) error) error {
	return g.WorkFor(ctx, tenant, &Origin{}, fn)
}

// WorkFor is Work on behalf of whoever holds a URL, who is there.
func (g *Gate) WorkFor(ctx context.Context, tenant chime.Tenant, from *Origin, fn func(*ops.Call) error) error {
	return g.db.Update(ctx, tenant, g.worked(tenant, from, fn))
}

// Look runs a step of the server's own work that only reads.
func (g *Gate) Look(ctx context.Context, tenant chime.Tenant, fn func(*ops.Call) error) error {
	return g.db.View(ctx, tenant, g.worked(tenant, &Origin{}, fn))
}

func (g *Gate) worked(tenant chime.Tenant, from *Origin, fn func(*ops.Call) error) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		call, err := g.call(tx, worker(tenant))
		if err != nil {
			return err
		}
		if err := fn(call); err != nil {
			return err
		}
		g.did(tx, call, from)
		return nil
	}
}

// server is in whose name the server itself works.
const server = "carillon"

// worker is the server itself, at work for a tenant.
func worker(tenant chime.Tenant) chime.Caller {
	return chime.Caller{Tenant: tenant, Kind: chime.ServerItself, ARN: server}
}
