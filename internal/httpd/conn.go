package httpd

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// maxUnread is how much of a body is read that its handler left, so that the next request can follow; after more of it
	// the connection ends.
	maxUnread = 256 << 10
	// maxPieces bounds what is read from a client that has been told that its connection ends.
	maxPieces = 16 << 20
	// lingering is how long a client has to take the last answer while it still sends: what comes in after a socket is closed
	// resets the connection, and the answer with it.
	lingering = 500 * time.Millisecond
)

// conn is a connection to a client.
type conn struct {
	net.Conn          // TLS, if there is any
	accepted net.Conn // what the listener gave
	server   *Server
	since    time.Time
	state    atomic.Int32

	ctx     context.Context
	address string
	secure  *tls.ConnectionState

	in    *bufio.Reader
	limit int64 // of bytes that may still be read of a header; below zero for anything else
}

// What a connection is doing.
const (
	fresh   = iota // it has sent nothing yet
	idle           // it was answered
	working        // something of a request has come
	closed         // by this side
)

func newConn(s *Server, accepted net.Conn, secure *tls.Config) *conn {
	c := &conn{Conn: accepted, accepted: accepted, server: s, since: time.Now(), address: accepted.RemoteAddr().String(), limit: -1}
	if secure != nil {
		c.Conn = tls.Server(accepted, secure)
	}
	c.ctx = s.base
	if s.ConnContext != nil {
		c.ctx = s.ConnContext(s.base, accepted)
	}
	c.in = bufio.NewReader(c)
	return c
}

// Read bounds what is read of a header.
func (c *conn) Read(p []byte) (int, error) {
	if c.limit < 0 {
		return c.Conn.Read(p)
	}
	if c.limit == 0 {
		return 0, &refusal{http.StatusRequestHeaderFieldsTooLarge,
			fmt.Sprintf("the request's line and headers must be at most %d bytes", c.server.MaxHeaderBytes)}
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), c.limit)])
	c.limit -= int64(n)
	return n, err
}

// rest ends the connection if it waits for a request. One that has just begun is given a moment to send its first.
func (c *conn) rest() {
	if c.state.Load() == fresh && time.Since(c.since) < newConnection {
		return
	}
	if c.state.CompareAndSwap(fresh, closed) || c.state.CompareAndSwap(idle, closed) {
		_ = c.accepted.Close()
	}
}

// serve answers request after request.
func (c *conn) serve() {
	defer c.server.remove(c)
	defer c.Conn.Close()
	defer func() {
		if v := recover(); v != nil { // of the server itself, as those of handlers end there
			c.server.Log.Error("a connection ended in a panic", "panic", v, "stack", string(debug.Stack()))
		}
	}()
	if !c.handshake() {
		return
	}
	wait := c.server.ReadHeaderTimeout
	for c.await(wait) && c.one() {
		wait = c.server.IdleTimeout
	}
}

// handshake reports whether the client may go on.
func (c *conn) handshake() bool {
	secured, ok := c.Conn.(*tls.Conn)
	if !ok {
		return true
	}
	c.deadline(c.server.ReadHeaderTimeout)
	_ = c.SetWriteDeadline(time.Now().Add(c.server.WriteTimeout))
	err := secured.HandshakeContext(c.ctx)
	if plain := (tls.RecordHeaderError{}); errors.As(err, &plain) && plain.Conn != nil && looksLikeHTTP(plain.RecordHeader) {
		c.Conn = c.accepted // whose client would not understand another answer
		c.refuse(&refusal{http.StatusBadRequest, "this address speaks TLS: use https"})
	}
	if err != nil {
		c.server.Log.Debug("no TLS with a client", "client", c.address, "error", err)
		return false
	}
	state := secured.ConnectionState()
	c.secure = &state
	return true
}

func looksLikeHTTP(begin [5]byte) bool {
	for _, method := range [...]string{"GET /", "HEAD ", "POST ", "PUT /", "DELET", "OPTIO"} {
		if string(begin[:]) == method {
			return true
		}
	}
	return false
}

// deadline is until when the client has to send.
func (c *conn) deadline(d time.Duration) { _ = c.SetReadDeadline(time.Now().Add(d)) }

// await reports whether a request begins to come.
func (c *conn) await(wait time.Duration) bool {
	if c.in.Buffered() == 0 {
		c.deadline(wait)
		if _, err := c.in.Peek(1); err != nil {
			return false
		}
	}
	return c.state.Swap(working) != closed
}

// one reads a request and answers it. It reports whether the connection goes on.
func (c *conn) one() bool {
	r, b, err := c.read()
	if err != nil {
		c.refuse(refusalOf(err))
		return false
	}
	c.told(http.StateActive)
	w := writers.Get().(*response)
	defer w.release()
	w.begin(r)
	if !c.handle(w, r) {
		return false
	}
	last := r.Close || w.closes() || c.server.stopping.Load() || !b.drain()
	if !c.send(w, last) {
		return false
	}
	if last {
		if !b.ended || c.in.Buffered() > 0 {
			c.linger()
		}
		return false
	}
	c.state.Store(idle)
	c.told(http.StateIdle)
	return true
}

func (c *conn) told(state http.ConnState) {
	if c.server.ConnState != nil {
		c.server.ConnState(c.accepted, state)
	}
}

// handle lets the handler answer. It reports whether there is an answer.
func (c *conn) handle(w *response, r *http.Request) (answered bool) {
	defer func() {
		if v := recover(); v != nil && v != http.ErrAbortHandler {
			c.server.Log.Error("a handler panicked", "panic", v, "stack", string(debug.Stack()))
		}
	}()
	c.server.Handler.ServeHTTP(w, r)
	return true
}

// send writes the answer. It reports whether the client may have it.
func (c *conn) send(w *response, last bool) bool {
	_ = c.SetWriteDeadline(time.Now().Add(c.server.WriteTimeout))
	_, err := c.Write(w.finish(last))
	return err == nil
}

// refuse answers what is no request, and ends the connection.
func (c *conn) refuse(why *refusal) {
	if why == nil {
		return // nobody is there to read it
	}
	c.server.Log.LogAttrs(c.ctx, slog.LevelDebug, "no request", slog.String("client", c.address), slog.String("reason", why.reason))
	r := (&http.Request{Header: http.Header{}, RemoteAddr: c.address, TLS: c.secure}).WithContext(c.ctx)
	w := writers.Get().(*response)
	defer w.release()
	w.begin(r)
	c.server.Refuse(w, r, why.status, why.reason)
	if c.send(w, true) {
		c.linger()
	}
}

// linger gives the client time to read the last answer before the connection ends.
func (c *conn) linger() {
	half, ok := c.accepted.(interface{ CloseWrite() error })
	if secured, is := c.Conn.(*tls.Conn); is {
		_ = secured.CloseWrite()
	}
	if !ok || half.CloseWrite() != nil {
		return
	}
	c.deadline(lingering)
	_, _ = io.CopyN(io.Discard, c.accepted, maxPieces)
}

// refusal is why a client is told that it has sent no request.
type refusal struct {
	status int
	reason string
}

func (r *refusal) Error() string { return r.reason }

// refusalOf returns what to tell a client whose request cannot be read; nil if it has gone. What the parser says is not told,
// as it repeats what came.
func refusalOf(err error) *refusal {
	var refused *refusal
	var network *net.OpError // not net.Error, which also a malformed URL is
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &refusal{http.StatusRequestTimeout, "the request's headers did not come in time"}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.As(err, &network):
		return nil
	case strings.HasPrefix(err.Error(), "unsupported transfer encoding"):
		return &refusal{http.StatusNotImplemented, "the only transfer encoding that is understood is chunked"}
	}
	return &refusal{http.StatusBadRequest, "this is no well-formed HTTP request"}
}
