package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/carillon-server/carillon/internal/store"
)

// copyCommand copies an installation. It needs no server, and refuses places that have one.
type copyCommand struct {
	From string `required:"" env:"CARILLON_COPY_FROM" placeholder:"DATABASE" help:"What to copy: sqlite:FOLDER, or postgres://USER@HOST/DATABASE."`
	To   string `required:"" env:"CARILLON_COPY_TO" placeholder:"DATABASE" help:"Where to: the same forms. It must be empty, or hold a part of the same copy."`
}

// Help is printed below the command's first line.
func (copyCommand) Help() string {
	return `Everything in the database is copied, the secrets of the installation among it, and both sides are compared at the end. Stop
all servers first. After an interruption run the same command again: it goes on where it was. The copy cannot be served
before it is whole. Put passwords into PGPASSWORD or ~/.pgpass, or the whole URL into the variable.

    carillon copy --from sqlite:/var/lib/carillon --to postgres://carillon@db1/carillon
    carillon copy --from postgres://carillon@db1/carillon --to sqlite:./data

A server on SQLite is seen by its lock. On PostgreSQL servers are seen by their sessions, which are called "carillon": not
behind a pooler, and not those that start later. The source is read as of the moment at which the copy begins.
`
}

// Run copies, and prints what is on both sides.
func (c *copyCommand) Run(ctx context.Context, p *process, g *globals) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	from, err := placeOf("--from", c.From)
	if err != nil {
		return err
	}
	to, err := placeOf("--to", c.To)
	if err != nil {
		return err
	}
	copying := store.Copying{From: from, To: to}
	keys, err := readCredentials(from.Folder)
	if err == nil && from.URL == "" {
		copying.RootKey = keys.accessKeyID
	}
	bar := &steps{p: p}
	copying.Progress = bar.show
	begun := time.Now()
	done, err := copying.Run(ctx)
	bar.end()
	switch {
	case errors.Is(err, context.Canceled):
		return errors.New("interrupted; run the same command again to go on")
	case err != nil:
		return err
	}
	c.report(p, done, copying, time.Since(begun))
	return nil
}

// report says what is on both sides, and what does not travel in the database.
func (c *copyCommand) report(p *process, done *store.Copied, copying store.Copying, took time.Duration) {
	total := int64(0)
	for _, t := range done.Tables {
		total += t.Rows
		fmt.Fprintf(p.stdout, "%-22s %9d rows  sha256 %x\n", t.Name, t.Rows, t.Sum[:8])
	}
	switch {
	case done.Already:
		fmt.Fprintf(p.stdout, "Nothing was left to copy: both sides hold the same %d rows.\n", total)
		return
	case done.Resumed:
		fmt.Fprintf(p.stdout, "%d rows copied in %s, the rest before; both sides hold the same %d rows.\n", done.Rows, took.Round(time.Millisecond), total)
	default:
		fmt.Fprintf(p.stdout, "%d rows copied in %s; both sides hold the same.\n", done.Rows, took.Round(time.Millisecond))
	}
	from := "the data folder of the source's server"
	if copying.From.Folder != "" {
		from = copying.From.Folder
	}
	fmt.Fprintf(p.stdout, "The first credentials and the key that seals secrets are not in the database: give the server on the copy the files %s and %s of %s, or the same variables.\n",
		credentialsFile, keyFile, from)
}

// steps shows the progress of one step after the other.
type steps struct {
	p    *process
	name string
	bar  *progress
	last int64
}

func (s *steps) show(step string, done, earlier, total int64) {
	if step != s.name {
		s.end()
		s.name, s.last, s.bar = step, 0, newProgress(s.p.stderr, "rows "+step, total)
	}
	s.bar.skip(earlier)
	s.bar.add(int(done-s.last), done+earlier)
	s.last = done
}

func (s *steps) end() {
	if s.bar != nil {
		s.bar.end()
	}
}

// placeOf reads where a store is. The error does not repeat the value: it may hold a password.
func placeOf(flag, value string) (store.Place, error) {
	if isPostgres(value) {
		return store.Place{URL: value}, nil
	}
	path, ok := strings.CutPrefix(value, "sqlite:")
	if !ok || path == "" || strings.HasPrefix(path, "//") {
		return store.Place{}, usagef("%s must be sqlite: and a data folder, such as sqlite:./data, or a URL such as postgres://user@host/database", flag)
	}
	folder, err := filepath.Abs(path)
	if filepath.Base(folder) == store.File {
		folder = filepath.Dir(folder)
	}
	return store.Place{Folder: folder}, err
}

func isPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}
