package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"github.com/carillon-server/carillon/internal/seal/sealtest"
	"github.com/carillon-server/carillon/internal/store/pgtest"
)

// TestAllTables compares the tables that are copied with those that both engines have.
func TestAllTables(t *testing.T) {
	t.Parallel()
	all, err := allTables()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{}
	for _, table := range all {
		want[table.name] = table.columns
	}
	for name, place := range map[string]Place{
		"SQLite":     newPlace(t, ""),
		"PostgreSQL": newPlace(t, pgtest.Database(t)),
	} {
		s := openSite(t, place, look)
		columns := `select m.name, c.name from sqlite_schema m, pragma_table_info(m.name) c where m.type = 'table' and m.name not like 'sqlite_%' order by c.cid`
		if place.URL != "" {
			columns = `select table_name::text, column_name::text from information_schema.columns where table_schema = 'public' order by ordinal_position`
		}
		got := map[string][]string{}
		err := s.query(t.Context(), func(v []any) error {
			table := v[0].(string)
			if !strings.HasPrefix(table, "goose_") { // which versions there are, and who migrates
				got[table] = append(got[table], v[1].(string))
			}
			return nil
		}, columns)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-copied +there):\n%s", name, diff)
		}
	}
}

// newPlace makes a store in a database of PostgreSQL, or in a new folder.
func newPlace(t *testing.T, url string) Place {
	t.Helper()
	p := Place{URL: url}
	if url == "" {
		p.Folder = filepath.Join(t.TempDir(), "data")
	}
	db, err := openPlace(t.Context(), p)
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// clone returns a place that holds the same as an embedded store that is not open.
func clone(t *testing.T, p Place) Place {
	t.Helper()
	folder := t.TempDir()
	if err := copyOf(filepath.Join(p.Folder, File))(filepath.Join(folder, File)); err != nil {
		t.Fatal(err)
	}
	return Place{Folder: folder}
}

func openPlace(ctx context.Context, p Place) (*DB, error) {
	if p.URL != "" {
		return OpenPostgres(ctx, p.URL, rand.Reader, sealtest.Keys)
	}
	return Open(ctx, p.Folder, rand.Reader, sealtest.Keys)
}

func openSite(t *testing.T, p Place, a access) site {
	t.Helper()
	s, err := p.open(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// filled makes an embedded store with rows in every table, in some of them more than a page has.
func filled(t *testing.T) Place {
	t.Helper()
	p := newPlace(t, "")
	s, err := p.open(t.Context(), replace)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := allTables()
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		n := 7
		if slices.Contains([]string{"users", "number_stock"}, table.name) {
			n = 2*testRows + 1
		}
		if table.name == "secrets" {
			continue
		}
		rows := make([][]any, n)
		for i := range rows {
			err := s.query(t.Context(), func(v []any) error {
				rows[i] = append(rows[i], anyValue(v[0].(string), v[1] == int64(0)))
				return nil
			}, `select lower(type), "notnull" from pragma_table_info('`+table.name+`') order by cid`)
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := s.insert(t.Context(), table, rows); err != nil {
			t.Fatalf("fill %s: %v", table.name, err)
		}
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	return p
}

// anyValue draws a value of a column's type. Texts are such as sort differently in other collations.
func anyValue(kind string, nullable bool) any {
	if nullable && mathrand.N(3) == 0 {
		return nil
	}
	switch kind {
	case "bigint":
		return mathrand.Int64() - mathrand.Int64()
	case "blob":
		b := make([]byte, 16) // as an ID, since a store that opens looks at some
		_, _ = rand.Read(b)   // never fails
		return b
	}
	text := make([]rune, mathrand.N(12)+6)
	for i := range text {
		text[i] = []rune("aAbBzZ09 -_éÉß\t\n\"'\\🎈")[mathrand.N(20)]
	}
	return string(text) + fmt.Sprint(mathrand.Uint64())
}

// testRows bounds the rows of a page.
const testRows = 40

func silent(string, int64, int64, int64) {}

// TestCopyIntoTablesThatAreNotAllThere goes on where a copy ended while it made the tables.
func TestCopyIntoTablesThatAreNotAllThere(t *testing.T) {
	t.Parallel()
	begun := Place{Folder: t.TempDir()}
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(begun.Folder, File))
	if err != nil {
		t.Fatal(err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		t.Fatal(err)
	}
	_, err = provider.UpTo(t.Context(), 3)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if done := copyAll(t, filled(t), begun); done.Already || done.Resumed {
		t.Errorf("copied: %+v, want a copy from the beginning", done)
	}
}

func copyAll(t *testing.T, from, to Place) *Copied {
	t.Helper()
	done, err := (&Copying{pageRows: testRows, From: from, To: to, Progress: silent}).Run(t.Context())
	if err != nil {
		t.Fatalf("copy %s to %s: %v", from, to, err)
	}
	return done
}

// TestCopy sends an installation around: each engine is source and target of both.
func TestCopy(t *testing.T) {
	t.Parallel()
	first := filled(t)
	places := []Place{{URL: pgtest.Database(t)}, {URL: pgtest.Database(t)}, {Folder: filepath.Join(t.TempDir(), "a")}, {Folder: filepath.Join(t.TempDir(), "b")}}
	var want []TableCopy
	from := first
	for i, to := range places {
		c := &Copying{pageRows: testRows, From: from, To: to, Progress: silent}
		if i == 0 {
			c.RootKey = "AKIDEXAMPLE000000000"
		}
		done, err := c.Run(t.Context())
		if err != nil {
			t.Fatalf("copy %s to %s: %v", from, to, err)
		}
		if i == 0 {
			want = done.Tables
		}
		if diff := cmp.Diff(want, done.Tables); diff != "" {
			t.Errorf("the tables of %s (-first +here):\n%s", to, diff)
		}
		if done.Rows < 4*testRows || done.Already || done.Resumed || c.RootKey != "AKIDEXAMPLE000000000" {
			t.Errorf("a first copy: %d rows, already %v, resumed %v, root key %q", done.Rows, done.Already, done.Resumed, c.RootKey)
		}
		if again := copyAll(t, from, to); !again.Already || again.Rows != 0 || !cmp.Equal(want, again.Tables) {
			t.Errorf("a second copy: %+v", again)
		}
		from = to
	}
	compareSecrets(t, first, from)
}

// compareSecrets opens both stores, as servers do.
func compareSecrets(t *testing.T, first, last Place) {
	t.Helper()
	a, err := openPlace(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := openPlace(t.Context(), last)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if string(a.TokenKey()) != string(b.TokenKey()) || string(a.LinkKey()) != string(b.LinkKey()) || a.PINs().Digits(1, 1) != b.PINs().Digits(1, 1) {
		t.Error("the secrets are others")
	}
	if key, err := b.RootKey(t.Context(), ""); key != "AKIDEXAMPLE000000000" || err != nil {
		t.Errorf("root key = %q, %v", key, err)
	}
}

// TestCopyResumes interrupts a copy again and again. Meanwhile no server may use the target.
func TestCopyResumes(t *testing.T) {
	t.Parallel()
	from := filled(t)
	for name, to := range map[string]Place{
		"SQLite":     {Folder: filepath.Join(t.TempDir(), "to")},
		"PostgreSQL": {URL: pgtest.Database(t)},
	} {
		t.Run(name, func(t *testing.T) {
			runs := 0
			for ; ; runs++ {
				ctx, cancel := context.WithCancel(t.Context())
				c := &Copying{pageRows: testRows, From: from, To: to, Progress: func(step string, done, _, _ int64) {
					if step == "copied" && done > testRows {
						cancel()
					}
				}}
				done, err := c.Run(ctx)
				cancel()
				if err == nil {
					if !done.Resumed {
						t.Error("the last run began anew")
					}
					break
				}
				if !errors.Is(err, context.Canceled) || runs > 20 {
					t.Fatal(err)
				}
				if db, err := openPlace(t.Context(), to); !errors.Is(err, errUnfinished) {
					t.Errorf("a server on a half of a copy: %v, %v", db, err)
				}
			}
			if runs < 2 {
				t.Errorf("%d interruptions", runs)
			}
			if again := copyAll(t, from, to); !again.Already {
				t.Error("there was something left")
			}
			db, err := openPlace(t.Context(), to)
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestCopyRefuses tries what cannot be meant. Nothing is written then.
func TestCopyRefuses(t *testing.T) {
	t.Parallel()
	source := newPlace(t, "")
	served := clone(t, source)
	open, err := openPlace(t.Context(), served)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { open.Close() })
	servedPG := newPlace(t, pgtest.Database(t))
	openPG, err := openPlace(t.Context(), servedPG)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { openPG.Close() })
	if err := openPG.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	newer := clone(t, source)
	alter(t, newer, `insert into goose_db_version (version_id, is_applied) values (9999, 1)`)
	older := clone(t, source)
	alter(t, older, `delete from goose_db_version where version_id > 1`)
	foreign := Place{URL: pgtest.Database(t)}
	alter(t, foreign, `create table users (name text)`)
	another := newPlace(t, "")
	half := clone(t, another)
	alter(t, half, `insert into secrets (name, value) values ('copy under way', x'00')`)
	migrated := clone(t, source)
	alter(t, migrated, `delete from secrets`)
	changed := Place{Folder: filepath.Join(t.TempDir(), "changed")}
	copyAll(t, source, changed)
	alter(t, changed, `insert into test_clock (id, advance) values (1, 1)`)
	empty := func() Place { return Place{Folder: filepath.Join(t.TempDir(), "new")} }
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(source.Folder, link); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		from, to Place
		want     string
	}{
		"no source":           {empty(), empty(), "the source: there is no database at "},
		"itself":              {source, Place{Folder: link}, "source and target are the same"},
		"itself, PostgreSQL":  {servedPG, servedPG, "source and target are the same"},
		"served source":       {served, empty(), "the source: the data folder .* is in use by another carillon"},
		"served target":       {source, served, "the target: the data folder .* is in use by another carillon"},
		"served PostgreSQL":   {servedPG, empty(), "the source: the PostgreSQL database .* is in use by another carillon, which has [0-9]+ sessions there; stop all servers first"},
		"served target there": {source, servedPG, "the target: the PostgreSQL database .* is in use by another carillon"},
		"newer source":        {newer, empty(), "the source: .* has schema 9999 and this carillon knows [0-9]+; use the newer carillon"},
		"newer target":        {source, newer, "the target: .* has schema 9999"},
		"older source":        {older, empty(), "the source: .* has schema 1 and this carillon [0-9]+; bring it up to date with carillon migrate up"},
		"older target":        {source, older, "the target: .* has schema 1 "},
		"foreign target":      {source, foreign, "the target: .* holds tables that are not Carillon's"},
		"foreign source":      {foreign, empty(), "the source: .* is not Carillon's"},
		"another there":       {source, another, "the target: .* holds another installation"},
		"half of another":     {source, half, "the target: .* holds a part of another installation"},
		"half a source":       {half, empty(), "the source: the database is the target of a copy that has not finished"},
		"empty source":        {migrated, empty(), "the source: .* holds nothing"},
		"changed since":       {source, changed, "table test_clock differs: 0 rows in the source, 1 in the target; the copy was whole, and one of them has been used since"},
	} {
		t.Run(name, func(t *testing.T) { // one after the other: a source is locked
			_, err := (&Copying{pageRows: testRows, From: test.from, To: test.to, Progress: silent}).Run(t.Context())
			if err == nil || !matches(test.want, err.Error()) {
				t.Errorf("got %v\nwant %s", err, test.want)
			}
		})
	}
}

func alter(t *testing.T, p Place, text string) {
	t.Helper()
	s, err := p.open(t.Context(), look)
	if p.URL == "" {
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
		s, err = p.open(t.Context(), replace)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.apply(t.Context(), []write{{text: text}}), s.close()); err != nil {
		t.Fatal(err)
	}
}

func matches(pattern, text string) bool {
	return regexp.MustCompile(pattern).MatchString(text)
}

// TestMigrate looks at databases and brings them up to date.
func TestMigrate(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	before, err := ReadSchema(t.Context(), Place{URL: url})
	if err != nil || before.Version != 0 || len(before.Pending) == 0 {
		t.Errorf("an empty database: %+v, %v", before, err)
	}
	if tables, err := openSite(t, Place{URL: url}, look).tables(t.Context()); err != nil || len(tables) != 0 {
		t.Errorf("to look left the tables %v, %v", tables, err)
	}
	if before, err = Migrate(t.Context(), Place{URL: url}); err != nil || before.Version != 0 {
		t.Errorf("Migrate: from %+v, %v", before, err)
	}
	after, err := ReadSchema(t.Context(), Place{URL: url})
	if err != nil || after.Version != after.Known || len(after.Pending) != 0 {
		t.Errorf("a database that is up to date: %+v, %v", after, err)
	}

	if _, err := Migrate(t.Context(), Place{Folder: t.TempDir()}); err == nil || !matches("there is no database at .*", err.Error()) {
		t.Errorf("an empty folder: %v", err)
	}
	p := newPlace(t, "")
	if _, err := Migrate(t.Context(), p); err != nil {
		t.Errorf("nothing to do: %v", err)
	}
	served, err := openPlace(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSchema(t.Context(), p); err != nil {
		t.Errorf("to look at a store that is served: %v", err)
	}
	if _, err := Migrate(t.Context(), p); err == nil || !matches("is in use by another carillon", err.Error()) {
		t.Errorf("a store that is served: %v", err)
	}
	if err := served.Close(); err != nil {
		t.Error(err)
	}
	alter(t, p, `insert into goose_db_version (version_id, is_applied) values (9999, 1)`)
	if _, err := Migrate(t.Context(), p); err == nil || !matches("has schema 9999 and this carillon knows", err.Error()) {
		t.Errorf("a newer store: %v", err)
	}
	var junk Place
	junk.Folder = t.TempDir()
	if err := os.WriteFile(filepath.Join(junk.Folder, File), []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSchema(t.Context(), junk); err == nil || !matches("not a SQLite database", err.Error()) {
		t.Errorf("a file of something else: %v", err)
	}
}
