package store

import (
	"context"

	"github.com/carillon-server/carillon/internal/chime"
)

// begunName is the name, among the secrets, of what the installation notes about the calls it began with. It is no secret.
const begunName = "calls at the beginning"

// noTenant is whose a transaction is that is about the installation.
const noTenant chime.Tenant = 0

// Begun returns what was noted last about the calls that the installation began with, nil for nothing.
func (db *DB) Begun(ctx context.Context) (note []byte, err error) {
	err = db.View(ctx, noTenant, func(t *Tx) error {
		found, err := queryRow(t, scanBytes, `select value from secrets where name = $1`, begunName)
		if found != nil {
			note = *found
		}
		return err
	})
	return note, err
}

// NoteBegun notes how far the installation has come with the calls it begins with. It must not hold a secret.
func (db *DB) NoteBegun(ctx context.Context, note []byte) error {
	return db.Update(ctx, noTenant, func(t *Tx) error {
		t.queue(`
			insert into secrets (name, value) values ($1, $2)
			on conflict (name) do update set value = excluded.value`,
			begunName, note)
		return nil
	})
}
