package cluster

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/carillon-server/carillon/internal/store/pgtest"
	"github.com/carillon-server/carillon/test/harness"
)

// patroniNode is the configuration of a node. A leader's lease of 20 s is the shortest that Patroni takes.
const patroniNode = `
scope: carillon
name: NAME
restapi:
  listen: 127.0.0.1:API
  connect_address: 127.0.0.1:API
etcd3:
  host: 127.0.0.1:ETCD
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 2
    retry_timeout: 3
    synchronous_mode: true
    postgresql:
      parameters:
        max_connections: 200
  initdb:
  - encoding: UTF8
  - locale: C
  pg_hba:
  - local all all trust
  - host all all 127.0.0.1/32 trust
  - host replication all 127.0.0.1/32 trust
postgresql:
  listen: 127.0.0.1:PORT
  connect_address: 127.0.0.1:PORT
  data_dir: FOLDER/NAME
  bin_dir: BIN
  pgpass: FOLDER/NAME.pgpass
  parameters:
    unix_socket_directories: FOLDER
  authentication:
    superuser:
      username: carillon
      password: of-no-worth
    replication:
      username: replicator
      password: of-no-worth
`

// node is a node of Patroni: the process, and the PostgreSQL that it runs.
type node struct {
	api  string // its address
	data string
	port string
	cmd  *exec.Cmd
}

// die kills the node and its PostgreSQL, as the loss of a machine would.
func (n *node) die() error {
	pid, err := pgtest.PIDOf(n.data)
	if err != nil {
		return err
	}
	return errors.Join(n.cmd.Process.Kill(), syscall.Kill(pid, syscall.SIGKILL))
}

// answers reports whether the node's API answers 200: /primary where it is the leader, /sync where it is a synchronous standby.
func (n *node) answers(path string) bool {
	r, err := http.Get("http://" + n.api + path)
	if err != nil {
		return false
	}
	defer r.Body.Close()
	_, _ = io.Copy(io.Discard, r.Body) // only the status says something
	return r.StatusCode == http.StatusOK
}

// patroni starts etcd and two nodes in a folder, and returns the leader and the standby once that follows.
func patroni(t *testing.T) (leader, standby *node) {
	t.Helper()
	for _, program := range []string{"patroni", "etcd"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%v (Debian packages patroni and etcd-server)", err)
		}
	}
	folder, as := ordinaryFolder(t)
	begin := func(name string, line ...string) *exec.Cmd {
		log, err := os.Create(filepath.Join(folder, name+".log"))
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(line[0], line[1:]...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = folder, log, log
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Signal(syscall.SIGTERM) // it may be dead already
			_ = cmd.Wait()
			log.Close()
			if said, err := os.ReadFile(log.Name()); t.Failed() {
				t.Logf("%s said: %s, %v", name, said, err)
			}
		})
		return cmd
	}
	client, peer := freePort(t), freePort(t)
	begin("etcd", "etcd", "--data-dir", filepath.Join(folder, "etcd"), "--listen-client-urls", "http://127.0.0.1:"+client,
		"--advertise-client-urls", "http://127.0.0.1:"+client, "--listen-peer-urls", "http://127.0.0.1:"+peer,
		"--initial-advertise-peer-urls", "http://127.0.0.1:"+peer, "--initial-cluster", "default=http://127.0.0.1:"+peer)
	bin, err := pgtest.Binaries()
	if err != nil {
		t.Skip(err)
	}
	var nodes []*node
	for _, name := range []string{"n1", "n2"} {
		n := &node{api: "127.0.0.1:" + freePort(t), data: filepath.Join(folder, name), port: freePort(t)}
		_, api, _ := net.SplitHostPort(n.api)
		config := filepath.Join(folder, name+".yml")
		text := strings.NewReplacer("NAME", name, "API", api, "ETCD", client, "PORT", n.port, "FOLDER", folder, "BIN", bin).Replace(patroniNode)
		if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		n.cmd = begin(name, "patroni", config)
		nodes = append(nodes, n)
	}
	waitFor(t, "a leader and a synchronous standby", func() bool {
		for i, n := range nodes {
			if n.answers("/primary") && nodes[1-i].answers("/sync") {
				leader, standby = n, nodes[1-i]
			}
		}
		return leader != nil
	})
	return leader, standby
}

// ordinaryFolder makes a folder for an ordinary user: PostgreSQL refuses root.
func ordinaryFolder(t *testing.T) (string, *syscall.Credential) {
	t.Helper()
	folder, as, err := pgtest.NewFolder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	return folder, as
}

func freePort(t *testing.T) string {
	t.Helper()
	address, err := harness.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func waitFor(t *testing.T, what string, is func() bool) {
	t.Helper()
	for begun := time.Now(); !is(); time.Sleep(200 * time.Millisecond) {
		if time.Since(begun) > 2*time.Minute {
			t.Fatalf("two minutes later there is not %s", what)
		}
	}
}

// TestPatroniFailsOver has the leader's machine die under writers: Patroni promotes the synchronous standby when the leader's
// lease has ended, and nothing that was acknowledged is lost.
func TestPatroniFailsOver(t *testing.T) {
	leader, standby := patroni(t)
	database := fmt.Sprintf("postgres://carillon:of-no-worth@127.0.0.1:%s,127.0.0.1:%s/postgres?target_session_attrs=read-write&sslmode=disable", leader.port, standby.port)
	c := startServers(t, database, database)
	account := c.account()
	w := c.write(account, 40*time.Second, func() {
		time.Sleep(4 * time.Second)
		if err := leader.die(); err != nil {
			t.Error(err)
		}
		waitFor(t, "a new leader", func() bool { return standby.answers("/primary") })
	})
	c.check(account, &w.made)
	c.checkRecords()
	t.Log(w)
}
