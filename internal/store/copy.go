package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"
)

const (
	// copyRows bounds the rows of a page, unless a test does.
	copyRows = 1000
	// copyNote is the name under which the target of a copy keeps, among its secrets, of which installation it is to be.
	// Nothing but the copy may use it meanwhile.
	copyNote = "copy under way"
)

// Copying is a copy of a whole installation from one place to another, with what it found so far.
type Copying struct {
	From, To Place
	// RootKey is the id of the access key that the installation began with, for a source that does not say. It may be empty.
	RootKey string
	// Progress is told how many of how many rows are copied, and then checked: those that this run did, and those that an
	// earlier one left.
	Progress func(step string, done, earlier, total int64)

	pageRows       int // bounds the rows of a page
	source, target site
	tables         []*table // but for the secrets, which come last, with the end of the note
	secrets        *table
	total          int64
	identity       []byte // of the source
}

// Copied says what a copy has done.
type Copied struct {
	Tables  []TableCopy // all of them, as they are on both sides
	Rows    int64       // that this run copied
	Resumed bool        // there were some from a run that was interrupted
	Already bool        // there was nothing left to do
	RootKey string      // the id of the access key that the installation began with; empty if nobody knows
}

// TableCopy is what a table holds on both sides.
type TableCopy struct {
	Name string
	Rows int64
	Sum  [sha256.Size]byte // of all values of all rows, in the order of the key
}

// Run copies the rows of all tables, page by page in the order of their keys, and compares both sides at the end. After an
// interruption another Run goes on where the target ends. Until all is there and equal the target cannot be served.
//
// What is in the way is refused before anything is written: a place that is served, as far as that can be seen, a source of
// another schema than this program's, a target that holds something else.
func (c *Copying) Run(ctx context.Context) (*Copied, error) {
	if same(c.From, c.To) {
		return nil, fmt.Errorf("source and target are the same")
	}
	c.pageRows = cmp.Or(c.pageRows, copyRows)
	var err error
	if c.source, err = c.From.open(ctx, read); err != nil {
		return nil, fmt.Errorf("the source: %w", err)
	}
	defer c.source.close()
	if err := c.checkSource(ctx); err != nil {
		return nil, err
	}
	if c.target, err = c.To.open(ctx, replace); err != nil {
		return nil, fmt.Errorf("the target: %w", err)
	}
	defer c.target.close()
	done := &Copied{RootKey: c.RootKey}
	if done.Already, done.Resumed, err = c.prepareTarget(ctx); err != nil {
		return nil, err
	}
	if !done.Already {
		if done.Rows, err = c.copyTables(ctx); err != nil {
			return nil, err
		}
	}
	done.Tables, err = c.compare(ctx)
	if unequal := (*differs)(nil); errors.As(err, &unequal) {
		unequal.whole = done.Already
	}
	if err != nil {
		return nil, err
	}
	if done.Already {
		return done, nil
	}
	return done, c.finish(ctx)
}

func same(a, b Place) bool {
	if a.URL != "" || b.URL != "" {
		return a.URL == b.URL
	}
	return resolved(a.Folder) == resolved(b.Folder)
}

func resolved(folder string) string {
	if path, err := filepath.EvalSymlinks(folder); err == nil {
		return path
	}
	return filepath.Clean(folder)
}

// checkSource refuses a source that cannot be copied, and counts its rows.
func (c *Copying) checkSource(ctx context.Context) error {
	schema, err := readSchema(ctx, c.source)
	if err != nil {
		return fmt.Errorf("the source: %w", err)
	}
	switch {
	case schema.Version == 0:
		return fmt.Errorf("the source: %s is not Carillon's", c.From)
	case schema.Version > schema.Known:
		return fmt.Errorf("the source: %w", schema.Newer(c.From.String()))
	case schema.Version < schema.Known:
		return fmt.Errorf("the source: %s has schema %d and this carillon %d; bring it up to date with carillon migrate up", c.From, schema.Version, schema.Known)
	}
	if c.tables, err = allTables(); err != nil {
		return err
	}
	at := slices.IndexFunc(c.tables, func(t *table) bool { return t.name == "secrets" })
	c.secrets = c.tables[at]
	c.tables = slices.Delete(c.tables, at, at+1)
	secrets, err := readSecretRows(ctx, c.source, c.secrets)
	switch {
	case err != nil:
		return fmt.Errorf("the source: %w", err)
	case secrets.note != nil:
		return fmt.Errorf("the source: %w", errUnfinished)
	case len(secrets.rows) == 0:
		return fmt.Errorf("the source: %s holds nothing; no server was ever started on it", c.From)
	}
	if secrets.rootKey != "" {
		c.RootKey = secrets.rootKey
	}
	c.identity = secrets.identity()
	for _, t := range c.tables {
		n, err := count(ctx, c.source, t)
		if err != nil {
			return fmt.Errorf("count the rows of %s: %w", t.name, err)
		}
		c.total += n
	}
	return nil
}

// prepareTarget refuses a target that holds something else, and makes tables and the note of the copy in an empty one.
func (c *Copying) prepareTarget(ctx context.Context) (already, resumed bool, err error) {
	schema, err := readSchema(ctx, c.target)
	if err != nil {
		return false, false, fmt.Errorf("the target: %w", err)
	}
	tables, err := c.target.tables(ctx)
	switch {
	case err != nil:
		return false, false, fmt.Errorf("the target: %w", err)
	case schema.Version == 0 && len(tables) > 0:
		return false, false, fmt.Errorf("the target: %s holds tables that are not Carillon's; give the copy a database of its own", c.To)
	case schema.Version > schema.Known:
		return false, false, fmt.Errorf("the target: %w", schema.Newer(c.To.String()))
	case schema.Version < schema.Known:
		if err := c.makeTables(ctx, schema); err != nil {
			return false, false, err
		}
	}
	secrets, err := readSecretRows(ctx, c.target, c.secrets)
	if err != nil {
		return false, false, fmt.Errorf("the target: %w", err)
	}
	switch {
	case bytes.Equal(secrets.note, c.identity):
		return false, true, nil
	case secrets.note != nil:
		return false, false, fmt.Errorf("the target: %s holds a part of another installation, or of this one before its keys were changed; empty it, or copy elsewhere", c.To)
	case len(secrets.rows) > 0 && bytes.Equal(secrets.identity(), c.identity):
		return true, false, nil
	}
	for _, t := range c.tables {
		n, err := count(ctx, c.target, t)
		if err != nil {
			return false, false, fmt.Errorf("the target: %w", err)
		}
		if n > 0 || len(secrets.rows) > 0 {
			return false, false, fmt.Errorf("the target: %s holds another installation; copy into an empty database", c.To)
		}
	}
	return false, false, c.target.apply(ctx, []write{{
		text: `insert into secrets (name, value) values ($1, $2)`, args: []any{copyNote, c.identity},
	}})
}

// makeTables makes the tables of the target, or the rest of them where a copy ended while it made them. It refuses a target that
// somebody has used: that has secrets.
func (c *Copying) makeTables(ctx context.Context, schema Schema) error {
	if schema.Version > 0 {
		secrets, err := count(ctx, c.target, c.secrets)
		if err != nil {
			return fmt.Errorf("the target: %w", err)
		}
		if secrets > 0 {
			return fmt.Errorf("the target: %s has schema %d and this carillon %d; bring it up to date with carillon migrate up", c.To, schema.Version, schema.Known)
		}
	}
	return c.target.migrate(ctx)
}

// secretRows are the secrets of an installation, and what is kept among them.
type secretRows struct {
	rows    [][]any // of what makes the installation what it is, as they are: mostly sealed
	note    []byte  // of a copy under way
	rootKey string
}

func readSecretRows(ctx context.Context, s site, t *table) (secretRows, error) {
	var all secretRows
	name, value := slices.Index(t.columns, "name"), slices.Index(t.columns, "value")
	err := walk(ctx, s, t, nil, copyRows, func(page [][]any) error {
		for _, row := range page {
			switch row[name] {
			case copyNote:
				all.note = row[value].([]byte)
			case rootKeyName:
				all.rootKey = string(row[value].([]byte))
			default:
				all.rows = append(all.rows, row)
			}
		}
		return nil
	})
	return all, err
}

// identity tells one installation from another.
func (s secretRows) identity() []byte {
	h := sha256.New()
	for _, row := range s.rows {
		for _, v := range row {
			hashValue(h, v)
		}
	}
	return h.Sum(nil)
}

func count(ctx context.Context, s site, t *table) (n int64, err error) {
	err = s.query(ctx, func(v []any) error {
		n = v[0].(int64)
		return nil
	}, "select count(*) from "+t.name)
	return n, err
}

// copyTables copies what the target lacks, and returns how many rows those were.
func (c *Copying) copyTables(ctx context.Context) (rows int64, err error) {
	earlier := int64(0)
	for _, t := range c.tables {
		there, err := count(ctx, c.target, t)
		if err != nil {
			return rows, err
		}
		earlier += there
		c.Progress("copied", rows, earlier, c.total)
		err = c.copyTable(ctx, t, func(n int) {
			rows += int64(n)
			c.Progress("copied", rows, earlier, c.total)
		})
		if err != nil {
			return rows, fmt.Errorf("copy table %s: %w", t.name, err)
		}
	}
	return rows, nil
}

// copyTable copies the rows of a table after the target's last one. While a page is written the next one is read.
func (c *Copying) copyTable(ctx context.Context, t *table, wrote func(rows int)) error {
	var after []any
	err := c.target.query(ctx, func(key []any) error {
		after = key
		return nil
	}, t.last())
	if err != nil {
		return err
	}
	pages := make(chan [][]any, 1)
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error {
		defer close(pages)
		return walk(ctx, c.source, t, after, c.pageRows, func(page [][]any) error {
			select {
			case pages <- page:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	both.Go(func() error {
		for page := range pages {
			if err := c.target.insert(ctx, t, page); err != nil {
				return err
			}
			wrote(len(page))
		}
		return nil
	})
	return both.Wait()
}

// walk shows fn the rows of a table after a key, or all of them, in the order of the key and in pages of at most so many.
func walk(ctx context.Context, s site, t *table, after []any, rows int, fn func(page [][]any) error) error {
	for {
		var page [][]any
		err := s.query(ctx, func(values []any) error {
			page = append(page, values)
			return nil
		}, t.page(after == nil), append(after[:len(after):len(after)], int64(rows))...)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := fn(page); err != nil {
			return err
		}
		if len(page) < rows {
			return nil
		}
		after = t.keyOf(page[len(page)-1])
	}
}

// compare reads all rows of both sides and returns an error if they differ.
func (c *Copying) compare(ctx context.Context) ([]TableCopy, error) {
	done, all := int64(0), []TableCopy{}
	for _, t := range c.tables {
		var from, to TableCopy
		both, ctx := errgroup.WithContext(ctx)
		both.Go(func() (err error) {
			from, err = sum(ctx, c.source, t, c.pageRows, func(n int) {
				done += int64(n)
				c.Progress("checked", done, 0, c.total)
			})
			return err
		})
		both.Go(func() (err error) {
			to, err = sum(ctx, c.target, t, c.pageRows, func(int) {})
			return err
		})
		if err := both.Wait(); err != nil {
			return nil, fmt.Errorf("compare table %s: %w", t.name, err)
		}
		if from != to {
			return nil, &differs{table: t.name, from: from.Rows, to: to.Rows, place: c.To}
		}
		all = append(all, from)
	}
	return all, nil
}

// differs is the error of two sides that are not equal.
type differs struct {
	table    string
	from, to int64
	place    Place
	whole    bool // the target was a whole copy before
}

func (e *differs) Error() string {
	text := fmt.Sprintf("table %s differs: %d rows in the source, %d in the target; ", e.table, e.from, e.to)
	if e.whole {
		return text + "the copy was whole, and one of them has been used since. Nothing was changed; to copy again, choose an empty database"
	}
	return text + "the source has changed since the copy began. Empty " + e.place.String() + " and copy again"
}

// sum reads a table to its end, in pages of at most so many rows.
func sum(ctx context.Context, s site, t *table, rows int, read func(rows int)) (TableCopy, error) {
	sum, h := TableCopy{Name: t.name}, sha256.New()
	err := walk(ctx, s, t, nil, rows, func(page [][]any) error {
		for _, row := range page {
			for _, v := range row {
				hashValue(h, v)
			}
		}
		sum.Rows += int64(len(page))
		read(len(page))
		return nil
	})
	h.Sum(sum.Sum[:0])
	return sum, err
}

// hashValue adds a value to a sum: its kind, its length and its bytes.
func hashValue(h hash.Hash, v any) {
	var head [9]byte
	switch v := v.(type) {
	case int64:
		head[0] = 'i'
		binary.BigEndian.PutUint64(head[1:], uint64(v))
		h.Write(head[:])
	case string:
		head[0] = 't'
		binary.BigEndian.PutUint64(head[1:], uint64(len(v)))
		h.Write(head[:])
		h.Write([]byte(v))
	case []byte:
		head[0] = 'b'
		binary.BigEndian.PutUint64(head[1:], uint64(len(v)))
		h.Write(head[:])
		h.Write(v)
	default: // null, as the schema has no other types
		h.Write(head[:1])
	}
}

// finish gives the target the secrets and takes its note away, in one step. From then on it can be served.
func (c *Copying) finish(ctx context.Context) error {
	secrets, err := readSecretRows(ctx, c.source, c.secrets)
	if err != nil {
		return err
	}
	writes := []write{{text: `delete from secrets where name = $1`, args: []any{copyNote}}}
	for _, row := range secrets.rows {
		writes = append(writes, write{text: c.secrets.insertion(), args: row})
	}
	if c.RootKey != "" {
		writes = append(writes, write{text: `insert into secrets (name, value) values ($1, $2)`, args: []any{rootKeyName, []byte(c.RootKey)}})
	}
	return c.target.apply(ctx, writes)
}
