package server

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// looked is how many connections are looked at to find one that has waited long.
const looked = 64

// crowd is a listener that keeps the number of its connections within bounds. One more than there may be takes the place of
// one that has long sent nothing: clients keep connections at hand and make another when one is gone, and whoever opens
// connections to no purpose loses them first.
type crowd struct {
	net.Listener
	most    int
	begun   time.Time
	evicted atomic.Int64

	mu   sync.Mutex
	open map[*conn]struct{}
}

// Limit returns the listener with at most so many connections, for HTTP's server.
func (s *Server) Limit(l net.Listener, most int) net.Listener {
	s.crowd = &crowd{Listener: l, most: most, begun: time.Now(), open: map[*conn]struct{}{}}
	return s.crowd
}

// conn is a connection of a crowd. A nil *conn is one that is in none.
type conn struct {
	net.Conn
	crowd   *crowd
	waiting atomic.Int64 // since when its client has to send something, by the crowd's clock; 0 while it has not
}

// Accept returns the next connection.
func (c *crowd) Accept() (net.Conn, error) {
	for {
		accepted, err := c.Listener.Accept()
		if isOutOfFiles(err) && c.evict() {
			continue
		}
		if err != nil {
			return nil, err
		}
		if c.size() >= c.most && !c.evict() {
			_ = accepted.Close() // all the others are at work
			continue
		}
		return c.add(accepted), nil
	}
}

func isOutOfFiles(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

func (c *crowd) size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open)
}

func (c *crowd) add(accepted net.Conn) *conn {
	n := &conn{Conn: accepted, crowd: c}
	n.waits()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open[n] = struct{}{}
	return n
}

// evict closes the connection that has waited longest of some, or of all if none of those waits. It reports whether it has.
func (c *crowd) evict() bool {
	n := c.longest()
	if n == nil {
		return false
	}
	c.evicted.Add(1)
	_ = n.Close() // its server, which reads, finds out
	return true
}

func (c *crowd) longest() (found *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	since, seen := int64(0), 0
	for n := range c.open { // in no order
		if w := n.waiting.Load(); w != 0 && (found == nil || w < since) {
			found, since = n, w
		}
		if seen++; seen >= looked && found != nil {
			break
		}
	}
	return found
}

// Close closes the connection and makes room for another.
func (n *conn) Close() error {
	n.crowd.mu.Lock()
	delete(n.crowd.open, n)
	n.crowd.mu.Unlock()
	return n.Conn.Close()
}

// CloseWrite says that nothing more follows, while the client may still send.
func (n *conn) CloseWrite() error {
	if c, ok := n.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return errors.ErrUnsupported
}

// waits notes that the client has to send something, works that it has sent it.
func (n *conn) waits() { n.waiting.Store(max(int64(time.Since(n.crowd.begun)), 1)) }
func (n *conn) works() { n.waiting.Store(0) }

// changed is told by the HTTP server what becomes of a connection.
func changed(c net.Conn, state http.ConnState) {
	n := connOf(c)
	switch {
	case n == nil:
	case state == http.StateActive:
		n.works()
	case state == http.StateIdle:
		n.waits()
	}
}

func connOf(c net.Conn) *conn {
	n, _ := c.(*conn)
	return n
}

// connKey is under which a request's context has its connection, which is nothing that a call depends on: the one way in which
// HTTP's server tells whose body it is.
type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, connOf(c))
}

// sent is the request's body, during whose reads the connection waits for its client.
func (x *exchange) sent() io.ReadCloser {
	if x.conn == nil {
		return x.r.Body
	}
	x.body = waitingBody{x.r.Body, x.conn}
	return &x.body
}

type waitingBody struct {
	io.ReadCloser
	conn *conn
}

func (b *waitingBody) Read(p []byte) (int, error) {
	b.conn.waits()
	defer b.conn.works()
	return b.ReadCloser.Read(p)
}
