package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/carillon-server/carillon/internal/chime"
)

const (
	// maxBatch bounds the operations of one transaction. The batch is what waits when the last commit returns, so its size
	// follows the speed of the disk by itself.
	maxBatch = 512
	// maxWaiting bounds the operations that wait; more are refused rather than kept in memory.
	maxWaiting = 8192
	// maxRuns bounds how often an operation is run that keeps meeting what it draws by chance.
	maxRuns = 8
)

// writer owns the one connection that writes.
type writer struct {
	conn    *conn
	queue   chan *update
	done    chan struct{}           // closed when the writer has ended
	failed  atomic.Pointer[Unknown] // of the commit after which nothing is written any more
	broke   chan struct{}           // closed when there is one
	told    func()                  // after a commit that enqueued a job
	watch   atomic.Pointer[Watch]
	pins    pinOrder
	hosts   hosts
	records *records
	auditor *auditor
	seals   *sealer
	changed bool // something but new users was written since the records were forgotten

	accesses *accesses
	regrants bool // what keys may do was written since they were forgotten

	folding folding
	added   int           // operations since grown was last sent
	grown   chan struct{} // for the checkpointer; closed with the writer
	rest    atomic.Bool   // the checkpointer asks for the rest of the log to be folded
	keepLog atomic.Bool   // some of what has been folded may be in the log alone

	mu     sync.RWMutex // held for reading while a request is put into the queue
	closed bool
}

// update is an operation that waits for the writer.
type update struct {
	tenant chime.Tenant
	fn     func(*Tx) error
	gone   atomic.Bool // its caller has gone
	result chan error  // holds one

	enqueued bool // it enqueued a job; the writer's to know
	recorded bool // it left an audit record
}

func newWriter(c *conn, e *embedded, told func()) *writer {
	w := &writer{conn: c, records: e.records, accesses: e.accesses, seals: e.seals, auditor: e.auditor, queue: make(chan *update, maxWaiting), done: make(chan struct{}), told: told, pins: pinOrder{}, hosts: hosts{}, grown: make(chan struct{}, 1), broke: make(chan struct{}), folding: byDefault}
	go w.run()
	return w
}

var (
	errOverload = chime.Unavailable.Errorf("too many changes are waiting; nothing was written, try again")
	errClosed   = chime.Unavailable.Errorf("the server is shutting down; nothing was written")
)

func (w *writer) do(ctx context.Context, tenant chime.Tenant, fn func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	u := &update{tenant: tenant, fn: fn, result: make(chan error, 1)}
	if err := w.enqueue(u); err != nil {
		return err
	}
	select {
	case err := <-u.result:
		var p *panicked
		if errors.As(err, &p) {
			panic(p)
		}
		return err
	case <-ctx.Done():
		u.gone.Store(true)
		return ctx.Err()
	}
}

func (w *writer) enqueue(u *update) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return errClosed
	}
	select {
	case w.queue <- u:
		return nil
	default:
		return errOverload
	}
}

// end refuses what comes from now on, and returns when the rest is done.
func (w *writer) end() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	close(w.queue)
	<-w.done
}

// broken returns why nothing can be written any more, or nil.
func (w *writer) broken() error {
	if failed := w.failed.Load(); failed != nil {
		return &unavailable{"the disk failed while committing; check it and start carillon again", failed.cause}
	}
	return nil
}

// run takes what waits, commits it in one transaction, answers, and so on until the queue is closed.
func (w *writer) run() {
	defer close(w.done)
	defer close(w.grown)
	batch := make([]*update, 0, maxBatch)
	for first := range w.queue {
		batch = gather(w.queue, append(batch[:0], first), maxBatch)
		w.together(batch)
		w.foldRest(len(batch))
	}
}

// gather adds what waits to a batch, up to its size. It first lets those run who are about to ask, as long as more do: what goes
// together shares a commit.
func gather[T any](queue <-chan T, batch []T, size int) []T {
	for before := -1; before < len(queue) && before < size; {
		before = len(queue)
		runtime.Gosched()
	}
	for len(batch) < size {
		select {
		case next, open := <-queue:
			if open {
				batch = append(batch, next)
				continue
			}
		default:
		}
		break
	}
	return batch
}

// together runs the batch in one transaction. What one operation is refused concerns it alone; where the
// transaction itself fails, nothing of it remains, and each operation is run in a transaction of its own.
func (w *writer) together(batch []*update) {
	results := make([]error, len(batch))
	err := w.transaction(len(batch), func() (err error) {
		for i, u := range batch {
			if results[i], err = w.apply(u); err != nil {
				return err
			}
		}
		return nil
	})
	unknown := (*Unknown)(nil)
	if err != nil && len(batch) > 1 && !errors.As(err, &unknown) {
		for _, u := range batch {
			w.together([]*update{u})
		}
		return
	}
	if w.changed { // before anybody is told
		w.records.forget()
		w.changed = false
	}
	if w.regrants {
		w.accesses.forget()
		w.regrants = false
	}
	for i, u := range batch {
		results[i] = verdict(results[i], err)
		if u.enqueued && results[i] == nil {
			w.told()
		}
		if u.recorded && results[i] == nil {
			w.auditor.recorded(u.tenant)
		}
		u.result <- results[i]
	}
}

// verdict is what the caller of an operation is told whose transaction ended with err. A refusal stands, but not where nobody
// knows what is on the disk: it may rest on what another operation of the batch has written.
func verdict(refused, err error) error {
	if unknown := (*Unknown)(nil); refused == nil || errors.As(err, &unknown) {
		return err
	}
	return refused
}

// transaction runs fn between begin and commit. When it returns nil, the commit has been fsynced; when it returns an
// error, nothing of fn remains. operations is how many it holds.
func (w *writer) transaction(operations int, fn func() error) error {
	if failed := w.failed.Load(); failed != nil {
		return failed // it may be a repetition of what was under way then
	}
	if err := w.conn.exec("begin immediate"); err != nil {
		return explain(err)
	}
	if err := fn(); err != nil {
		w.rollback()
		return explain(err)
	}
	watch := w.watch.Load()
	begun := watch.begin()
	if err := w.conn.exec("commit"); err != nil {
		w.rollback()
		if mayHavePersisted(err) {
			return w.fail(err)
		}
		return explain(err)
	}
	watch.committed(operations, begun)
	return nil
}

// fail ends all writing: after a failed fsync nobody knows what is on the disk, and to sync again may succeed without writing
// what the system has given up. The next process reads what there is, and writes it anew.
func (w *writer) fail(err error) *Unknown {
	if w.failed.CompareAndSwap(nil, &Unknown{err}) {
		close(w.broke)
	}
	return w.failed.Load()
}

func (w *writer) rollback() {
	// SQLite has already rolled back after some errors, and then refuses this; either way no transaction is left.
	_ = w.conn.exec("rollback")
	clear(w.hosts) // what was remembered since the transaction began may never have been
	w.auditor.forgetContexts()
}

// apply runs one operation within the transaction. refused is for its caller; err means that the transaction is lost.
func (w *writer) apply(u *update) (refused, err error) {
	if u.gone.Load() {
		return context.Canceled, nil
	}
	tx := Tx{tenant: u.tenant, reads: w.conn, pins: w.pins, hosts: w.hosts, seals: w.seals, auditor: w.auditor}
	for range maxRuns {
		if refused := protect(u.fn, &tx); refused != nil {
			return w.refusal(refused)
		}
		met, err := w.flush(tx.writes)
		if met == NoPromise {
			u.enqueued, u.recorded = tx.enqueued, len(tx.audit) > 0
			if err == nil {
				err = w.record(&tx)
			}
			return nil, err
		}
		tx.met, tx.writes, tx.audit, tx.enqueued = met, tx.writes[:0], tx.audit[:0], false
	}
	return fmt.Errorf("gave up after meeting %s %d times", tx.met, maxRuns), nil
}

// refusal tells an operation's own error from one that the engine gave to its reads and that ends the transaction.
func (w *writer) refusal(err error) (refused, lost error) {
	if isEngine(err) {
		return nil, err
	}
	return err, nil
}

// flush applies the queued writes, all or none, and returns the promise that one of them met.
func (w *writer) flush(writes []write) (met Promise, err error) {
	if len(writes) == 1 { // a statement that meets a promise undoes itself, and only itself
		return w.write(writes[0])
	}
	if len(writes) == 0 {
		return NoPromise, nil
	}
	if err := w.conn.exec("savepoint operation"); err != nil {
		return NoPromise, err
	}
	for _, q := range writes {
		if met, err = w.write(q); err != nil {
			return NoPromise, err
		}
		if met != NoPromise {
			if err := w.conn.exec("rollback to operation"); err != nil {
				return NoPromise, err
			}
			break
		}
	}
	return met, w.conn.exec("release operation")
}

func (w *writer) write(q write) (met Promise, err error) {
	if q.grouped == nil && !q.aside { // it may change an account, a domain or a user
		clear(w.hosts)
		w.changed = true
	}
	w.regrants = w.regrants || q.access
	w.added += len(q.args) / valuesOfOne
	err = w.conn.exec(q.text, q.args...)
	if met, ok := duplicate(err); ok {
		return met, nil
	}
	return NoPromise, err
}

// record writes an operation's audit records. They meet no promise: an error means that the transaction is lost, and so no
// savepoint is needed around them and the operation's other writes.
func (w *writer) record(tx *Tx) error {
	for i := range tx.audit {
		q := &tx.audit[i]
		r := w.auditor.row(tx.tenant, q)
		if !r.known {
			if err := w.conn.exec(insertContext, tx.tenant, month(r.id), r.context[:], q.context); err != nil {
				return err
			}
			w.auditor.knowContext(tx.tenant, r.id, q.context, r.context)
		}
		if err := w.conn.exec(insertAudit, tx.tenant, r.id[:], r.contextColumn(q), q.body, r.sum[:]); err != nil {
			return err
		}
	}
	return nil
}

// panicked carries a panic of an operation from the writer to its caller.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }

func protect(fn func(*Tx) error, tx *Tx) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicked{v, debug.Stack()}
		}
	}()
	return fn(tx)
}
