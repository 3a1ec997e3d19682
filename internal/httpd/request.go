package httpd

import (
	"io"
	"net/http"
	"strings"
	"time"
)

// headerSlack is added to the limit of headers, as http.Server does: what is read of a connection at once.
const headerSlack = 4096

// read reads a request up to its body.
func (c *conn) read() (*http.Request, *body, error) {
	begun := time.Now()
	_ = c.SetReadDeadline(begun.Add(c.server.ReadHeaderTimeout))
	c.limit = int64(c.server.MaxHeaderBytes) + headerSlack
	r, err := http.ReadRequest(c.in)
	c.limit = -1
	if err != nil {
		return nil, nil, err
	}
	if err := check(r); err != nil {
		return nil, nil, err
	}
	r.RemoteAddr, r.TLS = c.address, c.secure
	b := &body{conn: c, ReadCloser: r.Body}
	if r.Body == http.NoBody {
		b.ended = true
		return r.WithContext(c.ctx), b, nil
	}
	_ = c.SetReadDeadline(begun.Add(c.server.ReadTimeout))
	b.expected = r.Header.Get("Expect") != "" && r.ProtoAtLeast(1, 1)
	r.Body = b
	return r.WithContext(c.ctx), b, nil
}

// check refuses what the parser lets pass because it reads requests for others too.
func check(r *http.Request) error {
	if r.ProtoMajor != 1 {
		return &refusal{http.StatusHTTPVersionNotSupported, "the only version that is understood is HTTP/1"}
	}
	if r.Host == "" && r.ProtoAtLeast(1, 1) && r.Method != http.MethodConnect {
		return &refusal{http.StatusBadRequest, "the request has no Host header"}
	}
	if !validHost(r.Host) {
		return &refusal{http.StatusBadRequest, "the Host header is malformed"}
	}
	for name := range r.Header {
		if !isToken(name) {
			return &refusal{http.StatusBadRequest, "the name of a header is malformed"}
		}
	}
	if !r.ProtoAtLeast(1, 1) {
		r.Close = true // as whoever speaks HTTP/1.0 expects
	} else if e := r.Header.Get("Expect"); e != "" && !strings.EqualFold(e, goesOn) {
		return &refusal{http.StatusExpectationFailed, "the only expectation that is understood is " + goesOn}
	}
	return nil
}

// validHost accepts the characters that a host and a port may have (RFC 3986, 3.2.2).
func validHost(host string) bool { return hostBytes.hold(host) }

// isToken accepts what the name of a header may be (RFC 9110, 5.6.2).
func isToken(name string) bool { return name != "" && tokenBytes.hold(name) }

const alphanumeric = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

var (
	hostBytes  = bytesOf(alphanumeric + "-._~!$&'()*+,;=:%[]")
	tokenBytes = bytesOf(alphanumeric + "!#$%&'*+-.^_`|~")
)

// byteSet is which bytes are allowed.
type byteSet [256]bool

func bytesOf(text string) (s byteSet) {
	for _, b := range []byte(text) {
		s[b] = true
	}
	return s
}

// hold reports whether all bytes of the text are allowed.
func (s *byteSet) hold(text string) bool {
	for i := range len(text) {
		if !s[text[i]] {
			return false
		}
	}
	return true
}

// body is the body of a request. A client that waits for the server's word gets it when the body is first read.
type body struct {
	io.ReadCloser
	conn     *conn
	expected bool // the client waits to be told to go on
	ended    bool
	failed   bool
}

// goesOn is the expectation of a client that waits for the server's word.
const goesOn = "100-continue"

var goOn = []byte("HTTP/1.1 100 Continue\r\n\r\n")

func (b *body) Read(p []byte) (int, error) {
	if b.expected {
		b.expected = false
		_ = b.conn.SetWriteDeadline(time.Now().Add(b.conn.server.WriteTimeout))
		if _, err := b.conn.Write(goOn); err != nil {
			b.failed = true
			return 0, err
		}
	}
	n, err := b.ReadCloser.Read(p)
	b.ended = b.ended || err == io.EOF
	b.failed = b.failed || err != nil && err != io.EOF
	return n, err
}

// Close leaves the rest to the server.
func (b *body) Close() error { return nil }

// drain reads what the handler left. It reports whether another request can follow.
func (b *body) drain() bool {
	if b.ended {
		return true
	}
	if b.failed || b.expected { // then nobody knows whether what comes next is the body
		return false
	}
	_, err := io.CopyN(io.Discard, b, maxUnread)
	return err == io.EOF
}
