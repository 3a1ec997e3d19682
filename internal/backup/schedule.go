package backup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/carillon-server/carillon/internal/durable"
)

const (
	// again is how long after a backup that failed the next attempt is made (decided).
	again = 5 * time.Minute
	// glance bounds how long the schedule sleeps, so that it follows a clock that is put right.
	glance = time.Minute

	namePrefix = "carillon-"
	nameTime   = "20060102T150405Z"
	nameSuffix = ".backup"
)

// Schedule takes backups into a folder of its own, and removes the oldest ones there.
type Schedule struct {
	Folder string
	Every  time.Duration
	Keep   int // how many backups stay
	Take   Snapshot
	Now    func() time.Time
	Log    *slog.Logger

	failed time.Time // when the last attempt failed; zero if it succeeded
}

// Run takes backups until ctx ends.
func (s *Schedule) Run(ctx context.Context) {
	s.sweep()
	for {
		s.Turn(ctx)
		timer := time.NewTimer(min(glance, max(0, s.Due().Sub(s.Now()))))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// sweep removes what a server left behind that was killed in the middle of a backup.
func (s *Schedule) sweep() {
	left, err := filepath.Glob(filepath.Join(s.Folder, "."+namePrefix+"*"+nameSuffix+"-*"+durable.Partial))
	for _, path := range left {
		err = errors.Join(err, os.Remove(path))
	}
	if err != nil {
		s.Log.Warn("what is left of a backup cannot be removed", "error", err)
	}
}

// Due returns when the next backup is to be taken: Every after the newest in the folder, at once if there is none.
func (s *Schedule) Due() time.Time {
	due := time.Time{}
	if names := s.names(); len(names) > 0 {
		newest, _ := takenAt(names[len(names)-1])
		due = newest.Add(s.Every)
		if newest.After(s.Now()) { // the clock was put back
			due = s.Now().Add(s.Every)
		}
	}
	if retry := s.failed.Add(min(again, s.Every)); !s.failed.IsZero() && retry.After(due) {
		due = retry
	}
	return due
}

// Turn takes a backup if one is due. What goes wrong is logged, and tried again.
func (s *Schedule) Turn(ctx context.Context) {
	now := s.Now()
	if ctx.Err() != nil || s.Due().After(now) {
		return
	}
	path, err := s.take(ctx, now)
	if err != nil {
		s.failed = now
		if ctx.Err() == nil {
			s.Log.Error("the backup failed", "error", err, "again", s.Due())
		}
		return
	}
	s.failed = time.Time{}
	s.Log.Info("backup taken", "file", path, "took", s.Now().Sub(now))
	if err := s.prune(); err != nil {
		s.Log.Error("old backups cannot be removed", "error", err)
	}
}

func (s *Schedule) take(ctx context.Context, now time.Time) (path string, err error) {
	if err := os.MkdirAll(s.Folder, 0o700); err != nil {
		return "", err
	}
	path = filepath.Join(s.Folder, namePrefix+now.UTC().Format(nameTime)+nameSuffix)
	return path, durable.Fill(path, func(f *os.File) error {
		return Take(ctx, f.Name(), now, s.Take, func(int64, int64) {})
	})
}

// names returns the names of the backups in the folder, the oldest first.
func (s *Schedule) names() (names []string) {
	entries, _ := os.ReadDir(s.Folder) // where there is none, there are no backups; taking one says what is wrong
	for _, e := range entries {
		if _, ok := takenAt(e.Name()); ok {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names
}

// takenAt returns when the backup of that name was taken, and whether it is the name of one.
func takenAt(name string) (time.Time, bool) {
	middle, ok := strings.CutPrefix(name, namePrefix)
	middle, ok2 := strings.CutSuffix(middle, nameSuffix)
	at, err := time.Parse(nameTime, middle)
	return at, ok && ok2 && err == nil
}

// prune removes the oldest backups.
func (s *Schedule) prune() error {
	names := s.names()
	var errs []error
	for _, name := range names[:max(0, len(names)-s.Keep)] {
		errs = append(errs, os.Remove(filepath.Join(s.Folder, name)))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("keep %d: %w", s.Keep, err)
	}
	return nil
}
