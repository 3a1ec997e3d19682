package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"zombiezen.com/go/sqlite"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/seal/sealtest"
	"github.com/carillon-server/carillon/internal/store/pgtest"
)

const snapshotTenant chime.Tenant = 123456789012

// addAccounts adds accounts until stop is closed.
func addAccounts(t *testing.T, db *DB, stop <-chan struct{}) {
	source := chimetest.Source()
	for {
		select {
		case <-stop:
			return
		default:
		}
		a := chime.NewAccount(source, snapshotTenant, "Example")
		if err := db.Update(context.Background(), snapshotTenant, func(tx *Tx) error { tx.InsertAccount(a); return nil }); err != nil {
			t.Error(err)
			return
		}
	}
}

// TestSnapshot takes a snapshot while accounts are added. It has all that were acknowledged before it began, and can be
// restored and opened.
func TestSnapshot(t *testing.T) {
	t.Parallel()
	db, err := openPlace(t.Context(), newPlace(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	stop := make(chan struct{})
	first := chime.NewAccount(chimetest.Source(), snapshotTenant, "First")
	first.ID[15] ^= 0xff // another one than the writer's first
	if err := db.Update(t.Context(), snapshotTenant, func(tx *Tx) error { tx.InsertAccount(first); return nil }); err != nil {
		t.Fatal(err)
	}
	var writer sync.WaitGroup
	writer.Go(func() { addAccounts(t, db, stop) })
	file := filepath.Join(t.TempDir(), "snapshot")
	var done, total int64
	err = db.Snapshot(t.Context(), file, func(d, all int64) { done, total = d, all })
	close(stop)
	writer.Wait()
	if err != nil || done != total || total == 0 {
		t.Fatalf("Snapshot: %d of %d bytes, %v", done, total, err)
	}
	if info, err := os.Stat(file); err != nil || info.Size() != total {
		t.Errorf("the file: %v, %v; want %d bytes", info.Size(), err, total)
	}

	folder := filepath.Join(t.TempDir(), "data")
	kept, err := Restore(t.Context(), folder, "", copyOf(file))
	if err != nil || kept != "" {
		t.Fatalf("Restore: %q, %v", kept, err)
	}
	restored, err := Open(t.Context(), folder, rand.Reader, sealtest.Keys)
	if err != nil {
		t.Fatal(err)
	}
	defer restored.Close()
	err = restored.View(t.Context(), snapshotTenant, func(tx *Tx) error {
		a, err := tx.Account(first.ID)
		if a == nil {
			t.Error("what was acknowledged before the snapshot is not in it")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func copyOf(file string) func(string) error {
	return func(path string) error {
		data, err := os.ReadFile(file)
		return errors.Join(err, os.WriteFile(path, data, 0o600))
	}
}

// TestSnapshotFolder takes one of a store that nobody serves, and whose last server was killed: its log is not folded.
func TestSnapshotFolder(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "")
	killed := t.TempDir()
	db, err := openPlace(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	a := chime.NewAccount(chimetest.Source(), snapshotTenant, "Example")
	if err := db.Update(t.Context(), snapshotTenant, func(tx *Tx) error { tx.InsertAccount(a); return nil }); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{File, File + "-wal"} {
		if err := copyOf(filepath.Join(p.Folder, name))(filepath.Join(killed, name)); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "snapshot")
	if err := SnapshotFolder(t.Context(), p.Folder, file, func(int64, int64) {}); err == nil || !matches("is in use by another carillon", err.Error()) {
		t.Errorf("a folder that is served: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := SnapshotFolder(t.Context(), killed, file, func(int64, int64) {}); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if _, err := Restore(t.Context(), folder, "", copyOf(file)); err != nil {
		t.Fatal(err)
	}
	want := openSite(t, p, look)
	got := openSite(t, Place{Folder: folder}, look)
	tables, err := allTables()
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		a, err1 := sum(t.Context(), want, table, copyRows, func(int) {})
		b, err2 := sum(t.Context(), got, table, copyRows, func(int) {})
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("-before +restored:\n%s", diff)
		}
	}
	if err := SnapshotFolder(t.Context(), t.TempDir(), file, func(int64, int64) {}); err == nil || !matches("there is no database at", err.Error()) {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestSnapshotPostgres(t *testing.T) {
	t.Parallel()
	db, err := openPlace(t.Context(), Place{URL: pgtest.Database(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Snapshot(t.Context(), filepath.Join(t.TempDir(), "x"), func(int64, int64) {}); !errors.Is(err, ErrNotEmbedded) || db.Embedded() {
		t.Errorf("Snapshot: %v", err)
	}
}

// TestRestoreRefuses restores what cannot be meant. The folder stays as it was.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	good := filepath.Join(t.TempDir(), "good")
	if err := SnapshotFolder(t.Context(), newPlace(t, "").Folder, good, func(int64, int64) {}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	writing := func(data []byte) func(string) error {
		return func(path string) error { return os.WriteFile(path, data, 0o600) }
	}
	broken := bytes.Clone(data)
	for i := 4096; i < 8192; i++ {
		broken[i] = 0xff
	}
	newer := newPlace(t, "")
	alter(t, newer, `insert into goose_db_version (version_id, is_applied) values (9999, 1)`)
	newerFile := filepath.Join(t.TempDir(), "newer")
	if err := SnapshotFolder(t.Context(), newer.Folder, newerFile, func(int64, int64) {}); err != nil {
		t.Fatal(err)
	}
	served, there, other := newPlace(t, ""), newPlace(t, ""), t.TempDir()
	db, err := openPlace(t.Context(), served)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := os.WriteFile(filepath.Join(other, "thesis.txt"), []byte("all of it"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		folder string
		fill   func(string) error
		want   string
	}{
		"served":       {served.Folder, writing(data), "is in use by another carillon"},
		"a database":   {there.Folder, writing(data), "holds a database; choose another with --data, or put that one aside with --force"},
		"other files":  {other, writing(data), "holds something else, such as thesis.txt"},
		"no database":  {t.TempDir(), writing([]byte("nonsense, and enough of it to be no empty file")), "not a SQLite database"},
		"damaged":      {t.TempDir(), writing(broken), "damaged"},
		"cut off":      {t.TempDir(), writing(data[:len(data)/2]), "damaged"},
		"empty":        {t.TempDir(), writing(nil), "another program's database"},
		"newer":        {t.TempDir(), copyOf(newerFile), "the backup has schema 9999"},
		"cannot write": {t.TempDir(), func(string) error { return errors.New("no room") }, "no room"},
	} {
		before := namesIn(t, test.folder)
		_, err := Restore(t.Context(), test.folder, "", test.fill)
		if err == nil || !matches(test.want, err.Error()) {
			t.Errorf("%s: got %v\nwant %s", name, err, test.want)
		}
		if diff := cmp.Diff(before, namesIn(t, test.folder)); diff != "" {
			t.Errorf("%s (-before +after):\n%s", name, diff)
		}
	}
}

// namesIn lists a folder, but for the lock.
func namesIn(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "lock" {
			names = append(names, e.Name())
		}
	}
	return names
}

// TestRestoreAside puts the database that is there aside, with what its log holds, or as it is where it is damaged.
func TestRestoreAside(t *testing.T) {
	t.Parallel()
	good := filepath.Join(t.TempDir(), "good")
	if err := SnapshotFolder(t.Context(), newPlace(t, "").Folder, good, func(int64, int64) {}); err != nil {
		t.Fatal(err)
	}
	p := newPlace(t, "")
	alter(t, p, `insert into test_clock (id, advance) values (1, 77)`)
	kept, err := Restore(t.Context(), p.Folder, "old.db", copyOf(good))
	if err != nil || kept != filepath.Join(p.Folder, "old.db") {
		t.Fatalf("Restore: %q, %v", kept, err)
	}
	if diff := cmp.Diff([]string{File, "old.db"}, namesIn(t, p.Folder)); diff != "" {
		t.Errorf("the folder (-want +got):\n%s", diff)
	}
	if got := advanceIn(t, p.Folder, File); got != 0 {
		t.Errorf("the database in place was advanced by %d", got)
	}
	if got := advanceIn(t, p.Folder, "old.db"); got != 77 {
		t.Errorf("the database that was put aside was advanced by %d, want 77", got)
	}

	if _, err := Restore(t.Context(), p.Folder, "old.db", copyOf(good)); err == nil || advanceIn(t, p.Folder, "old.db") != 77 {
		t.Errorf("under the name of one that was put aside before: %v", err)
	}

	if err := os.WriteFile(filepath.Join(p.Folder, File), []byte("damaged beyond all recognition, alas"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.Folder, File+"-wal"), []byte("its log"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), p.Folder, "older.db", copyOf(good)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{File, "old.db", "older.db", "older.db-wal"}, namesIn(t, p.Folder)); diff != "" {
		t.Errorf("the folder (-want +got):\n%s", diff)
	}
	db, err := Open(t.Context(), p.Folder, rand.Reader, sealtest.Keys)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

func advanceIn(t *testing.T, folder, name string) (advance int64) {
	t.Helper()
	s := &sqliteSite{}
	var err error
	if s.conn, err = openConn(filepath.Join(folder, name), sqlite.OpenReadOnly, readerPragmas...); err != nil {
		t.Fatal(err)
	}
	defer s.close()
	err = s.query(t.Context(), func(v []any) error { advance = v[0].(int64); return nil }, `select coalesce(sum(advance), 0) from test_clock`)
	if err != nil {
		t.Fatal(err)
	}
	return advance
}

// TestOpenSweeps removes what a killed process left behind.
func TestOpenSweeps(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "")
	if err := os.WriteFile(TempFile(p.Folder, "backup-x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := openPlace(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := os.Stat(TempFile(p.Folder, "backup-x")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
}
