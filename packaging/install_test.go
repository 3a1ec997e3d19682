package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const startLimit = 30 * time.Second

var here = target{"linux", "amd64"}

// runImage starts the image as an engine would: below its root, as its user, with its environment, and asks its health
// check.
func runImage(t *testing.T, root string, config v1.Config) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Log("only root can start the image")
		return
	}
	admit(t, root)
	var user, group uint32
	if _, err := fmt.Sscanf(config.User, "%d:%d", &user, &group); err != nil {
		t.Fatal(err)
	}
	command := func(args ...string) *exec.Cmd {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = "/"
		cmd.Env = append(config.Env, "CARILLON_LISTEN=0.0.0.0:0", "CARILLON_ROOT_ACCESS_KEY_ID=AKIDPACKAGINGEXAMPLE",
			"CARILLON_ROOT_SECRET_ACCESS_KEY=packaging-secret-of-no-worth-0123456789", "CARILLON_AWS_ACCOUNT_ID=111122223333")
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: user, Gid: group}}
		return cmd
	}
	stop := start(t, command(append(config.Entrypoint, config.Cmd...)...), filepath.Join(root, "data"))
	if out, err := command(config.Healthcheck.Test[1:]...).CombinedOutput(); err != nil {
		t.Errorf("the health check: %v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(root, "data", "credentials")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("credentials were made although the environment has some: %v", err)
	}
	stop()
}

// admit lets other users into a folder of the test.
func admit(t *testing.T, folder string) {
	t.Helper()
	for folder := folder; filepath.Clean(folder) != filepath.Clean(os.TempDir()) && folder != "/"; folder = filepath.Dir(folder) {
		if err := os.Chmod(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// start starts a server and returns once it has noted itself in its data folder, and what ends it in good order.
func start(t *testing.T, server *exec.Cmd, data string) (stop func()) {
	t.Helper()
	var log bytes.Buffer
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		if err := errors.Join(server.Process.Signal(syscall.SIGTERM), server.Wait()); err != nil {
			t.Errorf("stop the server: %v\n%s", err, log.String())
		}
	})
	t.Cleanup(stop)
	for begun := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(data, "server.json")); err == nil {
			return stop
		}
		if time.Since(begun) > startLimit {
			t.Fatalf("the server was not ready within %v", startLimit)
		}
	}
}

// TestDebian installs the package, starts the service's program as its user with its environment, and takes everything away
// again. Where a service manager runs, or a carillon is installed, it leaves the machine alone.
func TestDebian(t *testing.T) {
	need(t, "dpkg")
	_, systemd := os.Stat("/run/systemd/system")
	_, installed := user.Lookup("carillon")
	if os.Getuid() != 0 || systemd == nil || installed == nil {
		t.Skip("only root installs packages, where no service manager runs and no carillon is installed")
	}
	if got := strings.TrimSpace(output(t, "dpkg", "--print-architecture")); got != here.arch {
		t.Skipf("this machine is %s", got)
	}
	const data = "/var/lib/carillon"
	t.Cleanup(func() {
		output(t, "dpkg", "--purge", "carillon")
		output(t, "userdel", "carillon")
		if err := os.RemoveAll(data); err != nil {
			t.Error(err)
		}
		for _, left := range []string{"/usr/bin/carillon", "/etc/carillon", "/usr/lib/systemd/system/carillon.service", "/usr/share/doc/carillon"} {
			if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s is left behind: %v", left, err)
			}
		}
	})
	output(t, "dpkg", "-i", made.name(here, ".deb"))
	owner, err := user.Lookup("carillon")
	if err != nil {
		t.Fatal(err)
	}
	uid, gid := number(t, owner.Uid), number(t, owner.Gid)

	// What systemd does for StateDirectory=.
	if err := errors.Join(os.Mkdir(data, 0o700), os.Chown(data, int(uid), int(gid))); err != nil {
		t.Fatal(err)
	}
	unit := settings(string(read(t, "/usr/lib/systemd/system/carillon.service")))
	command := func(line string) *exec.Cmd {
		words := strings.Fields(line)
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Dir = "/"
		cmd.Env = []string{unit["Environment"], "CARILLON_LISTEN=127.0.0.1:0"}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid}}
		return cmd
	}
	stop := start(t, command(unit["ExecStart"]), data)
	for _, line := range []string{"/usr/bin/carillon health", "/usr/bin/carillon call CreateAccount Name=Packaged"} {
		if out, err := command(line).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
	stop()
	output(t, "dpkg", "-i", made.name(here, ".deb")) // again, as an upgrade
	start(t, command(unit["ExecStart"]), data)
	if out, err := command("/usr/bin/carillon call ListAccounts").CombinedOutput(); err != nil || !strings.Contains(string(out), "Packaged") {
		t.Errorf("after the upgrade: %v\n%s", err, out)
	}
}

func number(t *testing.T, id string) uint32 {
	t.Helper()
	n, err := strconv.ParseUint(id, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(n)
}

// settings reads a unit. Of what is set several times it returns the last.
func settings(unit string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(unit) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(line, "#") {
			all[name] = value
		}
	}
	return all
}

// TestUnit has systemd read the unit, and asks how exposed it is: 0 is closed, 10 open to everything.
func TestUnit(t *testing.T) {
	t.Parallel()
	need(t, "systemd-analyze")
	need(t, "dpkg-deb")
	root := t.TempDir()
	output(t, "dpkg-deb", "-x", made.name(here, ".deb"), root)
	unit := filepath.Join(root, "usr/lib/systemd/system/carillon.service")
	text := strings.ReplaceAll(string(read(t, unit)), "/usr/bin/carillon", filepath.Join(root, "usr/bin/carillon"))
	if err := os.WriteFile(unit, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if out := output(t, "systemd-analyze", "verify", "--man=no", unit); strings.Contains(out, "carillon.service:") {
		t.Errorf("systemd-analyze verify: %s", out)
	}
	output(t, "systemd-analyze", "security", "--offline=true", "--threshold=15", unit)
}

// TestSystemCalls traces the server, which may not be root's, and holds its calls against those that the unit allows.
func TestSystemCalls(t *testing.T) {
	t.Parallel()
	need(t, "strace")
	need(t, "systemd-analyze")
	need(t, "dpkg-deb")
	allowed := callsOf(t, "@system-service")
	for _, set := range []string{"@privileged", "@resources"} {
		for call := range callsOf(t, set) {
			delete(allowed, call)
		}
	}
	root := t.TempDir()
	output(t, "dpkg-deb", "-x", made.name(here, ".deb"), root)
	program, data := filepath.Join(root, "usr/bin/carillon"), filepath.Join(root, "data")
	trace := filepath.Join(data, "trace")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	command := func(words ...string) *exec.Cmd {
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Env = append(os.Environ(), "CARILLON_DATA="+data, "CARILLON_LISTEN=127.0.0.1:0")
		if os.Getuid() == 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: imageUser, Gid: imageUser}}
		}
		return cmd
	}
	if os.Getuid() == 0 {
		admit(t, root)
		if err := os.Chown(data, imageUser, imageUser); err != nil {
			t.Fatal(err)
		}
	}
	stop := start(t, command("strace", "-D", "-f", "-qq", "-o", trace, program, "serve"), data)
	if out, err := command(program, "call", "CreateAccount", "Name=Traced").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	stop()
	// prlimit64 asks for more open files; Go does without, and the unit sets the limit itself.
	allowed["prlimit64"] = true
	seen := map[string]bool{}
	for line := range strings.Lines(string(read(t, trace))) {
		_, rest, _ := strings.Cut(line, " ")
		name, _, called := strings.Cut(strings.TrimSpace(rest), "(")
		if called && !strings.ContainsAny(name, " <+-") && !seen[name] {
			seen[name] = true
			if !allowed[name] {
				t.Errorf("the unit forbids %s, which the server calls", name)
			}
		}
	}
	if !seen["fdatasync"] && !seen["fsync"] {
		t.Errorf("the trace shows no fsync, and so not what the server did: %v", seen)
	}
}

// callsOf returns the system calls of a set of systemd's, those of the sets in it too.
func callsOf(t *testing.T, set string) map[string]bool {
	t.Helper()
	calls := map[string]bool{}
	for i, line := range strings.Split(output(t, "systemd-analyze", "syscall-filter", set), "\n") {
		line = strings.TrimSpace(line)
		switch {
		case i == 0, line == "", strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "@"):
			for call := range callsOf(t, line) {
				calls[call] = true
			}
		default:
			calls[line] = true
		}
	}
	return calls
}

// TestRPM has rpm read the package.
func TestRPM(t *testing.T) {
	t.Parallel()
	need(t, "rpm")
	for _, tg := range made.targets {
		if tg.os != "linux" {
			continue
		}
		path := made.name(tg, ".rpm")
		output(t, "rpm", "--checksig", "--nosignature", path)
		arch := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[tg.arch]
		if got, want := output(t, "rpm", "-qp", "--qf", "%{NAME} %{VERSION} %{RELEASE} %{ARCH} %{LICENSE}", path), "carillon 0.0.0~test 1 "+arch+" Apache-2.0"; got != want {
			t.Errorf("the package is %q, want %q", got, want)
		}
		files := output(t, "rpm", "-qp", "--qf", "[%{FILEMODES:perms} %{FILEUSERNAME} %{FILENAMES}\n]", path)
		for _, want := range []string{
			"-rwxr-xr-x root /usr/bin/carillon\n", "-rw-r--r-- root /usr/lib/systemd/system/carillon.service\n", "-rw------- root /etc/carillon/carillon.env\n",
		} {
			if !strings.Contains(files, want) {
				t.Errorf("the package lacks %q; it has\n%s", want, files)
			}
		}
		if config := output(t, "rpm", "-qpc", path); config != "/etc/carillon/carillon.env\n" {
			t.Errorf("the files of settings are %q", config)
		}
	}
}
