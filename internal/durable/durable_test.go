package durable_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/carillon-server/carillon/internal/durable"
)

func TestFill(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "file")
	if err := durable.Write(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	failed := errors.New("failed")
	err := durable.Fill(path, func(w *os.File) error {
		if _, err := w.WriteString("half"); err != nil {
			return err
		}
		expect(t, folder, path, 2, "old")
		return failed
	})
	if !errors.Is(err, failed) {
		t.Errorf("Fill: %v, want its function's error", err)
	}
	expect(t, folder, path, 1, "old")
	if err := durable.Write(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	expect(t, folder, path, 1, "new")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode: %v, %v", info.Mode(), err)
	}
	if err := durable.Write(filepath.Join(folder, "none", "file"), nil); err == nil {
		t.Error("a folder that is missing was written into")
	}
}

func expect(t *testing.T, folder, path string, files int, content string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != files {
		t.Errorf("the folder has %d files, want %d: %v", len(entries), files, err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != content {
		t.Errorf("the file holds %q, want %q: %v", data, content, err)
	}
}

// TestFillSweeps removes what was left behind long ago, and nothing else.
func TestFillSweeps(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	old := time.Now().Add(-2 * time.Hour)
	for name, at := range map[string]time.Time{".file-1.part": old, ".file-2.part": time.Now(), ".other-1.part": old} {
		path := filepath.Join(folder, name)
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(folder, "file")
	if err := durable.Write(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	expect(t, folder, path, 3, "new")
	if _, err := os.Stat(filepath.Join(folder, ".file-1.part")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the old part: %v", err)
	}
}
