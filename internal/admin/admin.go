// Package admin answers operators, on an address of its own: metrics at /metrics, profiles below /debug/pprof/, and the health
// checks. It asks for no credentials, so its address must not be public.
package admin

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/carillon-server/carillon/internal/store"
)

// Config is what the handler is made of.
type Config struct {
	DB      *store.DB
	Metrics *Metrics
	Health  http.Handler // answers /livez and /readyz
	Log     *slog.Logger
}

// New returns the HTTP server for the admin address.
func New(c Config) *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", c.metrics)
	mux.HandleFunc("GET /debug/pprof/{$}", index)
	mux.HandleFunc("GET /debug/pprof/profile", cpuProfile)
	mux.HandleFunc("GET /debug/pprof/trace", executionTrace)
	mux.HandleFunc("GET /debug/pprof/{profile}", profile)
	mux.Handle("/livez", c.Health)
	mux.Handle("/readyz", c.Health)
	mux.HandleFunc("GET /{$}", root)
	return &http.Server{
		Handler:           direct(mux),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug),
	}
}

// direct refuses what browsers send for web pages of others: whoever an operator happens to look at must not have this server
// take profiles of itself all day.
func direct(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("Sec-Fetch-Site") {
		case "", "none", "same-origin":
			h.ServeHTTP(w, r)
		default:
			http.Error(w, "a web page of another origin sent this; open the address itself, or ask with curl", http.StatusForbidden)
		}
	})
}

func root(w http.ResponseWriter, _ *http.Request) {
	text(w, "/metrics\n/debug/pprof/\n/livez\n/readyz\n")
}

func text(w http.ResponseWriter, s string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(s)) // an error means that the client has gone
}
