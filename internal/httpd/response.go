package httpd

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// response is an answer in the making.
type response struct {
	header http.Header
	status int // 0 until it is written
	body   []byte
	head   bool // it answers HEAD: the body is counted and left out
	sent   []byte
}

// largest bounds the answers whose room is kept for others, in bytes.
const largest = 64 << 10

var writers = sync.Pool{New: func() any { return &response{header: http.Header{}} }}

func (w *response) begin(r *http.Request) { w.head = r.Method == http.MethodHead }

// release gives the answer back. Its handler must have returned.
func (w *response) release() {
	if cap(w.body) > largest || cap(w.sent) > largest {
		return
	}
	clear(w.header)
	*w = response{header: w.header, body: w.body[:0], sent: w.sent[:0]}
	writers.Put(w)
}

// Header returns the headers, which are written as they are named here.
func (w *response) Header() http.Header { return w.header }

// WriteHeader sets the status, once.
func (w *response) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// Write adds to the body.
func (w *response) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if !mayHaveBody(w.status) {
		return 0, http.ErrBodyNotAllowed
	}
	w.body = append(w.body, p...)
	return len(p), nil
}

func mayHaveBody(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// closes reports whether the handler wants the connection to end.
func (w *response) closes() bool { return strings.EqualFold(w.header.Get("Connection"), "close") }

// finish returns the answer as it goes over the wire. last says that the connection ends with it.
func (w *response) finish(last bool) []byte {
	w.WriteHeader(http.StatusOK)
	b := append(w.sent[:0], "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(w.status), 10)
	b = append(b, ' ')
	b = append(b, http.StatusText(w.status)...)
	b = append(b, "\r\n"...)
	length, date := false, false
	for name, values := range w.header {
		switch name {
		case "Content-Length":
			length = true
			if !w.head { // which is the one answer that may have another length than its body
				continue
			}
		case "Connection", "Transfer-Encoding":
			continue // the server's to say
		case "Date":
			date = true
		}
		for _, v := range values {
			b = appendHeader(b, name, v)
		}
	}
	if !date {
		b = appendHeader(b, "Date", today())
	}
	if mayHaveBody(w.status) && (!w.head || !length) {
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, int64(len(w.body)), 10)
		b = append(b, "\r\n"...)
	}
	if last {
		b = append(b, "Connection: close\r\n"...)
	}
	b = append(b, "\r\n"...)
	if !w.head {
		b = append(b, w.body...)
	}
	w.sent = b
	return b
}

// appendHeader appends a line. A value cannot begin another one.
func appendHeader(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	begin := len(b)
	b = append(b, value...)
	for i := begin; i < len(b); i++ {
		if b[i] == '\r' || b[i] == '\n' {
			b[i] = ' '
		}
	}
	return append(b, "\r\n"...)
}

// dated is a second and how HTTP writes it.
type dated struct {
	second int64
	text   string
}

var lastDate atomic.Pointer[dated]

// today returns the time as HTTP writes it.
func today() string {
	now := time.Now()
	d := lastDate.Load()
	if d == nil || d.second != now.Unix() {
		d = &dated{now.Unix(), now.UTC().Format(http.TimeFormat)}
		lastDate.Store(d)
	}
	return d.text
}
