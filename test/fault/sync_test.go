package fault

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/store"
	"github.com/carillon-server/carillon/test/harness"
)

// TestSyncBeforeAnswer watches the server's system calls. Killing a process spares what it wrote, as the system still has it; a
// power cut does not. So each answer must come after the sync that follows the write of its transaction's commit.
func TestSyncBeforeAnswer(t *testing.T) {
	const each = 25
	checkOrder(t, traceCreates(t, each, "pwrite64,pwritev,write,writev,sendto,sendmsg,fsync,fdatasync,sync_file_range"), each*writers)
}

// TestSyncsPerCreate counts the syncs from the server's start to its end. It watches nothing else, as that would slow the server
// down and make other transactions of the same load.
func TestSyncsPerCreate(t *testing.T) {
	const each = 50
	syncs := 0
	for _, e := range traceCreates(t, each, "fsync,fdatasync") {
		if e.isWAL() {
			syncs++
		}
	}
	per := float64(syncs) / (each * writers)
	t.Logf("%d creates over %d connections with %d syncs of the log: %.3f each, or one for %.1f", each*writers, writers, syncs, per, 1/per)
	if per > 0.1 { // usually 0.04; a busy machine may spread the clients
		t.Errorf("%.3f syncs for each create, want at most 0.1", per)
	}
}

// TestOneSyncForMany has users invited and suspended fifty at a time: each call is one transaction.
func TestOneSyncForMany(t *testing.T) {
	const (
		calls, size = 20, 50
		sealed      = 500 * time.Millisecond // the audit trail is sealed as often, which is a sync, too
		attempts    = 5                      // where the machine is so slow that a server lives for longer
	)
	longest := time.Duration(0)
	syncs := func(do func(*server, string)) (n int) {
		begun := time.Now()
		defer func() { longest = max(longest, time.Since(begun)) }()
		for _, e := range traced(t, "fsync,fdatasync", do) {
			if e.isWAL() {
				n++
			}
		}
		return n
	}
	inviteAll := func(s *server, account string) (invited [][]string) {
		conn, err := s.dial()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for call := range uint64(calls) {
			in := &api.InviteUsersInput{AccountID: account}
			for i := range uint64(size) {
				in.UserEmailList = append(in.UserEmailList, harness.Email("many", call*size+i))
			}
			out, err := harness.Call[api.InviteUsersOutput](s.Server, conn, "InviteUsers", in)
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, invite := range out.Invites {
				ids = append(ids, invite.InviteID)
			}
			invited = append(invited, ids)
		}
		return invited
	}
	suspendAll := func(s *server, account string) {
		invited := inviteAll(s, account)
		conn, err := s.dial()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for _, ids := range invited {
			out, err := harness.Call[api.BatchSuspendUserOutput](s.Server, conn, "BatchSuspendUser", &api.BatchSuspendUserInput{AccountID: account, UserIDList: ids})
			if err != nil || len(out.UserErrors) > 0 {
				t.Fatalf("BatchSuspendUser: %v, %v", out, err)
			}
		}
	}
	for attempt := 1; ; attempt++ {
		longest = 0
		without := syncs(func(*server, string) {})
		inviting := syncs(func(s *server, account string) { inviteAll(s, account) })
		both := syncs(suspendAll)
		if inviting-without == calls && both-inviting == calls {
			return
		}
		if longest < sealed || attempt == attempts {
			t.Fatalf("%d calls of InviteUsers made %d syncs, as many of BatchSuspendUser %d; want one for each", calls, inviting-without, both-inviting)
		}
	}
}

// traceCreates lets each of the writers create users on a server under strace, and returns the system calls of these names.
func traceCreates(t *testing.T, each uint64, names string) []*event {
	t.Helper()
	return traced(t, names, func(s *server, account string) {
		var wait sync.WaitGroup
		for w := range uint64(writers) {
			wait.Go(func() {
				conn, err := s.dial()
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				for i := range each {
					if _, err := newCreation(account, series, w*each+i).attempt(s, conn); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wait.Wait()
	})
}

// traced does something with a server under strace and an account of it, from its start to its end, and returns the system
// calls of these names.
func traced(t *testing.T, names string, do func(s *server, account string)) []*event {
	t.Helper()
	trace := filepath.Join(t.TempDir(), "trace")
	strace := []string{"strace", "-f", "--seccomp-bpf", "-qq", "-y", "-xx", "-s", "70000", "-o", trace, "-e", "trace=" + names}
	if out, err := exec.Command(strace[0], append(strace[1:len(strace):len(strace)], "true")...).CombinedOutput(); err != nil {
		unavailable(t, "strace does not run here: %v\n%s", err, out)
	}
	s := start(t, t.TempDir(), strace...)
	do(s, s.account())
	s.stop()
	events, err := readTrace(trace)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

const series = "sync"

var address = regexp.MustCompile(`[0-9a-f]{16}\.` + series + `@example\.com`)

// event is a system call: from the line of the trace where it begins to the one where it has returned.
type event struct {
	name       string
	file       string
	data       []byte
	offset     int // of a pwrite64
	begin, end int
	failed     bool
}

func (e *event) isWAL() bool  { return strings.HasSuffix(e.file, store.File+"-wal") }
func (e *event) isSync() bool { return e.name == "fsync" || e.name == "fdatasync" }

// created returns the address in an answer to CreateUser, empty if it is not one.
func (e *event) created() string {
	if !strings.HasPrefix(e.file, "socket:") || !strings.HasPrefix(string(e.data), "HTTP/1.1 201 ") {
		return ""
	}
	return string(address.Find(e.data))
}

// checkOrder holds each answer against the log's writes and syncs.
func checkOrder(t *testing.T, events []*event, want int) {
	t.Helper()
	var log walog
	var syncs, answers []*event
	written := map[string]int{} // the first frame with an address
	for _, e := range events {
		switch {
		case e.isWAL() && e.isSync():
			syncs = append(syncs, e)
		case e.isWAL():
			for _, n := range log.write(e) {
				for _, a := range address.FindAll(log.frames[n].page, -1) {
					if _, ok := written[string(a)]; !ok {
						written[string(a)] = n
					}
				}
			}
		case e.created() != "":
			answers = append(answers, e)
		}
	}
	if len(answers) != want || len(written) != want {
		t.Fatalf("the trace has %d answers and %d addresses in the log, want %d of each", len(answers), len(written), want)
	}
	for _, answer := range answers {
		if durable := durableAt(log.frames[written[answer.created()]:], syncs); durable < 0 || durable >= answer.begin {
			t.Errorf("the answer about %s was written at line %d of the trace, its transaction was on the disk at %d", answer.created(), answer.begin, durable)
		}
	}
}

// walog is the log as the system calls make it (documented: SQLite's file format): a header of 32 bytes that has the size of a
// page in its third four, and frames, each of a page behind a header of 24 bytes. In the frame that ends a transaction the
// second four of them are the size of the database then.
type walog struct {
	file   []byte
	next   int // where the first frame begins that is not whole yet
	frames []frame
}

type frame struct {
	page   []byte
	commit bool
	end    int // the line of the trace at which it had been written
}

const (
	walHeader   = 32
	frameHeader = 24
)

// write takes a write to the log, of any part of it, and returns which frames it makes whole.
func (w *walog) write(e *event) (whole []int) {
	w.file = append(w.file, make([]byte, max(0, e.offset+len(e.data)-len(w.file)))...)
	copy(w.file[e.offset:], e.data)
	if len(w.file) < walHeader {
		return nil
	}
	size := frameHeader + int(binary.BigEndian.Uint32(w.file[8:]))
	if w.next = max(w.next, walHeader); e.offset < w.next { // written over
		w.next = walHeader + max(0, e.offset-walHeader)/size*size
	}
	for ; w.next+size <= e.offset+len(e.data); w.next += size {
		f := bytes.Clone(w.file[w.next : w.next+size])
		whole = append(whole, len(w.frames))
		w.frames = append(w.frames, frame{page: f[frameHeader:], commit: binary.BigEndian.Uint32(f[4:]) != 0, end: e.end})
	}
	return whole
}

// durableAt returns the line at which the transaction of the first of the frames was on the disk: where the first sync after its
// last frame had returned. It returns -1 if that never came.
func durableAt(frames []frame, syncs []*event) int {
	last := slices.IndexFunc(frames, func(f frame) bool { return f.commit })
	if last < 0 {
		return -1
	}
	for _, s := range syncs {
		if !s.failed && s.begin > frames[last].end {
			return s.end
		}
	}
	return -1
}

var (
	called  = regexp.MustCompile(`^(\d+) +(\w+)\(\d+<([^>]*)>`)
	resumed = regexp.MustCompile(`^(\d+) +<\.\.\. \w+ resumed>`)
	quoted  = regexp.MustCompile(`"([^"]*)"`)
	offset  = regexp.MustCompile(`, (\d+)(?:\)| <unfinished)`)
)

// readTrace reads what strace wrote with -y -xx. A call during which something else happened has two lines.
func readTrace(path string) ([]*event, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var events []*event
	underWay := map[string]*event{} // by thread
	in := bufio.NewReader(f)
	for n := 0; ; n++ {
		line, err := in.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return events, nil
		}
		if err != nil {
			return nil, err
		}
		failed := strings.Contains(line, " = -1 ")
		if m := resumed.FindStringSubmatch(line); m != nil {
			if e := underWay[m[1]]; e != nil {
				e.end, e.failed = n, failed
				delete(underWay, m[1])
			}
			continue
		}
		m := called.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		e := &event{name: m[2], file: string(unescape(m[3])), begin: n, end: n, failed: failed}
		for _, q := range quoted.FindAllStringSubmatch(line, -1) {
			e.data = append(e.data, unescape(q[1])...)
		}
		if m := offset.FindStringSubmatch(line); m != nil && e.name == "pwrite64" {
			if e.offset, err = strconv.Atoi(m[1]); err != nil {
				return nil, err
			}
		}
		if strings.Contains(line, "<unfinished ...>") {
			e.end = maxLine
			underWay[m[1]] = e
		}
		events = append(events, e)
	}
}

// maxLine is where a call returns that never did.
const maxLine = int(^uint(0) >> 1)

// unescape reads \x61\x62. What is not in that form is taken as it stands.
func unescape(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, `\x`, ""))
	if err != nil {
		return []byte(s)
	}
	return b
}

// unavailable ends a test that cannot be run here: it is skipped, but in continuous integration it fails.
func unavailable(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}
