package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/carillon-server/carillon/internal/chime"
)

// Tx is one operation's view of one tenant's data. Reads happen at once; writes are queued and happen when the operation
// has returned, so it never reads what it wrote. Not for concurrent use, nor after the operation.
type Tx struct {
	tenant     chime.Tenant
	statements *statements
	writes     []write
	met        Promise
	enqueued   bool // a job is among the writes
}

// write is a queued statement.
type write struct {
	text string
	args []any
}

// Promise is a uniqueness that the schema keeps. A write that would break one runs the operation again, once the
// transaction knows which it met.
type Promise string

// The promises, by the names of their indexes.
const (
	NoPromise  Promise = ""
	UserEmail  Promise = "users_email"  // an e-mail address belongs to one user of the tenant
	UserPIN    Promise = "users_pin"    // a PIN belongs to one user of the tenant
	MarkMade   Promise = "marks_pkey"   // a call makes one thing
	DomainName Promise = "domains_name" // a domain belongs to one account of the tenant
)

// Met returns the promise that stopped the operation's writes the last time it ran, NoPromise the first time. An operation
// that draws by chance just draws again; one that was asked for something taken says so.
func (t *Tx) Met() Promise { return t.met }

func (t *Tx) queue(text string, args ...any) {
	t.writes = append(t.writes, write{text, args})
}

// scanner is a row to be read: *sql.Row or *sql.Rows.
type scanner interface{ Scan(...any) error }

// queryRow returns the row that the query finds, or nil when there is none.
//
// A query here is bounded by its limit or its key, so it runs to its end even when the caller has gone: cancelling it
// would roll back a transaction that others share.
func queryRow[T any](t *Tx, scan func(*Tx, scanner) (*T, error), text string, args ...any) (*T, error) {
	ctx := context.Background()
	stmt, err := t.statements.get(ctx, text)
	if err != nil {
		return nil, err
	}
	v, err := scan(t, stmt.QueryRowContext(ctx, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return v, err
}

// query returns the rows that the query finds.
func query[T any](t *Tx, scan func(*Tx, scanner) (*T, error), text string, args ...any) ([]*T, error) {
	ctx := context.Background()
	stmt, err := t.statements.get(ctx, text)
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []*T
	for rows.Next() {
		v, err := scan(t, rows)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// id reads the 16 bytes of an ID.
type id chime.ID

func (i *id) Scan(v any) error {
	b, ok := v.([]byte)
	if !ok || len(b) != len(i) {
		return fmt.Errorf("%T of %d bytes is not an ID", v, len(b))
	}
	copy(i[:], b)
	return nil
}

// millis reads and writes a time; null is the zero time.
type millis struct{ *time.Time }

func (m millis) Scan(v any) error {
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

func toMillis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// flag is how a column holds a boolean.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
