package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/backup"
	"github.com/carillon-server/carillon/internal/durable"
	"github.com/carillon-server/carillon/internal/store"
)

// backupSettings say when the server takes backups by itself.
type backupSettings struct {
	BackupEvery time.Duration `env:"CARILLON_BACKUP_EVERY" placeholder:"TIME" help:"Take a backup of the embedded store this often, such as 24h. Default: never."`
	BackupKeep  int           `env:"CARILLON_BACKUP_KEEP" default:"7" placeholder:"NUMBER" help:"How many of these backups stay. Default: ${default}."`
	BackupDir   string        `type:"path" env:"CARILLON_BACKUP_DIR" placeholder:"FOLDER" help:"Where they go: a folder of this server's own, best on another disk. Default: backups in the data folder."`
}

// check refuses settings that cannot be meant.
func (c *backupSettings) check(onPostgres bool) error {
	switch {
	case c.BackupEvery < 0 || c.BackupEvery > 0 && c.BackupEvery < time.Second:
		return usagef("--backup-every must be a time such as 24h, or 0 for never")
	case c.BackupKeep < 1:
		return usagef("--backup-keep must be at least 1")
	case c.BackupEvery > 0 && onPostgres:
		return usagef("--backup-every is for the embedded store: %v", store.ErrNotEmbedded)
	}
	return nil
}

// backUp takes backups by the schedule, if there is one, until what is returned is called, which waits for its end.
func (c *backupSettings) backUp(ctx context.Context, db *store.DB, folder string, log *slog.Logger) (end func()) {
	if c.BackupEvery == 0 {
		return func() {}
	}
	s := &backup.Schedule{Folder: c.BackupDir, Every: c.BackupEvery, Keep: c.BackupKeep, Take: db.Snapshot, Now: time.Now, Log: log}
	if s.Folder == "" {
		s.Folder = filepath.Join(folder, "backups")
	}
	return work(ctx, s)
}

// backupCommand takes a backup of a running server, or of a data folder whose server is stopped.
type backupCommand struct {
	File string `arg:"" help:"Where the backup goes; - is standard output."`
	target
}

// Help is printed below the command's first line.
func (backupCommand) Help() string {
	return `The server goes on meanwhile. The backup has everything that was acknowledged before it began; it is checked where it is
taken and again where it arrives. A file is replaced only by a whole backup. Who has a backup has everything in it: keep it
as you keep the data folder. Not in it are the files credentials and key of the data folder: keep them as well, elsewhere.

Where no server runs on the data folder, its database is read directly. PostgreSQL has its own tools: pg_dump, pg_basebackup.

    carillon backup carillon.backup
    carillon backup - | ssh vault 'cat > carillon.backup'
    carillon restore carillon.backup --data ./restored
`
}

// Run takes the backup.
func (c *backupCommand) Run(ctx context.Context, p *process, g *globals) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	source, err := c.source(ctx, p, g)
	if err != nil {
		return err
	}
	if c.File == "-" {
		if isTerminal(p.stdout) {
			return usagef("a backup is no text for a terminal; send it to a file or a command, or name a file")
		}
		return c.receive(ctx, p, source, p.stdout)
	}
	if info, err := os.Stat(c.File); err == nil && info.IsDir() {
		return usagef("%s is a folder; name a file in it", c.File)
	}
	if _, err := os.Stat(filepath.Dir(c.File)); errors.Is(err, fs.ErrNotExist) {
		return usagef("the folder %s does not exist; make it first", filepath.Dir(c.File))
	}
	begun := time.Now()
	size := int64(0)
	err = durable.Fill(c.File, func(f *os.File) error {
		if err := c.receive(ctx, p, source, f); err != nil {
			return err
		}
		info, err := f.Stat()
		if err == nil {
			size = info.Size()
		}
		return err
	})
	if err != nil && ctx.Err() != nil {
		return errInterrupted
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "%s: %.1f MB in %s, checked\n", c.File, megabytes(size), time.Since(begun).Round(time.Millisecond))
	return nil
}

// errInterrupted is the error of a backup that was not finished.
var errInterrupted = errors.New("interrupted; no backup was written")

// backupSource writes a whole backup.
type backupSource func(ctx context.Context, p *process, w io.Writer) error

// source finds where the backup comes from: a running server, or the folder of one that is stopped.
func (c *backupCommand) source(ctx context.Context, p *process, g *globals) (backupSource, error) {
	caller, err := c.caller(ctx, p, g)
	if err == nil {
		return caller.backup, nil
	}
	folder, _, err2 := g.dataFolder(p.env)
	_, missing := os.Stat(filepath.Join(folder, store.File))
	unready := (*notReadyError)(nil)
	if c.Endpoint != "" || errors.As(err, &unready) || err2 != nil || missing != nil {
		return nil, err
	}
	return folderBackup(folder), nil // which finds the lock of a server that is there all the same
}

// receive writes a backup to w and checks it on its way.
func (c *backupCommand) receive(ctx context.Context, p *process, source backupSource, w io.Writer) error {
	r := backup.NewReader(io.Discard)
	if err := source(ctx, p, io.MultiWriter(w, r)); err != nil {
		return err
	}
	_, err := r.Finish()
	return err
}

// folderBackup is a backup of a folder that is not served.
func folderBackup(folder string) backupSource {
	return func(ctx context.Context, p *process, w io.Writer) (err error) {
		path := store.TempFile(folder, fmt.Sprintf("backup-%d", os.Getpid()))
		defer os.Remove(path)
		bar := newProgress(p.stderr, "MB copied", 0)
		err = backup.Take(ctx, path, time.Now(), func(ctx context.Context, path string, progress func(done, total int64)) error {
			return store.SnapshotFolder(ctx, folder, path, progress)
		}, bar.bytes)
		bar.end()
		if err != nil {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(w, f)
		return err
	}
}

// backup takes a backup of the server and writes it to w.
func (c *caller) backup(ctx context.Context, p *process, w io.Writer) error {
	begun, err := fetch[api.BeginBackupOutput](ctx, c, "BeginBackup", &api.BeginBackupInput{})
	if err != nil {
		return err
	}
	defer func() {
		// Without it the server ends the backup after a while.
		_, _ = fetch[api.EndBackupOutput](context.WithoutCancel(ctx), c, "EndBackup", &api.EndBackupInput{BackupID: begun.BackupID})
	}()
	bar := newProgress(p.stderr, "MB copied", 0)
	status, err := c.ready(ctx, begun.BackupID, bar)
	bar.end()
	if err != nil {
		return err
	}
	bar = newProgress(p.stderr, "MB received", 0)
	defer bar.end()
	for offset := int64(0); offset < int64(status.BackupBytes); {
		piece, err := fetch[api.ReadBackupOutput](ctx, c, "ReadBackup", &api.ReadBackupInput{BackupID: begun.BackupID, Offset: int(offset)})
		if err != nil {
			return err
		}
		data, err := base64.StdEncoding.DecodeString(piece.Data)
		if err != nil || len(data) == 0 {
			return errors.New("the server sent a piece of the backup that is none")
		}
		if _, err := w.Write(data); err != nil {
			return fmt.Errorf("write the backup: %w", err)
		}
		offset += int64(len(data))
		bar.bytes(offset, int64(status.BackupBytes))
	}
	return nil
}

// ready waits until the server has taken the backup.
func (c *caller) ready(ctx context.Context, id string, bar *progress) (*api.GetBackupOutput, error) {
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		s, err := fetch[api.GetBackupOutput](ctx, c, "GetBackup", &api.GetBackupInput{BackupID: id})
		switch {
		case err != nil:
			return nil, err
		case s.State == string(backup.Ready):
			return s, nil
		case s.State == string(backup.Failed):
			return nil, fmt.Errorf("the server could not take the backup: %s", s.ErrorMessage)
		}
		bar.bytes(int64(s.CopiedBytes), int64(s.DatabaseBytes))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func megabytes(bytes int64) float64 { return float64(bytes) / 1e6 }
