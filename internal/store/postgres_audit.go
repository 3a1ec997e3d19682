package store

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/carillon-server/carillon/internal/chime"
)

// Commits of several servers become visible in any order. So that a seal can cover all records up to a moment, each server
// says up to where its own are settled; the earliest of these moments holds for all. A server that says nothing any more is
// left out after a while, and makes no records by then: before it makes one again, it joins anew.
const (
	// freshFor is how long a server makes records after it last said where it is.
	freshFor = 20 * time.Second
	// goneAfter is how long the others wait for one that says nothing. It is longer than freshFor and an attempt together.
	goneAfter = time.Minute
	// unknownFor is how long a transaction is waited for of which nobody knows whether it was committed.
	unknownFor = 5 * time.Minute
)

// members is what a server knows of those that share its database.
type members struct {
	joining sync.Mutex // held by an operation that joins: others wait for it

	mu   sync.Mutex
	said time.Time // when this one last said where it is; zero before it has joined
	seen map[lane]heldBeat
}

// heldBeat is the beat of a server, and since when it has been that.
type heldBeat struct {
	beat  int64
	since time.Time
}

func (m *members) fresh() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.said.IsZero() && time.Since(m.said) < freshFor
}

// joinApart is join for an operation, over a connection beyond the pool's: all of those may be held by operations that have to
// join first.
func (p *postgres) joinApart(ctx context.Context) error {
	p.members.joining.Lock()
	defer p.members.joining.Unlock()
	if p.members.fresh() {
		return nil
	}
	conn, err := pgx.ConnectConfig(ctx, p.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return p.join(ctx, conn)
}

// execer is the pool, or a connection.
type execer interface {
	Exec(ctx context.Context, text string, args ...any) (pgconn.CommandTag, error)
	QueryRow(ctx context.Context, text string, args ...any) pgx.Row
}

// join makes this server known to the others. Until it has said more, none of them seals; so whatever they have sealed by
// the time of the second statement is what its records have to come after.
func (p *postgres) join(ctx context.Context, over execer) error {
	begun := time.Now()
	if _, err := over.Exec(ctx, `
		insert into audit_servers (id, settled, beat)
		values ($1, 0, 1)
		on conflict (id) do update
		set settled = 0, beat = audit_servers.beat + 1`, p.auditor.lane[:]); err != nil {
		return err
	}
	var latest int64
	if err := over.QueryRow(ctx, `select max(settled) from audit_servers`).Scan(&latest); err != nil {
		return err
	}
	p.auditor.raise(moment(latest))
	p.members.mu.Lock()
	defer p.members.mu.Unlock()
	p.members.said = begun
	return nil
}

// settled says where this server is, and returns what holds for all.
func (p *postgres) settled(ctx context.Context) (m moment, err error) {
	err = p.retry(ctx, func() error {
		m, err = p.meet(ctx)
		return err
	})
	return m, err
}

func (p *postgres) meet(ctx context.Context) (moment, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	if !p.members.fresh() {
		if err := p.join(ctx, p.pool); err != nil {
			return 0, err
		}
	}
	begun := time.Now()
	own := p.auditor.settled(begun)
	said, err := p.pool.Exec(ctx, `
		update audit_servers
		set settled = $2, beat = beat + 1
		where id = $1`, p.auditor.lane[:], int64(own))
	if err != nil {
		return 0, err
	}
	if said.RowsAffected() == 0 { // the others took it for gone
		return 0, p.join(ctx, p.pool)
	}
	p.members.mu.Lock()
	p.members.said = begun
	p.members.mu.Unlock()
	return p.earliest(ctx, own)
}

// earliest returns the moment up to which all living servers are settled, and forgets those that have gone.
func (p *postgres) earliest(ctx context.Context, own moment) (moment, error) {
	rows, err := p.pool.Query(ctx, `select id, settled, beat from audit_servers`)
	if err != nil {
		return 0, err
	}
	type member struct {
		ID            []byte
		Settled, Beat int64
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[member])
	if err != nil {
		return 0, err
	}
	first, now := own, time.Now()
	for _, s := range all {
		switch {
		case !p.members.gone(lane(s.ID), s.Beat, now):
			first = min(first, moment(s.Settled))
		case moment(s.Settled) < own: // the latest is kept, for those who join
			if _, err := p.pool.Exec(ctx, `delete from audit_servers where id = $1 and beat = $2`, s.ID, s.Beat); err != nil {
				return 0, err
			}
		}
	}
	return first, nil
}

// gone reports whether a server has left, or its beat stands still for so long that it must have.
func (m *members) gone(l lane, beat int64, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, known := m.seen[l]
	if !known || before.beat != beat {
		before = heldBeat{beat, now}
		m.seen[l] = before
	}
	return beat < 0 || now.Sub(before.since) >= goneAfter
}

// leave says that this server makes no records any more. If it cannot, the others find out.
func (p *postgres) leave() {
	p.members.mu.Lock()
	joined := !p.members.said.IsZero()
	p.members.mu.Unlock()
	if !joined {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, _ = p.pool.Exec(ctx, `update audit_servers set settled = $2, beat = -1 where id = $1`, p.auditor.lane[:], int64(p.auditor.settled(time.Now())))
}

// pgRecords are the audit records of a transaction under way.
type pgRecords struct {
	tx     *Tx
	rows   []auditRow
	flight *flight
}

// queue puts the records of an operation into its batch.
func (r *pgRecords) queue(tx *Tx, batch *pgx.Batch) {
	if len(tx.audit) == 0 {
		return
	}
	a := tx.auditor
	r.tx, r.flight = tx, a.depart()
	for i := range tx.audit {
		q := &tx.audit[i]
		row := a.row(tx.tenant, q)
		if !row.known {
			batch.Queue(insertContext, tx.tenant, month(row.id), row.context[:], q.context)
		}
		batch.Queue(insertAudit, tx.tenant, row.id[:], row.contextColumn(q), q.body, row.sum[:])
		r.rows = append(r.rows, row)
	}
}

// land notes what became of the records of a transaction.
func (p *postgres) land(r *pgRecords, committed bool, err error) {
	if r.flight == nil {
		return
	}
	if committed {
		for i, row := range r.rows {
			if !row.known {
				p.auditor.knowContext(r.tx.tenant, row.id, r.tx.audit[i].context, row.context)
			}
		}
		p.auditor.recorded(r.tx.tenant)
	}
	p.landFlight(r.flight, err)
}

// landFlight ends a flight. Where nobody knows what became of it, the seals wait for it for a while.
func (p *postgres) landFlight(f *flight, err error) {
	if unknown := (*Unknown)(nil); errors.As(err, &unknown) {
		time.AfterFunc(unknownFor, func() { p.auditor.issuer.land(f) })
		return
	}
	p.auditor.issuer.land(f)
}

// groupRecords are the audit records of a group under way. Their contexts are in the database already.
type groupRecords struct {
	flight *flight
}

// hasRecords reports whether any operation of a group leaves a record.
func hasRecords(batch []*grouped) bool {
	return slices.ContainsFunc(batch, func(u *grouped) bool { return len(u.audit) > 0 })
}

// add adds the record of an operation to the arrays: the tenant, the row that it is about, and what insertAudit takes. It reports
// whether the operation can be part of the group.
func (r *groupRecords) add(a *auditor, u *grouped, arrays []pgArray) bool {
	if len(u.audit) == 0 {
		return true
	}
	if r.flight == nil {
		r.flight = a.depart()
	}
	q := &u.audit[0]
	row := a.row(u.tenant, q)
	if !row.known { // another month has just begun
		return false
	}
	arrays[0].int64(int64(u.tenant))
	arrays[1].bytes(u.id())
	arrays[2].bytes(row.id[:])
	arrays[3].bytes(row.contextColumn(q))
	arrays[4].bytes(q.body)
	arrays[5].bytes(row.sum[:])
	return true
}

// landGroup notes what became of the records of a group.
func (p *postgres) landGroup(r *groupRecords, batch []*grouped, results []groupResult, err error) {
	if r.flight == nil {
		return
	}
	for i, u := range batch {
		if results[i] == inserted && len(u.audit) > 0 {
			p.auditor.recorded(u.tenant)
		}
	}
	p.landFlight(r.flight, err)
}

// isSerialization reports whether the engine could not put a transaction into an order with others.
func isSerialization(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "40001"
}

// Unserialized returns how many attempts at a transaction this store's engine could not serialize with others since it was
// opened. They were made again. The embedded store has none.
func (db *DB) Unserialized() uint64 {
	if p, ok := db.engine.(*postgres); ok {
		return p.refused.Load()
	}
	return 0
}

// resumeAudit finds the tenants whose records may have to be sealed, and lets new records come after what is there.
func (db *DB) resumeAudit(ctx context.Context) error {
	tenants, err := db.tenantsWithRecords(ctx)
	if err != nil {
		return err
	}
	for _, tenant := range tenants {
		db.auditor.recorded(tenant)
		if err := db.raiseAudit(ctx, tenant); err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) raiseAudit(ctx context.Context, tenant chime.Tenant) error {
	return db.View(ctx, tenant, func(t *Tx) error {
		last, err := queryRow(t, scanMade, `
			select id from audit
			where tenant = $1
			order by id desc limit 1`,
			tenant)
		if last != nil {
			db.auditor.raise(momentOf(*last))
		}
		return err
	})
}

// groupable reports whether the audit records of an operation let it be part of a group: it has one at most, in a context
// that the database has.
func (t *Tx) groupable() bool {
	if len(t.audit) == 0 {
		return true
	}
	q := &t.audit[0]
	_, known := t.auditor.context(t.tenant, momentAt(q.at).in(t.auditor.lane), q.context)
	return len(t.audit) == 1 && (known || len(q.context) == 0)
}
