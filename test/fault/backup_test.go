package fault

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/backup"
)

// loaded is writers that go on until they are told to stop, or the server is gone.
type loaded struct {
	l    ledger
	stop chan struct{}
	wait sync.WaitGroup
}

// load lets 16 writers create users.
func (s *server) load(account string, numbers *sequence) *loaded {
	w := &loaded{stop: make(chan struct{})}
	for range 16 {
		w.wait.Go(func() {
			conn, err := s.dial()
			if err != nil {
				s.t.Error(err)
				return
			}
			defer conn.Close()
			for {
				select {
				case <-w.stop:
					return
				default:
				}
				u, err := newCreation(account, "backup", numbers.next()).attempt(s, conn)
				if err != nil {
					return // the server was killed, or a test will miss its users
				}
				w.l.acknowledge(u)
			}
		})
	}
	return w
}

// acknowledged returns the users that were acknowledged until now.
func (w *loaded) acknowledged() []*api.User {
	w.l.mu.Lock()
	defer w.l.mu.Unlock()
	return append([]*api.User(nil), w.l.users...)
}

func (w *loaded) end() {
	close(w.stop)
	w.wait.Wait()
}

// TestBackupUnderLoad takes backups while users are created. What was acknowledged before one began is in the store that is
// restored from it.
func TestBackupUnderLoad(t *testing.T) {
	folder, file := t.TempDir(), filepath.Join(t.TempDir(), "carillon.backup")
	s := start(t, folder)
	account := s.account()
	var numbers sequence
	w := s.load(account, &numbers)
	var before []*api.User
	for range 4 {
		time.Sleep(300 * time.Millisecond)
		before = w.acknowledged()
		begun := time.Now()
		must(t, "backup", file, "--data", folder)
		t.Logf("a backup with %d users took %v; %d were created meanwhile", len(before), time.Since(begun).Round(time.Millisecond), len(w.acknowledged())-len(before))
	}
	w.end()
	s.stop()
	if len(before) < 100 {
		t.Errorf("%d users were acknowledged before the backup, which shows little", len(before))
	}
	restored := filepath.Join(t.TempDir(), "restored")
	must(t, "restore", file, "--data", restored)
	s = start(t, restored)
	s.checkThere(account, before)
	there := s.users(account)
	s.stop()
	checkFile(t, restored, len(there))
	if left, _ := filepath.Glob(filepath.Join(folder, "*.tmp")); len(left) > 0 {
		t.Errorf("left in the folder: %v", left)
	}
}

// TestBackupKilled kills the command in the middle, again and again: the file is the backup that was there before. Its
// server goes on, and forgets the backups of which nobody asks.
func TestBackupKilled(t *testing.T) {
	folder, file := t.TempDir(), filepath.Join(t.TempDir(), "carillon.backup")
	s := start(t, folder)
	account := s.account()
	s.populate(account, 500, stocked)
	must(t, "backup", file, "--data", folder)
	took := time.Second // the last one that was whole
	kills, tries := 0, 0
	for ; kills < 10 && tries < 100; tries++ {
		before, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		_, killed, _ := command(t, took/5+rand.N(took), "backup", file, "--data", folder)
		if !killed {
			took = time.Since(begun)
		}
		after, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := whole(after); err != nil {
			t.Errorf("after a backup that was killed: %v", err)
		}
		if killed && bytes.Equal(before, after) {
			kills++
		}
	}
	if kills < 5 {
		t.Errorf("%d backups were killed in the middle, which shows little", kills)
	}
	t.Logf("%d of %d backups were killed before they were whole", kills, tries)
	restored := filepath.Join(t.TempDir(), "restored")
	must(t, "restore", file, "--data", restored)
	if s.Kill() != nil {
		t.Fatal("the server cannot be killed")
	}
	s = start(t, folder)
	if left, _ := filepath.Glob(filepath.Join(folder, "*.tmp")); len(left) > 0 {
		t.Errorf("left in the folder after a restart: %v", left)
	}
	s.stop()
	checkFile(t, restored, 500)
}

// whole returns an error if the data is no whole backup.
func whole(data []byte) error {
	r := backup.NewReader(io.Discard)
	if _, err := r.Write(data); err != nil {
		return err
	}
	_, err := r.Finish()
	return err
}

// TestScheduledBackupKilled kills a server that takes backups each second, under writers. All files that bear the name of a
// backup are whole, and each new server removes what the last one left.
func TestScheduledBackupKilled(t *testing.T) {
	t.Setenv("CARILLON_BACKUP_EVERY", "1s")
	t.Setenv("CARILLON_BACKUP_KEEP", "3")
	folder := t.TempDir()
	backups := filepath.Join(folder, "backups")
	s := start(t, folder)
	account := s.account()
	s.populate(account, 0, stocked)
	var numbers sequence
	parts := 0
	for range 8 {
		w := s.load(account, &numbers)
		// A backup begins at the beginning of each second or so: many kills shall meet one.
		time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second)) + rand.N(150*time.Millisecond))
		if err := s.Kill(); err != nil {
			t.Fatal(err)
		}
		w.wait.Wait()
		left, _ := filepath.Glob(filepath.Join(backups, ".*.part"))
		parts += len(left)
		s.checkBackups(backups)
		s = start(t, folder)
	}
	time.Sleep(2500 * time.Millisecond)
	s.stop()
	s.checkBackups(backups)
	if left, _ := filepath.Glob(filepath.Join(backups, ".*.part")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	t.Logf("8 kills, %d of them in the middle of a backup", parts)
	all, _ := filepath.Glob(filepath.Join(backups, "carillon-*.backup"))
	if len(all) != 3 {
		t.Errorf("%d backups stayed, want 3", len(all))
	}
	restored := filepath.Join(t.TempDir(), "restored")
	must(t, "restore", all[len(all)-1], "--data", restored)
	s = start(t, restored)
	users := s.users(account)
	s.stop()
	checkFile(t, restored, len(users))
}

func (s *server) checkBackups(folder string) {
	s.t.Helper()
	all, _ := filepath.Glob(filepath.Join(folder, "carillon-*.backup"))
	for _, path := range all {
		data, err := os.ReadFile(path)
		if err == nil {
			err = whole(data)
		}
		if err != nil {
			s.t.Errorf("%s: %v", path, err)
		}
	}
}
