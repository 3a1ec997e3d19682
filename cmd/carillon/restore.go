package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/carillon-server/carillon/internal/backup"
	"github.com/carillon-server/carillon/internal/store"
)

// restoreCommand puts a backup into a data folder.
type restoreCommand struct {
	File  string `arg:"" help:"The backup; - is standard input."`
	Force bool   `help:"Restore into a folder that holds something: a database there gets another name."`
}

// Help is printed below the command's first line.
func (restoreCommand) Help() string {
	return `The backup is checked before anything is changed. The folder must not be served, and must be empty but for credentials; with
--force the database that is there is put aside, and the way back is to rename it. A server that starts on the folder then
does again what was due when the backup was taken: a mail may come twice.

    carillon restore carillon.backup --data ./restored
    carillon restore --force carillon.backup
    ssh vault 'cat carillon.backup' | carillon restore - --data ./restored
`
}

// Run restores the backup.
func (c *restoreCommand) Run(ctx context.Context, p *process, g *globals) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	folder, _, err := g.dataFolder(p.env)
	if err != nil {
		return err
	}
	if c.File != "-" { // which can be read twice: the folder is not touched for a backup that is damaged
		if _, err := c.read(ctx, p, io.Discard); err != nil {
			return err
		}
	}
	aside := ""
	if c.Force {
		aside = strings.TrimSuffix(store.File, ".db") + "-before-restore-" + time.Now().UTC().Format("20060102T150405Z") + ".db"
	}
	var info backup.Info
	kept, err := store.Restore(ctx, folder, aside, func(path string) (err error) {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		if info, err = c.read(ctx, p, f); err != nil {
			return err
		}
		return f.Sync()
	})
	if err != nil {
		return err
	}
	if kept != "" {
		fmt.Fprintf(p.stdout, "The database that was there is now %s\n", kept)
	}
	fmt.Fprintf(p.stdout, "Restored into %s: %.1f MB, taken %s\n", folder, megabytes(info.Size), info.Taken.UTC().Format(time.RFC3339))
	for _, name := range []string{credentialsFile, keyFile} {
		if _, err := os.Stat(filepath.Join(folder, name)); errors.Is(err, fs.ErrNotExist) {
			fmt.Fprintf(p.stdout, "The file %s is not in a backup: copy it from the data folder it was taken of, if that has one.\n", name)
		}
	}
	return nil
}

// read checks the backup and writes the database in it to w.
func (c *restoreCommand) read(ctx context.Context, p *process, w io.Writer) (info backup.Info, err error) {
	in, size := p.stdin, int64(0)
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return info, usagef("%v", err)
		}
		defer f.Close()
		if stat, err := f.Stat(); err == nil {
			size = stat.Size()
		}
		in = f
	}
	bar := newProgress(p.stderr, "MB", 0)
	defer bar.end()
	r := backup.NewReader(w)
	piece := make([]byte, backup.Piece)
	for done := int64(0); ; {
		if err := ctx.Err(); err != nil {
			return info, errors.New("interrupted; nothing was changed")
		}
		n, err := in.Read(piece)
		if _, err := r.Write(piece[:n]); err != nil {
			return info, err
		}
		done += int64(n)
		bar.bytes(done, size)
		switch {
		case errors.Is(err, io.EOF):
			info, err := r.Finish()
			if err != nil {
				return info, fmt.Errorf("%s: %w", c.File, err)
			}
			return info, nil
		case err != nil:
			return info, fmt.Errorf("read %s: %w", c.File, err)
		}
	}
}
