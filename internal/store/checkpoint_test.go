package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/store"
)

// TestLogIsBegunAgain writes several times as much as the log may hold before it is folded.
func TestLogIsBegunAgain(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	db := openIn(t, folder)
	if err := store.FoldAt(db, 50, 5, 20); err != nil {
		t.Fatal(err)
	}
	source := chimetest.Source()
	a := chime.NewAccount(source, 1, "Example")
	const users = 2000
	for i := range users {
		u, err := a.NewUser(source, strings.Repeat("n", 200), fmt.Sprintf("u%d@example.com", i), "")
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Update(t.Context(), 1, func(tx *store.Tx) error { tx.InsertUser(u, store.Mark{}); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	log, err := os.Stat(filepath.Join(folder, store.File+"-wal"))
	if err != nil {
		t.Fatal(err)
	}
	if pages := log.Size() / 4096; pages > users {
		t.Errorf("the log has %d pages after %d commits of three or more; it is never begun again", pages, users)
	}
}
