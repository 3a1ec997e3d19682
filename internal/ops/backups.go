package ops

import (
	"context"
	"encoding/base64"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
)

// mayBackUp refuses where no backups are taken. That a backup, which holds everything of all tenants, is for the root of the
// installation alone is said in the model, and the gate holds to it.
func (c *Call) mayBackUp() error {
	if c.Backups == nil {
		return chime.Forbidden.Errorf("backups are not taken here")
	}
	return nil
}

// BeginBackup begins a backup. It is taken beside the transactions of all callers, and a repetition of the call finds the
// one that is under way (decided).
func (c *Call) BeginBackup(context.Context, *api.BeginBackupInput) (*api.BeginBackupOutput, error) {
	if err := c.mayBackUp(); err != nil {
		return nil, err
	}
	id := chime.ID(c.Mark)
	if c.Mark.IsZero() {
		id = c.Source.NewID()
	}
	return &api.BeginBackupOutput{BackupID: id.String()}, c.Backups.Begin(id)
}

// GetBackup says how far a backup is (decided).
func (c *Call) GetBackup(_ context.Context, in *api.GetBackupInput) (*api.GetBackupOutput, error) {
	id, err := c.backupID(in.BackupID)
	if err != nil {
		return nil, err
	}
	s, err := c.Backups.Status(id)
	if err != nil {
		return nil, err
	}
	out := &api.GetBackupOutput{State: string(s.State), CopiedBytes: int(s.Done), DatabaseBytes: int(s.Total), BackupBytes: int(s.Size)}
	if s.Error != nil {
		out.ErrorMessage = s.Error.Error()
	}
	return out, nil
}

// ReadBackup reads a piece of a backup (decided).
func (c *Call) ReadBackup(_ context.Context, in *api.ReadBackupInput) (*api.ReadBackupOutput, error) {
	id, err := c.backupID(in.BackupID)
	if err != nil {
		return nil, err
	}
	piece, err := c.Backups.Read(id, int64(in.Offset))
	return &api.ReadBackupOutput{Data: base64.StdEncoding.EncodeToString(piece)}, err
}

// EndBackup lets go of a backup (decided).
func (c *Call) EndBackup(_ context.Context, in *api.EndBackupInput) (*api.EndBackupOutput, error) {
	id, err := c.backupID(in.BackupID)
	if err != nil {
		return nil, err
	}
	return &api.EndBackupOutput{}, c.Backups.End(id)
}

// backupID reads the id of a backup for those who may have one.
func (c *Call) backupID(s string) (chime.ID, error) {
	if err := c.mayBackUp(); err != nil {
		return chime.ID{}, err
	}
	id, ok := chime.ParseID(s)
	if !ok {
		return id, chime.NotFound.Errorf("backup %s", s)
	}
	return id, nil
}
