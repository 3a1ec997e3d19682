package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io"
	"sync"
	"time"

	"github.com/carillon-server/carillon/internal/chime"
)

// AuditRecord is an audit record as it was read.
type AuditRecord struct {
	ID      chime.ID
	Context []byte // who did it, by what program: the same for many records
	Body    []byte
	Intact  bool // nobody has changed it since it was written
	sum     auditSum
}

// auditSum is a keyed hash over a record.
type auditSum [16]byte

// contextID is a keyed hash over a context.
type contextID [8]byte

// auditWrite is a record that is to be written with the rest of its transaction.
type auditWrite struct {
	at            time.Time
	context, body []byte
}

// Record adds an audit record to what the transaction writes: it is there if and only if the rest is. Real time is meant.
// A context that repeats is kept once; it may be empty.
func (t *Tx) Record(at time.Time, context, body []byte) {
	t.audit = append(t.audit, auditWrite{at, context, body})
}

// Changes reports whether the transaction writes anything yet but records.
func (t *Tx) Changes() bool { return len(t.writes) > 0 }

// auditor makes audit records out of what is queued, and knows whose have to be sealed. Safe for concurrent use.
type auditor struct {
	*issuer
	key    []byte
	hashes sync.Pool

	mu       sync.Mutex
	contexts map[contextKey]contextID // that are known to be in the database
	unsealed map[chime.Tenant]struct{}
}

type contextKey struct {
	tenant chime.Tenant
	month  int64
	text   string
}

// maxContexts bounds how many are remembered; the others are inserted again, to no effect.
const maxContexts = 2000

func newAuditor(i *issuer) *auditor {
	a := &auditor{issuer: i, contexts: map[contextKey]contextID{}, unsealed: map[chime.Tenant]struct{}{}}
	a.hashes.New = func() any { return &keyedHash{Hash: hmac.New(sha256.New, a.key)} }
	return a
}

// keyedHash is kept for its buffers.
type keyedHash struct {
	hash.Hash
	in, out []byte
}

// keyed returns the hash over what fill appends. The first byte says of what it is.
func (a *auditor) keyed(fill func([]byte) []byte) (sum [sha256.Size]byte) {
	h := a.hashes.Get().(*keyedHash)
	defer a.hashes.Put(h)
	h.in = fill(h.in[:0])
	h.Reset()
	h.Write(h.in)
	h.out = h.Sum(h.out[:0])
	copy(sum[:], h.out)
	return sum
}

func (a *auditor) sum(tenant chime.Tenant, id chime.ID, context, body []byte) (s auditSum) {
	sum := a.keyed(func(b []byte) []byte {
		b = append(b, 'r')
		b = binary.BigEndian.AppendUint64(b, uint64(tenant))
		b = append(b, id[:]...)
		b = binary.BigEndian.AppendUint32(b, uint32(len(context)))
		b = append(b, context...)
		return append(b, body...)
	})
	copy(s[:], sum[:])
	return s
}

// month returns in which 30 days an ID was made.
func month(id chime.ID) int64 { return int64(momentOf(id)>>12) / (30 * 24 * time.Hour).Milliseconds() }

// context returns the key and the ID of a context, and whether the database is known to have it.
func (a *auditor) context(tenant chime.Tenant, record chime.ID, context []byte) (i contextID, known bool) {
	a.mu.Lock()
	i, known = a.contexts[contextKey{tenant, month(record), string(context)}]
	a.mu.Unlock()
	if known {
		return i, true
	}
	sum := a.keyed(func(b []byte) []byte {
		b = append(b, 'c')
		b = binary.BigEndian.AppendUint64(b, uint64(tenant))
		b = binary.BigEndian.AppendUint64(b, uint64(month(record)))
		return append(b, context...)
	})
	copy(i[:], sum[:])
	return i, false
}

// knowContext remembers that the database has a context.
func (a *auditor) knowContext(tenant chime.Tenant, record chime.ID, context []byte, i contextID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.contexts) >= maxContexts {
		clear(a.contexts)
	}
	a.contexts[contextKey{tenant, month(record), string(context)}] = i
}

// forgetContexts forgets what may never have been committed.
func (a *auditor) forgetContexts() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.contexts)
}

// recorded notes that a tenant has records that are not sealed.
func (a *auditor) recorded(tenant chime.Tenant) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.unsealed[tenant] = struct{}{}
}

const (
	insertAudit = `
		insert into audit (tenant, id, context, record, sum)
		values ($1, $2, $3, $4, $5)`
	insertContext = `
		insert into audit_contexts (tenant, month, id, context)
		values ($1, $2, $3, $4)
		on conflict do nothing`
)

// auditRow is a record ready to be written.
type auditRow struct {
	id      chime.ID
	context contextID
	known   bool // the database has the context
	sum     auditSum
}

// row gives a record its ID and its sum.
func (a *auditor) row(tenant chime.Tenant, w *auditWrite) (r auditRow) {
	r.id = a.next(w.at)
	r.sum = a.sum(tenant, r.id, w.context, w.body)
	if r.known = len(w.context) == 0; !r.known {
		r.context, r.known = a.context(tenant, r.id, w.context)
	}
	return r
}

// contextColumn is what the column holds: nothing for no context.
func (r *auditRow) contextColumn(w *auditWrite) []byte {
	if len(w.context) == 0 {
		return []byte{}
	}
	return r.context[:]
}

func (t *Tx) scanAudit(row scanner) (*AuditRecord, error) {
	var r AuditRecord
	var sum []byte
	if err := row.Scan((*id)(&r.ID), &r.Context, &r.Body, &sum); err != nil {
		return nil, err
	}
	copy(r.sum[:], sum)
	return &r, nil
}

// AuditBefore returns at most limit of the tenant's records, the latest first, that were made before one and not before
// another.
func (t *Tx) AuditBefore(before, from chime.ID, limit int) ([]*AuditRecord, error) {
	return t.auditRecords(`
		select id, context, record, sum from audit
		where tenant = $1 and id < $2 and id >= $3
		order by id desc limit $4`,
		t.tenant, before[:], from[:], limit)
}

// auditUpTo returns at most limit of the tenant's records, the earliest first, after one and up to another.
func (t *Tx) auditUpTo(after, last chime.ID, limit int) ([]*AuditRecord, error) {
	return t.auditRecords(`
		select id, context, record, sum from audit
		where tenant = $1 and id > $2 and id <= $3
		order by id limit $4`,
		t.tenant, after[:], last[:], limit)
}

func (t *Tx) auditRecords(text string, args ...any) ([]*AuditRecord, error) {
	found, err := query(t, (*Tx).scanAudit, text, args...)
	if err != nil {
		return nil, err
	}
	contexts := map[string][]byte{} // by month and ID
	for _, r := range found {
		if len(r.Context) > 0 {
			if r.Context, err = t.auditContext(contexts, r); err != nil {
				return nil, err
			}
		}
		r.Intact = t.auditor.sum(t.tenant, r.ID, r.Context, r.Body) == r.sum
	}
	return found, nil
}

// auditContext returns the context that a record names, nothing if there is no such.
func (t *Tx) auditContext(known map[string][]byte, r *AuditRecord) ([]byte, error) {
	key := string(binary.BigEndian.AppendUint64(nil, uint64(month(r.ID)))) + string(r.Context)
	if c, there := known[key]; there {
		return c, nil
	}
	c, err := queryRow(t, scanBytes, `
		select context from audit_contexts
		where tenant = $1 and month = $2 and id = $3`,
		t.tenant, month(r.ID), r.Context)
	if err != nil {
		return nil, err
	}
	if c == nil {
		c = new([]byte)
	}
	known[key] = *c
	return *c, nil
}

// AuditMoment is the ID before which every record was made that is older than the given time.
func AuditMoment(t time.Time) chime.ID { return momentAt(t).in(lane{}) }

// tenantsWithRecords returns all tenants that have records.
func (db *DB) tenantsWithRecords(ctx context.Context) (all []chime.Tenant, err error) {
	err = db.View(ctx, 0, func(t *Tx) error {
		all = all[:0]
		for last := chime.Tenant(-1); ; {
			// A step of its own for each tenant, down the key: to look for distinct ones would read all records.
			next, err := queryRow(t, scanTenant, `
				select tenant from audit
				where tenant > $1
				order by tenant limit 1`,
				last)
			if next == nil || err != nil {
				return err
			}
			last = *next
			all = append(all, last)
		}
	})
	return all, err
}

func scanTenant(_ *Tx, row scanner) (*chime.Tenant, error) {
	var tenant chime.Tenant
	err := row.Scan(&tenant)
	return &tenant, err
}

// newAuditing makes the auditor of a store that is being opened.
func newAuditing(random io.Reader) (*auditor, error) {
	i, err := newIssuer(random)
	if err != nil {
		return nil, err
	}
	return newAuditor(i), nil
}
