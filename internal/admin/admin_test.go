package admin_test

import (
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/carillon-server/carillon/internal/admin"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/seal/sealtest"
	"github.com/carillon-server/carillon/internal/store"
)

// start serves the metrics and a store on which they look, and returns a function that fetches a page.
func start(t *testing.T, m *admin.Metrics) (*store.DB, func(path string) (int, string)) {
	t.Helper()
	db, err := store.Open(t.Context(), t.TempDir(), rand.Reader, sealtest.Keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.Watch(m.Watch())
	health := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "health "+r.URL.Path) })
	web := httptest.NewServer(admin.New(admin.Config{DB: db, Metrics: m, Health: health, Log: slog.New(slog.DiscardHandler)}).Handler)
	t.Cleanup(web.Close)
	return db, func(path string) (int, string) {
		t.Helper()
		r, err := http.Get(web.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(body)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	m := admin.NewMetrics()
	db, get := start(t, m)
	m.AddGauge("carillon_test", "What is this?", func() float64 { return 7 })
	m.Call("CreateUser", 201, "", 3*time.Millisecond)
	m.Call("CreateUser", 409, "ConflictException", 300*time.Microsecond)
	m.Call("CreateUser", 409, "ConflictException", time.Minute)
	m.Call("page", 404, "", time.Millisecond)
	m.Call("/../etc", 404, "NotFoundException", time.Millisecond)
	err := db.Update(t.Context(), 1, func(tx *store.Tx) error {
		tx.InsertAccount(chime.NewAccount(chimetest.Source(), 1, "Example"))
		tx.InsertJob(&store.Job{Tenant: 1, Kind: "mail", State: store.JobQueued, QueuedAt: chimetest.Start, DueAt: chimetest.Start})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	m.Watch().Retried("40001")

	status, page := get("/metrics")
	if status != 200 {
		t.Fatalf("/metrics: %d %s", status, page)
	}
	for _, want := range []string{
		`carillon_call_seconds_bucket{operation="CreateUser",le="0.0005"} 1`,
		`carillon_call_seconds_bucket{operation="CreateUser",le="0.005"} 2`,
		`carillon_call_seconds_bucket{operation="CreateUser",le="30"} 2`,
		`carillon_call_seconds_bucket{operation="CreateUser",le="+Inf"} 3`,
		`carillon_call_seconds_count{operation="CreateUser"} 3`,
		`carillon_errors_total{operation="CreateUser",exception="ConflictException"} 2`,
		`carillon_errors_total{operation="page",exception="404"} 1`,
		`carillon_errors_total{operation="-",exception="NotFoundException"} 1`,
		`carillon_commit_seconds_count 1`,
		`carillon_commit_changes_bucket{le="1"} 1`,
		`carillon_store_retries_total{code="40001"} 1`,
		`carillon_store_waiting_changes 0`,
		`carillon_jobs_queued{kind="mail"} 1`,
		`carillon_test 7`,
	} {
		if !strings.Contains(page, "\n"+want+"\n") {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, want := range []string{`(?m)^go_goroutines [1-9]`, `(?m)^process_resident_memory_bytes [1-9]`, `(?m)^carillon_store_bytes [1-9]`} {
		if !regexp.MustCompile(want).MatchString(page) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(page, "GetUser") || strings.Contains(page, "etc") {
		t.Error("the page has an operation that nobody called, or a name that is none")
	}
	checkForm(t, page)
}

var sample = regexp.MustCompile(`^[a-z_][a-z0-9_]*(\{[a-z]+="[^"\\\n]*"(, ?[A-Za-z]+="[^"\\\n]*")*\})? (-?[0-9.e+-]+|\+Inf|NaN)$`)

// checkForm checks that each line has the text form of Prometheus, and each of our metrics a help and a type in front.
func checkForm(t *testing.T, page string) {
	t.Helper()
	kinds := map[string]bool{}
	for line := range strings.Lines(page) {
		line = strings.TrimSuffix(line, "\n")
		if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, _, _ := strings.Cut(rest, " ")
			kinds[name] = true
			continue
		}
		if strings.HasPrefix(line, "# HELP ") {
			continue
		}
		if !sample.MatchString(line) {
			t.Errorf("not a sample: %q", line)
			continue
		}
		name := line[:strings.IndexAny(line, "{ ")]
		for _, part := range []string{"_bucket", "_sum", "_count"} {
			name = strings.TrimSuffix(name, part)
		}
		if strings.HasPrefix(name, "carillon_") && !kinds[name] {
			t.Errorf("%s has no type", name)
		}
	}
}

func TestProfiles(t *testing.T) {
	t.Parallel()
	_, get := start(t, admin.NewMetrics())
	const gzip = "\x1f\x8b"
	for path, want := range map[string]struct {
		status int
		begins string
	}{
		"/":                                        {200, "/metrics\n"},
		"/livez":                                   {200, "health /livez"},
		"/readyz":                                  {200, "health /readyz"},
		"/debug/pprof/":                            {200, "allocs\n"},
		"/debug/pprof/heap?gc=1":                   {200, gzip},
		"/debug/pprof/goroutine?debug=1":           {200, "goroutine profile:"},
		"/debug/pprof/nothing":                     {404, "there is no such profile"},
		"/debug/pprof/cmdline":                     {404, "there is no such profile"},
		"/debug/pprof/profile?seconds=0.1":         {200, gzip},
		"/debug/pprof/trace?seconds=0.1":           {200, "go 1."},
		"/debug/pprof/profile?seconds=301":         {400, "seconds must be"},
		"/debug/pprof/profile?seconds=1e300":       {400, "seconds must be"},
		"/debug/pprof/trace?seconds=NaN":           {400, "seconds must be"},
		"/accounts":                                {404, ""},
		"/debug/pprof/../../metrics/../../nowhere": {404, ""},
	} {
		if status, body := get(path); status != want.status || !strings.HasPrefix(body, want.begins) {
			t.Errorf("%s: %d %.60q, want %d %q", path, status, body, want.status, want.begins)
		}
	}
}

func TestPagesOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	db, _ := start(t, admin.NewMetrics())
	health := http.NotFoundHandler()
	h := admin.New(admin.Config{DB: db, Metrics: admin.NewMetrics(), Health: health, Log: slog.New(slog.DiscardHandler)}).Handler
	for site, want := range map[string]int{"": 200, "none": 200, "same-origin": 200, "same-site": 403, "cross-site": 403} {
		r := httptest.NewRequest(http.MethodGet, "/debug/pprof/heap?gc=1", nil)
		if site != "" {
			r.Header.Set("Sec-Fetch-Site", site)
		}
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != want {
			t.Errorf("Sec-Fetch-Site %q: %d, want %d", site, w.Code, want)
		}
	}
}

// BenchmarkCall is what metrics add to each call.
func BenchmarkCall(b *testing.B) {
	m := admin.NewMetrics()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			m.Call("CreateUser", 201, "", 3*time.Millisecond)
		}
	})
}

func TestCallAllocatesNothing(t *testing.T) {
	m := admin.NewMetrics()
	for _, exception := range []string{"", "ConflictException"} {
		status := 201
		if exception != "" {
			status = 409
		}
		call := func() { m.Call("CreateUser", status, exception, time.Millisecond) }
		call()
		if n := testing.AllocsPerRun(100, call); n != 0 {
			t.Errorf("a call with the exception %q allocates %v times", exception, n)
		}
	}
}
