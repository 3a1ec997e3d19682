package main

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/carillon-server/carillon/api"
)

// reading is a call that only reads, and what a server answered to it.
type reading struct {
	Operation     string
	Input, Output json.RawMessage
}

// TestUpgrade opens the data folders that earlier releases left behind, in testdata/upgrade, and finds everything that was in
// them: by the first credentials, the secrets of bots and the webhooks that were given out then. It does so twice, since
// the first start changes the folder. testdata/upgrade/record makes one of a release.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob("testdata/upgrade/*/data.tar.gz")
	if err != nil || len(folders) == 0 {
		t.Fatalf("there is no data folder of an earlier release: %v", err)
	}
	for _, archive := range folders {
		kept := filepath.Dir(archive)
		t.Run(filepath.Base(kept), func(t *testing.T) {
			t.Parallel()
			folder := unpack(t, archive)
			readings := readReadings(t, filepath.Join(kept, "answers.jsonl"))
			server, stop := upgraded(t, folder)
			for _, r := range readings {
				r.check(t, "first", server)
			}
			stop()
			server, stop = upgraded(t, folder)
			for _, r := range readings {
				r.check(t, "second", server)
			}
			post(t, server.url, filepath.Join(kept, "webhook"))
			stop()
		})
	}
}

// check makes the call again. What is said now may be more than then, and never less.
func (r *reading) check(t *testing.T, start string, server *caller) {
	t.Helper()
	op := api.ByName(r.Operation)
	in, err := input(op, r.Input)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := server.call(t.Context(), op, in)
	if err != nil {
		t.Errorf("%s start, %s %s: %v", start, r.Operation, r.Input, err)
		return
	}
	var then, now any
	if err := errors.Join(json.Unmarshal(r.Output, &then), json.Unmarshal(answer, &now)); err != nil {
		t.Fatal(err)
	}
	for _, lost := range lost(r.Operation, then, now) {
		t.Errorf("%s start, %s: %s", start, r.Input, lost)
	}
}

// lost returns where an answer lacks what it had, or says something else.
func lost(path string, then, now any) (all []string) {
	switch then := then.(type) {
	case map[string]any:
		members, _ := now.(map[string]any)
		for name, value := range then {
			all = append(all, lost(path+"."+name, value, members[name])...)
		}
		return all
	case []any:
		items, _ := now.([]any)
		if len(items) != len(then) {
			return []string{fmt.Sprintf("%s: %d of them, there were %d", path, len(items), len(then))}
		}
		for i, value := range then {
			all = append(all, lost(fmt.Sprintf("%s[%d]", path, i), value, items[i])...)
		}
		return all
	}
	if reflect.DeepEqual(then, now) || timeChanges(path, then, now) {
		return nil
	}
	return []string{fmt.Sprintf("%s = %v, it was %v", path, now, then)}
}

// timeChanges reports whether time alone changes a value so: an invitation and the grace of a new retention end after 30 days.
func timeChanges(path string, then, now any) bool {
	return strings.HasSuffix(path, ".UserInvitationStatus") && then == "Pending" && now == "Failed" ||
		strings.HasSuffix(path, ".InitiateDeletionTimestamp") && now == nil
}

// upgraded starts a server on the folder, as an operator does after the upgrade: with what is in the folder, and nothing else.
func upgraded(t *testing.T, folder string) (server *caller, stop func()) {
	t.Helper()
	var log strings.Builder
	command := exec.Command("carillon", "serve", "--data", folder, "--listen", "127.0.0.1:0")
	command.Env = []string{"HOME=" + t.TempDir(), "GORACE=atexit_sleep_ms=0"}
	command.Stderr = &log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		if err := errors.Join(command.Process.Signal(os.Interrupt), command.Wait()); err != nil {
			t.Errorf("stop the server: %v\n%s", err, log.String())
		}
	})
	t.Cleanup(stop)
	for begun := time.Now(); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(filepath.Join(folder, serverFile)); err == nil {
			break
		}
		if time.Since(begun) > startLimit {
			t.Fatalf("no server was ready within %v", startLimit)
		}
	}
	note, err := findServer(t.Context(), folder, startedAs(environment(), folder, false))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := readCredentials(folder)
	if err != nil {
		t.Fatal(err)
	}
	return &caller{http.DefaultClient, note.URL, defaultRegion, keys}, stop
}

// post sends a message to the webhook whose URL was given out before the upgrade.
func post(t *testing.T, url, file string) {
	t.Helper()
	path, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(url+strings.TrimSpace(string(path)), "application/json", strings.NewReader(`{"Content":"after the upgrade"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("the webhook answers %s", response.Status)
	}
}

func readReadings(t *testing.T, file string) (all []reading) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := json.NewDecoder(bufio.NewReader(f)); ; {
		var r reading
		if err := lines.Decode(&r); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
}

// unpack lays a data folder out as its owner had it.
func unpack(t *testing.T, archive string) (folder string) {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	folder = t.TempDir()
	for entries := tar.NewReader(z); ; {
		h, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return folder
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		content, err := io.ReadAll(entries)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(h.Name)), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
