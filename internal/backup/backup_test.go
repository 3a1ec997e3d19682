package backup_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/carillon-server/carillon/internal/backup"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/seal/sealtest"
	"github.com/carillon-server/carillon/internal/store"
	"github.com/carillon-server/carillon/internal/store/pgtest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) { os.Exit(pgtest.Stop(code)) }))
}

var moment = time.Date(2026, 11, 25, 3, 4, 5, 0, time.UTC)

func now() time.Time { return moment }

func silent(int64, int64) {}

func open(t *testing.T, folder string) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), folder, rand.Reader, sealtest.Keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// taken returns a backup of a new store.
func taken(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "backup")
	if err := backup.Take(t.Context(), path, moment, open(t, t.TempDir()).Snapshot, silent); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func check(data []byte) (backup.Info, error) {
	r := backup.NewReader(io.Discard)
	if _, err := r.Write(data); err != nil {
		return backup.Info{}, err
	}
	return r.Finish()
}

// TestForm reads a backup in pieces of any size. It is a database with something behind it.
func TestForm(t *testing.T) {
	t.Parallel()
	data := taken(t)
	for name, in := range map[string]io.Reader{
		"at once": bytes.NewReader(data),
		"halves":  iotest.HalfReader(bytes.NewReader(data)),
		"bytes":   iotest.OneByteReader(bytes.NewReader(data)),
	} {
		var database bytes.Buffer
		r := backup.NewReader(&database)
		if _, err := io.Copy(r, in); err != nil {
			t.Fatal(err)
		}
		info, err := r.Finish()
		want := backup.Info{Size: int64(database.Len()), Taken: moment}
		if err != nil || info != want || !bytes.HasPrefix(data, database.Bytes()) || database.Len()%4096 != 0 {
			t.Errorf("%s: %+v, %v; want %+v", name, info, err, want)
		}
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, store.File), data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := store.SnapshotFolder(t.Context(), folder, filepath.Join(t.TempDir(), "again"), silent); err != nil {
		t.Errorf("SQLite takes the trailer amiss: %v", err)
	}
}

// TestDamage changes a backup in every way that a disk or a network could.
func TestDamage(t *testing.T) {
	t.Parallel()
	data := taken(t)
	if _, err := check(data); err != nil {
		t.Fatal(err)
	}
	step := len(data) / 60
	for at := 0; at < len(data); at += step {
		if at+step > len(data)-200 { // all of the trailer
			step = 1
		}
		flipped := bytes.Clone(data)
		flipped[at] ^= 0x20
		if info, err := check(flipped); err == nil {
			t.Errorf("byte %d of %d is flipped, and it is %+v", at, len(data), info)
		}
		if info, err := check(data[:at]); err == nil {
			t.Errorf("cut off at %d of %d, and it is %+v", at, len(data), info)
		}
	}
	if _, err := check(append(bytes.Clone(data), '\n')); err == nil {
		t.Error("there is more behind the end")
	}
	if _, err := check(slices.Concat(data, data)); err == nil {
		t.Error("it is there twice")
	}
	if _, err := check(slices.Delete(bytes.Clone(data), 4096, 8192)); err == nil {
		t.Error("a page is missing")
	}
}

func readAll(t *testing.T, k *backup.Keeper, id chime.ID) (all []byte) {
	t.Helper()
	for {
		piece, err := k.Read(id, int64(len(all)))
		if err != nil {
			t.Fatal(err)
		}
		if len(piece) == 0 {
			return all
		}
		all = append(all, piece...)
	}
}

// wait returns the status of a backup that has ended.
func wait(t *testing.T, k *backup.Keeper, id chime.ID) backup.Status {
	t.Helper()
	for {
		s, err := k.Status(id)
		if err != nil {
			t.Fatal(err)
		}
		if s.State != backup.Copying {
			return s
		}
		time.Sleep(time.Millisecond)
	}
}

func files(t *testing.T, pattern ...string) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(pattern...))
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

func TestKeeper(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	k := backup.NewKeeper(open(t, folder), folder, now)
	ids := []chime.ID{{1}, {2}, {3}, {4}}
	for _, id := range ids[:3] {
		if err := k.Begin(id); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.Begin(ids[0]); err != nil {
		t.Errorf("a repetition: %v", err)
	}
	if err := k.Begin(ids[3]); !errors.Is(err, chime.Conflict) {
		t.Errorf("a fourth backup: %v, want a conflict", err)
	}
	s := wait(t, k, ids[0])
	data := readAll(t, k, ids[0])
	info, err := check(data)
	if err != nil || s.State != backup.Ready || s.Size != int64(len(data)) || s.Total != info.Size || s.Done != s.Total {
		t.Errorf("the backup: %+v, %v; %+v", info, err, s)
	}
	if piece, err := k.Read(ids[0], 1<<40); err != nil || len(piece) != 0 {
		t.Errorf("beyond the end: %d bytes, %v", len(piece), err)
	}
	if _, err := k.Read(ids[3], 0); !errors.Is(err, chime.NotFound) {
		t.Errorf("a backup that there is not: %v", err)
	}
	if err := k.End(ids[0]); err != nil {
		t.Error(err)
	}
	if _, err := k.Status(ids[0]); !errors.Is(err, chime.NotFound) {
		t.Errorf("a backup that was ended: %v", err)
	}
	if err := k.Begin(ids[3]); err != nil {
		t.Errorf("there is room again: %v", err)
	}
	if err := k.Close(); err != nil {
		t.Error(err)
	}
	if n := files(t, folder, "*.tmp"); n != 0 {
		t.Errorf("%d files are left", n)
	}
	if err := k.Begin(ids[0]); !errors.Is(err, chime.Unavailable) {
		t.Errorf("after the end: %v", err)
	}
}

// TestKeeperForgets lets a client go away without a word.
func TestKeeperForgets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		k := backup.NewKeeper(open(t, folder), folder, now)
		id := chime.ID{1}
		if err := k.Begin(id); err != nil {
			t.Fatal(err)
		}
		if s := wait(t, k, id); s.State != backup.Ready {
			t.Fatalf("%+v", s)
		}
		time.Sleep(50 * time.Second)
		if _, err := k.Read(id, 0); err != nil {
			t.Errorf("within the minute: %v", err)
		}
		time.Sleep(50 * time.Second)
		if n := files(t, folder, "*.tmp"); n != 1 {
			t.Errorf("%d files within a minute of the last call, want 1", n)
		}
		time.Sleep(11 * time.Second)
		if n := files(t, folder, "*.tmp"); n != 0 {
			t.Errorf("%d files are left", n)
		}
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestKeeperFails(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	db := open(t, folder)
	k := backup.NewKeeper(db, filepath.Join(folder, "missing"), now)
	if err := k.Begin(chime.ID{1}); err != nil {
		t.Fatal(err)
	}
	if s := wait(t, k, chime.ID{1}); s.State != backup.Failed || s.Error == nil {
		t.Errorf("into a folder that is missing: %+v", s)
	}
	if _, err := k.Read(chime.ID{1}, 0); !errors.Is(err, chime.Conflict) {
		t.Errorf("to read it: %v", err)
	}
	if err := k.Close(); err != nil {
		t.Error(err)
	}
}

func TestKeeperOnPostgres(t *testing.T) {
	t.Parallel()
	db, err := store.OpenPostgres(t.Context(), pgtest.Database(t), rand.Reader, sealtest.Keys)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = backup.NewKeeper(db, t.TempDir(), now).Begin(chime.ID{1})
	if !errors.Is(err, chime.BadRequest) || !strings.Contains(err.Error(), "pg_dump") {
		t.Errorf("Begin: %v", err)
	}
}

// scheduled is a schedule, its clock and its log.
type scheduled struct {
	backup.Schedule
	at  time.Time
	log bytes.Buffer
}

func newScheduled(t *testing.T) *scheduled {
	s := &scheduled{at: moment}
	s.Schedule = backup.Schedule{
		Folder: filepath.Join(t.TempDir(), "backups"), Every: time.Hour, Keep: 2, Take: open(t, t.TempDir()).Snapshot,
		Now: func() time.Time { return s.at }, Log: slog.New(slog.NewTextHandler(&s.log, nil)),
	}
	return s
}

func (s *scheduled) expect(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	entries, err := os.ReadDir(s.Folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the folder (-want +got):\n%s\n%s", diff, &s.log)
	}
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	s := newScheduled(t)
	s.Turn(t.Context())
	s.expect(t, "carillon-20261125T030405Z.backup")
	s.at = s.at.Add(time.Hour - time.Second)
	s.Turn(t.Context())
	s.expect(t, "carillon-20261125T030405Z.backup")
	s.at = s.at.Add(time.Second)
	s.Turn(t.Context())
	if err := os.WriteFile(filepath.Join(s.Folder, "carillon-mine.backup"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.at = s.at.Add(time.Hour)
	s.Turn(t.Context())
	s.expect(t, "carillon-20261125T040405Z.backup", "carillon-20261125T050405Z.backup", "carillon-mine.backup")
	data, err := os.ReadFile(filepath.Join(s.Folder, "carillon-20261125T050405Z.backup"))
	if err != nil {
		t.Fatal(err)
	}
	if info, err := check(data); err != nil || !info.Taken.Equal(s.at) {
		t.Errorf("the newest: %+v, %v", info, err)
	}
	if strings.Contains(s.log.String(), "level=ERROR") {
		t.Error(s.log.String())
	}
	s.at = s.at.Add(-48 * time.Hour) // somebody put the clock right
	if want := s.at.Add(time.Hour); !s.Due().Equal(want) {
		t.Errorf("due %v, want %v", s.Due(), want)
	}
}

// TestScheduleFails keeps what is there when a backup fails, and tries again.
func TestScheduleFails(t *testing.T) {
	t.Parallel()
	s := newScheduled(t)
	s.Turn(t.Context())
	good := s.Take
	s.Take = func(ctx context.Context, path string, progress func(done, total int64)) error {
		if err := good(ctx, path, progress); err != nil {
			return err
		}
		return errors.New("the disk is full")
	}
	for range 3 {
		s.at = s.at.Add(time.Hour)
		s.Turn(t.Context())
	}
	s.expect(t, "carillon-20261125T030405Z.backup")
	if got := strings.Count(s.log.String(), `level=ERROR msg="the backup failed" error="the disk is full"`); got != 3 {
		t.Errorf("%d failures were logged:\n%s", got, &s.log)
	}
	s.Take = good
	s.at = s.at.Add(4 * time.Minute)
	s.Turn(t.Context())
	s.expect(t, "carillon-20261125T030405Z.backup")
	s.at = s.at.Add(time.Minute)
	s.Turn(t.Context())
	s.expect(t, "carillon-20261125T030405Z.backup", "carillon-20261125T060905Z.backup")
}

// TestScheduleSweeps removes what was left by a server that was killed, and stops in the middle.
func TestScheduleSweeps(t *testing.T) {
	t.Parallel()
	s := newScheduled(t)
	if err := os.MkdirAll(s.Folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.Folder, ".carillon-20261125T020405Z.backup-123.part"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	good := s.Take
	s.Take = func(ctx context.Context, path string, progress func(done, total int64)) error {
		cancel()
		return good(ctx, path, progress)
	}
	s.Run(ctx)
	s.expect(t)
	if s.log.Len() > 0 {
		t.Error(s.log.String())
	}
}
