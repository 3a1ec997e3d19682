package gate

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/carillon-server/carillon/internal/audit"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/store"
	"github.com/carillon-server/carillon/internal/throttle"
)

// maxLate bounds the records that wait to be written, refused calls and reads, and maxLateOf those of one tenant, so that it
// leaves room to others. More are dropped, and counted.
const (
	maxLate   = 4096
	maxLateOf = 1024
)

// turnedAway bounds the records of calls that were refused before anybody looked at what they ask for. They cost their senders
// next to nothing, and need no key that still opens anything: without a bound they would fill the disk.
var turnedAway = throttle.Limit{PerSecond: 2, Burst: 256}

// door is where calls are turned away: each tenant's own, and beside it that of those who did not show who they are.
type door struct {
	tenant chime.Tenant
	nobody bool
}

// maxDoors bounds how many doors are told apart.
const maxDoors = 1 << 12

// late holds the records that go with no change, until they are written together.
type late struct {
	mu      sync.Mutex
	waiting map[chime.Tenant][]lateRecord
	count   int
	dropped map[chime.Tenant]int

	doors *throttle.Buckets[door]
}

type lateRecord struct {
	at            time.Time
	context, body []byte
}

func newLate() *late {
	return &late{
		waiting: map[chime.Tenant][]lateRecord{}, dropped: map[chime.Tenant]int{},
		doors: throttle.New[door](turnedAway, maxDoors, throttle.Clock()),
	}
}

func (l *late) add(tenant chime.Tenant, r lateRecord) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isFull(tenant) {
		l.dropped[tenant]++
		return
	}
	l.waiting[tenant] = append(l.waiting[tenant], r)
	l.count++
}

// full reports whether another record would be dropped, and counts it then.
func (l *late) full(tenant chime.Tenant) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.isFull(tenant) {
		return false
	}
	l.dropped[tenant]++
	return true
}

func (l *late) isFull(tenant chime.Tenant) bool {
	return l.count >= maxLate || len(l.waiting[tenant]) >= maxLateOf
}

func (l *late) take() (waiting map[chime.Tenant][]lateRecord, dropped map[chime.Tenant]int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count == 0 && len(l.dropped) == 0 { // as it mostly is
		return nil, nil
	}
	waiting, dropped = l.waiting, l.dropped
	l.waiting, l.dropped, l.count = map[chime.Tenant][]lateRecord{}, map[chime.Tenant]int{}, 0
	return waiting, dropped
}

func (l *late) drop(tenant chime.Tenant, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dropped[tenant] += n
}

// call is what a record says of a request.
func (r *Request) call() *audit.Call {
	return &audit.Call{
		Operation:    r.Operation,
		Caller:       r.Caller,
		RequestID:    r.Origin.RequestID,
		InvocationID: r.Origin.InvocationID,
		Address:      r.Origin.Address,
		UserAgent:    r.Origin.UserAgent,
		Secure:       r.Origin.Secure,
		Input:        r.Input,
	}
}

// record adds the record of a change to its transaction.
func (g *Gate) record(tx *store.Tx, r *Request, out any) {
	c := r.call()
	c.Output = out
	at := g.source.Now()
	tx.Record(at, audit.AppendContext(make([]byte, 0, 256), c), audit.AppendCall(make([]byte, 0, 256), c, at, nil))
}

// recordLater notes a call that changed nothing.
func (g *Gate) recordLater(tenant chime.Tenant, c *audit.Call) {
	if g.late.full(tenant) { // before anything is made of it
		return
	}
	at, context := g.source.Now(), audit.AppendContext(nil, c)
	if c.Caller.ARN == "" { // what anybody sends is not kept as if it would repeat
		g.late.add(tenant, lateRecord{at, nil, audit.AppendCall(nil, c, at, context)})
		return
	}
	g.late.add(tenant, lateRecord{at, context, audit.AppendCall(nil, c, at, nil)})
}

// Refused notes that a request was refused, for a tenant, with the exception and the message of the answer. The request may
// lack its input, and its caller if they did not show who they are.
func (g *Gate) Refused(tenant chime.Tenant, r *Request, exception, message string) {
	if g.settings.Audit == audit.Off {
		return
	}
	if r.Input == nil && g.late.doors.Take(door{tenant, r.Caller.ARN == ""}) > 0 {
		g.late.drop(tenant, 1)
		return
	}
	c := r.call()
	c.ErrorCode, c.ErrorMessage = exception, message
	g.recordLater(tenant, c)
}

// answered notes a call that succeeded without a change: always if it could have made one, reads where they are wanted.
func (g *Gate) answered(r *Request) {
	level := g.settings.Audit
	if level == audit.Off || r.Operation.ReadOnly && level != audit.Reads {
		return
	}
	c := r.call()
	c.Unchanged = !r.Operation.ReadOnly
	g.recordLater(r.Caller.Tenant, c)
}

// WriteLate writes the records of what changed nothing, and returns how many had to be dropped since the last time. What was
// dropped leaves a record that says how many.
func (g *Gate) WriteLate(ctx context.Context) (dropped int, err error) {
	waiting, missing := g.late.take()
	for tenant, n := range missing {
		dropped += n
		at := g.source.Now()
		w := audit.Work{Name: "DropAuditRecords", Agent: server, Details: []audit.Detail{audit.Count(n)}}
		waiting[tenant] = append(waiting[tenant], lateRecord{at, nil, audit.AppendWork(nil, &w, at)})
	}
	var errs []error
	for _, tenant := range slices.Sorted(maps.Keys(waiting)) {
		records := waiting[tenant]
		err := g.db.Update(ctx, tenant, func(tx *store.Tx) error {
			for _, r := range records {
				tx.Record(r.at, r.context, r.body)
			}
			return nil
		})
		if err != nil {
			g.late.drop(tenant, len(records))
			errs = append(errs, err)
		}
	}
	return dropped, errors.Join(errs...)
}

// did adds the records of what the server's own work changed.
func (g *Gate) did(tx *store.Tx, call *ops.Call, from *Origin) {
	if g.settings.Audit == audit.Off {
		return
	}
	for _, w := range call.Did {
		at := g.source.Now()
		w.RequestID, w.Address = from.RequestID, from.Address
		tx.Record(at, nil, audit.AppendWork(nil, &w, at))
	}
}

// RealNow returns the time that records show, which no test advances.
func (g *Gate) RealNow() time.Time { return g.source.Now() }
