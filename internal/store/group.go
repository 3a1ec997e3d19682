package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/carillon-server/carillon/internal/chime"
)

const (
	// groupers is how many groups are under way at a time: while one waits for its commit, the next gathers.
	groupers = 2
	// maxGroup bounds the operations of a group.
	maxGroup = 128
	// waryGroups are sent after one that failed because a row was there: where one is, more may follow.
	waryGroups = 50
)

// group adds the users of many callers with one statement, in one transaction, as most of what an insert costs is its
// statement and its commit. What an operation relied on, the account's version and whose a domain is, is checked by the
// statement; a user who is not added, for that or because an address or a PIN is taken, concerns its operation alone, which
// is run again in a transaction of its own.
type group struct {
	p       *postgres
	queue   chan *grouped
	workers sync.WaitGroup
	wary    atomic.Int64 // how many groups more are sent with the wary statement
	off     atomic.Bool  // the engine does not know such statements: everybody is alone

	mu     sync.RWMutex // held for reading while an operation is put into the queue
	closed bool
}

// grouped is an operation that adds a row.
type grouped struct {
	tenant chime.Tenant
	write  write
	relied *reliance
	audit  []auditWrite     // holds one, or none
	result chan groupResult // holds one
}

// id is that of the row: the third of its columns, behind the tenant and the account.
func (u *grouped) id() []byte { return u.write.args[2].([]byte) }

// groupedInsert is a statement that adds the rows of many callers and the audit records of those that it added, whose IDs it
// returns. Its parameters are arrays, one a column; behind the columns come the version of the account that a row relies on, a
// domain and whose that was; then the records with the IDs of the rows that they are about. To look whether a row was added would
// be a read that other inserts conflict with: the records take it from the insert itself.
//
// There are two of it. The bold one fails where a row is there already, and all of the group with it. The wary one leaves
// such a row out, for which PostgreSQL looks into every unique index before it inserts: measured, 33 us a row instead of 14.
type groupedInsert struct {
	bold, wary string
	elements   []uint32
	columns    int // before what is relied on
}

// The types of what stands behind the columns.
var (
	reliedTypes = []string{"bigint", "text", "bytea"}
	recordTypes = []string{"bigint", "bytea", "bytea", "bytea", "bytea", "bytea"}
)

// newGroupedInsert returns a statement whose insert has its arrays, for columns of the given types, between two parts.
func newGroupedInsert(before, after string, types ...string) *groupedInsert {
	i := &groupedInsert{columns: len(types)}
	insert := before + i.unnest(append(types, reliedTypes...)) + after
	records := i.unnest(recordTypes)
	text := func(conflict string) string {
		return `
			with added as (` + insert + conflict + ` returning id),
			recorded as (
				insert into audit (tenant, id, context, record, sum)
				select r.tenant, r.id, r.context, r.record, r.sum from ` + records + `
					as r (tenant, subject, id, context, record, sum) join added on added.id = r.subject)
			select id from added`
	}
	i.bold, i.wary = text(""), text(" on conflict do nothing")
	return i
}

// unnest is a table of arrays, the next parameters.
func (i *groupedInsert) unnest(types []string) string {
	arrays := make([]string, len(types))
	for n, t := range types {
		i.elements = append(i.elements, pgElement(t))
		arrays[n] = fmt.Sprintf("$%d::%s[]", len(i.elements), t)
	}
	return "unnest(" + strings.Join(arrays, ", ") + ")"
}

type groupResult uint8

const (
	inserted groupResult = iota
	runAlone
	unknowable // whether it was inserted
)

func newGroup(p *postgres) *group {
	g := &group{p: p, queue: make(chan *grouped, maxWaiting)}
	for range groupers {
		g.workers.Go(g.run)
	}
	return g
}

func (g *group) close() {
	g.mu.Lock()
	closed := g.closed
	g.closed = true
	g.mu.Unlock()
	if !closed {
		close(g.queue)
	}
	g.workers.Wait()
}

// add makes a transaction that does nothing but add a user to an account that it looked at part of a group.
func (g *group) add(tx *Tx) (outcome, error) {
	u := &grouped{tenant: tx.tenant, write: tx.writes[0], relied: tx.relied, audit: tx.audit, result: make(chan groupResult, 1)}
	if err := g.enqueue(u); err != nil {
		return outcome{}, err
	}
	switch <-u.result {
	case inserted:
		if !u.relied.remembered {
			g.p.hosts.remember(u.relied.key, &u.relied.host)
		}
		return outcome{}, nil
	case unknowable:
		return outcome{}, &Unknown{errors.New("the database stayed away")}
	}
	g.p.hosts.forget(u.relied.key) // it may be the reason
	return outcome{alone: true}, nil
}

func (g *group) enqueue(u *grouped) error {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if g.closed {
		return errClosed
	}
	select {
	case g.queue <- u:
		return nil
	default:
		return errOverload
	}
}

func (g *group) run() {
	var arrays []pgArray
	batch := make([]*grouped, 0, maxGroup)
	for first := range g.queue {
		batch = gather(g.queue, append(batch[:0], first), maxGroup)
		if n := len(first.write.grouped.elements); len(arrays) < n {
			arrays = make([]pgArray, n)
		}
		results := g.commit(batch, arrays)
		for i, u := range batch {
			u.result <- results[i]
		}
	}
}

// commit adds the rows of a batch in one transaction and one round trip. It is SERIALIZABLE like all others, so that a
// deletion of the account under way cannot overlook them.
func (g *group) commit(batch []*grouped, arrays []pgArray) []groupResult {
	ctx, cancel := context.WithTimeout(context.Background(), attemptTime)
	defer cancel()
	results := make([]groupResult, len(batch))
	all := func(r groupResult) []groupResult {
		for i := range results {
			results[i] = r
		}
		return results
	}
	if !g.p.members.fresh() && hasRecords(batch) {
		return all(runAlone)
	}
	conn, err := g.p.pool.Acquire(ctx)
	if err != nil {
		return all(runAlone)
	}
	var records groupRecords
	var fate error
	defer func() { g.p.landGroup(&records, batch, results, fate) }()
	held := true
	release := func() {
		if held {
			conn.Release()
		}
		held = false
	}
	defer release()

	marker := g.p.newMarker()
	watch := g.p.watched.Load()
	begun := watch.begin()
	added, err := g.send(ctx, conn.Conn(), batch, arrays, &records, marker)
	if pgUnsupported(err) {
		g.off.Store(true)
	}
	if _, met := pgDuplicate(err); met {
		g.wary.Store(waryGroups)
		if _, err = conn.Exec(ctx, "rollback"); err == nil {
			added, err = g.send(ctx, conn.Conn(), batch, arrays, &records, marker)
		}
	}
	sort := func() []groupResult {
		for i, u := range batch {
			if !added[chime.ID(u.id())] {
				results[i] = runAlone
			}
		}
		return results
	}
	if err == nil {
		watch.committed(len(added), begun)
		return sort()
	}
	if isSerialization(err) {
		g.p.refused.Add(uint64(len(batch)))
	}
	// On a broken connection this fails, and the transaction is gone with it.
	_, _ = conn.Exec(ctx, "rollback")
	lost := (*unknownCommit)(nil)
	if !errors.As(judgeCommit(err), &lost) {
		return all(runAlone)
	}
	release() // resolve needs a connection: all may be held by commits that are lost
	var unknown *Unknown
	switch err := g.p.resolve(ctx, batch[0].tenant, marker, lost.cause); {
	case errors.As(err, &unknown):
		fate = err
		return all(unknowable)
	case err != nil:
		return all(runAlone)
	case added != nil:
		return sort()
	}
	for i, u := range batch {
		results[i] = g.look(u)
	}
	return results
}

// send sends the whole transaction at once. It returns which rows were added as soon as that is known, even if the rest
// fails.
func (g *group) send(ctx context.Context, conn *pgx.Conn, batch []*grouped, arrays []pgArray, records *groupRecords, marker Mark) (added map[chime.ID]bool, err error) {
	insert := batch[0].write.grouped
	name, text := "carillon_group_bold", insert.bold
	if g.wary.Load() > 0 {
		g.wary.Add(-1)
		name, text = "carillon_group_wary", insert.wary
	}
	insertion, err := conn.Prepare(ctx, name, text)
	if err != nil {
		return nil, err
	}
	marking, err := conn.Prepare(ctx, "carillon_marker", insertMarker)
	if err != nil {
		return nil, err
	}
	values, err := g.values(insert, batch, arrays, records)
	if err != nil {
		return nil, err
	}
	tenant := binary.BigEndian.AppendUint64(nil, uint64(batch[0].tenant))
	binary := []int16{pgx.BinaryFormatCode}

	var queued pgconn.Batch
	queued.ExecParams(beginText, nil, nil, nil, nil)
	queued.ExecPrepared(insertion.Name, values, binary, binary)
	queued.ExecPrepared(marking.Name, [][]byte{tenant, marker[:], marker[:]}, binary, nil)
	queued.ExecParams("commit", nil, nil, nil, nil)
	sent := conn.PgConn().ExecBatch(ctx, &queued)
	var last pgconn.CommandTag
	for n := 0; sent.NextResult(); n++ {
		rows := sent.ResultReader()
		ids := make(map[chime.ID]bool, len(batch))
		for rows.NextRow() {
			ids[chime.ID(rows.Values()[0])] = true
		}
		if last, err = rows.Close(); err != nil {
			break // Close returns it, too
		}
		if n == 1 {
			added = ids
		}
	}
	if err := sent.Close(); err != nil {
		return added, err
	}
	if last.String() != "COMMIT" {
		return added, errors.New("the commit became a rollback")
	}
	return added, nil
}

// values makes the arrays of a batch. An operation whose record cannot be written here is left out.
func (g *group) values(insert *groupedInsert, batch []*grouped, arrays []pgArray, records *groupRecords) ([][]byte, error) {
	for n, element := range insert.elements {
		arrays[n].begin(element)
	}
	columns, relied, told := arrays[:insert.columns], arrays[insert.columns:], arrays[insert.columns+len(reliedTypes):]
	for _, u := range batch {
		if !records.add(g.p.auditor, u, told) {
			continue
		}
		for n := range columns {
			if err := columns[n].add(u.write.args[n]); err != nil {
				return nil, err
			}
		}
		relied[0].int64(u.relied.host.account.Version)
		relied[1].string(u.relied.key.domain)
		if owner := u.relied.host.owner; owner != nil {
			relied[2].bytes(owner[:])
		} else {
			relied[2].null()
		}
	}
	values := make([][]byte, len(insert.elements))
	for n := range values {
		values[n] = arrays[n].parameter()
	}
	return values, nil
}

// look finds out whether a user was inserted by a commit that happened although its answer was lost.
func (g *group) look(u *grouped) groupResult {
	there := false
	ctx, cancel := context.WithTimeout(context.Background(), resolveTime)
	defer cancel()
	err := g.p.retry(ctx, func() error {
		return pgSession{ctx, g.p.pool}.query(func(scanner) error { there = true; return nil },
			`select 1 from users where tenant = $1 and account = $2 and id = $3`, u.write.args[0], u.write.args[1], u.write.args[2])
	})
	switch {
	case err != nil:
		return unknowable
	case there:
		return inserted
	}
	return runAlone
}
