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
	_ "modernc.org/sqlite" // the engine

	"github.com/carillon-server/carillon/internal/chime"
)

// File is the database's name in the data folder.
const File = "carillon.db"

// DB is an open store. It is safe for concurrent use.
type DB struct {
	lock    *flock.Flock
	readers *sql.DB
	reads   statements
	writer  *writer
	tokens  []byte
	links   []byte
}

// Open opens the store in folder, making both where they are missing, and brings its schema up to date. The folder is
// locked until Close: a second process is refused. Errors say what to do. random makes the secrets of a new store.
func Open(ctx context.Context, folder string, random io.Reader) (_ *DB, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w; choose another with --data", err)
	}
	db := &DB{lock: flock.New(filepath.Join(folder, "lock"))}
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
	writing, err := sql.Open("sqlite", dataSource(path, "rwc"))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if err := migrate(ctx, writing, path); err != nil {
		return nil, errors.Join(err, writing.Close())
	}
	if db.tokens, err = secret(ctx, writing, "page tokens", random); err != nil {
		return nil, errors.Join(err, writing.Close())
	}
	if db.links, err = secret(ctx, writing, "invitation links", random); err != nil {
		return nil, errors.Join(err, writing.Close())
	}
	if db.writer, err = newWriter(ctx, writing); err != nil {
		return nil, errors.Join(err, writing.Close())
	}
	if err := releaseJobs(ctx, db); err != nil {
		return nil, err
	}
	if db.readers, err = sql.Open("sqlite", dataSource(path, "ro")); err != nil {
		return nil, fmt.Errorf("open %s for reading: %w", path, err)
	}
	connections := max(4, 2*runtime.GOMAXPROCS(0))
	db.readers.SetMaxOpenConns(connections)
	db.readers.SetMaxIdleConns(connections)
	db.reads.prepare = db.readers.PrepareContext
	return db, nil
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

// dataSource names the database and how its connections behave. synchronous=FULL with a write-ahead log means that a
// commit returns after the log's fsync. The log is folded into the database every 20,000 pages: a long interval lets
// changes of one page coalesce. Connections hold few pages; the system's cache holds the rest.
func dataSource(path, mode string) string {
	q := url.Values{"mode": {mode}, "_pragma": {
		"busy_timeout(10000)", "journal_mode(wal)", "synchronous(full)", "foreign_keys(on)", "temp_store(memory)",
		"cache_size(-8000)", "wal_autocheckpoint(20000)", "journal_size_limit(67108864)",
	}}
	if mode == "ro" {
		q["_pragma"] = []string{"busy_timeout(10000)", "query_only(on)", "temp_store(memory)", "cache_size(-4000)"}
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// Close ends the writer after what is under way, folds the log into the database and lets go of the folder.
func (db *DB) Close() error {
	var errs []error
	if db.readers != nil {
		db.reads.close()
		errs = append(errs, db.readers.Close())
	}
	if db.writer != nil {
		errs = append(errs, db.writer.close())
	}
	return errors.Join(append(errs, db.lock.Close())...)
}

// Ready reports whether the store can read and write; the error says why not.
func (db *DB) Ready(ctx context.Context) error {
	if err := db.writer.broken(); err != nil {
		return err
	}
	var one int
	return db.readers.QueryRowContext(ctx, "select 1").Scan(&one)
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
	return explain(fn(&Tx{tenant: tenant, statements: &db.reads}))
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

// statements prepares each text once.
type statements struct {
	prepare  func(context.Context, string) (*sql.Stmt, error)
	prepared sync.Map // text -> *sql.Stmt
}

func (s *statements) get(ctx context.Context, text string) (*sql.Stmt, error) {
	if stmt, ok := s.prepared.Load(text); ok {
		return stmt.(*sql.Stmt), nil
	}
	stmt, err := s.prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	if earlier, ok := s.prepared.LoadOrStore(text, stmt); ok {
		return earlier.(*sql.Stmt), stmt.Close()
	}
	return stmt, nil
}

func (s *statements) close() {
	s.prepared.Range(func(_, stmt any) bool {
		stmt.(*sql.Stmt).Close() // the connection closes next, and says if something is wrong
		return true
	})
}
