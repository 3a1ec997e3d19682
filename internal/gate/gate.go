// Package gate is the one way in: every call of every operation passes [Gate.Do], whoever carries it.
//
// The gate owns the transaction. It may run an operation more than once before it commits, and answers only what was
// committed.
package gate

import (
	"context"
	"errors"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/store"
)

// Gate runs operations. It is safe for concurrent use.
type Gate struct {
	db     *store.DB
	source chime.Source
	faults *ops.Faults
}

// New returns the gate to a store. faults is nil where faults may not be ordered.
func New(db *store.DB, source chime.Source, faults *ops.Faults) *Gate {
	return &Gate{db, source, faults}
}

// Request is a call that is known to come from its caller and to have well-formed input.
type Request struct {
	Operation *api.Operation
	Input     any // a pointer to the operation's input structure
	Caller    chime.Caller
	Mark      store.Mark // zero if a repetition could not be told from a new call
}

// ErrDrop is the error of a call whose connection is to be lost on order, without an answer.
var ErrDrop = errors.New("the connection is lost on order")

// Exception is an error that was ordered by its name on the wire.
type Exception struct{ Name string }

func (e *Exception) Error() string { return e.Name + " was ordered by a fault" }

// Do runs the operation and returns its output once what it did is durable. After an error nothing of it is there, but
// for an ErrDrop that was ordered to come after the commit, and for a ctx that ends while the commit is under way.
func (g *Gate) Do(ctx context.Context, r *Request) (any, error) {
	var strike ops.Strike
	if g.faults != nil {
		var err error
		if strike, err = g.strike(ctx, r); err != nil {
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
	s := g.faults.Strike(r.Operation, r.Caller.Tenant)
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

func (g *Gate) transact(ctx context.Context, r *Request) (any, error) {
	transaction := g.db.Update
	if r.Operation.ReadOnly {
		transaction = g.db.View
	}
	var out any
	err := transaction(ctx, r.Caller.Tenant, func(tx *store.Tx) error {
		call := &ops.Call{
			Caller:   r.Caller,
			Source:   g.source,
			Tx:       tx,
			Mark:     r.Mark,
			TokenKey: g.db.TokenKey(),
			Faults:   g.faults,
		}
		var err error
		out, err = r.Operation.Invoke(ctx, call, r.Input)
		return err
	})
	if err != nil {
		return nil, err // and leave out alone: if ctx has ended, the operation may still be running
	}
	return out, nil
}
