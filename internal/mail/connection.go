package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"sync"
)

// connection is the one that a conversation makes. It is kept here, so that it is closed however the conversation ends.
type connection struct {
	server *Server
	tls    *tls.Config

	mu     sync.Mutex
	conn   net.Conn
	closed bool
}

var errCut = errors.New("the conversation took too long, or this server is stopping")

// dial connects to the server.
func (c *connection) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	address := net.JoinHostPort(c.server.host, strconv.Itoa(c.server.port)) // the library's lacks the brackets of IPv6
	var conn net.Conn
	var err error
	if c.server.security == fromTheStart {
		conn, err = (&tls.Dialer{Config: c.tls}).DialContext(ctx, network, address)
	} else {
		conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
	}
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn = conn
	if c.closed {
		_ = conn.Close() // nothing was said over it
		return nil, errCut
	}
	return conn, nil
}

// close cuts the connection, now or as soon as it is made. After a conversation that went well nothing is left to cut.
func (c *connection) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.conn != nil {
		_ = c.conn.Close()
	}
}
