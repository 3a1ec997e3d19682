package main

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"runtime"

	"github.com/carillon-server/carillon/internal/admin"
	"github.com/carillon-server/carillon/internal/server"
	"github.com/carillon-server/carillon/internal/store"
)

// adminSettings are about the address for operators.
type adminSettings struct {
	AdminListen string `env:"CARILLON_ADMIN_LISTEN" placeholder:"ADDRESS" help:"Another address to listen on, for operators: /metrics for Prometheus, profiles below /debug/pprof/, /livez and /readyz. It asks for no credentials: keep it from the public. Default: none."`
}

// administration is what listens on the admin address; nil where there is none.
type administration struct {
	listener net.Listener
	metrics  *admin.Metrics
}

// openAdmin listens on the admin address if there is to be one.
func (c *adminSettings) openAdmin(log *slog.Logger) (*administration, error) {
	if c.AdminListen == "" {
		return nil, nil
	}
	listener, err := listen("--admin-listen", c.AdminListen)
	if err != nil {
		return nil, err
	}
	if a, ok := listener.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		log.Warn("THE ADMIN ADDRESS ASKS FOR NO CREDENTIALS: whoever reaches it sees what this server does, and can slow it down; "+
			"listen on a loopback address, or see to it that operators alone reach this one", "address", listener.Addr().String())
	}
	runtime.MemProfileRate = admin.MemProfileRate
	return &administration{listener, admin.NewMetrics()}, nil
}

// url returns the URL of the admin address, empty where there is none.
func (a *administration) url() string {
	if a == nil {
		return ""
	}
	return "http://" + reachable(a.listener.Addr())
}

// watch lets the metrics see what the server and its store do.
func (a *administration) watch(db *store.DB, c *server.Config) {
	if a == nil {
		return
	}
	c.Observe = a.metrics.Call
	db.Watch(a.metrics.Watch())
}

// serve answers on the admin address until what it returns is called.
func (a *administration) serve(db *store.DB, s *server.Server, log *slog.Logger) (end func()) {
	if a == nil {
		return func() {}
	}
	a.count(s)
	web := admin.New(admin.Config{DB: db, Metrics: a.metrics, Health: s, Log: log})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := web.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the admin address is served no more", "error", err)
		}
	}()
	return func() {
		if err := web.Close(); err != nil {
			log.Warn("close the admin address", "error", err)
		}
		<-ended
	}
}

// count adds what the server has to do to the metrics.
func (a *administration) count(s *server.Server) {
	a.metrics.AddGauge("carillon_connections", "How many connections are open?", func() float64 { return float64(s.Load().Connections) })
	a.metrics.AddCounter("carillon_connections_evicted_total", "How many connections were closed to make room for others?", func() float64 { return float64(s.Load().Evicted) })
	a.metrics.AddGauge("carillon_calls_under_way", "How many calls are between their signature and their answer?", func() float64 { return float64(s.Load().Calls) })
	a.metrics.AddCounter("carillon_calls_shed_total", "How many calls were refused because the server had enough to do?", func() float64 { return float64(s.Load().Shed) })
	a.metrics.AddGauge("carillon_body_bytes", "How much memory do long bodies take?", func() float64 { return float64(s.Load().Bodies) })
}

// close lets go of the address if it was never served.
func (a *administration) close() {
	if a != nil {
		_ = a.listener.Close() // again, where it was served
	}
}
