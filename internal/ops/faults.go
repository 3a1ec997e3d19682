package ops

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
)

// maxFaults bounds how many faults are kept at a time.
const maxFaults = 100

// Faults are errors, delays and lost connections on order, so that code which must survive them can be tested. They
// live in memory, as long as the server does, and are safe for concurrent use.
type Faults struct {
	mu     sync.Mutex
	faults []*api.Fault
}

// NewFaults returns an empty set.
func NewFaults() *Faults { return &Faults{} }

// Strike is what a fault does to a call. The zero Strike does nothing.
type Strike struct {
	Delay      time.Duration
	Exception  string // to answer instead of running the operation
	DropBefore bool   // lose the connection instead of running the operation
	DropAfter  bool   // run the operation, then lose the connection
}

// Strike returns what the first fault that applies does to a call of op by a tenant, and counts it. Operations that
// order faults are spared, or no fault could be taken back; so are operations that do not declare the fault's exception.
func (f *Faults) Strike(op *api.Operation, tenant chime.Tenant) Strike {
	if op.Extension {
		return Strike{}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, fault := range f.faults {
		if !applies(fault, op, tenant) {
			continue
		}
		fault.Struck++
		if fault.Struck == fault.Count {
			f.faults = slices.Delete(f.faults, i, i+1)
		}
		return Strike{
			Delay:      time.Duration(fault.DelayMilliseconds) * time.Millisecond,
			Exception:  fault.Error,
			DropBefore: fault.Drop == api.FaultDropBeforeCommit,
			DropAfter:  fault.Drop == api.FaultDropAfterCommit,
		}
	}
	return Strike{}
}

// remove takes back the faults that which is true of. A nil *Faults has none.
func (f *Faults) remove(which func(*api.Fault) bool) {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = slices.DeleteFunc(f.faults, which)
}

func applies(f *api.Fault, op *api.Operation, tenant chime.Tenant) bool {
	return (f.Operation == "*" || f.Operation == op.Name) &&
		(f.AWSAccountID == "" || f.AWSAccountID == tenant.String()) &&
		(f.Error == "" || slices.Contains(op.Errors, f.Error)) &&
		(f.ProbabilityPercent == 0 || rand.IntN(100) < f.ProbabilityPercent)
}

var errNoFaults = chime.Forbidden.Errorf("faults are not allowed here; start the server with --faults")

// PutFault orders a fault.
func (c *Call) PutFault(_ context.Context, in *api.PutFaultInput) (*api.PutFaultOutput, error) {
	if c.Faults == nil {
		return nil, errNoFaults
	}
	if err := checkFault(in); err != nil {
		return nil, err
	}
	fault := api.Fault{
		FaultID:            c.Source.NewID().String(),
		Operation:          in.Operation,
		Error:              in.Error,
		DelayMilliseconds:  in.DelayMilliseconds,
		Drop:               in.Drop,
		Count:              in.Count,
		ProbabilityPercent: in.ProbabilityPercent,
		AWSAccountID:       in.AWSAccountID,
	}
	c.Faults.mu.Lock()
	defer c.Faults.mu.Unlock()
	if len(c.Faults.faults) >= maxFaults {
		return nil, chime.BadRequest.Errorf("there are %d faults already; take some back with DeleteFault", maxFaults)
	}
	answer := fault
	c.Faults.faults = append(c.Faults.faults, &fault)
	return &api.PutFaultOutput{Fault: &answer}, nil
}

func checkFault(in *api.PutFaultInput) error {
	if in.Error == "" && in.Drop == "" && in.DelayMilliseconds == 0 {
		return chime.BadRequest.Errorf("one of Error, Drop and DelayMilliseconds is required: what shall happen?")
	}
	if in.Error != "" && in.Drop != "" {
		return chime.BadRequest.Errorf("Error and Drop exclude each other: a lost connection carries no error")
	}
	if in.Operation == "*" {
		return nil
	}
	op := api.ByName(in.Operation)
	if op == nil || op.Extension {
		return chime.BadRequest.Errorf("Operation must be * or one of the operations of the Amazon Chime API, such as CreateUser")
	}
	if in.Error != "" && !slices.Contains(op.Errors, in.Error) {
		return chime.BadRequest.Errorf("Error must be one that %s declares: %s", op.Name, strings.Join(op.Errors, ", "))
	}
	return nil
}

// ListFaults lists the faults that are yet to strike, in the order in which they are tried.
func (c *Call) ListFaults(context.Context, *api.ListFaultsInput) (*api.ListFaultsOutput, error) {
	if c.Faults == nil {
		return nil, errNoFaults
	}
	c.Faults.mu.Lock()
	defer c.Faults.mu.Unlock()
	out := &api.ListFaultsOutput{Faults: []api.Fault{}}
	for _, f := range c.Faults.faults {
		out.Faults = append(out.Faults, *f)
	}
	return out, nil
}

// DeleteFault takes a fault back.
func (c *Call) DeleteFault(_ context.Context, in *api.DeleteFaultInput) (*api.DeleteFaultOutput, error) {
	if c.Faults == nil {
		return nil, errNoFaults
	}
	c.Faults.mu.Lock()
	defer c.Faults.mu.Unlock()
	i := slices.IndexFunc(c.Faults.faults, func(f *api.Fault) bool { return f.FaultID == in.FaultID })
	if i < 0 {
		return nil, chime.NotFound.Errorf("fault %s", in.FaultID)
	}
	c.Faults.faults = slices.Delete(c.Faults.faults, i, i+1)
	return &api.DeleteFaultOutput{}, nil
}
