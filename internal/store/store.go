// Package store keeps the directory in SQL: accounts and users, domains, phone numbers, rooms, bots and messages, and what
// the server needs for itself: jobs, marks and secrets.
//
// [DB.View] reads, [DB.Update] changes. Both hand out a [Tx], which is bound to one tenant: no query can leave it. When
// Update returns nil, the change is on the disk (fsynced); when it returns an error, nothing of it is there, but for
// [Unknown].
//
// There are two engines with one SQL text: SQLite, embedded, for one process; and PostgreSQL, for any number of them.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"

	"github.com/carillon-server/carillon/internal/chime"
)

// DB is an open store. It is safe for concurrent use.
type DB struct {
	engine   engine
	seals    *sealer
	accesses *accesses // nil where somebody else may change them
	uses     uses
	tokens   []byte
	links    []byte
	pins     chime.PINs
	auditor  *auditor
	broken   <-chan struct{} // nil for an engine that does not break
	enqueued chan struct{}   // holds one when jobs were committed and nobody has taken notice
}

// engine runs transactions. What it promises is said at the methods of DB.
type engine interface {
	view(ctx context.Context, tenant chime.Tenant, fn func(*Tx) error) error
	update(ctx context.Context, tenant chime.Tenant, fn func(*Tx) error) error
	ready(ctx context.Context) error
	// settled returns the moment up to which all audit records are committed, or never will be, whoever makes them.
	settled(ctx context.Context) (moment, error)
	watch(w *Watch)
	figures(ctx context.Context) (Figures, error)
	close() error
}

func newDB(e engine, seals *sealer, a *auditor) *DB {
	return &DB{engine: e, seals: seals, auditor: a, enqueued: make(chan struct{}, 1)}
}

// readSecrets finds the keys that seal secrets and reads those of the installation, making them where they are missing. It
// returns the keys for sealRest.
func (db *DB) readSecrets(ctx context.Context, sql *sql.DB) (sealingKeys, error) {
	if err := finished(ctx, sql); err != nil {
		return nil, err
	}
	keys, err := db.seals.unlock(ctx, sql)
	if err != nil {
		return nil, err
	}
	var pins []byte
	secrets := []struct {
		name  string
		value *[]byte
	}{{"page tokens", &db.tokens}, {"invitation links", &db.links}, {"PINs", &pins}, {"audit records", &db.auditor.key}}
	for _, s := range secrets { // all of them first: where randomness is the same in every run, so are they
		*s.value = make([]byte, 32)
		if _, err := io.ReadFull(db.seals.random, *s.value); err != nil {
			return nil, fmt.Errorf("read randomness: %w", err)
		}
	}
	for _, s := range secrets {
		if *s.value, err = db.seals.secret(ctx, sql, keys[0], s.name, *s.value); err != nil {
			return nil, err
		}
	}
	db.seals.decoy = db.seals.ring.Load().Seal(keys[0], about("access_keys", 0, nil), make([]byte, 40), db.seals.random)
	db.pins, err = chime.NewPINs(pins)
	return keys, err
}

func (db *DB) tellEnqueued() {
	select {
	case db.enqueued <- struct{}{}:
	default: // whoever is told next looks at all jobs
	}
}

// Close ends what is under way, writes when keys were used last, and lets go of the database.
func (db *DB) Close() error {
	return errors.Join(db.WriteUses(context.Background()), db.engine.close())
}

// Broken is closed when the disk has failed in a commit. From then on every change ends in [Unknown]: what is there can be told
// by the next process alone, so this one should end. Ready says why.
func (db *DB) Broken() <-chan struct{} { return db.broken }

// Ready reports whether the store can read and write; the error says why not.
func (db *DB) Ready(ctx context.Context) error { return db.engine.ready(ctx) }

// TokenKey is the installation's secret under which page tokens are made.
func (db *DB) TokenKey() []byte { return db.tokens }

// LinkKey is the installation's secret under which invitation links are made.
func (db *DB) LinkKey() []byte { return db.links }

// PINs turns PINs into digits, under a secret of the installation.
func (db *DB) PINs() chime.PINs { return db.pins }

const rootKeyName = "root access key id"

// RootKey returns the id of the access key that the installation began with, noting id as that where there is none yet and
// id is not empty. The secret is not kept here.
func (db *DB) RootKey(ctx context.Context, id string) (string, error) {
	read := func(t *Tx) (string, error) {
		found, err := queryRow(t, scanBytes, `select value from secrets where name = $1`, rootKeyName)
		if found == nil || err != nil {
			return "", err
		}
		return string(*found), nil
	}
	transaction, known := db.Update, ""
	if id == "" {
		transaction = db.View
	}
	err := transaction(ctx, 0, func(t *Tx) (err error) {
		if known, err = read(t); err != nil || known != "" || id == "" {
			return err
		}
		known = id
		t.queue(`insert into secrets (name, value) values ($1, $2)`, rootKeyName, []byte(id))
		return nil
	})
	if err != nil {
		return "", err // and leave known alone: if ctx has ended, the closure may still be running
	}
	return known, nil
}

func scanBytes(_ *Tx, row scanner) (*[]byte, error) {
	var b []byte
	err := row.Scan(&b)
	return &b, err
}

// View runs fn with a transaction that reads. What other calls commit meanwhile may show. fn may be run again, where a
// connection broke.
func (db *DB) View(ctx context.Context, tenant chime.Tenant, fn func(*Tx) error) error {
	return db.engine.view(ctx, tenant, fn)
}

// Update runs fn with a transaction that reads at once and queues its writes, then applies the queue and returns when
// it is durable. fn must have no effect but through its Tx: it may be run again, and then [Tx.Met] says why. An error or
// panic of fn, or a write that fails, leaves nothing behind and touches no other call.
//
// When ctx ends before the operation has begun, nothing happens; when it ends later, Update may return before the
// operation has ended, and the change may be made all the same.
func (db *DB) Update(ctx context.Context, tenant chime.Tenant, fn func(*Tx) error) error {
	return db.engine.update(ctx, tenant, fn)
}
