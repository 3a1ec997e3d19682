package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/carillon-server/carillon/internal/store/pgtest"
	"github.com/carillon-server/carillon/test/harness"
)

// TestMain lets the test's program be the bare server, as the benchmark's own program is.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == bareArgument {
		bare()
		return
	}
	os.Exit(m.Run())
}

func TestEveryFigureIsMeasured(t *testing.T) {
	t.Parallel()
	o := options{database: onSQLite, users: 250, beside: 150, store: filepath.Join(t.TempDir(), "filled"), turns: 1, duration: 100 * time.Millisecond, connections: []int{1, 4}, operations: byDefault, json: true}
	var out bytes.Buffer
	if err := run(o, &out, newProgress(os.Stderr)); err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if r.Users != o.users || len(r.Rows) != 6 || r.Start <= 0 || r.Sync <= 0 || r.Beside == nil || r.Beside.Users != o.beside || r.IdleRSS <= 0 || r.PerUser <= 0 {
		t.Errorf("figures are missing: %s", out.Bytes())
	}
	for _, f := range r.Rows {
		if f.Rate <= 0 || f.OfBare <= 0 || f.P50 <= 0 || f.P99 < f.P50 || f.RSS <= 0 {
			t.Errorf("figures are missing: %+v", f)
		}
	}
	if f := r.FsyncsPerCreate; f != nil && (*f <= 0 || *f > 1) {
		t.Errorf("fsyncs per create = %v at %d connections", *f, fsyncConnections)
	}

	first := bytes.Clone(out.Bytes())
	o.store, o.beside, o.connections, o.operations = t.TempDir(), 0, []int{2}, []string{inviteUsers, batchSuspendUser}
	out.Reset()
	if err := run(o, &out, newProgress(os.Stderr)); err != nil {
		t.Fatal(err)
	}
	var many report
	if err := json.Unmarshal(out.Bytes(), &many); err != nil {
		t.Fatal(err)
	}
	if len(many.Rows) != 2 || many.Rows[0].Rate <= 0 || many.Rows[1].Rate <= 0 {
		t.Errorf("figures of operations for many are missing: %s", out.Bytes())
	}

	before := filepath.Join(t.TempDir(), "before.json")
	if err := os.WriteFile(before, first, 0o600); err != nil {
		t.Fatal(err)
	}
	earlier, err := readReport(before)
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	if err := r.writeTable(&table, earlier); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{createUser, getUser, listUsers, "before", "start, ms", "disk per user", "times that of 150 users", "in fdatasyncs"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table has no %q:\n%s", want, &table)
		}
	}
}

func TestPostgresStandsBesidePgbench(t *testing.T) {
	t.Parallel()
	o := options{database: onPostgres, users: 150, turns: 1, duration: time.Second, connections: []int{4}, operations: byDefault, json: true}
	var out bytes.Buffer
	err := run(o, &out, newProgress(os.Stderr))
	if errors.Is(err, pgtest.ErrMissing) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Rows) != 3 || r.PerUser <= 0 || r.Rows[0].Operation != createUser || r.Rows[0].SingleRate <= 0 || r.Rows[0].OfSingle <= 0 || r.Rows[0].DatabaseCPU <= 0 {
		t.Errorf("figures are missing: %s", out.Bytes())
	}
	var table strings.Builder
	if err := r.writeTable(&table, nil); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(table.String(), "of pgbench") {
		t.Errorf("the table has no %q:\n%s", "of pgbench", &table)
	}
}

func TestFillContinues(t *testing.T) {
	t.Parallel()
	in := folders{filled: t.TempDir()}
	p := newProgress(os.Stderr)
	for _, users := range []int{150, 1200, 1200} {
		f, err := fill(in, users, p)
		if err != nil {
			t.Fatal(err)
		}
		if f.users != users || len(f.some) != users {
			t.Errorf("fill to %d: %d users, %d of them noted", users, f.users, len(f.some))
		}
	}
	if _, err := fill(in, 100, p); err == nil || !strings.Contains(err.Error(), "1200 users already") {
		t.Errorf("fill to less than there is: %v", err)
	}
}

func TestBadFlags(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, want string }{
		{"--connections 0", "is not a number of connections"},
		{"--operations GetUser,DeleteUser", `"DeleteUser" is none of CreateUser, GetUser, ListUsers`},
		{"--users 99", "--users must be at least 100"},
		{"--database mysql", "--database must be sqlite or postgres"},
		{"--beside 1000", "--beside must be at least 100, and less than --users"},
		{"--database postgres --store x", "--store keeps a store in SQLite alone"},
		{"--turns 0", "--turns must be at least 1"},
		{"--duration 0s", "--duration must be more than nothing"},
		{"fast", `there is no argument "fast"`},
	} {
		var stderr strings.Builder
		if _, err := parse(strings.Fields(c.args), &stderr); err == nil || !strings.Contains(stderr.String(), c.want) {
			t.Errorf("%s: %v, %q; want %q", c.args, err, &stderr, c.want)
		}
	}
}

func TestProcessOfItsOwn(t *testing.T) {
	t.Parallel()
	begun, err := cpu(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for n := uint64(0); ; n++ { // until the clock of processor times moves
		_ = harness.Email("x", n)
		if n%1000 > 0 {
			continue
		}
		now, err := cpu(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		if now > begun {
			break
		}
	}
	if n, err := rss(os.Getpid()); err != nil || n < 1<<20 {
		t.Errorf("rss = %d, %v", n, err)
	}
}
