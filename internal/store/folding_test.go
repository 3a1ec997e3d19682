package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"zombiezen.com/go/sqlite"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/seal/sealtest"
)

// TestFailedFold lets a sync fail while the log is folded into the database: the log stays as it is, and the next to open the store
// folds all of it. A disk that is merely full ends nothing.
func TestFailedFold(t *testing.T) {
	folder := t.TempDir()
	db, err := Open(t.Context(), folder, rand.Reader, sealtest.Keys)
	if err != nil {
		t.Fatal(err)
	}
	add := func(db *DB, name string) error {
		a := chime.NewAccount(chimetest.Source(), 1, name)
		if _, err := rand.Read(a.ID[:]); err != nil {
			t.Fatal(err)
		}
		return db.Update(t.Context(), 1, func(tx *Tx) error { tx.InsertAccount(a); return nil })
	}
	w := db.engine.(*embedded).writer
	w.folded(nil)
	w.folded(&engineError{sqlite.ResultFull.ToError()})
	if err := add(db, "kept"); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(folder, File+"-wal")
	before, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}

	w.folded(&engineError{sqlite.ResultIOErrFsync.ToError()})
	w.folded(&engineError{sqlite.ResultIOErrFsync.ToError()}) // the writer and the checkpointer may both meet it
	select {
	case <-db.Broken():
	default:
		t.Error("nobody is told that the disk has failed")
	}
	if err := add(db, "refused"); !errors.As(err, new(*Unknown)) {
		t.Errorf("a change after that: %v, want that it is unknown", err)
	}
	if err := db.engine.(*embedded).folding.fold(); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if after, err := os.ReadFile(log); err != nil || string(after) != string(before) {
		t.Errorf("the log has %d bytes after the end, %v, want the %d of before", len(after), err, len(before))
	}

	if db, err = Open(t.Context(), folder, rand.Reader, sealtest.Keys); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.View(t.Context(), 1, func(tx *Tx) error {
		all, err := tx.Accounts("", chime.ID{}, 10)
		if len(all) != 1 || all[0].Name != "kept" {
			t.Errorf("%d accounts, want the one that was answered", len(all))
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

// TestManyRowsCountAsMany has the log looked at after one operation that adds as many rows as would many operations.
func TestManyRowsCountAsMany(t *testing.T) {
	db, err := Open(t.Context(), t.TempDir(), rand.Reader, sealtest.Keys)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	a := chime.NewAccount(chimetest.Source(), 1, "Example")
	const operations = 100
	if err := FoldAt(db, 1, 0, operations); err != nil {
		t.Fatal(err)
	}
	var users []*chime.User
	for i := range 2 * operations {
		u, err := a.NewUser(chimetest.Source(), "", fmt.Sprintf("u%d@example.com", i), "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rand.Read(u.ID[:]); err != nil {
			t.Fatal(err)
		}
		u.PIN += chime.PIN(i)
		users = append(users, u)
	}
	if err := db.Update(t.Context(), 1, func(tx *Tx) error { tx.InsertUsers(users, Mark{}); return nil }); err != nil {
		t.Fatal(err)
	}
	if err := db.Update(t.Context(), 0, func(*Tx) error { // on the writer's own goroutine
		if added := db.engine.(*embedded).writer.added; added != 0 {
			t.Errorf("%d operations are counted since the log was last looked at, want none", added)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
