// Package pgtest starts a PostgreSQL server for tests: in a temporary folder, on a socket there, as an ordinary user. It
// touches no cluster of the machine's own.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// Cluster is a PostgreSQL server. It is safe for concurrent use.
type Cluster struct {
	Folder string // of its socket, its data and its log
	port   int
	bin    string
	as     *syscall.Credential
	made   atomic.Int64
}

// ErrMissing says that no PostgreSQL is installed.
var ErrMissing = errors.New("PostgreSQL is not installed (Debian package postgresql)")

// Options say how a cluster is started.
type Options struct {
	// Durable keeps fsync on. Without it tests are fast, and a crash of the machine may lose what they wrote.
	Durable bool
	// Settings are lines for postgresql.conf.
	Settings []string
	// Port names the socket, and is listened on at 127.0.0.1 if Listen is set.
	Port   int
	Listen bool
}

// Start makes a cluster and starts it. The caller stops it.
func Start(o Options) (_ *Cluster, err error) {
	bin, err := Binaries()
	if err != nil {
		return nil, err
	}
	folder, as, err := NewFolder()
	if err != nil {
		return nil, err
	}
	c := &Cluster{Folder: folder, port: max(o.Port, 5432), bin: bin, as: as}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(folder))
		}
	}()
	if err := c.run("initdb", "--pgdata", c.data(), "--no-sync", "--auth=trust", "--username=carillon", "--encoding=UTF8", "--no-locale"); err != nil {
		return nil, err
	}
	settings := append([]string{
		"unix_socket_directories = '" + folder + "'", "port = " + strconv.Itoa(c.port), "max_connections = 200",
		"listen_addresses = ''", "log_min_messages = warning",
	}, o.Settings...)
	if o.Listen {
		settings = append(settings, "listen_addresses = '127.0.0.1'")
	}
	if !o.Durable {
		settings = append(settings, "fsync = off", "synchronous_commit = off", "full_page_writes = off")
	}
	if err := c.configure(settings...); err != nil {
		return nil, err
	}
	return c, c.Restart()
}

func (c *Cluster) data() string { return filepath.Join(c.Folder, "data") }

// configure adds lines to the cluster's configuration.
func (c *Cluster) configure(lines ...string) error {
	conf, err := os.OpenFile(filepath.Join(c.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = conf.WriteString(strings.Join(lines, "\n") + "\n")
	return errors.Join(err, conf.Close())
}

// NewFolder makes a temporary folder for a server, and says as whom to run it: as another user, whose the folder is, if this one
// is root, whom PostgreSQL refuses. The caller removes it.
func NewFolder() (folder string, as *syscall.Credential, err error) {
	if folder, err = os.MkdirTemp("", "carillon-pg-"); err != nil || os.Getuid() != 0 {
		return folder, nil, err
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return "", nil, errors.Join(err, os.Remove(folder))
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err := errors.Join(err1, err2, os.Chown(folder, uid, gid)); err != nil {
		return "", nil, errors.Join(err, os.Remove(folder))
	}
	return folder, &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func (c *Cluster) run(name string, args ...string) error {
	cmd := exec.Command(c.Program(name), args...)
	cmd.Dir = c.Folder
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.as}
	log, err := os.CreateTemp("", "carillon-pg-log-") // a file: the server keeps it open, and would keep a pipe open
	if err != nil {
		return err
	}
	defer os.Remove(log.Name())
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Run(); err != nil {
		text, _ := os.ReadFile(log.Name()) // only to explain
		return fmt.Errorf("%s: %w\n%s", name, err, text)
	}
	return nil
}

// Restart starts the server, after Crash or Stop.
func (c *Cluster) Restart() error {
	return c.run("pg_ctl", "--pgdata", c.data(), "--log", filepath.Join(c.Folder, "log"), "--wait", "--timeout=60", "start")
}

// Crash stops the server at once, as a crash would: connections break and the next start recovers.
func (c *Cluster) Crash() error {
	return c.run("pg_ctl", "--pgdata", c.data(), "--wait", "--mode=immediate", "stop")
}

// Stop stops the server, which may have crashed, and removes its folder.
func (c *Cluster) Stop() error {
	if _, err := c.PID(); errors.Is(err, fs.ErrNotExist) {
		return os.RemoveAll(c.Folder)
	}
	return errors.Join(c.run("pg_ctl", "--pgdata", c.data(), "--wait", "--mode=fast", "stop"), os.RemoveAll(c.Folder))
}

// Program returns the path of a program that came with the server, such as pgbench.
func (c *Cluster) Program(name string) string { return filepath.Join(c.bin, name) }

// PID returns the server's first process, the parent of all its others.
func (c *Cluster) PID() (int, error) { return PIDOf(c.data()) }

// PIDOf is [Cluster.PID] of whatever server has its data in the folder.
func PIDOf(data string) (int, error) {
	note, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(note), "\n")
	return strconv.Atoi(first)
}

// DSN names a database of the cluster.
func (c *Cluster) DSN(database string) string {
	return fmt.Sprintf("postgres://carillon@/%s?host=%s&port=%d", database, c.Folder, c.port)
}

// NewDatabase makes an empty database and returns its DSN.
func (c *Cluster) NewDatabase(ctx context.Context) (string, error) {
	name := fmt.Sprintf("d%d", c.made.Add(1))
	return c.DSN(name), c.Exec(ctx, "create database "+name)
}

// Exec runs a statement in the cluster's own database.
func (c *Cluster) Exec(ctx context.Context, statement string) error {
	return execAt(ctx, c.DSN("postgres"), statement)
}

// Binaries returns the folder of the programs of the machine's newest PostgreSQL.
func Binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		path, err = filepath.EvalSymlinks(path) // the folder of a link need not have the other programs
		return filepath.Dir(path), err
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", ErrMissing
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}

func version(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // not a number is the oldest of all
	return n
}

var shared struct {
	once    sync.Once
	cluster *Cluster
	err     error
}

// Database returns the DSN of a new, empty database on the shared cluster.
func Database(t testing.TB) string {
	t.Helper()
	dsn, err := Shared(t).NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return dsn
}

// Shared returns the cluster that all tests of the process share. The test is skipped where no PostgreSQL is installed, but
// fails in continuous integration.
func Shared(t testing.TB) *Cluster {
	t.Helper()
	shared.once.Do(func() { shared.cluster, shared.err = Start(Options{}) })
	if errors.Is(shared.err, ErrMissing) && os.Getenv("CI") == "" {
		t.Skip(shared.err)
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.cluster
}

// Stop stops the cluster that the tests of the process shared, once they have ended with that exit code, and returns the
// code to exit with. It is for TestMain.
func Stop(code int) int {
	if shared.cluster == nil {
		return code
	}
	if err := shared.cluster.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}
