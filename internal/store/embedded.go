package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/gofrs/flock"
	"zombiezen.com/go/sqlite"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/seal"
	"github.com/carillon-server/carillon/internal/store/walwrite"
)

// File is the database's name in the data folder.
const File = "carillon.db"

// embedded is a store in SQLite, in a folder of its own. One goroutine, the writer, owns the only connection that writes;
// it commits whatever is waiting in one transaction, each operation isolated from its neighbours. Readers have
// connections of their own.
type embedded struct {
	path    string // of the database
	setup   setup
	lock    *flock.Flock
	readers chan *conn    // those that are free; nil stands for one that is opened when it is needed
	reading int           // how many there are
	closed  chan struct{} // closed when no more reads begin
	closing sync.Once
	writer  *writer
	folding *checkpointer
	records *records
	auditor *auditor

	accesses *accesses
	seals    *sealer
}

// Open opens the embedded store in folder, making both where they are missing, and brings its schema up to date. The
// folder is locked until Close: a second process is refused. Errors say what to do. random makes the secrets of a new
// store, and keys has what seals them.
func Open(ctx context.Context, folder string, random io.Reader, keys seal.Source) (*DB, error) {
	return open(ctx, folder, &sealer{source: keys, random: random}, lasting)
}

func open(ctx context.Context, folder string, seals *sealer, s setup) (_ *DB, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w; choose another with --data", err)
	}
	audit, err := newAuditing(seals.random)
	if err != nil {
		return nil, err
	}
	e := newEmbedded(folder, seals, audit, s)
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	if e.lock, err = acquire(folder); err != nil {
		return nil, err
	}
	if err := sweep(folder); err != nil {
		return nil, fmt.Errorf("remove what is left of an earlier run: %w", err)
	}
	if err := writable(e.path); err != nil {
		return nil, err
	}
	db := newDB(e, seals, audit)
	db.accesses = e.accesses
	if err := e.prepare(ctx, db, e.path); err != nil {
		return nil, err
	}
	for range cap(e.readers) {
		c, err := openConn(e.path, sqlite.OpenReadOnly, readerPragmas...)
		if err != nil {
			return nil, fmt.Errorf("open %s for reading: %w", e.path, err)
		}
		e.readers <- c
		e.reading++
	}
	return db, db.resumeAudit(ctx)
}

// newEmbedded returns a store in folder that is yet to be opened.
func newEmbedded(folder string, seals *sealer, audit *auditor, s setup) *embedded {
	return &embedded{
		path:    filepath.Join(folder, File),
		setup:   s,
		readers: make(chan *conn, max(4, 2*runtime.GOMAXPROCS(0))),
		closed:  make(chan struct{}),
		records: newRecords(),
		auditor: audit,

		accesses: &accesses{},
		seals:    seals,
	}
}

// prepare brings the schema up to date, which needs database/sql, and starts the writer.
func (e *embedded) prepare(ctx context.Context, db *DB, path string) (err error) {
	migrating, err := sql.Open("sqlite", dataSource(path, e.setup.pragmas))
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	// Closed when the writer's connection is there: with the last connection the log would be folded into the database.
	defer func() { err = errors.Join(err, migrating.Close()) }()
	if err := migrate(ctx, migrating, path); err != nil {
		return err
	}
	sealed, err := db.readSecrets(ctx, migrating)
	if err != nil {
		return err
	}
	writing, err := e.setup.open(path)
	if err != nil {
		return fmt.Errorf("open %s for writing: %w", path, err)
	}
	// What the log shows need not be on the disk: the last process may have ended before a sync, or because of one that
	// failed. It is written anew before anybody sees it.
	if _, _, err := writing.checkpoint("passive"); err != nil {
		return errors.Join(fmt.Errorf("fold the log into %s: %w", path, explain(err)), writing.close())
	}
	e.startWriter(writing, db)
	folding, err := openConn(path, sqlite.OpenReadWrite, e.setup.pragmas...)
	if err != nil {
		return fmt.Errorf("open %s for checkpoints: %w", path, err)
	}
	e.folding = newCheckpointer(folding, e.writer)
	if err := db.sealRest(ctx, sealed); err != nil {
		return err
	}
	return releaseJobs(ctx, db)
}

// startWriter starts the writer on its connection.
func (e *embedded) startWriter(c *conn, db *DB) {
	e.writer = newWriter(c, e, db.tellEnqueued)
	db.broken = e.writer.broke
}

// acquire locks the folder for this process. The lock is the operating system's and ends with the process.
func acquire(folder string) (*flock.Flock, error) {
	lock := flock.New(filepath.Join(folder, "lock"))
	locked, err := lock.TryLock()
	if errors.Is(err, fs.ErrPermission) || isReadOnly(err) {
		return nil, fmt.Errorf("the data folder %s cannot be written: %w; mend its permissions or choose another with --data", folder, err)
	}
	if err != nil {
		return nil, fmt.Errorf("lock the data folder %s: %w", folder, err)
	}
	if !locked {
		return nil, fmt.Errorf("the data folder %s is in use by another carillon; stop that one or choose another folder with --data", folder)
	}
	return lock, nil
}

// writable finds out before SQLite does, whose words for it are less clear.
func writable(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("the database cannot be written: %w; mend its permissions or choose another folder with --data", err)
	}
	return f.Close()
}

// How the connections behave. synchronous=FULL with a write-ahead log means that a commit returns after the log's fsync.
// The checkpointer folds the log into the database, and hears of what goes wrong, which wal_autocheckpoint would keep to
// itself. The log's file keeps its size, to be written over. Connections hold few pages; the system's cache holds the rest. What
// is deleted is overwritten.
var (
	writerPragmas = []string{
		"journal_mode(wal)", "synchronous(full)", "foreign_keys(on)", "temp_store(memory)",
		"cache_size(-8000)", "wal_autocheckpoint(0)", "journal_size_limit(150000000)", "secure_delete(on)",
	}
	readerPragmas = []string{"query_only(on)", "temp_store(memory)", "cache_size(-4000)"}
)

// setup is how the connections are set up that write.
type setup struct {
	pragmas []string
	vfs     string // of the writer's; empty: the system's
}

// lasting is for a store whose commits are synced.
var lasting = setup{writerPragmas, walwrite.VFS}

// open opens the writer's connection.
func (s setup) open(path string) (*conn, error) {
	if s.vfs == "" {
		return openConn(path, sqlite.OpenReadWrite, s.pragmas...)
	}
	if err := walwrite.Register(); err != nil {
		return nil, err
	}
	return openConn(fileURI(path)+"?vfs="+s.vfs, sqlite.OpenReadWrite|sqlite.OpenURI, s.pragmas...)
}

// dataSource names the database for database/sql.
func dataSource(path string, pragmas []string) string {
	q := url.Values{"_pragma": append([]string{"busy_timeout(10000)"}, pragmas...)}
	return fileURI(path) + "?" + q.Encode()
}

// fileURI names the database as SQLite's URIs do.
func fileURI(path string) string { return "file:" + (&url.URL{Path: path}).EscapedPath() }

// close ends the writer after what is under way, folds the log into the database and lets go of the folder.
func (e *embedded) close() error {
	var errs []error
	e.closing.Do(func() {
		close(e.closed)
		for range e.reading {
			if c := <-e.readers; c != nil {
				errs = append(errs, c.close())
			}
		}
		if e.writer != nil {
			e.writer.end()
		}
		if e.folding != nil {
			<-e.folding.done
			errs = append(errs, e.folding.conn.close())
		}
		// With the last connection SQLite folds the log and removes it. What only the log has is left to the next process.
		if e.writer != nil && !e.writer.keepLog.Load() {
			errs = append(errs, e.writer.conn.close())
		}
		if e.lock != nil {
			errs = append(errs, e.lock.Close())
		}
	})
	return errors.Join(errs...)
}

func (e *embedded) ready(ctx context.Context) error {
	if err := e.writer.broken(); err != nil {
		return err
	}
	return e.view(ctx, 0, func(t *Tx) error {
		return t.reads.query(func(scanner) error { return nil }, "select 1")
	})
}

func (e *embedded) view(ctx context.Context, tenant chime.Tenant, fn func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case c := <-e.readers:
		defer func() { e.readers <- c }()
		if c == nil {
			var err error
			if c, err = openConn(e.path, sqlite.OpenReadOnly, readerPragmas...); err != nil {
				return err
			}
		}
		return explain(fn(&Tx{tenant: tenant, reads: c, records: e.records, seals: e.seals, auditor: e.auditor}))
	case <-e.closed:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *embedded) update(ctx context.Context, tenant chime.Tenant, fn func(*Tx) error) error {
	return e.writer.do(ctx, tenant, fn)
}

// settled says that whatever is visible is: the one writer makes the IDs in the order in which it commits them.
func (e *embedded) settled(context.Context) (moment, error) { return ^moment(0) >> 4, nil }
