package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Schema is where a database's schema stands.
type Schema struct {
	Version int64    // 0 if there is none yet
	Known   int64    // to this program
	Pending []string // the migrations that are to come
}

// ReadSchema returns where the schema of a place stands. It changes nothing, and a server may be at work meanwhile.
func ReadSchema(ctx context.Context, p Place) (Schema, error) {
	s, err := p.open(ctx, look)
	if err != nil {
		return Schema{}, err
	}
	defer s.close()
	return readSchema(ctx, s)
}

func readSchema(ctx context.Context, s site) (schema Schema, err error) {
	tables, err := s.tables(ctx)
	if err != nil {
		return schema, err
	}
	if slices.Contains(tables, "goose_db_version") {
		err = s.query(ctx, func(v []any) error {
			schema.Version, _ = v[0].(int64) // null: no row
			return nil
		}, `select max(version_id) from goose_db_version`)
		if err != nil {
			return schema, err
		}
	}
	names, err := migrationNames()
	for _, name := range names {
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return schema, fmt.Errorf("the migration %s has no number", name)
		}
		schema.Known = max(schema.Known, version)
		if version > schema.Version {
			schema.Pending = append(schema.Pending, strings.TrimSuffix(name, ".sql"))
		}
	}
	return schema, err
}

// Newer returns an error if a newer program wrote the schema of the place.
func (s Schema) Newer(where string) error {
	if s.Version <= s.Known {
		return nil
	}
	return fmt.Errorf("%s has schema %d and this carillon knows %d; use the newer carillon that wrote it", where, s.Version, s.Known)
}

// Migrate brings the schema of a place up to date and returns where it stood before. An embedded store that is served is
// refused; on PostgreSQL servers of this release and of the one before go on meanwhile.
func Migrate(ctx context.Context, p Place) (before Schema, err error) {
	if before, err = ReadSchema(ctx, p); err != nil {
		return before, err
	}
	if err := before.Newer(p.String()); err != nil {
		return before, err
	}
	if p.URL != "" {
		s, err := p.open(ctx, look)
		if err != nil {
			return before, err
		}
		defer s.close()
		return before, s.migrate(ctx)
	}
	s, err := p.open(ctx, replace)
	if err != nil {
		return before, err
	}
	defer s.close()
	return before, s.migrate(ctx)
}
