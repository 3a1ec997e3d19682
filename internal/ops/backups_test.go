package ops_test

import (
	"encoding/base64"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/backup"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/ops/opstest"
)

// TestBackup takes a backup as the command does.
func TestBackup(t *testing.T) {
	t.Parallel()
	c := opstest.New(t).Attempt("one")
	if !c.Raw.Embedded() {
		t.Skip("PostgreSQL has its own tools")
	}
	id := opstest.Must(c, api.Operations.BeginBackup, &api.BeginBackupInput{}).BackupID
	if again := opstest.Must(c, api.Operations.BeginBackup, &api.BeginBackupInput{}).BackupID; again != id {
		t.Errorf("a repetition began the backup %s beside %s", again, id)
	}
	var s *api.GetBackupOutput
	for s = opstest.Must(c, api.Operations.GetBackup, &api.GetBackupInput{BackupID: id}); s.State == api.BackupStateCopying; {
		time.Sleep(time.Millisecond)
		s = opstest.Must(c, api.Operations.GetBackup, &api.GetBackupInput{BackupID: id})
	}
	if s.State != api.BackupStateReady || s.CopiedBytes != s.DatabaseBytes || s.BackupBytes <= s.DatabaseBytes {
		t.Errorf("the backup: %+v", s)
	}
	r := backup.NewReader(io.Discard)
	for offset := 0; offset < s.BackupBytes; {
		data, err := base64.StdEncoding.DecodeString(opstest.Must(c, api.Operations.ReadBackup, &api.ReadBackupInput{BackupID: id, Offset: offset}).Data)
		if err != nil || len(data) == 0 {
			t.Fatalf("a piece of %d bytes at %d of %d: %v", len(data), offset, s.BackupBytes, err)
		}
		offset += len(data)
		_, _ = r.Write(data) // to nowhere
	}
	if info, err := r.Finish(); err != nil || int(info.Size) != s.DatabaseBytes {
		t.Errorf("what was read: %+v, %v", info, err)
	}
	if got := opstest.Must(c, api.Operations.ReadBackup, &api.ReadBackupInput{BackupID: id, Offset: s.BackupBytes}); got.Data != "" {
		t.Errorf("at the end: %q", got.Data)
	}
	opstest.Must(c, api.Operations.EndBackup, &api.EndBackupInput{BackupID: id})
	if _, err := opstest.Do(c, api.Operations.GetBackup, &api.GetBackupInput{BackupID: id}); !errors.Is(err, chime.NotFound) {
		t.Errorf("after its end: %v, want not found", err)
	}
	if _, err := opstest.Do(c, api.Operations.ReadBackup, &api.ReadBackupInput{BackupID: id, Offset: -1}); !errors.Is(err, chime.BadRequest) {
		t.Errorf("before the beginning: %v, want a bad request", err)
	}
	if _, err := opstest.Do(c, api.Operations.ReadBackup, &api.ReadBackupInput{BackupID: "x"}); !errors.Is(err, chime.NotFound) {
		t.Errorf("an id that is none: %v, want not found", err)
	}
}

func TestBackupWhereNoneAreTaken(t *testing.T) {
	t.Parallel()
	c := opstest.New(t, func(s *ops.Settings) { s.Backups = nil })
	if _, err := opstest.Do(c, api.Operations.BeginBackup, &api.BeginBackupInput{}); !errors.Is(err, chime.Forbidden) {
		t.Errorf("BeginBackup: %v", err)
	}
	if _, err := opstest.Do(c, api.Operations.EndBackup, &api.EndBackupInput{BackupID: "x"}); !errors.Is(err, chime.Forbidden) {
		t.Errorf("EndBackup: %v", err)
	}
}
