package main

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/carillon-server/carillon/test/harness"
)

// load is requests that are sent over and over, or once each.
type load struct {
	requests [][]byte
	again    bool // when all have been sent, begin again
	status   int  // of every answer
}

// outcome is what the client saw.
type outcome struct {
	requests  int
	took      time.Duration
	latencies []time.Duration // sorted
}

func (o *outcome) rate() float64 { return float64(o.requests) / o.took.Seconds() }

// quantile returns the latency that the share q of the requests did not exceed.
func (o *outcome) quantile(q float64) time.Duration {
	return o.latencies[min(int(q*float64(len(o.latencies))), len(o.latencies)-1)]
}

// send sends the load over the connections, each with one request under way, until the time is over or the requests are.
func (l *load) send(address string, connections int, d time.Duration) (*outcome, error) {
	conns := make([]*harness.Conn, connections)
	for i := range conns {
		c, err := harness.Dial(address)
		if err != nil {
			return nil, err
		}
		defer c.Close()
		conns[i] = c
	}
	var next atomic.Int64
	var all sync.WaitGroup
	latencies := make([][]time.Duration, connections)
	errs := make([]error, connections)
	begun := time.Now()
	end := begun.Add(d)
	for i, c := range conns {
		all.Go(func() { latencies[i], errs[i] = l.sendOver(c, &next, end) })
	}
	all.Wait()
	o := &outcome{took: time.Since(begun), latencies: slices.Concat(latencies...)}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	slices.Sort(o.latencies)
	o.requests = len(o.latencies)
	return o, nil
}

// sendOver sends request after request over one connection. next counts those sent over all connections.
func (l *load) sendOver(c *harness.Conn, next *atomic.Int64, end time.Time) ([]time.Duration, error) {
	var latencies []time.Duration
	for now := time.Now(); now.Before(end); {
		n := int(next.Add(1) - 1)
		if n >= len(l.requests) {
			if !l.again {
				break
			}
			n %= len(l.requests)
		}
		status, body, err := c.Do(l.requests[n])
		if err != nil {
			return nil, err
		}
		if status != l.status {
			return nil, fmt.Errorf("answer with status %d instead of %d: %s", status, l.status, body)
		}
		then := now
		now = time.Now()
		latencies = append(latencies, now.Sub(then))
	}
	return latencies, nil
}
