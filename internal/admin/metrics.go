package admin

import (
	"bytes"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/store"
)

// Metrics counts what the server does. It is safe for concurrent use. Labels are operations and kinds, never ids or names.
type Metrics struct {
	calls, errors, commits, batches, retries *family

	operations map[string]*operation
	commit     *metrics.PrometheusHistogram
	batch      *metrics.PrometheusHistogram

	mu     sync.Mutex
	lookUp []number
}

// family is the metrics of one name.
type family struct {
	name, kind, help string
	*metrics.Set
}

// number is looked up when somebody asks.
type number struct {
	name, kind, help string
	value            func() float64
}

// operation counts the calls of one operation. Its metrics are made with its first call, so that the page shows what is used.
type operation struct {
	once   sync.Once
	took   *metrics.PrometheusHistogram
	failed sync.Map // from exception to *metrics.Counter
}

var (
	callBuckets   = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	commitBuckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}
	batchBuckets  = []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512}
)

// NewMetrics returns metrics that have counted nothing.
func NewMetrics() *Metrics {
	m := &Metrics{
		calls:   newFamily("carillon_call_seconds", "histogram", "How many calls does each operation get, and how long do they take from the end of the headers to the answer?"),
		errors:  newFamily("carillon_errors_total", "counter", "Which errors are answered, by operation and exception, or by status where there is none?"),
		commits: newFamily("carillon_commit_seconds", "histogram", "How long does the database take to make changes durable? With SQLite this is the write and fsync of its log."),
		batches: newFamily("carillon_commit_changes", "histogram", "How many changes share one commit?"),
		retries: newFamily("carillon_store_retries_total", "counter", "How often is PostgreSQL asked again, by SQLSTATE or because a connection broke? 40001 is two transactions that met."),

		operations: map[string]*operation{},
	}
	m.commit = m.commits.NewPrometheusHistogramExt(m.commits.name, commitBuckets)
	m.batch = m.batches.NewPrometheusHistogramExt(m.batches.name, batchBuckets)
	for _, op := range api.AllOperations {
		m.operations[op.Name] = &operation{}
	}
	for _, name := range [...]string{"page", "webhook", noOperation} {
		m.operations[name] = &operation{}
	}
	return m
}

func newFamily(name, kind, help string) *family {
	return &family{name, kind, help, metrics.NewSet()}
}

// AddGauge adds a number that goes up and down, and is looked up when somebody asks.
func (m *Metrics) AddGauge(name, help string, value func() float64) {
	m.add(number{name, "gauge", help, value})
}

// AddCounter is AddGauge for a number that only goes up. Its name ends in _total.
func (m *Metrics) AddCounter(name, help string, value func() float64) {
	m.add(number{name, "counter", help, value})
}

func (m *Metrics) add(n number) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lookUp = append(m.lookUp, n)
}

// noOperation is what the server calls a request that is for none.
const noOperation = "-"

// Call counts a call that was answered. name is one that the server gives in its log.
func (m *Metrics) Call(name string, status int, exception string, took time.Duration) {
	op := m.operations[name]
	if op == nil {
		name = noOperation
		op = m.operations[name]
	}
	op.once.Do(func() {
		op.took = m.calls.NewPrometheusHistogramExt(m.calls.name+`{operation="`+name+`"}`, callBuckets)
	})
	op.took.Update(took.Seconds())
	if status < http.StatusBadRequest {
		return
	}
	if exception == "" {
		exception = strconv.Itoa(status)
	}
	failed, ok := op.failed.Load(exception)
	if !ok {
		failed, _ = op.failed.LoadOrStore(exception,
			m.errors.GetOrCreateCounter(fmt.Sprintf("%s{operation=%q,exception=%q}", m.errors.name, name, exception)))
	}
	failed.(*metrics.Counter).Inc()
}

// Watch is what the store tells of itself.
func (m *Metrics) Watch() store.Watch {
	return store.Watch{
		Committed: func(changes int, took time.Duration) {
			m.commit.Update(took.Seconds())
			m.batch.Update(float64(changes))
		},
		Retried: func(code string) {
			m.retries.GetOrCreateCounter(fmt.Sprintf("%s{code=%q}", m.retries.name, code)).Inc()
		},
	}
}

// metrics writes everything in the text form of Prometheus.
func (c *Config) metrics(w http.ResponseWriter, r *http.Request) {
	var page bytes.Buffer
	m := c.Metrics
	for _, f := range [...]*family{m.calls, m.errors, m.commits, m.batches, m.retries} {
		f.write(&page)
	}
	m.mu.Lock()
	numbers := m.lookUp
	m.mu.Unlock()
	for _, n := range numbers {
		head(&page, n.name, n.kind, n.help)
		fmt.Fprintf(&page, "%s %v\n", n.name, n.value())
	}
	if f, err := c.DB.Figures(r.Context()); err != nil {
		c.Log.LogAttrs(r.Context(), slog.LevelError, "look at the store for its metrics", slog.Any("error", err))
	} else {
		writeFigures(&page, f)
	}
	metrics.WriteProcessMetrics(&page)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = page.WriteTo(w) // an error means that the client has gone
}

func writeFigures(page *bytes.Buffer, f store.Figures) {
	for _, g := range [...]struct {
		name, help string
		value      int64
	}{
		{"carillon_store_waiting_changes", "How many changes wait for their commit? Above 8192 more are refused.", int64(f.Waiting)},
		{"carillon_store_busy_connections", "How many connections read or, with PostgreSQL, write right now?", int64(f.Busy)},
		{"carillon_store_bytes", "How large is the database, with SQLite its log included?", f.Size},
	} {
		head(page, g.name, "gauge", g.help)
		fmt.Fprintf(page, "%s %d\n", g.name, g.value)
	}
	const jobs = "carillon_jobs_queued"
	head(page, jobs, "gauge", "How many jobs are to be done, now or later?")
	for _, kind := range slices.Sorted(maps.Keys(f.Jobs)) {
		fmt.Fprintf(page, "%s{kind=%q} %d\n", jobs, kind, f.Jobs[kind])
	}
}

func (f *family) write(page *bytes.Buffer) {
	if len(f.ListMetricNames()) == 0 {
		return
	}
	head(page, f.name, f.kind, f.help)
	f.WritePrometheus(page)
}

func head(page *bytes.Buffer, name, kind, help string) {
	fmt.Fprintf(page, "# HELP %[1]s %[3]s\n# TYPE %[1]s %[2]s\n", name, kind, help)
}
