package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/carillon-server/carillon/internal/seal/sealtest"
	"github.com/carillon-server/carillon/internal/store"
	"github.com/carillon-server/carillon/internal/store/pgtest"
)

// filledDatabase is the database that is filled and copied.
const filledDatabase = "filled"

// databases keeps stores in PostgreSQL, each in a database of a server that is started for this: with its defaults, and
// fsync on.
type databases struct {
	cluster *pgtest.Cluster
	work    string // of the servers' data folders
}

func startPostgres(work string) (*databases, error) {
	c, err := pgtest.Start(pgtest.Options{Durable: true, Settings: []string{"max_connections = 300"}})
	if err != nil {
		return nil, err
	}
	d := &databases{c, work}
	return d, d.exec("create database " + filledDatabase)
}

func (d *databases) exec(statement string) error {
	return d.cluster.Exec(context.Background(), statement)
}

func (d *databases) open(ctx context.Context) (*store.DB, error) {
	return store.OpenPostgres(ctx, d.cluster.DSN(filledDatabase), rand.Reader, sealtest.Keys)
}

func (d *databases) copy(name string) (*copied, error) {
	database := "copy_" + name
	c := &copied{
		folder: filepath.Join(d.work, name),
		env:    []string{"CARILLON_DATABASE=" + d.cluster.DSN(database)},
		size:   func() (int64, error) { return d.size(database) },
	}
	c.drop = func() error {
		os.RemoveAll(c.folder) // within the folder that is removed at the end
		return d.exec("drop database " + database + " with (force)")
	}
	if err := os.MkdirAll(c.folder, 0o700); err != nil {
		return nil, err
	}
	return c, d.exec("create database " + database + " template " + filledDatabase + " strategy file_copy")
}

func (d *databases) size(database string) (size int64, err error) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, d.cluster.DSN("postgres"))
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, "select pg_database_size($1)", database).Scan(&size)
	return size, err
}

func (d *databases) close() error { return d.cluster.Stop() }

// singleInsert is what pgbench does in a transaction: it adds one user, with values as CreateUser gives them, and with as
// little work for the database as it takes to make them differ. IDs grow, addresses and PINs are scattered; the PINs are
// none that a user has.
const singleInsert = `
\set n :n + 1
\set r random(0, 1000000000000000000)
\set pin (:n * 300 + :client_id) * 6364136223 % 9000000000 + 100000000000
insert into users (tenant, account, id, email_key, email, display_name, license, type, registration, invitation,
	registered_at, invited_at, alexa_enabled, alexa_room, pin, version, number, mark)
values (111122223333, '\x0199a000000070008000000000000000', int8send(:n) || int8send(:r),
	left(md5(:client_id || '.' || :n), 16) || '.pgbench@example.com', null, left(md5(:client_id || '.' || :n), 16) || '.pgbench@example.com',
	'Pro', 'PrivateUser', 'Registered', '', 1767225600000, null, 0, '', :pin, 1, null, int8send(:r) || int8send(:n));
`

// mostSingle bounds the connections of pgbench.
const mostSingle = 64

// single lets pgbench insert users into a copy of the filled store, one a transaction. It returns how many it did in a
// second, and the time that it and PostgreSQL spent on the processors for each.
func (d *databases) single(connections int, t time.Duration) (rate float64, each time.Duration, err error) {
	c, err := d.copy("pgbench")
	if err != nil {
		return 0, 0, err
	}
	defer func() {
		if dropped := c.drop(); err == nil {
			err = dropped
		}
	}()
	script := filepath.Join(c.folder, "insert.sql")
	if err := os.WriteFile(script, []byte(singleInsert), 0o600); err != nil {
		return 0, 0, err
	}
	dsn, err := url.Parse(d.cluster.DSN("copy_pgbench"))
	if err != nil {
		return 0, 0, err
	}
	connections = min(connections, mostSingle)
	cmd := exec.Command(d.cluster.Program("pgbench"), "-n", "-M", "prepared", "-c", strconv.Itoa(connections),
		"-j", strconv.Itoa(min(connections, 2)), "-T", strconv.Itoa(max(1, int(t.Seconds()))), "-D", "n=0", "-f", script, dsn.String())
	before, err := d.spent()
	if err != nil {
		return 0, 0, err
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, 0, fmt.Errorf("pgbench: %w\n%s", err, out)
	}
	after, err := d.spent()
	if err != nil {
		return 0, 0, err
	}
	rate, err1 := said(out, "\ntps = ", " ")
	done, err2 := said(out, "\nnumber of transactions actually processed: ", "\n")
	all := after - before + cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return rate, all / time.Duration(max(1, done)), errors.Join(err1, err2)
}

// said returns the number that pgbench printed between two texts.
func said(out []byte, before, after string) (float64, error) {
	_, rest, _ := bytes.Cut(out, []byte(before))
	text, _, found := bytes.Cut(rest, []byte(after))
	if !found {
		return 0, fmt.Errorf("pgbench does not say%q:\n%s", before, out)
	}
	return strconv.ParseFloat(string(text), 64)
}

// spent returns the time that PostgreSQL has spent on the processors.
func (d *databases) spent() (time.Duration, error) {
	pid, err := d.cluster.PID()
	if err != nil {
		return 0, err
	}
	return cpuOfAll(pid)
}
