package admin

import (
	"net/http"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MemProfileRate is how many allocated bytes are between two that the memory profiles show: the runtime's own default. The
// program takes no such profile unless there is an admin address to ask for it.
const MemProfileRate = 512 << 10

// maxProfile bounds how long a profile may be taken.
const maxProfile = 5 * time.Minute

// The handlers are those of net/http/pprof as far as go tool pprof needs them. That package would register itself with
// http.DefaultServeMux, show the command line, and cost every server half a megabyte.

// index lists the profiles.
func index(w http.ResponseWriter, _ *http.Request) {
	names := []string{"profile", "trace"}
	for _, p := range pprof.Profiles() {
		names = append(names, p.Name())
	}
	slices.Sort(names)
	text(w, strings.Join(names, "\n")+"\n")
}

// profile writes one of the runtime's profiles: heap, goroutine, …
func profile(w http.ResponseWriter, r *http.Request) {
	p := pprof.Lookup(r.PathValue("profile"))
	if p == nil {
		http.Error(w, "there is no such profile; /debug/pprof/ lists them", http.StatusNotFound)
		return
	}
	if p.Name() == "heap" && r.FormValue("gc") != "" {
		runtime.GC()
	}
	debug, _ := strconv.Atoi(r.FormValue("debug")) // without a number it is 0, the form for go tool pprof
	if debug == 0 {
		w.Header().Set("Content-Type", "application/octet-stream")
	} else {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	_ = p.WriteTo(w, debug) // an error means that the client has gone
}

// cpuProfile profiles the processors for as many seconds as are asked for, 30 if none are.
func cpuProfile(w http.ResponseWriter, r *http.Request) {
	record(w, r, 30*time.Second, func() error { return pprof.StartCPUProfile(w) }, pprof.StopCPUProfile)
}

// executionTrace traces what the runtime does, for a second if no time is asked for.
func executionTrace(w http.ResponseWriter, r *http.Request) {
	record(w, r, time.Second, func() error { return trace.Start(w) }, trace.Stop)
}

func record(w http.ResponseWriter, r *http.Request, usual time.Duration, start func() error, stop func()) {
	length := usual
	if s := r.FormValue("seconds"); s != "" {
		n, err := strconv.ParseFloat(s, 64)
		if length = time.Duration(n * float64(time.Second)); err != nil || length <= 0 || length > maxProfile {
			http.Error(w, "seconds must be a number above 0, at most 300", http.StatusBadRequest)
			return
		}
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	if err := start(); err != nil {
		http.Error(w, err.Error(), http.StatusConflict) // one is being taken
		return
	}
	defer stop()
	end := time.NewTimer(length)
	defer end.Stop()
	select {
	case <-end.C:
	case <-r.Context().Done():
	}
}
