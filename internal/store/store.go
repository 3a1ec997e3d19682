// Package store keeps the directory in SQL: accounts, users, marks and secrets.
//
// [DB.View] reads, [DB.Update] changes. Both hand out a [Tx], which is bound to one tenant: no query can leave it. When
// Update returns nil, the change is on the disk (fsynced); when it returns an error, nothing of it is there.
//
// The engine is SQLite. One goroutine, the writer, owns the only connection that writes; it commits whatever is
// waiting in one transaction, each operation isolated from its neighbours. Readers have connections of their own.
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
)

// File is the database's name in the data folder.
const File = "carillon.db"

// DB is an open store. It is safe for concurrent use.
type DB struct {
	lock    *flock.Flock
	readers chan *conn    // those that are free
	reading int           // how many there are
	closed  chan struct{} // closed when no more reads begin
	closing sync.Once
	writer  *writer
	folding *checkpointer
	tokens  []byte
	links   []byte
}

// Open opens the store in folder, making both where they are missing, and brings its schema up to date. The folder is
// locked until Close: a second process is refused. Errors say what to do. random makes the secrets of a new store.
func Open(ctx context.Context, folder string, random io.Reader) (_ *DB, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w; choose another with --data", err)
	}
	readers := max(4, 2*runtime.GOMAXPROCS(0))
	db := &DB{
		lock:    flock.New(filepath.Join(folder, "lock")),
		readers: make(chan *conn, readers),
		closed:  make(chan struct{}),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	if err := db.acquire(folder); err != nil {
		return nil, err
	}

	path := filepath.Join(folder, File)
	if err := writable(path); err != nil {
		return nil, err
	}
	if err := db.prepare(ctx, path, random); err != nil {
		return nil, err
	}
	for range readers {
		c, err := openConn(path, sqlite.OpenReadOnly, readerPragmas...)
		if err != nil {
			return nil, fmt.Errorf("open %s for reading: %w", path, err)
		}
		db.readers <- c
		db.reading++
	}
	return db, nil
}

// prepare brings the schema up to date, which needs database/sql, and starts the writer.
func (db *DB) prepare(ctx context.Context, path string, random io.Reader) (err error) {
	migrating, err := sql.Open("sqlite", dataSource(path))
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	// Closed when the writer's connection is there: with the last connection the log would be folded into the database.
	defer func() { err = errors.Join(err, migrating.Close()) }()
	if err := migrate(ctx, migrating, path); err != nil {
		return err
	}
	if db.tokens, err = secret(ctx, migrating, "page tokens", random); err != nil {
		return err
	}
	if db.links, err = secret(ctx, migrating, "invitation links", random); err != nil {
		return err
	}
	writing, err := openConn(path, sqlite.OpenReadWrite, writerPragmas...)
	if err != nil {
		return fmt.Errorf("open %s for writing: %w", path, err)
	}
	db.writer = newWriter(writing)
	folding, err := openConn(path, sqlite.OpenReadWrite, writerPragmas...)
	if err != nil {
		return fmt.Errorf("open %s for checkpoints: %w", path, err)
	}
	db.folding = newCheckpointer(folding, db.writer)
	return releaseJobs(ctx, db)
}

// acquire locks the folder for this process. The lock is the operating system's and ends with the process.
func (db *DB) acquire(folder string) error {
	locked, err := db.lock.TryLock()
	if errors.Is(err, fs.ErrPermission) || isReadOnly(err) {
		return fmt.Errorf("the data folder %s cannot be written: %w; mend its permissions or choose another with --data", folder, err)
	}
	if err != nil {
		return fmt.Errorf("lock the data folder %s: %w", folder, err)
	}
	if !locked {
		return fmt.Errorf("the data folder %s is in use by another carillon; stop that one or choose another folder with --data", folder)
	}
	return nil
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
// The checkpointer folds the log into the database; wal_autocheckpoint is for the case that it cannot. The log's file keeps
// its size, to be written over. Connections hold few pages; the system's cache holds the rest.
var (
	writerPragmas = []string{
		"journal_mode(wal)", "synchronous(full)", "foreign_keys(on)", "temp_store(memory)",
		"cache_size(-16000)", "wal_autocheckpoint(100000)", "journal_size_limit(150000000)",
	}
	readerPragmas = []string{"query_only(on)", "temp_store(memory)", "cache_size(-4000)"}
)

// dataSource names the database for database/sql.
func dataSource(path string) string {
	q := url.Values{"_pragma": append([]string{"busy_timeout(10000)"}, writerPragmas...)}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// Close ends the writer after what is under way, folds the log into the database and lets go of the folder.
func (db *DB) Close() error {
	var errs []error
	db.closing.Do(func() {
		close(db.closed)
		for range db.reading {
			errs = append(errs, (<-db.readers).close())
		}
		if db.writer != nil {
			db.writer.end()
		}
		if db.folding != nil {
			<-db.folding.done
			errs = append(errs, db.folding.conn.close())
		}
		if db.writer != nil {
			errs = append(errs, db.writer.conn.close())
		}
		errs = append(errs, db.lock.Close())
	})
	return errors.Join(errs...)
}

// Ready reports whether the store can read and write; the error says why not.
func (db *DB) Ready(ctx context.Context) error {
	if err := db.writer.broken(); err != nil {
		return err
	}
	return db.View(ctx, 0, func(t *Tx) error { return t.conn.exec("select 1") })
}

// TokenKey is the installation's secret under which page tokens are made.
func (db *DB) TokenKey() []byte { return db.tokens }

// LinkKey is the installation's secret under which invitation links are made.
func (db *DB) LinkKey() []byte { return db.links }

// View runs fn with a transaction that reads. What other calls commit meanwhile may show.
func (db *DB) View(ctx context.Context, tenant chime.Tenant, fn func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case c := <-db.readers:
		defer func() { db.readers <- c }()
		return explain(fn(&Tx{tenant: tenant, conn: c}))
	case <-db.closed:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Update runs fn with a transaction that reads at once and queues its writes, then applies the queue and returns when
// it is durable. fn must have no effect but through its Tx: it may be run again, and then [Tx.Met] says why. An error or
// panic of fn, or a write that fails, leaves nothing behind and touches no other call.
//
// When ctx ends before the writer has begun, nothing happens; when it ends later, Update returns but the change may
// be made all the same.
func (db *DB) Update(ctx context.Context, tenant chime.Tenant, fn func(*Tx) error) error {
	return db.writer.do(ctx, tenant, fn)
}
