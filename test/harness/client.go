package harness

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/sigv4"
)

// Request returns a signed request for an operation as the bytes that go over the wire, with the headers of an AWS SDK. in is
// a pointer to the operation's input. The signature is good for five minutes.
func (s *Server) Request(operation string, in any) []byte {
	return s.Attempt(operation, in, uuid.NewString(), 1)
}

// Attempt is [Server.Request] for the n-th attempt of an invocation: as SDKs repeat a call whose answer was lost.
func (s *Server) Attempt(operation string, in any, invocation string, n int) []byte {
	r := api.ByName(operation).NewRequest(in)
	signed := sigv4.Request{Method: r.Method, Target: r.Target, Host: s.Address, Body: r.Body, Header: http.Header{}}
	if r.Body != nil {
		signed.Header.Set("Content-Type", "application/json")
	}
	Sign(&signed)

	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, r.Target, s.Address)
	fmt.Fprintf(&b, "User-Agent: carillon-harness\r\nAmz-Sdk-Invocation-Id: %s\r\nAmz-Sdk-Request: attempt=%d\r\n", invocation, n)
	if r.Body != nil {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(r.Body))
	}
	for name, values := range signed.Header {
		fmt.Fprintf(&b, "%s: %s\r\n", name, values[0])
	}
	b.WriteString("\r\n")
	b.Write(r.Body)
	return b.Bytes()
}

// Sign signs a request to any server that is started here. The signature is good for five minutes.
func Sign(r *sigv4.Request) { sigv4.Sign(r, AccessKeyID, secret, "us-east-1", "chime", time.Now()) }

// Call sends one call over the connection and returns the output, a pointer. An answer other than the operation's success is
// a [*StatusError].
func Call[Out any](s *Server, c *Conn, operation string, in any) (*Out, error) {
	return Send[Out](c, operation, s.Request(operation, in))
}

// Send is [Call] for a request that was made before.
func Send[Out any](c *Conn, operation string, request []byte) (*Out, error) {
	status, body, err := c.Do(request)
	if err != nil {
		return nil, err
	}
	op := api.ByName(operation)
	if status != op.Status {
		return nil, &StatusError{operation, status, string(body)}
	}
	out, err := api.Unmarshal(op.Output, body)
	if err != nil {
		return nil, fmt.Errorf("%s answered %q: %w", operation, body, err)
	}
	return out.(*Out), nil
}

// StatusError is an answer that is not a success.
type StatusError struct {
	Operation string
	Status    int
	Body      string
}

func (e *StatusError) Error() string { return fmt.Sprintf("%s: %d %s", e.Operation, e.Status, e.Body) }

// Conn is a connection that stays open from request to request. Not for concurrent use.
type Conn struct {
	net.Conn
	in    *bufio.Reader
	body  []byte
	begun bool // the last answer began to arrive
}

// Dial connects to host:port.
func Dial(address string) (*Conn, error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &Conn{Conn: c, in: bufio.NewReaderSize(c, 64<<10)}, nil
}

// Begun reports whether the last request was answered, be it in part.
func (c *Conn) Begun() bool { return c.begun }

// Do sends a request and returns the answer's status and body. The body is good until the next call. It reads just what
// these servers send: a Content-Length, or status 204 and nothing.
func (c *Conn) Do(request []byte) (status int, body []byte, err error) {
	c.begun = false
	if _, err := c.Write(request); err != nil {
		return 0, nil, err
	}
	line, err := c.in.ReadSlice('\n')
	c.begun = len(line) > 0
	if err != nil {
		return 0, nil, err
	}
	const version = "HTTP/1.1 "
	if len(line) < len(version)+3 || string(line[:len(version)]) != version {
		return 0, nil, fmt.Errorf("not the beginning of an answer: %q", line)
	}
	if status, err = strconv.Atoi(string(line[len(version) : len(version)+3])); err != nil {
		return 0, nil, fmt.Errorf("not a status: %q", line)
	}
	length := -1
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return 0, nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		const name = "content-length:"
		if len(line) > len(name) && strings.EqualFold(string(line[:len(name)]), name) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(name):]))); err != nil {
				return 0, nil, err
			}
		}
	}
	if length < 0 && status != http.StatusNoContent {
		return 0, nil, fmt.Errorf("the answer with status %d has no Content-Length", status)
	}
	if length = max(length, 0); length > cap(c.body) {
		c.body = make([]byte, length)
	}
	c.body = c.body[:length]
	_, err = io.ReadFull(c.in, c.body)
	return status, c.body, err
}
