package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/carillon-server/carillon/test/harness"
)

const (
	soakConnections = 64
	soakWindow      = 30 * time.Second
	// keptUsers and keptRooms are how many a connection keeps of its own: what comes on top of them is deleted, so that the store
	// does not grow.
	keptUsers = 50
	keptRooms = 3
)

// window is what was seen in a time.
type window struct {
	rate       float64
	p99        time.Duration
	rss        int64
	goroutines int
	seconds    int // since the begin, at its end
}

// soak lets a server do a bit of everything for a long time, and says what became of its memory, its goroutines and its
// answers.
func soak(o options, stdout io.Writer, p *progress) (err error) {
	work, err := os.MkdirTemp("", "carillon-soak-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	p.say("build the server")
	program, err := harness.Build(work)
	if err != nil {
		return err
	}
	t := &turns{options: o, work: work, program: program, progress: p}
	e, err := t.start()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	filled, err := fill(e, o.users, p)
	if err != nil {
		return fmt.Errorf("fill the store: %w", err)
	}
	c, err := filled.copy("soaked")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.drop()) }()
	s, err := harness.Start(program, c.folder, harness.Options{Env: append(c.env, "CARILLON_ADMIN_LISTEN=127.0.0.1:0")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Kill()) }()
	time.Sleep(settle)
	idle, err := goroutines(s)
	if err != nil {
		return err
	}
	p.clear()
	fmt.Fprintf(stdout, "A mixed load on a store of %d users in %s, %d connections, for %v.\n\n", o.users, o.database, soakConnections, o.soak)
	fmt.Fprintf(stdout, "%8s %12s %9s %8s %11s\n", "seconds", "requests/s", "p99 ms", "RSS MB", "goroutines")
	windows, err := mixed(s, filled.account, o.soak, func(w window) {
		fmt.Fprintf(stdout, "%8d %12.0f %9.1f %8.1f %11d\n", w.seconds, w.rate, milliseconds(w.p99), float64(w.rss)/1e6, w.goroutines)
	})
	if err != nil {
		return err
	}
	time.Sleep(5 * settle) // jobs that the load has left are done, connections are gone
	busy, err := goroutines(s)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "\ngoroutines: %d before the load, %d after it\n", idle, busy)
	return verdict(windows, idle, busy, stdout)
}

// goroutines asks the server how many it has.
func goroutines(s *harness.Server) (n int, err error) {
	r, err := http.Get(s.Admin + "/metrics")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.Body.Close()) }()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(text, []byte("\ngo_goroutines "))
	value, _, found := bytes.Cut(rest, []byte("\n"))
	if !found {
		return 0, fmt.Errorf("%s/metrics does not say go_goroutines", s.Admin)
	}
	return strconv.Atoi(string(value))
}

// mixed loads the server and returns what was seen, window by window.
func mixed(s *harness.Server, account string, d time.Duration, seen func(window)) ([]window, error) {
	begun := time.Now()
	end := begun.Add(d)
	callers := make([]*soaker, soakConnections)
	errs := make([]error, soakConnections)
	var all sync.WaitGroup
	for i := range callers {
		conn, err := harness.Dial(s.Address)
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		callers[i] = &soaker{server: s, conn: conn, account: account, series: fmt.Sprint("soak", i), random: rand.New(rand.NewPCG(1, uint64(i)))}
		all.Go(func() { errs[i] = callers[i].run(end) })
	}
	var windows []window
	for last := begun; last.Before(end); {
		time.Sleep(min(soakWindow, time.Until(end)))
		now := time.Now()
		var took []time.Duration
		for _, c := range callers {
			took = append(took, c.take()...)
		}
		memory, err1 := rss(s.PID)
		running, err2 := goroutines(s)
		if err := errors.Join(err1, err2); err != nil {
			return nil, errors.Join(append(errs, err)...)
		}
		if len(took) == 0 {
			break // every caller met an error
		}
		slices.Sort(took)
		w := window{float64(len(took)) / now.Sub(last).Seconds(), took[len(took)*99/100], memory, running, int(now.Sub(begun).Seconds())}
		seen(w)
		windows = append(windows, w)
		last = now
	}
	all.Wait()
	return windows, errors.Join(errs...)
}

// verdict compares the last third of the windows with the first, but for the very first, in which the server grows to its size.
func verdict(windows []window, idle, busy int, stdout io.Writer) error {
	if len(windows) < 4 {
		fmt.Fprintln(stdout, "too short for a verdict")
		return nil
	}
	windows = windows[1:]
	third := max(1, len(windows)/3)
	middle := func(windows []window, figure func(window) float64) float64 {
		all := make([]float64, len(windows))
		for i, w := range windows {
			all[i] = figure(w)
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	flat := true
	compare := func(name string, most float64, figure func(window) float64) {
		first, last := middle(windows[:third], figure), middle(windows[len(windows)-third:], figure)
		word := "flat"
		if last > most*first {
			word, flat = "GROWING", false
		}
		fmt.Fprintf(stdout, "%s: %s, the last third has %.2f times the median of the first, at most %.2f would be flat\n", name, word, last/first, most)
	}
	compare("memory", 1.15, func(w window) float64 { return float64(w.rss) })
	compare("p99", 1.5, func(w window) float64 { return float64(w.p99) })
	if busy > idle+4 { // a pool's connections may have one each
		flat = false
		fmt.Fprintln(stdout, "goroutines: LEFT")
	}
	if !flat {
		return errors.New("the server does not stay as it was")
	}
	return nil
}
