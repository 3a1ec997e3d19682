package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"zombiezen.com/go/sqlite"
)

// Place says where a store is: in a folder, or in PostgreSQL.
type Place struct {
	Folder string // of the embedded store; empty if URL is set
	URL    string // of PostgreSQL; it may hold a password
}

// String names the place and gives no password away.
func (p Place) String() string {
	if p.URL == "" {
		return filepath.Join(p.Folder, File)
	}
	config, err := pgx.ParseConfig(p.URL)
	if err != nil {
		return "PostgreSQL"
	}
	return "the PostgreSQL database " + config.Database + " on " + config.Host
}

// site is a place that was opened to be copied or looked at, apart from a DB, which would bring its schema up to date.
type site interface {
	// query shows fn the values of each row that the statement finds: int64, string, []byte or nil.
	query(ctx context.Context, fn func([]any) error, text string, args ...any) error
	// insert adds rows to a table, all or none, and returns when they are durable.
	insert(ctx context.Context, t *table, rows [][]any) error
	// apply runs statements, all or none, and returns when they are durable.
	apply(ctx context.Context, writes []write) error
	// tables names the tables that are there.
	tables(ctx context.Context) ([]string, error)
	// migrate brings the schema up to date.
	migrate(ctx context.Context) error
	close() error
}

// How a site is opened.
type access int

const (
	look    access = iota // beside a server
	read                  // apart from servers, as far as they can be kept out, and as of one moment
	replace               // apart from servers, to write
)

func (p Place) open(ctx context.Context, a access) (site, error) {
	if p.URL != "" {
		return openPostgresSite(ctx, p, a)
	}
	return openSQLiteSite(p, a)
}

// sqliteSite is the embedded store of a folder.
type sqliteSite struct {
	path string
	lock *flock.Flock // nil where it is only looked at
	conn *conn
}

// openSQLiteSite opens a database that is there, or makes one if it is to be replaced.
func openSQLiteSite(p Place, a access) (_ *sqliteSite, err error) {
	s := &sqliteSite{path: p.String()}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	info, err := os.Stat(s.path)
	switch missing := errors.Is(err, fs.ErrNotExist); {
	case missing && a == replace:
		if err := os.MkdirAll(p.Folder, 0o700); err != nil {
			return nil, fmt.Errorf("make the folder: %w", err)
		}
	case missing:
		return nil, fmt.Errorf("there is no database at %s", s.path)
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file", s.path)
	}
	if a != look {
		if s.lock, err = acquire(p.Folder); err != nil {
			return nil, err
		}
	}
	if a == replace {
		if err := writable(s.path); err != nil {
			return nil, err
		}
		// More pages than a server's connection holds: all indexes of a table grow at once.
		s.conn, err = openConn(s.path, sqlite.OpenReadWrite, append(writerPragmas[:len(writerPragmas):len(writerPragmas)], "cache_size(-64000)")...)
	} else {
		s.conn, err = openConn(s.path, sqlite.OpenReadOnly, readerPragmas...)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", s.path, err)
	}
	return s, nil
}

func (s *sqliteSite) query(ctx context.Context, fn func([]any) error, text string, args ...any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return explain(s.conn.query(func(r scanner) error { return fn(r.(row).values()) }, text, args...))
}

func (s *sqliteSite) insert(ctx context.Context, t *table, rows [][]any) error {
	writes := make([]write, len(rows))
	text := t.insertion()
	for i, r := range rows {
		writes[i] = write{text: text, args: r}
	}
	return s.apply(ctx, writes)
}

func (s *sqliteSite) apply(ctx context.Context, writes []write) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.conn.exec("begin immediate"); err != nil {
		return explain(err)
	}
	for _, w := range writes {
		if err := s.conn.exec(w.text, w.args...); err != nil {
			return errors.Join(explain(err), s.conn.exec("rollback"))
		}
	}
	return explain(s.conn.exec("commit"))
}

func (s *sqliteSite) tables(ctx context.Context) (names []string, err error) {
	return namesOf(ctx, s, `select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'`)
}

func (s *sqliteSite) migrate(ctx context.Context) (err error) { return migrateFile(ctx, s.path) }

func (s *sqliteSite) close() (err error) {
	if s.conn != nil {
		err = s.conn.close()
	}
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}

// postgresSite is a session with a PostgreSQL database.
type postgresSite struct {
	pool *pgxpool.Pool
	conn *pgxpool.Conn
}

// What the sessions of servers call themselves, and those that copy.
const (
	serverSessions = "carillon"
	copySessions   = "carillon copy"
)

// vanishing is how long the session of a copy that was killed may take to end.
const vanishing = 5 * time.Second

func openPostgresSite(ctx context.Context, p Place, a access) (_ *postgresSite, err error) {
	pool, err := openPool(ctx, p.URL, copySessions)
	if err != nil {
		return nil, err
	}
	s := &postgresSite{pool: pool}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.conn, err = pool.Acquire(ctx); err != nil {
		return nil, err
	}
	if a != look {
		if err := s.alone(ctx, p); err != nil {
			return nil, err
		}
	}
	if a == read { // all that is read is as of this moment
		if _, err := s.conn.Exec(ctx, "begin isolation level repeatable read read only"); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// alone refuses a database on which servers are seen, or another copy. One whose sessions bear another name, or that comes
// later, is not seen; neither is any by an engine that does not tell its sessions.
func (s *postgresSite) alone(ctx context.Context, p Place) error {
	for begun := time.Now(); ; {
		servers, err := s.sessions(ctx, serverSessions)
		if err != nil {
			return err
		}
		copies, err := s.sessions(ctx, copySessions)
		switch {
		case err != nil:
			return err
		case servers+copies == 0:
			return nil
		case time.Since(begun) <= vanishing:
		case servers > 0:
			return fmt.Errorf("%s is in use by another carillon, which has %d sessions there; stop all servers first", p, servers)
		default:
			return fmt.Errorf("%s is being copied already", p)
		}
		select {
		case <-time.After(vanishing / 50):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// sessions counts the others' sessions of that name.
func (s *postgresSite) sessions(ctx context.Context, name string) (n int64, err error) {
	err = s.conn.QueryRow(ctx, `
		select count(*) from pg_stat_activity
		where datname = current_database() and application_name = $1 and pid <> pg_backend_pid()`,
		name).Scan(&n)
	var refused *pgconn.PgError
	if errors.As(err, &refused) && strings.HasPrefix(refused.Code, "42") { // no such table, or not for this user
		return 0, nil
	}
	return n, err
}

func (s *postgresSite) query(ctx context.Context, fn func([]any) error, text string, args ...any) error {
	rows, err := s.conn.Query(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return err
		}
		if err := fn(values); err != nil {
			return err
		}
	}
	return pgExplain(rows.Err())
}

func (s *postgresSite) insert(ctx context.Context, t *table, rows [][]any) error {
	_, err := s.conn.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, pgx.CopyFromRows(rows)) // a statement of its own: all or none
	return pgExplain(err)
}

func (s *postgresSite) apply(ctx context.Context, writes []write) error {
	return pgExplain(pgx.BeginFunc(ctx, s.conn, func(tx pgx.Tx) error {
		for _, w := range writes {
			if _, err := tx.Exec(ctx, w.text, w.args...); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (s *postgresSite) tables(ctx context.Context) ([]string, error) {
	return namesOf(ctx, s, `select table_name::text from information_schema.tables where table_schema = current_schema()`)
}

func (s *postgresSite) migrate(ctx context.Context) error { return migratePool(ctx, s.pool) }

func (s *postgresSite) close() error {
	if s.conn != nil {
		s.conn.Release()
	}
	s.pool.Close()
	return nil
}

func namesOf(ctx context.Context, s site, text string) (names []string, err error) {
	err = s.query(ctx, func(v []any) error {
		names = append(names, v[0].(string))
		return nil
	}, text)
	return names, err
}
