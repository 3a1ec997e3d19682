package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrateFile brings the schema of the database in a file up to date.
func migrateFile(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", dataSource(path, writerPragmas))
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	return errors.Join(migrate(ctx, db, path), db.Close())
}

// migrate brings the schema up to date. Migrations only add, so the release before can still work on what this one
// leaves behind, but a release does not open a schema that it does not know.
func migrate(ctx context.Context, db *sql.DB, path string) error {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	return bringUp(ctx, provider, path)
}

// bringUp runs the migrations that are missing.
func bringUp(ctx context.Context, provider *goose.Provider, where string) error {
	current, known, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version in %s: %w", where, explain(err))
	}
	if current > known {
		return fmt.Errorf("%s has schema %d and this carillon knows %d; start the newer carillon that wrote it", where, current, known)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate %s: %w", where, explain(err))
	}
	return nil
}

// errUnfinished is the error of a database into which an installation is being copied.
var errUnfinished = errors.New("the database is the target of a copy that has not finished; run carillon copy again to finish it")

// finished refuses a database that is the target of a copy.
func finished(ctx context.Context, db *sql.DB) error {
	var unfinished int
	err := db.QueryRowContext(ctx, `select count(*) from secrets where name = $1`, copyNote).Scan(&unfinished)
	if err != nil {
		return fmt.Errorf("look for a copy under way: %w", explain(err))
	}
	if unfinished > 0 {
		return errUnfinished
	}
	return nil
}
