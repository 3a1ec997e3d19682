// Package wire_test plays the scripts of this folder against the server: what goes over the wire, to be read side by side
// with the AWS documentation.
//
// A script is a text file. Lines that begin with > are a request, as HTTP writes it; those with < are the answer that is
// expected to it, with the JSON indented and without Date and Content-Length. # begins a comment. Requests are signed by a
// user of the AWS account 123456789012 unless lines before them say otherwise:
//
//	! unsigned           sends no signature
//	! tenant 2           signs as another AWS account, 999999999999
//	! key AKIDEXAMPLE    names another access key
//	! secret wrong       signs with another secret
//	! clock 6m           signs at a time that is off, here six minutes ahead
//	! service s3         signs for another service
//	! without-faults     asks a server, on the same data, that was started without --faults and --test-clock
//
// A line such as A = Account.AccountId after an answer keeps a part of it, which later requests write as $A. The clock
// stands still but for AdvanceClock, and IDs and PINs are the same in every run.
//
// After a change that is wanted, go test ./test/wire -update rewrites the answers; review the difference.
package wire_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/gate"
	"github.com/carillon-server/carillon/internal/jobs"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/server"
	"github.com/carillon-server/carillon/internal/sigv4"
	"github.com/carillon-server/carillon/internal/store/storetest"
	"github.com/carillon-server/carillon/test/logs"
)

var update = flag.Bool("update", false, "rewrite the answers in the scripts")

// The access keys of the two AWS accounts, and the secret of both.
const (
	key1   = "AKIDTENANTONEEXAMPLE"
	key2   = "AKIDTENANTTWOEXAMPLE"
	secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

func TestScripts(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("*.txt")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("found %d scripts, %v", len(scripts), err)
	}
	for _, path := range scripts {
		t.Run(strings.TrimSuffix(path, ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			played := newPlayer(t).play(string(text))
			if *update {
				if err := os.WriteFile(path, []byte(played), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(strings.Split(string(text), "\n"), strings.Split(played, "\n")); diff != "" {
				t.Errorf("%s (-want +got); -update rewrites it:\n%s", path, diff)
			}
		})
	}
}

// player plays one script against a server of its own.
type player struct {
	t               *testing.T
	with, without   *server.Server    // faults
	out             strings.Builder   // the script as it should be
	request, wishes []string          // the lines of the request that is being read, and those before it
	answer          []byte            // the body of the last answer
	kept            map[string]string // parts of answers, by $name
}

func newPlayer(t *testing.T) *player {
	t.Helper()
	source := chimetest.Source()
	// The store's secrets are drawn from elsewhere, so that one more of them does not change every PIN.
	db := storetest.Open(t, chimetest.Source().Random)
	keys := map[string]server.Key{}
	for id, tenant := range map[string]chime.Tenant{key1: 123456789012, key2: 999999999999} {
		kind := chime.TenantRoot
		if id == key1 {
			kind = chime.InstallationRoot
		}
		keys[id] = server.Key{Secret: secret, Caller: tenant.Root(kind, id)}
	}
	// Every request gets the same id, so that one more request does not change the answers to those after it.
	same := source.NewID()
	log := logs.Logger(t, io.Discard)
	start := func(faults *ops.Faults) *server.Server {
		var runner *jobs.Runner
		g := gate.New(db, source, ops.Settings{
			Faults: faults, OrderDelay: time.Second, NumberQuota: 25, TestClock: faults != nil,
			RunDue: func(ctx context.Context) error { return runner.RunDue(ctx) },
		})
		runner = jobs.New(jobs.Config{DB: db, Gate: g, Source: chimetest.Source(), Log: log})
		return server.New(server.Config{
			Gate:   g,
			DB:     db,
			Log:    log,
			Source: chime.Source{Now: source.Now, NewID: func() chime.ID { return same }, Random: source.Random},
			Keys: func(ctx context.Context, id string) (server.Key, bool, error) {
				if root, ok := keys[id]; ok {
					return root, true, nil
				}
				return server.LookUp(db, server.Key{})(ctx, id)
			},
		})
	}
	return &player{t: t, with: start(ops.NewFaults()), without: start(nil), kept: map[string]string{}}
}

var keepForm = regexp.MustCompile(`^([A-Z][A-Za-z0-9]*) = ([A-Za-z0-9.]+)$`)

// play makes the requests of a script and returns it with the answers that came.
func (p *player) play(script string) string {
	for n, line := range strings.Split(strings.TrimSuffix(script, "\n"), "\n") {
		if rest, ok := strings.CutPrefix(line, ">"); ok {
			p.request = append(p.request, strings.TrimPrefix(rest, " "))
			p.write(line)
			continue
		}
		p.send()
		keep := keepForm.FindStringSubmatch(line)
		switch {
		case strings.HasPrefix(line, "<"): // as send has written it anew
			continue
		case strings.HasPrefix(line, "! "):
			p.wishes = append(p.wishes, line[2:])
		case keep != nil:
			p.keep(keep[1], keep[2])
		case line != "" && !strings.HasPrefix(line, "#"):
			p.t.Fatalf("line %d is neither request, answer, comment nor wish: %s", n+1, line)
		}
		p.write(line)
	}
	p.send()
	return p.out.String()
}

func (p *player) write(line string) { p.out.WriteString(strings.TrimRight(line, " ") + "\n") }

// send makes the request that has been read, if there is one, and writes down the answer.
func (p *player) send() {
	if p.request == nil {
		return
	}
	r, handler := p.read()
	p.request, p.wishes, p.answer = nil, nil, nil
	w := httptest.NewRecorder()
	if lost := serve(handler, w, r); lost {
		p.write("< (the connection is lost)")
		return
	}
	response := w.Result()
	p.write(fmt.Sprintf("< %d %s", response.StatusCode, http.StatusText(response.StatusCode)))
	for _, name := range slices.Sorted(maps.Keys(response.Header)) {
		if name != "Content-Length" {
			p.write("< " + name + ": " + strings.Join(response.Header[name], ", "))
		}
	}
	p.answer = w.Body.Bytes()
	if length := response.Header["Content-Length"]; r.Method != http.MethodHead && len(p.answer) > 0 &&
		!slices.Equal(length, []string{strconv.Itoa(len(p.answer))}) {
		p.t.Errorf("%s %s: Content-Length %q, and %d bytes came", r.Method, r.RequestURI, length, len(p.answer))
	}
	if len(p.answer) == 0 {
		return
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, p.answer, "", "  "); err != nil {
		p.t.Errorf("%s %s: the answer is not JSON: %s", r.Method, r.RequestURI, p.answer)
		return
	}
	p.write("<")
	for line := range strings.Lines(moment.ReplaceAllString(indented.String(), "YYYYMMDDTHHMMSSZ")) {
		p.write("< " + strings.TrimSuffix(line, "\n"))
	}
}

// moment is a time as signatures write it: the one thing in the answers that the clock of the machine decides.
var moment = regexp.MustCompile(`[0-9]{8}T[0-9]{6}Z`)

// serve lets the handler answer, and reports whether it gave up the connection instead.
func serve(h http.Handler, w http.ResponseWriter, r *http.Request) (lost bool) {
	defer func() {
		if v := recover(); v == http.ErrAbortHandler {
			lost = true
		} else if v != nil {
			panic(v)
		}
	}()
	h.ServeHTTP(w, r)
	return false
}

// read turns the lines of a request into one, and signs it.
func (p *player) read() (*http.Request, http.Handler) {
	lines := strings.Split(p.expand(strings.Join(p.request, "\n")), "\n")
	method, target, ok := strings.Cut(lines[0], " ")
	if !ok {
		p.t.Fatalf("%q is not METHOD TARGET", lines[0])
	}
	header, lines := http.Header{}, lines[1:]
	for len(lines) > 0 && lines[0] != "" {
		name, value, ok := strings.Cut(lines[0], ": ")
		if !ok {
			p.t.Fatalf("%q is not a header; an empty line comes before the body", lines[0])
		}
		header.Add(name, value)
		lines = lines[1:]
	}
	body := ""
	if len(lines) > 0 {
		body = strings.Join(lines[1:], "\n")
	}
	r := httptest.NewRequestWithContext(context.Background(), method, target, strings.NewReader(body))
	r.Header = header
	return r, p.grant(r, target, body)
}

// grant does what the lines before a request wish, and returns the server to ask.
func (p *player) grant(r *http.Request, target, body string) http.Handler {
	handler, signed, key, word, service, now := p.with, true, key1, secret, "chime", time.Now()
	for _, wish := range p.wishes {
		what, value, _ := strings.Cut(p.expand(wish), " ")
		switch what {
		case "unsigned":
			signed = false
		case "tenant":
			key = map[string]string{"1": key1, "2": key2}[value]
		case "key":
			key = value
		case "secret":
			word = value
		case "service":
			service = value
		case "clock":
			off, err := time.ParseDuration(value)
			if err != nil {
				p.t.Fatal(err)
			}
			now = now.Add(off)
		case "without-faults":
			handler = p.without
		default:
			p.t.Fatalf("unknown wish %q", wish)
		}
	}
	if signed {
		sigv4.Sign(&sigv4.Request{Method: r.Method, Target: target, Host: r.Host, Header: r.Header, Body: []byte(body)}, key, word, "us-east-1", service, now)
	}
	return handler
}

// keep notes the text at a path of the last answer.
func (p *player) keep(name, path string) {
	var value any
	if err := json.Unmarshal(p.answer, &value); err != nil {
		p.t.Fatalf("%s = %s: %v", name, path, err)
	}
	for step := range strings.SplitSeq(path, ".") {
		object, _ := value.(map[string]any)
		value = object[step]
	}
	text, ok := value.(string)
	if !ok {
		p.t.Fatalf("%s = %s: there is no text in %s", name, path, p.answer)
	}
	p.kept[name] = text
}

// expand replaces what was kept.
func (p *player) expand(text string) string {
	return os.Expand(text, func(name string) string {
		value, ok := p.kept[name]
		if !ok {
			p.t.Fatalf("$%s is not kept by a line before", name)
		}
		return value
	})
}
