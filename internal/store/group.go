package store

import (
	"context"
	"errors"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/carillon-server/carillon/internal/chime"
)

const (
	// groupers is how many groups are under way at a time: while one waits for its commit, the next gathers.
	groupers = 2
	// maxGroup bounds the operations of a group.
	maxGroup = 128
)

// group commits the users that many callers add in one transaction, as most of what an insert costs is its commit. What an
// operation relied on, the account's version, is checked by its insert; an insert that does not happen, for that or
// because an address or a PIN is taken, concerns its operation alone, which is run again in a transaction of its own.
type group struct {
	p       *postgres
	queue   chan *grouped
	workers sync.WaitGroup

	mu     sync.RWMutex // held for reading while an operation is put into the queue
	closed bool
}

// grouped is an operation that adds a user.
type grouped struct {
	tenant chime.Tenant
	write  write
	audit  []auditWrite     // holds one, or none
	result chan groupResult // holds one
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
	w := tx.writes[0]
	w.args = append(w.args, tx.relied.Version)
	u := &grouped{tenant: tx.tenant, write: w, audit: tx.audit, result: make(chan groupResult, 1)}
	if err := g.enqueue(u); err != nil {
		return outcome{}, err
	}
	switch <-u.result {
	case inserted:
		return outcome{}, nil
	case unknowable:
		return outcome{}, &Unknown{errors.New("the database stayed away")}
	}
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
	batch := make([]*grouped, 0, maxGroup)
	for first := range g.queue {
		batch = append(batch[:0], first)
		for len(batch) < maxGroup {
			select {
			case u, open := <-g.queue:
				if open {
					batch = append(batch, u)
					continue
				}
			default:
			}
			break
		}
		results := g.commit(batch)
		for i, u := range batch {
			u.result <- results[i]
		}
	}
}

// commit inserts the users of a batch in one transaction and one round trip. It is SERIALIZABLE like all others, so that a
// deletion of the account under way cannot overlook them.
func (g *group) commit(batch []*grouped) []groupResult {
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
	var queued pgx.Batch
	queued.Queue(beginText)
	for _, u := range batch {
		text, args := records.statement(g.p.auditor, u)
		queued.Queue(text, args...)
	}
	queued.Queue(insertMarker, batch[0].tenant, marker[:], marker[:])
	queued.Queue("commit")
	watch := g.p.watched.Load()
	begun := watch.begin()
	sent := conn.SendBatch(ctx, &queued)
	known := 0 // of how many inserts the outcome is known
	_, err = sent.Exec()
	for i := 0; i < len(batch) && err == nil; i++ {
		var tag pgconn.CommandTag
		if tag, err = sent.Exec(); err == nil {
			known++
			results[i] = inserted
			if tag.RowsAffected() == 0 {
				results[i] = runAlone
			}
		}
	}
	if err == nil {
		_, err = sent.Exec() // the marker
	}
	if err == nil {
		var tag pgconn.CommandTag
		if tag, err = sent.Exec(); err == nil && tag.String() != "COMMIT" {
			err = errors.New("the commit became a rollback")
		}
	}
	if closed := sent.Close(); err == nil {
		err = closed
	}
	if err == nil {
		watch.committed(len(batch), begun)
		return results
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
	}
	for i := known; i < len(batch); i++ {
		results[i] = g.look(batch[i])
	}
	return results
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
