package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/puddle/v2"

	"github.com/carillon-server/carillon/internal/chime"
)

const (
	// maxConns bounds the connections of a server: measured, 64 gave a p99 of 750 ms where 8 to 16 give 26.
	maxConns = 12
	// patience is how long an operation is tried while the database fails over or restarts.
	patience = 30 * time.Second
	// attemptTime bounds one attempt, so that a database that hangs does not hold its callers for ever.
	attemptTime = 15 * time.Second
	// resolveTime is how long a commit whose answer was lost is looked for.
	resolveTime = 60 * time.Second
)

// postgres is a store in PostgreSQL, or in an engine that speaks its protocol. Several servers may share it: nothing is
// kept in memory. An operation runs in a SERIALIZABLE transaction of its own, again where the engine could not serialize
// it; its queued writes, and the commit, are one round trip.
type postgres struct {
	pool   *pgxpool.Pool
	random io.Reader
	seals  *sealer
	group  *group
	hosts  *sharedHosts
	pins   *pinBlocks
	told   func() // after a commit that enqueued a job

	auditor *auditor
	members members
	refused atomic.Uint64 // attempts that the engine could not serialize
	watched atomic.Pointer[Watch]
}

// pgQuerier reads by the pool or by a transaction.
type pgQuerier interface {
	Query(ctx context.Context, text string, args ...any) (pgx.Rows, error)
}

// pgSession is a session of PostgreSQL.
type pgSession struct {
	ctx context.Context
	pgQuerier
}

func (s pgSession) query(fn func(scanner) error, text string, args ...any) error {
	rows, err := s.Query(s.ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(pgRow{rows}); err != nil {
			return err
		}
	}
	return rows.Err()
}

// pgRow reads a row into the places that the scan functions give.
type pgRow struct{ rows pgx.Rows }

// Scan reads booleans from the integers that hold them, and the rest as pgx does.
func (r pgRow) Scan(dest ...any) error {
	places := make([]any, len(dest))
	for i, d := range dest {
		switch d := d.(type) {
		case *bool:
			places[i] = pgFlag{d}
		case *id:
			places[i] = pgID{d}
		case millis:
			places[i] = pgMillis{d}
		default:
			places[i] = d
		}
	}
	return r.rows.Scan(places...)
}

// pgFlag reads a boolean from a bigint.
type pgFlag struct{ b *bool }

func (f pgFlag) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("%T is not a flag", v)
	}
	*f.b = n != 0
	return nil
}

// pgID reads an ID from a bytea.
type pgID struct{ *id }

func (i pgID) Scan(v any) error {
	b, ok := v.([]byte)
	if !ok || len(b) != len(i.id) {
		return fmt.Errorf("%T of %d bytes is not an ID", v, len(b))
	}
	copy(i.id[:], b)
	return nil
}

// pgMillis reads a time from a bigint; null is the zero time.
type pgMillis struct{ millis }

func (m pgMillis) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*m.Time = time.Time{}
	case int64:
		*m.Time = time.UnixMilli(v).UTC()
	default:
		return fmt.Errorf("%T is not a time", v)
	}
	return nil
}

// openPool connects. The sessions are called name, unless the URL has another name for them.
func openPool(ctx context.Context, dsn, name string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		// The error of the parser repeats what it was given, and that may hold a password.
		return nil, errors.New("--database is not a PostgreSQL URL; it looks like postgres://user@host1,host2/database?target_session_attrs=read-write")
	}
	config.MaxConns = maxConns
	config.ConnConfig.ConnectTimeout = 5 * time.Second
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = name
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connect to PostgreSQL: %w; check that it runs and that the user may connect", err)
	}
	return pool, nil
}

func (p *postgres) close() error {
	p.group.close()
	p.leave()
	p.pool.Close()
	return nil
}

// view runs fn with reads that are committed each by itself, again where a connection broke.
func (p *postgres) view(ctx context.Context, tenant chime.Tenant, fn func(*Tx) error) error {
	return p.retry(ctx, func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), attemptTime)
		defer cancel()
		return fn(&Tx{tenant: tenant, reads: pgSession{ctx, p.pool}, seals: p.seals, auditor: p.auditor})
	})
}

// update runs an operation until it is committed, refused, or the engine is out of reach too long.
func (p *postgres) update(ctx context.Context, tenant chime.Tenant, fn func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx) // an operation that has begun is brought to its end
	met, group := NoPromise, !p.group.off.Load()
	for range maxRuns {
		var o outcome
		err := p.retry(ctx, func() (err error) {
			o, err = p.attempt(ctx, tenant, fn, met, group)
			return err
		})
		if err != nil || o == (outcome{}) {
			return err
		}
		if o.met == UserPIN { // somebody has given PINs of the block
			p.pins.drop(tenant)
		}
		met, group = o.met, false
	}
	return fmt.Errorf("gave up after meeting %s %d times", met, maxRuns)
}

// outcome says why an operation has to run again; the zero value says that it need not. Nothing was written if so.
type outcome struct {
	met   Promise // its writes met this
	alone bool    // it could not be part of a group
}

// attempt runs an operation once: as part of a group if that is wanted and possible, and in a transaction of its own
// otherwise.
func (p *postgres) attempt(ctx context.Context, tenant chime.Tenant, fn func(*Tx) error, met Promise, group bool) (o outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	s := &pgTransaction{ctx: ctx, pool: p.pool, guarded: group && met == NoPromise}
	defer s.end()
	tx := Tx{tenant: tenant, reads: s, met: met, seals: p.seals, auditor: p.auditor, blocks: p.pins}
	if s.guarded {
		tx.shared = p.hosts
	}
	err = protect(fn, &tx)
	if tx.relied != nil && tx.relied.remembered && err != nil {
		return outcome{alone: true}, nil // it may have been refused for what is not so any more
	}
	if err != nil {
		return o, unpanic(err)
	}
	if len(tx.audit) > 0 && !p.members.fresh() {
		if err := p.joinApart(ctx); err != nil {
			return o, err
		}
	}
	if s.outside || tx.relied != nil && tx.relied.remembered {
		if s.conn == nil && len(tx.writes) == 1 && tx.writes[0].grouped != nil && tx.relied != nil && tx.groupable() {
			return p.group.add(&tx)
		}
		return outcome{alone: true}, nil // what was read outside may not hold inside
	}
	marker := p.newMarker()
	watch := p.watched.Load()
	begun := watch.begin()
	var records pgRecords
	met, err = s.commit(&tx, marker, &records)
	if unknown := (*unknownCommit)(nil); errors.As(err, &unknown) {
		s.end() // its connection is of no use, and resolve needs one: all may be held by commits that are lost
		err = p.resolve(ctx, tenant, marker, unknown.cause)
	}
	p.land(&records, met == NoPromise && err == nil, err)
	if met == NoPromise && err == nil {
		if len(tx.writes) > 0 {
			watch.committed(1, begun)
		}
		if tx.enqueued {
			p.told()
		}
	}
	return outcome{met: met}, err
}

// pgTransaction is an operation's transaction. It begins with the first read, or with the writes where there is none.
type pgTransaction struct {
	ctx     context.Context
	pool    *pgxpool.Pool
	conn    *pgxpool.Conn // nil before it has begun
	guarded bool          // the first read may be made outside the transaction, if the write guards what it saw
	outside bool          // it was
	over    bool          // committed, or refused by the engine
}

const beginText = "begin isolation level serializable"

func (s *pgTransaction) query(fn func(scanner) error, text string, args ...any) error {
	if s.conn == nil {
		conn, err := s.pool.Acquire(s.ctx)
		if err != nil {
			return err
		}
		s.conn = conn
		if _, err := conn.Exec(s.ctx, beginText); err != nil {
			return err
		}
	}
	return pgSession{s.ctx, s.conn}.query(fn, text, args...)
}

// queryGuarded reads what the write of the operation checks again, or what makes no difference if it changes meanwhile: a
// domain that is claimed after it was looked at leaves the order in which the user came first.
func (s *pgTransaction) queryGuarded(fn func(scanner) error, text string, args ...any) error {
	if !s.guarded || s.conn != nil || s.outside {
		return s.query(fn, text, args...)
	}
	s.outside = true
	return pgSession{s.ctx, s.pool}.query(fn, text, args...)
}

// end lets go of the connection. What is not committed is rolled back. It may be called twice.
func (s *pgTransaction) end() {
	if s.conn == nil {
		return
	}
	if !s.over {
		// On a broken connection this fails, and the transaction is gone with it.
		_, _ = s.conn.Exec(s.ctx, "rollback")
	}
	s.conn.Release()
	s.conn = nil
}

// commit sends the queued writes, a marker of the transaction and the commit in one round trip. It returns the promise
// that the writes met.
func (s *pgTransaction) commit(tx *Tx, marker Mark, records *pgRecords) (Promise, error) {
	var batch pgx.Batch
	if s.conn == nil {
		if len(tx.writes) == 0 && len(tx.audit) == 0 {
			return NoPromise, nil
		}
		conn, err := s.pool.Acquire(s.ctx)
		if err != nil {
			return NoPromise, err
		}
		s.conn = conn
		batch.Queue(beginText)
	}
	for _, w := range tx.writes {
		batch.Queue(w.text, w.args...)
	}
	records.queue(tx, &batch)
	if len(tx.writes) > 0 || len(tx.audit) > 0 {
		batch.Queue(insertMarker, tx.tenant, marker[:], marker[:])
	}
	batch.Queue("commit")
	results := s.conn.SendBatch(s.ctx, &batch)
	var err error
	for range batch.Len() {
		if _, err = results.Exec(); err != nil {
			break
		}
	}
	if closed := results.Close(); err == nil {
		err = closed
	}
	if met, ok := pgDuplicate(err); ok {
		return met, nil
	}
	if err != nil {
		return NoPromise, judgeCommit(err)
	}
	s.over = true
	return NoPromise, nil
}

// insertMarker notes a transaction, so that it can be looked for. The marker's first bytes are the time, as those of an ID.
const insertMarker = `
	insert into marks (tenant, mark, made)
	values ($1, $2, $3)`

// newMarker returns 16 bytes that nothing else has, the first of them the time.
func (p *postgres) newMarker() Mark {
	var m Mark
	if _, err := io.ReadFull(p.random, m[6:]); err != nil {
		panic(fmt.Errorf("read randomness: %w", err))
	}
	ms := time.Now().UnixMilli()
	for i := range 6 {
		m[i] = byte(ms >> (40 - 8*i))
	}
	return m
}

// resolve finds out whether a transaction was committed whose answer was lost: it tries to take the transaction's marker.
// That waits for the transaction where it is still under way, finds the marker taken where it was committed, and keeps it
// from being committed otherwise. Whose a marker is stands in its row, since the answer to resolve's own insert may be lost
// as well.
func (p *postgres) resolve(ctx context.Context, tenant chime.Tenant, marker Mark, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resolveTime)
	defer cancel()
	fence := marker
	fence[len(fence)-1] ^= 0xff
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		owner, err := p.takeMarker(ctx, tenant, marker, fence)
		switch {
		case err == nil && owner == marker:
			return nil
		case err == nil:
			return &lostCommit{cause}
		}
		select {
		case <-ctx.Done():
			return &Unknown{cause}
		case <-time.After(wait):
		}
	}
}

// takeMarker gives the marker to the fence if nobody has it, and returns who has it.
func (p *postgres) takeMarker(ctx context.Context, tenant chime.Tenant, marker, fence Mark) (owner Mark, err error) {
	if _, err := p.pool.Exec(ctx, insertMarker+" on conflict do nothing", tenant, marker[:], fence[:]); err != nil {
		return Mark{}, err
	}
	var made []byte
	if err := p.pool.QueryRow(ctx, `select made from marks where tenant = $1 and mark = $2`, tenant, marker[:]).Scan(&made); err != nil {
		return Mark{}, err
	}
	copy(owner[:], made)
	return owner, nil
}

// retry runs fn again, after a while, where its error says that another attempt may succeed and that nothing was done.
func (p *postgres) retry(ctx context.Context, fn func() error) error {
	deadline := time.Now().Add(patience)
	for wait := 2 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := fn()
		if isSerialization(err) {
			p.refused.Add(1)
		}
		if err == nil || !pgRetryable(err) {
			return pgExplain(err)
		}
		p.watched.Load().retried(err)
		if time.Now().After(deadline) {
			return &unavailable{"the database cannot be reached or cannot keep up; nothing was written", err}
		}
		select {
		case <-time.After(rand.N(wait) + wait/2):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (p *postgres) ready(ctx context.Context) error {
	var readOnly string
	if err := p.pool.QueryRow(ctx, "show transaction_read_only").Scan(&readOnly); err != nil {
		return &unavailable{"the database cannot be reached", err}
	}
	if readOnly != "off" {
		return &unavailable{"the database takes no writes; name all hosts and target_session_attrs=read-write in --database", errors.New("transaction_read_only is " + readOnly)}
	}
	return nil
}

// unpanic lets a panic of an operation go on in its caller.
func unpanic(err error) error {
	var p *panicked
	if errors.As(err, &p) {
		panic(p)
	}
	return err
}

// Unknown is the error of a change of which nobody can say whether it was made: the connection broke in its commit, and the
// database stayed away. The caller must neither be told that it failed nor that it succeeded.
type Unknown struct{ cause error }

func (e *Unknown) Error() string {
	return "nobody knows whether the commit was done: " + e.cause.Error()
}
func (e *Unknown) Unwrap() error { return e.cause }

// unknownCommit is the error of a commit whose answer was lost.
type unknownCommit struct{ cause error }

func (e *unknownCommit) Error() string {
	return "the answer of the commit was lost: " + e.cause.Error()
}

// lostCommit is the error of a commit that is known not to have happened: it can be tried again.
type lostCommit struct{ cause error }

func (e *lostCommit) Error() string { return "the commit did not happen: " + e.cause.Error() }

// judgeCommit tells errors after which nothing was committed from those after which nobody knows.
func judgeCommit(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return &unknownCommit{err} // the connection broke, perhaps after the commit had been sent
	}
	switch e.Code {
	case "40003", "08007": // statement_completion_unknown, transaction_resolution_unknown
		return &unknownCommit{err}
	}
	if len(e.Code) == 5 && e.Code[:2] == "08" || e.Code[:3] == "57P" {
		return &unknownCommit{err}
	}
	return err
}

// pgDuplicate returns the promise that a statement would have broken, by the name of its index.
func pgDuplicate(err error) (Promise, bool) {
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Code != "23505" {
		return NoPromise, false
	}
	switch p := Promise(e.ConstraintName); p {
	case UserEmail, UserPIN, UserNumber, MarkMade, DomainName, NumberHeld, RoomRequest, RoomMember, BotEmail,
		TenantTaken, PrincipalName, KeySlot:
		return p, true
	}
	return NoPromise, false
}

// pgUnsupported reports whether the engine does not do such statements, or not on tables that are spread over nodes.
func pgUnsupported(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && len(e.Code) == 5 && (e.Code[:2] == "0A" || e.Code[:2] == "42")
}

// pgRetryable reports whether another attempt may succeed. The error means that nothing was done.
func pgRetryable(err error) bool {
	var lost *lostCommit
	if errors.As(err, &lost) {
		return true
	}
	var refused *chime.Error
	var unknown *Unknown
	if errors.As(err, &refused) || errors.As(err, &unknown) {
		return false
	}
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return isConnection(err)
	}
	switch e.Code {
	case "40001", "40P01", "40003", "57P01", "57P02", "57P03", "53300":
		return true
	}
	return len(e.Code) == 5 && e.Code[:2] == "08"
}

// isConnection reports whether the connection is at fault, or could not be made.
func isConnection(err error) bool {
	var connect *pgconn.ConnectError
	return errors.As(err, &connect) || pgconn.SafeToRetry(err) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.DeadlineExceeded) || isNet(err)
}

// pgExplain adds the remedy to what an operator can mend, and makes a client's error of what is not its fault.
func pgExplain(err error) error {
	if errors.Is(err, puddle.ErrClosedPool) {
		return errClosed
	}
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case "53100": // disk_full
		return &unavailable{"the database's disk is full; nothing was written", err}
	case "25006": // read_only_sql_transaction
		return &unavailable{"the database takes no writes; name all hosts and target_session_attrs=read-write in --database", err}
	}
	return err
}
