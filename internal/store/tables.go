package store

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// table is a table as the migrations make it.
type table struct {
	name    string
	columns []string
	key     []string // the columns of the primary key, in its order
	at      []int    // where those are among the columns
}

// remark is what a migration says to its readers. The script may not end with one.
var remark = regexp.MustCompile(`--.*`)

// allTables returns the tables of the schema that this program knows, in the order of their names. They are read from the
// migrations, run on a database in memory, so that none can be forgotten.
func allTables() (all []*table, err error) {
	c, err := openConn(":memory:", sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	defer c.close()
	names, err := migrationNames()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := fs.ReadFile(migrationFiles, "migrations/"+name)
		if err != nil {
			return nil, err
		}
		if err := sqlitex.ExecuteScript(c.engine, remark.ReplaceAllString(string(text), ""), nil); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	err = c.query(func(r scanner) error {
		t := &table{}
		all = append(all, t)
		return r.Scan(&t.name)
	}, `select name from sqlite_schema where type = 'table' order by name`)
	for _, t := range all {
		if err == nil {
			err = t.describe(c)
		}
	}
	return all, err
}

// describe reads the table's columns and key.
func (t *table) describe(c *conn) error {
	places := map[int64]int{} // of the columns, by their place in the key
	err := c.query(func(r scanner) error {
		var column string
		var place int64
		err := r.Scan(&column, &place)
		if place > 0 {
			places[place] = len(t.columns)
		}
		t.columns = append(t.columns, column)
		return err
	}, `select name, pk from pragma_table_info($1) order by cid`, t.name)
	for i := range int64(len(places)) {
		t.at = append(t.at, places[i+1])
		t.key = append(t.key, t.columns[places[i+1]])
	}
	if err == nil && len(t.key) == 0 {
		return fmt.Errorf("table %s has no primary key", t.name)
	}
	return err
}

// keyOf returns the key of a row.
func (t *table) keyOf(row []any) []any {
	key := make([]any, len(t.at))
	for i, at := range t.at {
		key[i] = row[at]
	}
	return key
}

// page is the query of at most so many rows in the order of the key: the first ones, or those after the key whose parts are
// the first parameters. The last parameter is the limit.
func (t *table) page(first bool) string {
	condition, limit := "", "$1"
	if !first {
		condition = " where (" + strings.Join(t.key, ", ") + ") > (" + parameters(len(t.key)) + ")"
		limit = "$" + strconv.Itoa(len(t.key)+1)
	}
	return "select " + strings.Join(t.columns, ", ") + " from " + t.name + condition +
		" order by " + strings.Join(t.key, ", ") + " limit " + limit
}

// last is the query of the greatest key.
func (t *table) last() string {
	return "select " + strings.Join(t.key, ", ") + " from " + t.name +
		" order by " + strings.Join(t.key, " desc, ") + " desc limit 1"
}

// insertion is the statement that adds a row.
func (t *table) insertion() string {
	return "insert into " + t.name + " (" + strings.Join(t.columns, ", ") + ") values (" + parameters(len(t.columns)) + ")"
}

func parameters(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = "$" + strconv.Itoa(i+1)
	}
	return strings.Join(all, ", ")
}

// migrationNames returns the files of the migrations in their order.
func migrationNames() ([]string, error) {
	entries, err := fs.ReadDir(migrationFiles, "migrations")
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	slices.Sort(names)
	return names, nil
}
