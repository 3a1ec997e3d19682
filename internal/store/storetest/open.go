package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // to read what a store in PostgreSQL keeps
	_ "modernc.org/sqlite"             // and one in SQLite

	"github.com/carillon-server/carillon/internal/seal/sealtest"
	"github.com/carillon-server/carillon/internal/store"
	"github.com/carillon-server/carillon/internal/store/pgtest"
)

// Open returns a new, empty store: in PostgreSQL where [pgtest.Variable] names one, and in SQLite otherwise. It is closed with
// the test. The store's secrets are drawn from random.
func Open(t testing.TB, random io.Reader) *store.DB {
	t.Helper()
	db, _ := OpenRaw(t, random)
	return db
}

// Raw is the database behind a store, for tests that look past it.
type Raw struct{ driver, dsn, tables string }

// OpenRaw is [Open] for tests that look past the store, too.
func OpenRaw(t testing.TB, random io.Reader) (*store.DB, *Raw) {
	t.Helper()
	open := openSQLite
	if os.Getenv(pgtest.Variable) != "" {
		open = openPostgres
	}
	db, raw, err := open(t, random)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return db, raw
}

func openSQLite(t testing.TB, random io.Reader) (*store.DB, *Raw, error) {
	folder := t.TempDir()
	db, err := store.Open(context.Background(), folder, random, sealtest.Keys)
	return db, &Raw{"sqlite", filepath.Join(folder, store.File),
		`select name from sqlite_master where type = 'table' and name not like 'goose%' and name not like 'sqlite%' order by name`}, err
}

func openPostgres(t testing.TB, random io.Reader) (*store.DB, *Raw, error) {
	migrated.once.Do(func() { migrated.err = migrate() })
	if migrated.err != nil {
		return nil, nil, migrated.err
	}
	dsn := pgtest.CopyOf(t, migrated.database)
	db, err := store.OpenPostgres(context.Background(), dsn, random, sealtest.Keys)
	return db, &Raw{"pgx", dsn,
		`select tablename from pg_tables where schemaname = 'public' and tablename not like 'goose%' order by tablename`}, err
}

// Open opens the database. The caller closes it.
func (r *Raw) Open() (*sql.DB, error) { return sql.Open(r.driver, r.dsn) }

// Embedded reports whether the store is the embedded one.
func (r *Raw) Embedded() bool { return r.driver == "sqlite" }

// Tables is the query for the names of the store's tables.
func (r *Raw) Tables() string { return r.tables }

// migrated is a database whose schema is up to date, made once by the process: a copy of it is had sooner.
var migrated struct {
	once     sync.Once
	database *pgtest.Template
	err      error
}

func migrate() (err error) {
	ctx := context.Background()
	if migrated.database, err = pgtest.NewTemplate(ctx); err != nil {
		return err
	}
	db, err := store.OpenPostgres(ctx, migrated.database.DSN, rand.Reader, sealtest.Keys)
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	return migrated.database.Exec(ctx, "delete from secrets") // each copy draws its own
}
