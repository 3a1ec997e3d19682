package fault

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/store"
	"github.com/carillon-server/carillon/test/harness"
)

// tmpfs mounts a small disk and returns its folder.
func tmpfs(t *testing.T, size string) string {
	t.Helper()
	folder := t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size="+size); err != nil {
		unavailable(t, "a small disk cannot be mounted here, which takes root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, 0); err != nil {
			t.Errorf("unmount %s: %v", folder, err)
		}
	})
	return folder
}

func remount(t *testing.T, folder string, flags uintptr, options string) {
	t.Helper()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", syscall.MS_REMOUNT|flags, options); err != nil {
		t.Fatalf("remount %s: %v", folder, err)
	}
}

func TestFullDisk(t *testing.T) {
	folder := filepath.Join(tmpfs(t, "4m"), "data")
	s := start(t, folder)
	account := s.account()
	acknowledged := map[string]bool{}
	create := func(n uint64) error {
		out, err := tryCall[api.CreateUserOutput](s, "CreateUser", &api.CreateUserInput{AccountID: account, Email: harness.Email("full", n), Username: strings.Repeat("n", 200)})
		if err == nil {
			acknowledged[out.User.UserID] = true
		}
		return err
	}
	refusal := func(err error) {
		t.Helper()
		var refused *harness.StatusError
		if !errors.As(err, &refused) || refused.Status != 503 || !strings.Contains(refused.Body, `"Code":"ServiceUnavailable"`) ||
			!strings.Contains(refused.Body, "the disk is full; nothing was written; make room") {
			t.Fatalf("CreateUser on a full disk: %v", err)
		}
	}
	// A refusal may be followed by room for some more: the log has begun again from its beginning.
	n := uint64(0)
	for refused := 0; refused < 20; n++ {
		if n == 20_000 {
			t.Fatalf("the disk is not full after %d users", n)
		}
		refused++
		if err := create(n); err != nil {
			refusal(err)
		} else {
			refused = 0
		}
	}
	there := func(when string) {
		t.Helper()
		users := map[string]bool{}
		for id := range s.users(account) {
			users[id] = true
		}
		if diff := cmp.Diff(acknowledged, users); diff != "" {
			t.Errorf("%s (-acknowledged +there):\n%s", when, diff)
		}
	}
	there("on the full disk")
	t.Logf("the disk was full after %d users", len(acknowledged))

	remount(t, filepath.Dir(folder), 0, "size=64m")
	for last := n + 50; n < last; n++ {
		if err := create(n); err != nil {
			t.Fatalf("CreateUser once there is room again: %v", err)
		}
	}
	there("once there is room again")
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	s = start(t, folder)
	there("after a restart")
}

// TestStartOnFullDisk has room for nothing at all.
func TestStartOnFullDisk(t *testing.T) {
	disk := tmpfs(t, "64k")
	filler := make([]byte, 64<<10)
	if err := os.WriteFile(filepath.Join(disk, "filler"), filler, 0o600); err != nil && !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	refused(t, serve(t, filepath.Join(disk, "data")), "the disk is full", "make room and try again")
}

func TestStartOnReadOnlyDisk(t *testing.T) {
	disk := tmpfs(t, "8m")
	folder := filepath.Join(disk, "data")
	s := start(t, folder)
	s.account()
	s.stop()
	remount(t, disk, syscall.MS_RDONLY, "size=8m")
	refused(t, serve(t, folder), "cannot be written", "read-only file system", "choose another folder with --data")
}

func TestStartInFolderThatMayNotBeWritten(t *testing.T) {
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o500); err != nil {
		t.Fatal(err)
	}
	cmd := serve(t, folder)
	if os.Getuid() == 0 { // root may write anywhere, so the server runs as nobody
		const nobody = 65534
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		for path, mode := range map[string]os.FileMode{filepath.Dir(folder): 0o755, folder: 0o555, filepath.Dir(program): 0o755} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	refused(t, cmd, "cannot be written", "permission denied", "choose another with --data")
}

func TestStartOnNewerSchema(t *testing.T) {
	folder := t.TempDir()
	s := start(t, folder)
	s.account()
	s.stop()
	db, err := sql.Open("sqlite", filepath.Join(folder, store.File))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "insert into goose_db_version (version_id, is_applied) values (9999, true)"); err != nil {
		t.Fatal(err)
	}
	refused(t, serve(t, folder), "has schema 9999", "start the newer carillon that wrote it")
}

func TestSecondServerIsRefused(t *testing.T) {
	folder := t.TempDir()
	s := start(t, folder)
	refused(t, serve(t, folder), "is in use by another carillon; stop that one or choose another folder with --data")
	s.account() // the first one does not mind
	s.stop()
}

// serve is a server on the folder that is not going to run for long.
func serve(t *testing.T, folder string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return exec.CommandContext(ctx, program, "serve", "--data", folder, "--listen", "127.0.0.1:0")
}

// refused runs a server that cannot start: it says why, with the texts in it, and exits with 1.
func refused(t *testing.T, cmd *exec.Cmd, texts ...string) {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err := cmd.Run()
	said := strings.TrimSpace(stderr.String())
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("the server ended with %v, want exit code 1; it said %q", err, said)
	}
	for _, text := range append(texts, "carillon: ") {
		if !strings.Contains(said, text) {
			t.Errorf("the server said %q, want %q in it", said, text)
		}
	}
	t.Log(said)
}
