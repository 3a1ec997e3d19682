package store_test

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/seal/sealtest"
	"github.com/carillon-server/carillon/internal/store"
	"github.com/carillon-server/carillon/internal/store/pgtest"
	"github.com/carillon-server/carillon/internal/store/storetest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) { os.Exit(pgtest.Stop(code)) }))
}

func open(t *testing.T) *store.DB {
	t.Helper()
	return openIn(t, t.TempDir())
}

func openIn(t *testing.T, folder string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), folder, rand.Reader, sealtest.Keys)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return db
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, open)
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) *store.DB {
		db, err := store.OpenPostgres(t.Context(), pgtest.Database(t), rand.Reader, sealtest.Keys)
		if err != nil {
			t.Fatalf("OpenPostgres: %v", err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
		return db
	})
}

// TestReopenLetsGoOfJobs opens a store whose last process died while it held a job.
func TestReopenLetsGoOfJobs(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	db, err := store.Open(t.Context(), folder, rand.Reader, sealtest.Keys)
	if err != nil {
		t.Fatal(err)
	}
	const tenant = 123456789012
	source := chimetest.Source()
	job := &store.Job{Tenant: tenant, ID: source.NewID(), Kind: "mail", State: store.JobQueued, QueuedAt: source.Now(), DueAt: source.Now()}
	if err := db.Update(t.Context(), tenant, func(tx *store.Tx) error { tx.InsertJob(job); return nil }); err != nil {
		t.Fatal(err)
	}
	held, err := db.HoldJobs(t.Context(), source.NewID(), []*store.Job{job})
	if err != nil || len(held) != 1 {
		t.Fatalf("HoldJobs: %v, %v", held, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = openIn(t, folder)
	err = db.View(t.Context(), tenant, func(tx *store.Tx) error {
		got, err := tx.Job(job.ID)
		if err == nil && (got.Holder != nil || got.State != store.JobQueued) {
			t.Errorf("after opening again the job is %s and held by %v", got.State, got.Holder)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	openIn(t, folder)
	_, err := store.Open(t.Context(), folder, rand.Reader, sealtest.Keys)
	if err == nil || !strings.Contains(err.Error(), "in use by another carillon") {
		t.Errorf("second Open: %v, want it refused because the folder is in use", err)
	}
}

func TestReopenKeepsSecretsAndRows(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	db, err := store.Open(t.Context(), folder, rand.Reader, sealtest.Keys)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	key := string(db.TokenKey())
	a := chime.NewAccount(chimetest.Source(), 1, "Example")
	if err := db.Update(t.Context(), 1, func(tx *store.Tx) error { tx.InsertAccount(a); return nil }); err != nil {
		t.Fatalf("Update: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	if err := db.Update(t.Context(), 1, func(*store.Tx) error { return nil }); !errors.Is(err, chime.Unavailable) {
		t.Errorf("Update after Close: %v, want unavailable", err)
	}
	if err := db.View(t.Context(), 1, func(*store.Tx) error { return nil }); !errors.Is(err, chime.Unavailable) {
		t.Errorf("View after Close: %v, want unavailable", err)
	}
	db = openIn(t, folder)
	if string(db.TokenKey()) != key || len(key) != 32 {
		t.Error("the secret of the page tokens changed")
	}
	err = db.View(t.Context(), 1, func(tx *store.Tx) error {
		got, err := tx.Account(a.ID)
		if got == nil {
			t.Error("the account is gone")
		}
		return err
	})
	if err != nil {
		t.Errorf("View: %v", err)
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	db, err := store.Open(t.Context(), folder, rand.Reader, sealtest.Keys)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	exec(t, folder, "insert into goose_db_version (version_id, is_applied) values (9999, true)")
	_, err = store.Open(t.Context(), folder, rand.Reader, sealtest.Keys)
	if err == nil || !strings.Contains(err.Error(), "start the newer carillon") {
		t.Errorf("Open: %v, want the newer carillon asked for", err)
	}
}

func TestNotADatabase(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, store.File), []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := store.Open(t.Context(), folder, rand.Reader, sealtest.Keys)
	if err == nil || !strings.Contains(err.Error(), "restore it from a backup") {
		t.Errorf("Open: %v, want a remedy", err)
	}
}

// TestFullDisk bounds the database's size, which SQLite reports as it does a full disk.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	db := open(t)
	if err := store.Limit(t.Context(), db, 40); err != nil {
		t.Fatal(err)
	}
	source := chimetest.Source()
	a := chime.NewAccount(source, 1, "Example")
	acknowledged := 0
	var refused error
	for i := 0; i < 10_000 && refused == nil; i++ {
		u, err := a.NewUser(source, strings.Repeat("n", 200), fmt.Sprintf("u%d@example.com", i), "")
		if err != nil {
			t.Fatal(err)
		}
		if refused = db.Update(t.Context(), 1, func(tx *store.Tx) error { tx.InsertUser(u, store.Mark{}); return nil }); refused == nil {
			acknowledged++
		}
	}
	if !errors.Is(refused, chime.Unavailable) || !strings.Contains(refused.Error(), "disk is full") {
		t.Fatalf("Update on a full disk: %v, want unavailable", refused)
	}
	err := db.View(t.Context(), 1, func(tx *store.Tx) error {
		users, err := tx.Users(a.ID, "", chime.ID{}, 10_000)
		if len(users) != acknowledged || acknowledged == 0 {
			t.Errorf("%d users are there, %d were acknowledged", len(users), acknowledged)
		}
		return err
	})
	if err != nil {
		t.Errorf("View on a full disk: %v", err)
	}
	if err := store.Limit(t.Context(), db, 100_000); err != nil {
		t.Fatal(err)
	}
	if err := db.Update(t.Context(), 1, func(tx *store.Tx) error { tx.InsertAccount(a); return nil }); err != nil {
		t.Errorf("Update once there is room again: %v", err)
	}
}

func TestFolderThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := store.Open(t.Context(), filepath.Join(file, "data"), rand.Reader, sealtest.Keys)
	if err == nil || !strings.Contains(err.Error(), "choose another with --data") {
		t.Errorf("Open: %v, want a remedy", err)
	}
}

func exec(t *testing.T, folder, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(folder, store.File))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), text); err != nil {
		t.Fatal(err)
	}
}

// TestWhatIsDeletedIsOverwritten looks for the content of messages in the files that a closed store leaves behind: one that
// was emptied, one that was deleted, and one that is there.
func TestWhatIsDeletedIsOverwritten(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	db, err := store.Open(t.Context(), folder, rand.Reader, sealtest.Keys)
	if err != nil {
		t.Fatal(err)
	}
	source := chimetest.Source()
	account, room := source.NewID(), source.NewID()
	update := func(fn func(*store.Tx) error) {
		t.Helper()
		if err := db.Update(t.Context(), 1, fn); err != nil {
			t.Fatal(err)
		}
	}
	contents := map[string]bool{}
	say := func(what string, size int) *chime.Message {
		word := fmt.Sprintf("%s-%d-", what, size)
		contents[word] = what == "kept"
		m, err := chime.NewMessage(source, 1, account, room, account, chime.UserMember, strings.Repeat(word, size/len(word)))
		if err != nil {
			t.Fatal(err)
		}
		update(func(tx *store.Tx) error { tx.InsertMessage(m); return nil })
		return m
	}
	sizes := []int{20, 900, 4096} // within a page, and in pages of their own
	var redacted []*chime.Message
	for _, size := range sizes {
		say("deleted", size)
	}
	for _, size := range sizes {
		redacted = append(redacted, say("redacted", size))
		say("kept", size)
	}
	for _, m := range redacted {
		m.Redact(source)
		update(func(tx *store.Tx) error { tx.UpdateMessage(m); return nil })
	}
	update(func(tx *store.Tx) error {
		_, err := tx.DeleteMessages(account, room, chimetest.Start.Add(1), len(sizes))
		return err
	})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	var left strings.Builder
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(folder, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		left.Write(b)
	}
	for content, want := range contents {
		if got := strings.Contains(left.String(), content); got != want {
			t.Errorf("%q is in the files: %t, want %t", content, got, want)
		}
	}
}
