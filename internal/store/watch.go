package store

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Watch is told what a store does, for those who measure it. Its functions are called by whoever does it, several at a time,
// and must not wait.
type Watch struct {
	// Committed is told of each commit: how many changes it made durable at once, and how long it took. With SQLite that is
	// a write and an fsync, with PostgreSQL the changes and the commit in one round trip.
	Committed func(changes int, took time.Duration)
	// Retried is told of each attempt that failed and is made again, by the SQLSTATE of its error or "connection".
	Retried func(code string)
}

// Watch lets w be told from now on.
func (db *DB) Watch(w Watch) { db.engine.watch(&w) }

// begin returns when a commit begins, the zero time if nobody wants to know how long it takes.
func (w *Watch) begin() time.Time {
	if w == nil {
		return time.Time{}
	}
	return time.Now()
}

// committed tells of a commit that began then.
func (w *Watch) committed(changes int, begun time.Time) {
	if w != nil && !begun.IsZero() {
		w.Committed(changes, time.Since(begun))
	}
}

func (w *Watch) retried(err error) {
	if w == nil {
		return
	}
	var e *pgconn.PgError
	if errors.As(err, &e) {
		w.Retried(e.Code)
		return
	}
	w.Retried("connection")
}

// Figures are how a store stands at a moment.
type Figures struct {
	Waiting int            // changes that wait for their commit
	Busy    int            // connections to the database that are in use
	Size    int64          // of the database, in bytes
	Jobs    map[string]int // that are queued, also for later, by kind
}

// Figures returns how the store stands.
func (db *DB) Figures(ctx context.Context) (Figures, error) {
	f, err := db.engine.figures(ctx)
	if err != nil {
		return f, err
	}
	jobs := map[string]int{}
	err = db.View(ctx, 0, func(t *Tx) error {
		clear(jobs)
		return t.reads.query(func(row scanner) error {
			var kind string
			var n int
			err := row.Scan(&kind, &n)
			jobs[kind] = n
			return err
		}, `select kind, count(*) from jobs where state = 'queued' group by kind`)
	})
	if err != nil {
		return f, err // and leave jobs alone: if ctx has ended, the closure may still be running
	}
	f.Jobs = jobs
	return f, nil
}

func (e *embedded) watch(w *Watch) { e.writer.watch.Store(w) }

func (e *embedded) figures(context.Context) (Figures, error) {
	f := Figures{Waiting: len(e.writer.queue), Busy: e.reading - len(e.readers)}
	for _, path := range [...]string{e.path, e.path + "-wal"} {
		info, err := os.Stat(path)
		if err != nil {
			return f, err
		}
		f.Size += info.Size()
	}
	return f, nil
}

func (p *postgres) watch(w *Watch) { p.watched.Store(w) }

func (p *postgres) figures(ctx context.Context) (Figures, error) {
	f := Figures{Waiting: len(p.group.queue), Busy: int(p.pool.Stat().AcquiredConns())}
	err := p.pool.QueryRow(ctx, "select pg_database_size(current_database())").Scan(&f.Size)
	return f, pgExplain(err)
}
