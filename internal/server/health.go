package server

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// health answers /livez, which says that the process serves, and /readyz, which says that calls can be served now. It
// reports whether the request was for one of them. They need no signature and are not logged.
func (x *exchange) health() bool {
	path, _, _ := strings.Cut(x.target, "?")
	if path != "/livez" && path != "/readyz" {
		return false
	}
	if x.r.Method != http.MethodGet && x.r.Method != http.MethodHead {
		x.w.Header()["Allow"] = []string{"GET, HEAD"}
		x.refuse(answer{http.StatusMethodNotAllowed, "MethodNotAllowedException", "MethodNotAllowed", path + " is for GET"})
		return true
	}
	if path == "/livez" {
		x.write(http.StatusOK, []byte(`{"status":"ok"}`))
		return true
	}
	x.ready()
	return true
}

// ready answers whether the database reads and writes. Its schema was brought up to date before the server began.
func (x *exchange) ready() {
	ctx, cancel := context.WithTimeout(x.r.Context(), 5*time.Second)
	defer cancel()
	switch err := x.DB.Ready(ctx); {
	case x.stopping.Load():
		x.write(http.StatusServiceUnavailable, []byte(`{"status":"stopping"}`))
	case err != nil:
		x.Log.LogAttrs(ctx, slog.LevelError, "not ready", slog.String("request", x.id), slog.Any("error", err))
		x.write(http.StatusServiceUnavailable, []byte(`{"status":"failing","database":"failing","migrations":"done"}`))
	default:
		x.write(http.StatusOK, []byte(`{"status":"ok","database":"ok","migrations":"done"}`))
	}
}
