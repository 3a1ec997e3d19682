// Command bench measures the built server beside a bare net/http server, in turns in one run, so that what slows the
// machine slows both and their ratio stands.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/carillon-server/carillon/test/harness"
)

const help = `usage: go run ./test/bench [flags]

Builds the server, starts it on a temporary folder, and sends it signed requests over 1, 16, 64 and 256 connections, as
fast as it answers them. A bare net/http server, which answers the same requests with 430 fixed bytes and does nothing
else, is measured just before each of them. Client and servers share this machine. Requests are signed beforehand; every
answer's status is checked.

    go run ./test/bench                                     a new store
    go run ./test/bench --users 1000000 --store /tmp/1m     a large one, which is kept and used again
    go run ./test/bench --users 10000000 --beside 1000000 --store /tmp/10m --operations CreateUser --connections 64
    go run ./test/bench --operations GetUser --connections 64 --turns 9
    go run ./test/bench --operations InviteUsers,BatchSuspendUser --connections 1,16 --users 20000
    go run ./test/bench --operations InviteUsers --connections 1,16 --slow-smtp
    go run ./test/bench --database postgres
    go run ./test/bench --soak 10m
    go run ./test/bench --json >before.json                 then change something, and
    go run ./test/bench --against before.json               every figure beside what it was

Every turn begins on a copy of the same filled store. Figures are medians over the turns:

    requests/s     the client's count
    of bare        the same as a share of what the bare server did in the same turn with the same requests
    p50, p99       from the request's first byte sent to the answer's last byte read
    server CPU     time of the server's process on the processors, user and system, per request
    RSS            the most memory that the server held during the measurement
    fsyncs         a separate run of creates at 64 connections under strace, which counts the server's calls of fsync
                   and fdatasync, those of its start and stop included
    fdatasync      the median time in which this disk takes 4 KiB at the end of a file, before each turn
    start          from the start of the process until it answers, with that store
    disk           the store's files after a clean stop, per user

With --database postgres, creates stand beside pgbench too, which inserts single rows into the same table, on a copy of
the same store, over as many connections but at most 64 (pgbench -n -M prepared -c 64 -j 2):

    pgbench/s      rows a second, each in a transaction of its own
    of pgbench     the requests a second as a multiple of that
    database CPU   time of PostgreSQL's processes per request
    pgbench CPU    time of pgbench and of PostgreSQL's processes per row

Compare ratios and CPU rather than rates: rates follow the machine's other work.

`

// The databases that are measured.
const (
	onSQLite   = "sqlite"
	onPostgres = "postgres"
)

// options are the command line.
type options struct {
	database    string
	users       int
	beside      int // users of a smaller store
	store       string
	turns       int
	duration    time.Duration
	connections []int
	operations  []string
	slowSMTP    bool
	soak        time.Duration // 0 to measure
	json        bool
	env         []string // of the servers
	against     string
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == bareArgument {
		bare()
		return
	}
	o, err := parse(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		os.Exit(2)
	}
	if err := run(o, os.Stdout, newProgress(os.Stderr)); err != nil {
		fmt.Fprintf(os.Stderr, "\nbench: %v\n", err)
		os.Exit(1)
	}
}

// parse reads the command line; what is wrong with it has been printed when it returns an error.
func parse(args []string, stderr io.Writer) (options, error) {
	o := options{connections: []int{1, 16, 64, 256}, operations: slices.Clone(byDefault)}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		fmt.Fprint(stderr, help)
		f.PrintDefaults()
	}
	f.IntVar(&o.users, "users", 1000, "`number` of users in the store before each turn, at least 100")
	f.IntVar(&o.beside, "beside", 0, "`number` of users in a smaller store that is measured in turns with it, and kept in the folder --store-NUMBER")
	f.StringVar(&o.database, "database", onSQLite, "`sqlite`, or postgres, which is started for this in a temporary folder")
	f.StringVar(&o.store, "store", "", "keep the filled store in this `folder`, and use what an earlier run left there")
	f.IntVar(&o.turns, "turns", 5, "`number` of turns")
	f.DurationVar(&o.duration, "duration", 2*time.Second, "`time` of each measurement, less if 25,000 requests a second run out")
	f.Func("connections", "comma-separated `numbers` of connections (default 1,16,64,256)", func(s string) error {
		o.connections = nil
		for part := range strings.SplitSeq(s, ",") {
			n, err := strconv.Atoi(part)
			if err != nil || n < 1 {
				return fmt.Errorf("%q is not a number of connections", part)
			}
			o.connections = append(o.connections, n)
		}
		return nil
	})
	f.Func("operations", "comma-separated `names` (default "+strings.Join(byDefault, ",")+"; also "+strings.Join(operations[len(byDefault):], ",")+")", func(s string) error {
		o.operations = strings.Split(s, ",")
		for _, name := range o.operations {
			if !slices.Contains(operations, name) {
				return fmt.Errorf("%q is none of %s", name, strings.Join(operations, ", "))
			}
		}
		return nil
	})
	f.BoolVar(&o.slowSMTP, "slow-smtp", false, "give the server an SMTP server that says nothing for five seconds")
	f.DurationVar(&o.soak, "soak", 0, "instead of measuring, put a mixed load on the server for this `time`, and look whether it stays as it was")
	f.BoolVar(&o.json, "json", false, "print JSON instead of a table")
	f.StringVar(&o.against, "against", "", "compare with the JSON `file` of an earlier run")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	var err error
	switch {
	case f.NArg() > 0:
		err = fmt.Errorf("there is no argument %q", f.Arg(0))
	case o.users < pageSize:
		err = fmt.Errorf("--users must be at least %d, a page of ListUsers", pageSize)
	case o.database != onSQLite && o.database != onPostgres:
		err = errors.New("--database must be sqlite or postgres")
	case o.database == onPostgres && o.store != "":
		err = errors.New("--store keeps a store in SQLite alone")
	case o.beside != 0 && (o.beside < pageSize || o.beside >= o.users):
		err = fmt.Errorf("--beside must be at least %d, and less than --users", pageSize)
	case o.beside != 0 && o.database == onPostgres:
		err = errors.New("--beside is for SQLite alone")
	case o.soak < 0:
		err = errors.New("--soak must be more than nothing")
	case o.turns < 1:
		err = errors.New("--turns must be at least 1")
	case o.duration <= 0:
		err = errors.New("--duration must be more than nothing")
	}
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v; see --help\n", err)
	}
	return o, err
}

// run measures and prints.
func run(o options, stdout io.Writer, p *progress) error {
	if o.soak > 0 {
		return soak(o, stdout, p)
	}
	var earlier *report
	if o.against != "" {
		var err error
		if earlier, err = readReport(o.against); err != nil {
			return err
		}
	}
	r, err := measure(o, p)
	p.clear()
	if err != nil {
		return err
	}
	if o.json {
		return r.writeJSON(stdout)
	}
	return r.writeTable(stdout, earlier)
}

// measure does everything that takes time.
func measure(o options, p *progress) (_ *report, err error) {
	work, err := os.MkdirTemp("", "carillon-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	p.say("build the server")
	program, err := harness.Build(work)
	if err != nil {
		return nil, err
	}
	t := &turns{options: o, work: work, program: program, progress: p}
	e, err := t.start()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	filled, err := t.fill(e)
	if err != nil {
		return nil, fmt.Errorf("fill the store: %w", err)
	}
	if t.bare, err = startBare(); err != nil {
		return nil, fmt.Errorf("start the bare server: %w", err)
	}
	defer t.bare.stop()

	if o.slowSMTP {
		slow, err := startSlowSMTP()
		if err != nil {
			return nil, err
		}
		defer slow.Close()
		t.env = []string{"CARILLON_SMTP_URL=smtp://" + slow.Addr().String() + "?starttls=none", "CARILLON_SMTP_FROM=bench@example.com"}
	}
	for n := range o.turns {
		for _, f := range filled {
			if err := t.turn(n, f); err != nil {
				return nil, fmt.Errorf("turn %d: %w", n+1, err)
			}
		}
	}
	r := filled[0].report(o.database)
	if len(filled) > 1 {
		r.Beside = filled[1].report(o.database)
	}
	if slices.Contains(o.operations, createUser) {
		if r.FsyncsPerCreate, err = t.fsyncs(); err != nil {
			return nil, fmt.Errorf("count the fsyncs: %w", err)
		}
	}
	return r, nil
}

// fill fills the store that is measured, and a smaller one if that is wanted: the large one goes on from there.
func (t *turns) fill(e engine) ([]*filledStore, error) {
	var small *filledStore
	if t.beside != 0 {
		large := e.(folders)
		beside := folders{fmt.Sprintf("%s-%d", large.filled, t.beside), t.work}
		var err error
		if small, err = fill(beside, t.beside, t.progress); err != nil {
			return nil, err
		}
		if _, err := os.Stat(large.filled); errors.Is(err, fs.ErrNotExist) {
			if err := beside.copyTo(large.filled); err != nil {
				return nil, err
			}
		}
	}
	large, err := fill(e, t.options.users, t.progress)
	if small == nil || err != nil {
		return []*filledStore{large}, err
	}
	return []*filledStore{large, small}, nil
}

// start makes ready where the stores are kept.
func (t *turns) start() (_ engine, err error) {
	if t.options.database == onSQLite {
		filled := t.store
		if filled == "" {
			filled = filepath.Join(t.work, "filled")
		}
		return folders{filled, t.work}, nil
	}
	t.say("start PostgreSQL")
	if t.postgres, err = startPostgres(t.work); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	return t.postgres, nil
}
