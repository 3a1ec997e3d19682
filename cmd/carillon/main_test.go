package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/carillon-server/carillon/internal/keypair/keytest"
	"github.com/carillon-server/carillon/test/logs"
)

// startLimit is how long a server may take until it says that it is ready. It takes a hundredth of this on an idle machine.
const startLimit = 20 * time.Second

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"carillon": program})
}

// program is main, but for the log of a server, which may be kept.
func program() {
	p := &process{env: os.LookupEnv, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	if kept, err := logs.Create(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	} else if kept != nil && slices.Contains(os.Args, "serve") {
		p.stderr = io.MultiWriter(os.Stderr, kept)
	}
	os.Exit(p.run(context.Background(), os.Args[1:]))
}

// TestScripts runs what users and operators type, in testdata/script. The commands below are added to testscript's own.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", filepath.Join(e.WorkDir, "home"))
			e.Setenv("GORACE", "atexit_sleep_ms=0") // the race detector would hold up every program for a second
			e.Setenv(logs.Folder, os.Getenv(logs.Folder))
			writeCertificates(t, filepath.Join(e.WorkDir, "tls"))
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"ready":   ready,
			"term":    term,
			"capture": capture,
			"mode":    mode,
			"become":  become,
			"admin":   adminOf,
			"fetch":   fetchPage,
			"renewed": renewed,
		},
	})
}

// writeCertificates puts certificates where scripts find them: own and other vouch for themselves and have this machine's
// address, named has a name only and an authority that nobody knows.
func writeCertificates(t *testing.T, folder string) {
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	put := func(name string, cert, key []byte) {
		for suffix, data := range map[string][]byte{".crt": cert, ".key": key} {
			if err := os.WriteFile(filepath.Join(folder, name+suffix), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, name := range []string{"own", "other"} {
		cert, key := keytest.Make(t, "127.0.0.1", "localhost")
		put(name, cert, key)
	}
	cert, key := keytest.Issue(t, "*.example.com", "chime.example.com")
	put("named", cert, key)
}

// ready FOLDER waits until a server has noted itself in a data folder, and sets URL to its address.
func ready(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 1)
	path := ts.MkAbs(filepath.Join(args[0], serverFile))
	for begun := time.Now(); time.Since(begun) < startLimit; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			ts.Setenv("URL", note(ts, args[0]).URL)
			return
		}
	}
	ts.Fatalf("no server was ready within %v", startLimit)
}

// term FOLDER sends SIGTERM to the server of a data folder.
func term(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 1)
	server, err := os.FindProcess(note(ts, args[0]).PID)
	ts.Check(err)
	ts.Check(server.Signal(syscall.SIGTERM))
}

// capture NAME sets a variable to what the last command printed.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 1)
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}

// become makes the commands after it call the server at URL with the access key that the last command printed.
func become(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 0)
	var key struct{ AccessKeyID, SecretAccessKey string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &key))
	ts.Setenv("AWS_ACCESS_KEY_ID", key.AccessKeyID)
	ts.Setenv("AWS_SECRET_ACCESS_KEY", key.SecretAccessKey)
	ts.Setenv("AWS_ENDPOINT_URL_CHIME", ts.Getenv("URL"))
}

// mode OCTAL FILE checks a file's permissions.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 2)
	want, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := info.Mode().Perm(); got != os.FileMode(want) {
		ts.Fatalf("%s has mode %o, want %o", args[1], got, want)
	}
}

// adminOf FOLDER sets ADMIN to the admin address of the server of a data folder.
func adminOf(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 1)
	ts.Setenv("ADMIN", note(ts, args[0]).Admin)
}

// renewed FOLDER makes connections until the server of a data folder notes another certificate: it looks at the files once a
// second at most.
func renewed(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 1)
	before := note(ts, args[0])
	client := before.client()
	client.Transport.(*http.Transport).DisableKeepAlives = true
	for begun := time.Now(); time.Since(begun) < startLimit; time.Sleep(100 * time.Millisecond) {
		if response, err := client.Get(before.URL + "/livez"); err == nil {
			response.Body.Close()
		}
		if note(ts, args[0]).Certificate != before.Certificate {
			return
		}
	}
	ts.Fatalf("no other certificate was noted within %v", startLimit)
}

// fetchPage, fetch URL, gets a page, as text; ! fetch checks that there is none.
func fetchPage(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, false, args, 1)
	response, err := http.Get(args[0])
	ts.Check(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	ts.Check(err)
	if (response.StatusCode == http.StatusOK) == neg {
		ts.Fatalf("%s: %s", args[0], response.Status)
	}
	_, err = ts.Stdout().Write(body)
	ts.Check(err)
}

func note(ts *testscript.TestScript, folder string) (r running) {
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(filepath.Join(folder, serverFile))), &r))
	return r
}

func need(ts *testscript.TestScript, neg bool, args []string, n int) {
	if neg || len(args) != n {
		ts.Fatalf("the command takes %d arguments and no !", n)
	}
}

func environment(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, p := range pairs {
			if n, value, _ := strings.Cut(p, "="); n == name {
				return value, true
			}
		}
		return "", false
	}
}
