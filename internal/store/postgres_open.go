package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"regexp"
	"strings"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/carillon-server/carillon/internal/seal"
)

// OpenPostgres opens the store in a PostgreSQL database and brings its schema up to date. Any number of servers may have
// it open; one of them migrates, the others wait for it. Errors say what to do, and never repeat the URL, which may hold a
// password. random makes the secrets of a new store; the keys that seal them are all servers' in common.
func OpenPostgres(ctx context.Context, url string, random io.Reader, keys seal.Source) (_ *DB, err error) {
	pool, err := openPool(ctx, url, serverSessions)
	if err != nil {
		return nil, err
	}
	audit, err := newAuditing(random)
	if err != nil {
		pool.Close()
		return nil, err
	}
	seals := &sealer{source: keys, random: random}
	p := &postgres{pool: pool, random: random, seals: seals, hosts: &sharedHosts{hosts: hosts{}}, pins: newPINBlocks(pool), auditor: audit}
	p.members.seen = map[lane]heldBeat{}
	p.group = newGroup(p)
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	db := newDB(p, seals, audit)
	p.told = db.tellEnqueued
	sql := stdlib.OpenDBFromPool(pool)
	defer sql.Close() // gives its connections back to the pool
	if err := migratePostgres(ctx, sql); err != nil {
		return nil, err
	}
	sealed, err := db.readSecrets(ctx, sql)
	if err != nil {
		return nil, err
	}
	if err := db.sealRest(ctx, sealed); err != nil {
		return nil, err
	}
	return db, db.resumeAudit(ctx)
}

// migratePool brings the schema up to date by connections of the pool.
func migratePool(ctx context.Context, pool *pgxpool.Pool) error {
	sql := stdlib.OpenDBFromPool(pool)
	defer sql.Close() // gives its connections back to the pool
	return migratePostgres(ctx, sql)
}

// migratePostgres runs the migrations that are missing. One server at a time does, holding a row of a table of goose's:
// not every engine has advisory locks.
func migratePostgres(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return err
	}
	if files, err = translate(files); err != nil {
		return err
	}
	locker, err := lock.NewPostgresTableLocker(
		lock.WithTableLeaseDuration(10*time.Second), // how long others wait for one that died meanwhile
		lock.WithTableHeartbeatInterval(2*time.Second),
		lock.WithTableLockTimeout(time.Second, 300),
	)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithLocker(locker))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	return bringUp(ctx, provider, "the database")
}

var (
	blobType     = regexp.MustCompile(`\bblob\b`)
	textType     = regexp.MustCompile(`\btext\b`)
	withoutRowID = regexp.MustCompile(`\) without rowid;`)
)

// translate writes the migrations in PostgreSQL's words. Text compares by its bytes, as in SQLite, whatever the database's
// own collation, so that prefixes and orders are the same on both.
func translate(files fs.FS) (fs.FS, error) {
	translated := fstest.MapFS{}
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		text := string(data)
		text = blobType.ReplaceAllString(text, "bytea")
		text = textType.ReplaceAllString(text, `text collate "C"`)
		text = withoutRowID.ReplaceAllString(text, ");")
		translated[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return translated, nil
}

// isNet reports whether the network is at fault.
func isNet(err error) bool {
	var e net.Error
	return errors.As(err, &e) || strings.Contains(err.Error(), "conn closed")
}
