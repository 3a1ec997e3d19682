package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
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
	rate    float64
	p99     time.Duration
	rss     int64
	seconds int // since the begin, at its end
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
	idle, err := t.soaked(filled, "idle", func(*harness.Server) error { return nil })
	if err != nil {
		return err
	}
	var windows []window
	busy, err := t.soaked(filled, "busy", func(s *harness.Server) (err error) {
		p.clear()
		fmt.Fprintf(stdout, "A mixed load on a store of %d users in %s, %d connections, for %v.\n\n", o.users, o.database, soakConnections, o.soak)
		fmt.Fprintf(stdout, "%8s %12s %9s %8s\n", "seconds", "requests/s", "p99 ms", "RSS MB")
		windows, err = mixed(s, filled.account, o.soak, func(w window) {
			fmt.Fprintf(stdout, "%8d %12.0f %9.1f %8.1f\n", w.seconds, w.rate, milliseconds(w.p99), float64(w.rss)/1e6)
		})
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "\ngoroutines: %d without a call, %d after the load\n", idle, busy)
	return verdict(windows, idle, busy, stdout)
}

// soaked starts a server on a copy of the filled store, does something with it, and returns how many goroutines it has when
// that has been over for a while.
func (t *turns) soaked(filled *filledStore, name string, do func(*harness.Server) error) (goroutines int, err error) {
	c, err := filled.copy(name)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, c.drop()) }()
	log, err := os.Create(filepath.Join(t.work, name+".log"))
	if err != nil {
		return 0, err
	}
	defer log.Close()
	s, err := harness.Start(t.program, c.folder, harness.Options{Log: log, Env: append(c.env, "CARILLON_LOG_LEVEL=error", "GOTRACEBACK=all")})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Kill()) }()
	if err := do(s); err != nil {
		return 0, err
	}
	time.Sleep(5 * settle) // jobs that the load has left are done, connections are gone
	if err := syscall.Kill(s.PID, syscall.SIGQUIT); err != nil {
		return 0, err
	}
	time.Sleep(settle)
	dump, err := os.ReadFile(log.Name())
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(dump) {
		if bytes.HasPrefix(line, []byte("goroutine ")) && bytes.Contains(line, []byte(" [")) {
			goroutines++
		}
	}
	if goroutines == 0 {
		return 0, fmt.Errorf("the server did not list its goroutines: %s", dump)
	}
	return goroutines, nil
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
		memory, err := rss(s.PID)
		if err != nil {
			return nil, errors.Join(append(errs, err)...)
		}
		if len(took) == 0 {
			break // every caller met an error
		}
		slices.Sort(took)
		w := window{float64(len(took)) / now.Sub(last).Seconds(), took[len(took)*99/100], memory, int(now.Sub(begun).Seconds())}
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
