package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

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
