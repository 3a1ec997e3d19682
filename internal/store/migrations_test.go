package store

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// notPortable are words that engines which speak PostgreSQL's protocol lack, or that a sharded one cannot keep.
var notPortable = regexp.MustCompile(`(?i)\b(listen|notify|advisory|trigger|serial|bigserial|sequence|nextval|identity|function|procedure|now\(|current_timestamp|random\(|json|jsonb|uuid|boolean|timestamp|varchar|cascade|references|autoincrement)\b`)

// installationWide are the tables whose keys do not lead with the tenant. A sharded database copies them to every node.
var installationWide = map[string]bool{
	"secrets": true, "number_holds": true, "number_stock": true, "access_keys": true, "test_clock": true,
	"audit_servers": true,
}

var (
	tables      = regexp.MustCompile(`(?s)create table (\w+) \((.*?)\n\)`)
	indexes     = regexp.MustCompile(`create (unique )?index (\w+) on (\w+) \((.*?)\)`)
	primaryKey  = regexp.MustCompile(`primary key \((.*?)\)`)
	tenantIsKey = regexp.MustCompile(`tenant\s+bigint not null primary key`)
	forbidden   = regexp.MustCompile(`(?i)\b(drop|rename|delete|alter column)\b`)
	comment     = regexp.MustCompile(`--.*`)
)

// byTime are indexes that serve the server's own work over all tenants, in order of time.
var byTime = map[string]bool{"marks_made": true, "jobs_due": true, "jobs_finished": true, "bot_events_finished": true}

// TestMigrationsArePortable holds the migrations to what runs on both engines and on sharded ones, and to adding only, so
// that the release before runs on the new schema.
func TestMigrationsArePortable(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil || len(names) == 0 {
		t.Fatalf("migrations: %v, %v", names, err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(migrationFiles, name)
		if err != nil {
			t.Fatal(err)
		}
		text := comment.ReplaceAllString(string(data), "")
		if word := notPortable.FindString(text); word != "" {
			t.Errorf("%s: %q is not portable", name, word)
		}
		if word := forbidden.FindString(text); word != "" {
			t.Errorf("%s: %q: a migration only adds", name, word)
		}
		for _, table := range tables.FindAllStringSubmatch(text, -1) {
			key := primaryKey.FindStringSubmatch(table[2])
			leads := key != nil && strings.HasPrefix(key[1], "tenant") || tenantIsKey.MatchString(table[2])
			if !leads && !installationWide[table[1]] {
				t.Errorf("%s: the key of table %s does not lead with the tenant", name, table[1])
			}
		}
		for _, index := range indexes.FindAllStringSubmatch(text, -1) {
			unique, byTime := index[1] != "", byTime[index[2]]
			if !strings.HasPrefix(index[4], "tenant") && (unique || !byTime) && !installationWide[index[3]] {
				t.Errorf("%s: index %s does not lead with the tenant", name, index[2])
			}
		}
	}
}

// TestScalingNamesEveryTable holds docs/scaling.md to the tables that there are. What it says can be done because of the test
// above: in a sharded database every unique index of a distributed table must hold the column that spreads it.
func TestScalingNamesEveryTable(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/scaling.md")
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(migrationFiles, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range tables.FindAllStringSubmatch(string(data), -1) {
			want := "select create_distributed_table('" + table[1] + "', 'tenant');"
			if installationWide[table[1]] {
				want = "select create_reference_table('" + table[1] + "');"
			}
			if !strings.Contains(string(doc), "\n    "+want+"\n") {
				t.Errorf("docs/scaling.md lacks the line: %s", want)
			}
		}
	}
}
