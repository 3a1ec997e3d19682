package server

import (
	"io"
	"sync/atomic"

	"github.com/carillon-server/carillon/internal/chime"
)

const (
	// maxUnderWay bounds the calls that are under way, from their signature to their answer. A call takes about 30 kB.
	maxUnderWay = 4096
	// maxBodies bounds the bodies in memory that are longer than promptBody, in bytes.
	maxBodies = 64 << 20
)

// load is what the server has taken on. What would be too much is refused, while there is memory for the rest.
type load struct {
	calls  atomic.Int64 // under way
	bodies atomic.Int64 // bytes of long bodies
	shed   atomic.Int64 // calls that were refused
}

var (
	errTooMany   = chime.Unavailable.Errorf("too many calls are under way; nothing was done, try again")
	errTooMuch   = chime.Unavailable.Errorf("too much is being sent; nothing was done, try again")
	errEndsEarly = chime.BadRequest.Errorf("the body ended early or did not come in time")
	errTooLarge  = chime.BadRequest.Errorf("the body must be at most %d bytes", maxBody)
)

// enter takes a call on; leave lets go of it.
func (l *load) enter() error {
	if l.calls.Add(1) > maxUnderWay {
		l.calls.Add(-1)
		l.shed.Add(1)
		return errTooMany
	}
	return nil
}

func (l *load) leave() { l.calls.Add(-1) }

// hold takes room for bytes of a body; release gives it back.
func (l *load) hold(bytes int64) error {
	if l.bodies.Add(bytes) > maxBodies {
		l.bodies.Add(-bytes)
		l.shed.Add(1)
		return errTooMuch
	}
	return nil
}

func (l *load) release(bytes int64) { l.bodies.Add(-bytes) }

// Load is what a server has to do at a moment.
type Load struct {
	Connections int   // that are open
	Calls       int64 // under way
	Bodies      int64 // bytes of long bodies in memory
	Shed        int64 // calls refused for want of room so far
	Evicted     int64 // connections closed to make room so far
}

// Load returns what the server has to do.
func (s *Server) Load() Load {
	l := Load{Calls: s.load.calls.Load(), Bodies: s.load.bodies.Load(), Shed: s.load.shed.Load()}
	if s.crowd != nil {
		l.Connections, l.Evicted = s.crowd.size(), s.crowd.evicted.Load()
	}
	return l
}

// readBody reads the request's body.
func (x *exchange) readBody() ([]byte, error) {
	n := x.r.ContentLength
	switch {
	case n == 0:
		return nil, nil
	case n > maxBody:
		x.hangUp() // rather than read it all to get at the next request
		return nil, errTooLarge
	}
	in := x.sent()
	if 0 < n && n <= promptBody {
		body := make([]byte, n)
		if _, err := io.ReadFull(in, body); err != nil {
			return nil, errEndsEarly
		}
		return body, nil
	}
	return x.longBody(in)
}

// longBody reads a body into room that grows with what has come, so that to announce a body costs nothing here.
func (x *exchange) longBody(in io.Reader) ([]byte, error) {
	var body []byte
	for {
		if len(body) == cap(body) {
			size := min(max(promptBody, 2*cap(body)), maxBody+1)
			if err := x.load.hold(int64(size - cap(body))); err != nil {
				x.hangUp()
				return nil, err
			}
			x.held += int64(size - cap(body))
			body = append(make([]byte, 0, size), body...)
		}
		n, err := in.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case len(body) > maxBody:
			x.hangUp()
			return nil, errTooLarge
		case err == io.EOF:
			return body, nil
		case err != nil:
			return nil, errEndsEarly
		}
	}
}

// hangUp ends the connection after the answer.
func (x *exchange) hangUp() { x.w.Header().Set("Connection", "close") }
