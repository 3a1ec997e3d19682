// Package httpd serves HTTP/1.1 to a handler of net/http, in half the time on the processor that [http.Server] takes for a
// short call. The parser is that of net/http, [http.ReadRequest]. What is left out is what the calls of an API do not need: to
// watch, in a goroutine of its own, whether the client goes while its call is under way, to send an answer in parts, and to
// hand a connection over.
//
// An answer is held until its handler returns, and is then written in one piece. So a handler that panics has sent nothing:
// with [http.ErrAbortHandler] the connection is lost without an answer.
package httpd

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Server serves a handler. Its fields are not changed once it serves; each limit must be given.
type Server struct {
	Handler http.Handler
	// Refuse answers what is no request that the handler could be asked: status is 400, 408, 417, 431, 501 or 505, and reason says
	// why in a sentence without an end. r is empty but for its context. The connection ends with the answer.
	Refuse func(w http.ResponseWriter, r *http.Request, status int, reason string)
	Log    *slog.Logger // of what a client did that nobody answers, as details; and of panics, as errors

	ReadHeaderTimeout time.Duration // from the first byte to the end of the header
	ReadTimeout       time.Duration // from the first byte to the end of the body
	WriteTimeout      time.Duration // of an answer
	IdleTimeout       time.Duration // until the next request; the first one has ReadHeaderTimeout
	MaxHeaderBytes    int           // of a request's line and headers

	// ConnState is told of a connection that a request has come over it, of which the header is read (StateActive), and that it
	// was answered (StateIdle); nil for nobody. The connection is the one that the listener accepted, also below TLS.
	ConnState func(net.Conn, http.ConnState)
	// ConnContext makes the context of a connection's requests; nil for an empty one. It ends with Close.
	ConnContext func(context.Context, net.Conn) context.Context

	stopping atomic.Bool

	mu       sync.Mutex
	open     map[*conn]struct{}
	listener net.Listener
	gone     chan struct{} // closed when the server is stopping and the last connection has gone
	base     context.Context
	end      context.CancelFunc
}

// newConnection is how long a connection that has sent nothing yet is waited for by a server that stops.
const newConnection = time.Second

// Serve accepts connections until the listener fails, or until Shutdown or Close, after which it returns
// [http.ErrServerClosed]. A server serves once.
func (s *Server) Serve(l net.Listener) error { return s.serve(l, nil) }

// ServeTLS is Serve over TLS.
func (s *Server) ServeTLS(l net.Listener, config *tls.Config) error {
	config = config.Clone()
	config.NextProtos = []string{"http/1.1"}
	return s.serve(l, config)
}

func (s *Server) serve(l net.Listener, secure *tls.Config) error {
	if !s.begin(l) {
		_ = l.Close()
		return http.ErrServerClosed
	}
	for wait := time.Duration(0); ; {
		accepted, err := l.Accept()
		if err == nil {
			wait = 0
			s.add(accepted, secure)
			continue
		}
		if s.stopping.Load() {
			return http.ErrServerClosed
		}
		var passing interface{ Temporary() bool }
		if !errors.As(err, &passing) || !passing.Temporary() {
			return err
		}
		wait = min(max(2*wait, 5*time.Millisecond), time.Second)
		s.Log.Debug("no connection was accepted", "error", err, "again", wait)
		time.Sleep(wait)
	}
}

// begin reports whether the server may still serve.
func (s *Server) begin(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping.Load() {
		return false
	}
	s.listener, s.open, s.gone = l, map[*conn]struct{}{}, make(chan struct{})
	s.base, s.end = context.WithCancel(context.Background())
	return true
}

func (s *Server) add(accepted net.Conn, secure *tls.Config) {
	c := newConn(s, accepted, secure)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping.Load() {
		_ = accepted.Close()
		return
	}
	s.open[c] = struct{}{}
	go c.serve()
}

func (s *Server) remove(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
	s.noteGone()
}

func (s *Server) noteGone() {
	if !s.stopping.Load() || len(s.open) > 0 {
		return
	}
	select {
	case <-s.gone:
	default:
		close(s.gone)
	}
}

// Shutdown accepts no more connections and closes those that wait for a request; the others end with the answer to theirs. It
// returns when none is left, or with the error of ctx when that ends.
func (s *Server) Shutdown(ctx context.Context) error {
	gone := s.stop((*conn).rest)
	look := time.NewTicker(newConnection / 10)
	defer look.Stop()
	for {
		select {
		case <-gone:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
			s.stop((*conn).rest)
		}
	}
}

// Close ends all connections at once, and the contexts of their requests. It does not wait for the handlers.
func (s *Server) Close() error {
	s.stop(func(c *conn) { _ = c.accepted.Close() })
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end != nil {
		s.end()
	}
	return nil
}

// stop does to each connection what the server's end means to it. What it returns is closed when none is left.
func (s *Server) stop(each func(*conn)) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone == nil { // it never served
		s.gone = make(chan struct{})
	}
	if !s.stopping.Swap(true) && s.listener != nil {
		_ = s.listener.Close()
	}
	for c := range s.open {
		each(c)
	}
	s.noteGone()
	return s.gone
}
