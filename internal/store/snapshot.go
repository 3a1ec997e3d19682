package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"zombiezen.com/go/sqlite"

	"github.com/carillon-server/carillon/internal/durable"
)

// snapshotStep is how many pages are copied between two looks at the context: 4 MB.
const snapshotStep = 1024

// ErrNotEmbedded is the error of what only the embedded store can do.
var ErrNotEmbedded = errors.New("the database is PostgreSQL, which has its own tools: pg_dump for a copy, pg_basebackup with an archive of the log for every moment")

// Embedded reports whether the store is the embedded one.
func (db *DB) Embedded() bool {
	_, ok := db.engine.(*embedded)
	return ok
}

// Snapshot writes the embedded store into a new file, as it is at one moment: all that was acknowledged before. Calls go on
// meanwhile. The file was checked when Snapshot returns nil; it is synced by whoever finishes it. progress is told the bytes.
func (db *DB) Snapshot(ctx context.Context, path string, progress func(done, total int64)) error {
	e, ok := db.engine.(*embedded)
	if !ok {
		return ErrNotEmbedded
	}
	return snapshot(ctx, e.path, path, progress)
}

// SnapshotFolder is [DB.Snapshot] for a folder that is not served, which it locks.
func SnapshotFolder(ctx context.Context, folder, path string, progress func(done, total int64)) error {
	from := filepath.Join(folder, File)
	if _, err := os.Stat(from); err != nil {
		return fmt.Errorf("there is no database at %s", from)
	}
	lock, err := acquire(folder)
	if err != nil {
		return err
	}
	defer lock.Close()
	return snapshot(ctx, from, path, progress)
}

func snapshot(ctx context.Context, from, to string, progress func(done, total int64)) (err error) {
	source, err := openConn(from, sqlite.OpenReadOnly, readerPragmas...)
	if err != nil {
		return fmt.Errorf("open %s: %w", from, err)
	}
	defer func() { err = errors.Join(err, source.close()) }()
	// A transaction that reads holds the moment: what is committed from now on is in the log behind it.
	if err := source.exec("begin"); err != nil {
		return explain(err)
	}
	if err := source.exec("select count(*) from sqlite_schema"); err != nil {
		return explain(err)
	}
	if err := copyPages(ctx, source, to, progress); err != nil {
		return err
	}
	// Pages are copied as they are, with the mark that there is a log beside them. A snapshot stands alone.
	if err := standAlone(to); err != nil {
		return err
	}
	return checkFile(ctx, to)
}

func copyPages(ctx context.Context, source *conn, to string, progress func(done, total int64)) (err error) {
	// Nobody reads the file before it is whole, so it needs no journal.
	target, err := openConn(to, sqlite.OpenReadWrite|sqlite.OpenCreate, "journal_mode(off)", "synchronous(off)", "cache_size(-2000)")
	if err != nil {
		return fmt.Errorf("make %s: %w", to, err)
	}
	defer func() { err = errors.Join(err, target.close()) }()
	b, err := sqlite.NewBackup(target.engine, "", source.engine, "")
	if err != nil {
		return explain(&engineError{err})
	}
	defer b.Close()
	var pageSize int64
	if err := source.query(func(r scanner) error { return r.Scan(&pageSize) }, "pragma page_size"); err != nil {
		return explain(err)
	}
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if more, err = b.Step(snapshotStep); err != nil {
			return fmt.Errorf("write %s: %w", to, explain(&engineError{err}))
		}
		progress(int64(b.PageCount()-b.Remaining())*pageSize, int64(b.PageCount())*pageSize)
	}
	return nil
}

// standAlone marks a database file as one that has no write-ahead log. Source: "The SQLite database file format", 1.3.
func standAlone(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte{1, 1}, 18)
	return errors.Join(err, f.Close())
}

// checkFile returns an error if a database file is damaged.
func checkFile(ctx context.Context, path string) (err error) {
	c, err := openConn(path, sqlite.OpenReadOnly, readerPragmas...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	c.engine.SetInterrupt(ctx.Done())
	verdict := ""
	if err := c.query(func(r scanner) error { return r.Scan(&verdict) }, "pragma integrity_check(1)"); err != nil {
		return explain(err)
	}
	if verdict != "ok" {
		return fmt.Errorf("the database is damaged: %s", verdict)
	}
	return nil
}

// beside are the names that a folder may hold into which a database is restored.
var beside = []string{"lock", "credentials", "key", "server.json", "backups", restoring}

// restoring is the name of a database that is not whole yet.
const restoring = "carillon-restore.tmp"

// unfinished are the names of files in the data folder that are of no use to anybody once their process has gone.
const unfinished = "carillon-*.tmp"

// TempFile returns a name in the data folder for a file that is removed when a store is opened there.
func TempFile(folder, name string) string { return filepath.Join(folder, "carillon-"+name+".tmp") }

// sweep removes what a process left behind that was killed. The caller holds the folder's lock.
func sweep(folder string) error {
	left, err := fs.Glob(os.DirFS(folder), unfinished)
	for _, name := range left {
		err = errors.Join(err, os.Remove(filepath.Join(folder, name)))
	}
	return err
}

// Restore puts a database into a data folder. fill writes it into a new file there, which is then checked. A folder that is
// served is refused; so is one that holds something, unless aside is a name for the database that is there. After a crash
// the folder has the old database or the new one. kept is where the old one is now, empty if there was none.
func Restore(ctx context.Context, folder, aside string, fill func(path string) error) (kept string, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("make the data folder: %w; choose another with --data", err)
	}
	lock, err := acquire(folder)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := sweep(folder); err != nil {
		return "", err
	}
	if aside == "" {
		if err := free(folder); err != nil {
			return "", err
		}
	}
	fresh := filepath.Join(folder, restoring)
	defer os.Remove(fresh)
	if err := fill(fresh); err != nil {
		return "", err
	}
	if err := checkFile(ctx, fresh); err != nil {
		return "", err
	}
	if err := checkStore(ctx, fresh); err != nil {
		return "", err
	}
	if kept, err = putAside(ctx, folder, aside); err != nil {
		return "", err
	}
	if err := os.Rename(fresh, filepath.Join(folder, File)); err != nil {
		return "", err
	}
	durable.SyncFolder(folder)
	return kept, nil
}

// free refuses a folder that holds something.
func free(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		switch {
		case e.Name() == File:
			return fmt.Errorf("the data folder %s holds a database; choose another with --data, or put that one aside with --force", folder)
		case !slices.Contains(beside, e.Name()):
			return fmt.Errorf("the data folder %s holds something else, such as %s; choose another with --data, or use it all the same with --force", folder, e.Name())
		}
	}
	return nil
}

// checkStore refuses a database that is not Carillon's, or a newer one's.
func checkStore(ctx context.Context, path string) error {
	c, err := openConn(path, sqlite.OpenReadOnly, readerPragmas...)
	if err != nil {
		return err
	}
	s := &sqliteSite{path: path, conn: c}
	defer s.close()
	schema, err := readSchema(ctx, s)
	switch {
	case err != nil:
		return err
	case schema.Version == 0:
		return errors.New("the backup is of another program's database")
	}
	return schema.Newer("the backup")
}

// putAside gives the database of a folder another name, and leaves it in its place until it is replaced.
func putAside(ctx context.Context, folder, aside string) (kept string, err error) {
	path := filepath.Join(folder, File)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return "", dropLog(path)
	}
	kept = filepath.Join(folder, aside)
	if _, err := os.Lstat(kept); !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s is there already; try again", kept)
	}
	if err := foldLog(path); err != nil {
		// It may be damaged: its log goes with it as it is.
		for _, suffix := range []string{"-wal", "-shm"} {
			if err := os.Rename(path+suffix, kept+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return "", err
			}
		}
	}
	if err := dropLog(path); err != nil { // a log that stays would be taken for the new database's
		return "", err
	}
	if err := os.Link(path, kept); err == nil {
		return kept, nil
	}
	return kept, os.Rename(path, kept) // where files cannot have two names
}

// foldLog folds the log into the database, which then stands alone.
func foldLog(path string) error {
	const magic = "SQLite format 3\x00"
	head := make([]byte, len(magic))
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	_, err = io.ReadFull(f, head)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if string(head) != magic { // SQLite would throw the log away
		return errors.New("not a SQLite database")
	}
	c, err := openConn(path, sqlite.OpenReadWrite, "journal_mode(delete)")
	if err != nil {
		return err
	}
	return c.close()
}

// dropLog removes a log that belongs to no database any more.
func dropLog(path string) error {
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
