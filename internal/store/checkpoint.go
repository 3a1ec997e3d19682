package store

// folding says when the log is folded into the database.
type folding struct {
	pages      int64 // that the log holds before it is: the more, the more changes of one page coalesce
	left       int64 // that the writer may be left with
	operations int   // after which it is time to look at the log; what adds many rows counts as many
}

// byDefault folds at 80 MB. An operation adds about three pages in a large store, fewer in a small one.
var byDefault = folding{pages: 20000, left: 2000, operations: 2000}

// valuesOfOne is about how many values a statement has for one row. One with many times as many adds many rows.
const valuesOfOne = 20

// maxPasses bounds the passes over a log that grows as fast as it is folded.
const maxPasses = 8

// checkpointer folds the log into the database beside the writer. Where the writer does that itself, everybody waits: at
// a million users about 400 ms, every second or two.
//
// A log can be begun again only when all of it is folded, which never happens beside a writer that goes on adding to it.
// So the last pages are left to the writer, between two batches.
type checkpointer struct {
	conn   *conn
	writer *writer
	done   chan struct{} // closed when the checkpointer has ended
}

func newCheckpointer(c *conn, w *writer) *checkpointer {
	p := &checkpointer{c, w, make(chan struct{})}
	go p.run()
	return p
}

// run ends with the writer.
func (p *checkpointer) run() {
	defer close(p.done)
	for range p.writer.grown {
		p.writer.folded(p.fold())
	}
}

func (p *checkpointer) fold() error {
	if p.writer.failed.Load() != nil {
		return nil
	}
	log, left, err := p.conn.checkpoint("noop")
	if err != nil || log < p.writer.folding.pages {
		return err
	}
	for range maxPasses {
		if left <= p.writer.folding.left {
			break
		}
		if _, left, err = p.conn.checkpoint("passive"); err != nil {
			return err
		}
	}
	p.writer.rest.Store(true)
	return nil
}

// checkpoint folds the log, as far as nobody has to wait for it, or only looks at it. It returns how many pages are in the
// log, and how many of them are not in the database yet.
func (c *conn) checkpoint(mode string) (log, left int64, err error) {
	err = c.query(func(r scanner) error {
		var busy, folded int64
		err := r.Scan(&busy, &log, &folded)
		left = log - folded
		return err
	}, "pragma wal_checkpoint("+mode+")")
	return log, left, err
}

// folded ends all writing when the disk has failed while the log was folded: what was folded before may be lost, and only the log
// has it. SQLite takes it for folded and would write over it: it syncs the database once at the end of several passes, and the
// system tells of a failed write once. The next process folds the whole log anew. Any other error is left to whoever meets it
// next: nothing is lost, the log only grows.
func (w *writer) folded(err error) {
	if mayHavePersisted(err) {
		w.keepLog.Store(true)
		w.fail(err)
	}
}

// foldRest folds what the checkpointer has left, and tells it when the log may have grown enough for another round.
func (w *writer) foldRest(operations int) {
	if w.failed.Load() == nil && w.rest.CompareAndSwap(true, false) {
		_, _, err := w.conn.checkpoint("passive")
		w.folded(err)
	}
	if w.added += operations; w.added < w.folding.operations {
		return
	}
	w.added = 0
	select {
	case w.grown <- struct{}{}:
	default: // it is at work
	}
}
