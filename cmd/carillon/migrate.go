package main

import (
	"context"
	"fmt"

	"github.com/carillon-server/carillon/internal/store"
)

// migrateCommand is about the schema of a database. serve brings it up to date by itself; this is for those who want to know
// before, or to do it under another user of PostgreSQL.
type migrateCommand struct {
	Status migrateStatus `cmd:"" help:"Say where the schema stands, and what is to come."`
	Up     migrateUp     `cmd:"" help:"Bring the schema up to date."`
}

// Help is printed below the command's first line.
func (migrateCommand) Help() string {
	return `carillon serve migrates by itself when it starts. Migrations only add: on PostgreSQL servers of the release before go on
meanwhile, and after.

    carillon migrate status
    carillon migrate up --database postgres://carillon@db1/carillon
`
}

type databaseFlag struct {
	Database string `env:"CARILLON_DATABASE" default:"sqlite" placeholder:"URL" help:"As of serve: sqlite, in the data folder, or postgres://USER@HOST/DATABASE. Default: ${default}."`
}

// place returns where the database is.
func (c *databaseFlag) place(p *process, g *globals) (store.Place, error) {
	if isPostgres(c.Database) {
		return store.Place{URL: c.Database}, nil
	}
	if c.Database != "sqlite" {
		return store.Place{}, errDatabase
	}
	folder, _, err := g.dataFolder(p.env)
	return store.Place{Folder: folder}, err
}

type migrateStatus struct{ databaseFlag }

// Run prints where the schema stands.
func (c *migrateStatus) Run(ctx context.Context, p *process, g *globals) error {
	place, err := c.place(p, g)
	if err != nil {
		return err
	}
	schema, err := store.ReadSchema(ctx, place)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "database: %s\nschema:   %d, and this carillon knows %d\n", place, schema.Version, schema.Known)
	for _, name := range schema.Pending {
		fmt.Fprintf(p.stdout, "pending:  %s\n", name)
	}
	if len(schema.Pending) == 0 && schema.Version == schema.Known {
		fmt.Fprintln(p.stdout, "Up to date.")
	}
	return schema.Newer(place.String())
}

type migrateUp struct{ databaseFlag }

// Run brings the schema up to date and prints what was done.
func (c *migrateUp) Run(ctx context.Context, p *process, g *globals) error {
	place, err := c.place(p, g)
	if err != nil {
		return err
	}
	before, err := store.Migrate(ctx, place)
	if err != nil {
		return err
	}
	for _, name := range before.Pending {
		fmt.Fprintf(p.stdout, "applied:  %s\n", name)
	}
	fmt.Fprintf(p.stdout, "%s has schema %d. Up to date.\n", place, before.Known)
	return nil
}
