package store

import (
	"time"

	"github.com/carillon-server/carillon/internal/chime"
)

// Tx is one operation's view of one tenant's data. Reads happen at once; writes are queued and happen when the operation
// has returned, so it never reads what it wrote. Not for concurrent use, nor after the operation.
type Tx struct {
	tenant   chime.Tenant
	reads    session
	writes   []write
	met      Promise
	enqueued bool // a job is among the writes
	audit    []auditWrite
	auditor  *auditor
	seals    *sealer

	hosts   hosts      // nil where somebody else may change accounts
	records *records   // nil in a transaction that writes, and where somebody else may change users
	pins    pinOrder   // nil but for the writer of the embedded store
	blocks  *pinBlocks // nil but where several servers give PINs

	shared *sharedHosts // nil but on the way into a group
	relied *reliance    // on an account that the operation looked at before it added to it, for a group
}

// reliance is what an operation looked at outside its transaction.
type reliance struct {
	key        hostKey
	host       host
	remembered bool // it was not even looked at, but remembered
}

// write is a queued statement.
type write struct {
	text string
	args []any

	// grouped is the same write for a group, nil if it cannot be grouped.
	grouped *groupedInsert

	// aside is set where the write changes nothing that the embedded store's writer or readers remember.
	aside  bool
	access bool // it may change what an access key may do
}

// Promise is a uniqueness that the schema keeps. A write that would break one runs the operation again, once the
// transaction knows which it met.
type Promise string

// The promises, by the names of their indexes.
const (
	NoPromise   Promise = ""
	UserEmail   Promise = "users_email"       // an e-mail address belongs to one user of the tenant
	UserPIN     Promise = "users_pin"         // a PIN belongs to one user of the tenant
	MarkMade    Promise = "marks_pkey"        // a call makes one thing
	DomainName  Promise = "domains_name"      // a domain belongs to one account of the tenant
	UserNumber  Promise = "users_number"      // a number belongs to one user of the tenant
	NumberHeld  Promise = "number_holds_pkey" // a number belongs to one tenant
	RoomRequest Promise = "rooms_request"     // a request makes one room
	RoomMember  Promise = "memberships_pkey"  // a member is in a room once
	BotEmail    Promise = "bots_email"        // an address belongs to one bot of the tenant

	TenantTaken   Promise = "tenants_pkey"     // a tenant has one tenancy
	PrincipalName Promise = "principals_name"  // a name belongs to one principal of the tenant
	KeySlot       Promise = "access_keys_slot" // a principal has one access key in a slot
)

// Met returns the promise that stopped the operation's writes the last time it ran, NoPromise the first time. An operation
// that draws by chance just draws again; one that was asked for something taken says so.
func (t *Tx) Met() Promise { return t.met }

func (t *Tx) queue(text string, args ...any) {
	t.writes = append(t.writes, write{text: text, args: args})
}

// queueAccess queues a write that may change who has access, or what an access key may do.
func (t *Tx) queueAccess(text string, args ...any) {
	t.writes = append(t.writes, write{text: text, args: args, access: true})
}

// session is how a transaction reads: a connection to SQLite, or a transaction of PostgreSQL.
type session interface {
	// query shows fn each row that the statement finds. fn must not read more.
	query(fn func(scanner) error, text string, args ...any) error
}

// scanner is a row to be read.
type scanner interface{ Scan(...any) error }

// queryRow returns the row that the query finds, or nil when there is none.
//
// A query here is bounded by its limit or its key, so it runs to its end even when the caller has gone: cancelling it
// would roll back a transaction that others share.
func queryRow[T any](t *Tx, scan func(*Tx, scanner) (*T, error), text string, args ...any) (*T, error) {
	all, err := query(t, scan, text, args...)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0], nil
}

// queryGuarded is queryRow for what the operation's write checks again, and so may be read before the transaction begins.
func queryGuarded[T any](t *Tx, scan func(*Tx, scanner) (*T, error), text string, args ...any) (*T, error) {
	g, ok := t.reads.(interface {
		queryGuarded(fn func(scanner) error, text string, args ...any) error
	})
	if !ok {
		return queryRow(t, scan, text, args...)
	}
	var found *T
	err := g.queryGuarded(func(r scanner) (err error) {
		found, err = scan(t, r)
		return err
	}, text, args...)
	return found, err
}

// query returns the rows that the query finds.
func query[T any](t *Tx, scan func(*Tx, scanner) (*T, error), text string, args ...any) ([]*T, error) {
	var all []*T
	err := t.reads.query(func(r scanner) error {
		v, err := scan(t, r)
		all = append(all, v)
		return err
	}, text, args...)
	return all, err
}

// id reads the 16 bytes of an ID.
type id chime.ID

// millis reads and writes a time; null is the zero time.
type millis struct{ *time.Time }

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
