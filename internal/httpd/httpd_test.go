package httpd_test

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
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/carillon-server/carillon/internal/httpd"
	"github.com/carillon-server/carillon/internal/keypair/keytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server returns a server of the handler, with limits that a test can wait for.
func server(h http.HandlerFunc) *httpd.Server {
	return &httpd.Server{
		Handler: h,
		Refuse: func(w http.ResponseWriter, r *http.Request, status int, reason string) {
			w.Header()["x-refused"] = []string{reason}
			w.WriteHeader(status)
		},
		Log:               slog.New(slog.DiscardHandler),
		ReadHeaderTimeout: 300 * time.Millisecond, ReadTimeout: 400 * time.Millisecond,
		WriteTimeout: 5 * time.Second, IdleTimeout: 300 * time.Millisecond, MaxHeaderBytes: 8 << 10,
	}
}

// start serves and returns the address.
func start(t testing.TB, s *httpd.Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Shutdown(context.Background()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := <-served; err != http.ErrServerClosed {
			t.Errorf("Serve: %v", err)
		}
	})
	return l.Addr().String()
}

type client struct {
	net.Conn
	in *bufio.Reader
	t  testing.TB
}

func dial(t testing.TB, address string) *client {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &client{c, bufio.NewReader(c), t}
}

func (c *client) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.Conn, text); err != nil {
		c.t.Fatal(err)
	}
}

// answer reads an answer to a request with the method: its status, its body, and the rest.
func (c *client) answer(method string) (int, string, *http.Response) {
	c.t.Helper()
	r, err := http.ReadResponse(c.in, &http.Request{Method: method})
	if err != nil {
		c.t.Fatalf("no answer: %v", err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		c.t.Fatalf("the answer breaks off: %v", err)
	}
	return r.StatusCode, string(body), r
}

// ended reports whether nothing more comes.
func (c *client) ended() bool {
	rest, err := io.ReadAll(c.in)
	return len(rest) == 0 && !errors.Is(err, context.DeadlineExceeded) && (err == nil || !strings.Contains(err.Error(), "timeout"))
}

// echo answers with what it was asked.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	fmt.Fprintf(w, "%s %s %s %q", r.Method, r.URL, r.Host, body)
}

// TestRequests sends one request after the other over one connection.
func TestRequests(t *testing.T) {
	t.Parallel()
	c := dial(t, start(t, server(echo)))
	for _, test := range []struct{ request, want string }{
		{"GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n", `GET /a?b=c h ""`},
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi", `POST / h "hi"`},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n", `POST / h "hi"`},
		{"GET http://elsewhere/x HTTP/1.1\r\nHost: h\r\n\r\n", `GET http://elsewhere/x elsewhere ""`},
		{"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", `OPTIONS * h ""`},
		{"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", ""},
		{"GET /last HTTP/1.1\r\nHost: h\r\n\r\n", `GET /last h ""`},
	} {
		c.send(test.request)
		method, _, _ := strings.Cut(test.request, " ")
		status, body, r := c.answer(method)
		if status != 200 || body != test.want || r.Close || r.Header.Get("Date") == "" {
			t.Errorf("%q: %d %q, %v; want %q", test.request, status, body, r.Header, test.want)
		}
		if method == http.MethodHead && r.ContentLength != int64(len(`HEAD / h ""`)) {
			t.Errorf("the answer to HEAD announces %d bytes", r.ContentLength)
		}
	}
	if !c.ended() { // after IdleTimeout
		t.Error("the connection is kept for ever")
	}
}

// TestPipelining sends requests before their answers come.
func TestPipelining(t *testing.T) {
	t.Parallel()
	c := dial(t, start(t, server(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/unread" {
			echo(w, r)
		}
	})))
	c.send("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhiPOST /unread HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nGET /GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	for _, want := range []string{`POST /1 h "hi"`, "", `GET /3 h ""`} {
		if status, body, _ := c.answer("GET"); status != 200 || body != want {
			t.Errorf("%d %q, want %q", status, body, want)
		}
	}
	if !c.ended() {
		t.Error("the connection goes on after Connection: close")
	}
}

// TestRefused sends what is no request.
func TestRefused(t *testing.T) {
	t.Parallel()
	address := start(t, server(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("the handler was asked for %s %s", r.Method, r.URL)
	}))
	for request, want := range map[string]int{
		"nonsense\r\n\r\n":                                                               400,
		"GET /\r\n\r\n":                                                                  400,
		"GET  / HTTP/1.1\r\nHost: h\r\n\r\n":                                             400,
		"G(T / HTTP/1.1\r\nHost: h\r\n\r\n":                                              400,
		"GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n":                                           400,
		"GET nowhere HTTP/1.1\r\nHost: h\r\n\r\n":                                        400,
		"GET / HTTP/1.1\r\n\r\n":                                                         400,
		"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n":                                   400,
		"GET / HTTP/1.1\r\nHost: h h\r\n\r\n":                                            400,
		"GET / HTTP/1.1\r\nHost: h\x00\r\n\r\n":                                          400,
		"GET / HTTP/1.1\r\nHost: h\r\nX Y: z\r\n\r\n":                                    400,
		"GET / HTTP/1.1\r\nHost: h\r\nX : z\r\n\r\n":                                     400,
		"GET / HTTP/1.1\r\nHost: h\r\nX: a\x01b\r\n\r\n":                                 400,
		"GET / HTTP/1.1\r\nHost: h\r\nnone\r\n\r\n":                                      400,
		"GET / HTTP/1.1\r\n Host: h\r\n\r\n":                                             400,
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab": 400,
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n":                       400,
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x1\r\n\r\na":                     400,
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n":                  501,
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n":         501,
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: miracles\r\n\r\n":    417,
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n":                                               505,
		"GET / HTTP/3.0\r\nHost: h\r\n\r\n":                                              505,
		"GET / HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat("x", 16<<10):                 431,
		"GET /" + strings.Repeat("x", 16<<10):                                            431,
		"GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("X: y\r\n", 4<<10):              431,
		"GET / HTTP/1.1\r\nHost: h\r\nX: and so on":                                      408,
	} {
		c := dial(t, address)
		c.send(request)
		if _, err := c.in.Peek(1); err != nil {
			t.Errorf("%.60q has no answer: %v", request, err)
			continue
		}
		status, _, r := c.answer("GET")
		if reason := r.Header.Get("x-refused"); status != want || reason == "" || !r.Close {
			t.Errorf("%.60q: %d %q, close %v; want %d", request, status, reason, r.Close, want)
		}
		if !c.ended() {
			t.Errorf("%.60q: the connection goes on", request)
		}
	}
	silent := dial(t, address)
	if !silent.ended() {
		t.Error("whoever sends nothing gets an answer")
	}
}

// TestHTTP10 ends the connection with the answer.
func TestHTTP10(t *testing.T) {
	t.Parallel()
	c := dial(t, start(t, server(echo)))
	c.send("GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
	if status, body, r := c.answer("GET"); status != 200 || body != `GET /old  ""` || !r.Close {
		t.Errorf("%d %q, close %v", status, body, r.Close)
	}
	if !c.ended() {
		t.Error("the connection goes on")
	}
}

// TestUnreadBody leaves bodies to the server: it reads a short one to get at the next request; after a long one the client
// still gets its answer, although it sends on.
func TestUnreadBody(t *testing.T) {
	t.Parallel()
	address := start(t, server(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	const long = 4 << 20
	c := dial(t, address)
	c.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 100000) + "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	for range 2 {
		if status, _, r := c.answer("GET"); status != 403 || r.Close {
			t.Errorf("%d, close %v", status, r.Close)
		}
	}
	c.send(fmt.Sprintf("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", long, strings.Repeat("x", long)))
	if status, _, r := c.answer("GET"); status != 403 || !r.Close {
		t.Errorf("a long body: %d, close %v", status, r.Close)
	}
	if !c.ended() {
		t.Error("the connection goes on")
	}
	c = dial(t, address)
	c.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
	if status, _, r := c.answer("GET"); status != 403 || !r.Close {
		t.Errorf("a broken body: %d, close %v", status, r.Close)
	}
}

// TestBodiesThatStay has clients whose bodies do not come to an end.
func TestBodiesThatStay(t *testing.T) {
	t.Parallel()
	address := start(t, server(echo))
	for name, rest := range map[string]string{
		"with a length": "Content-Length: 10\r\n\r\nhi", "in chunks": "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n",
	} {
		slow := dial(t, address)
		slow.send("POST / HTTP/1.1\r\nHost: h\r\n" + rest)
		if status, _, r := slow.answer("GET"); status != 400 || !r.Close {
			t.Errorf("%s: %d, close %v", name, status, r.Close)
		}
		gone := dial(t, address)
		gone.send("POST / HTTP/1.1\r\nHost: h\r\n" + rest)
		if err := gone.Conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if status, _, r := gone.answer("GET"); status != 400 || !r.Close {
			t.Errorf("%s, gone: %d, close %v", name, status, r.Close)
		}
	}
}

// TestExpectation tells a client to go on when its body is wanted, and only then.
func TestExpectation(t *testing.T) {
	t.Parallel()
	address := start(t, server(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/unwanted" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		echo(w, r)
	}))
	c := dial(t, address)
	c.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n")
	if status, _, _ := c.answer("POST"); status != 100 {
		t.Fatalf("first %d", status)
	}
	c.send("hi")
	if status, body, r := c.answer("POST"); status != 200 || body != `POST / h "hi"` || r.Close {
		t.Errorf("%d %q, close %v", status, body, r.Close)
	}
	c.send("POST /unwanted HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
	if status, _, r := c.answer("POST"); status != 403 || !r.Close {
		t.Errorf("unwanted: %d, close %v", status, r.Close)
	}
	if !c.ended() {
		t.Error("the connection goes on, though nobody knows what comes next")
	}
}

// TestAnswers writes headers as they are named, in one line each, and bodies where there may be one.
func TestAnswers(t *testing.T) {
	t.Parallel()
	c := dial(t, start(t, server(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/headers":
			w.Header()["x-Own"] = []string{"one", "two\r\nX-Injected: three"}
			w.Header().Set("Content-Length", "99")
			w.Header().Set("Transfer-Encoding", "chunked")
			w.Header().Set("Date", "today")
			w.WriteHeader(http.StatusCreated)
			w.WriteHeader(http.StatusTeapot)
			_, _ = io.WriteString(w, "body")
		case "/none":
			w.WriteHeader(http.StatusNoContent)
			if _, err := io.WriteString(w, "body"); err != http.ErrBodyNotAllowed {
				t.Errorf("a body of 204: %v", err)
			}
		case "/length":
			w.Header().Set("Content-Length", "99")
			w.WriteHeader(http.StatusOK)
		case "/close":
			w.Header().Set("Connection", "close")
		}
	})))
	c.send("GET /headers HTTP/1.1\r\nHost: h\r\n\r\n")
	status, body, r := c.answer("GET")
	if status != 201 || body != "body" || r.ContentLength != 4 || len(r.TransferEncoding) > 0 || r.Header.Get("Date") != "today" ||
		len(r.Header["X-Own"]) != 2 || r.Header.Get("X-Injected") != "" {
		t.Errorf("%d %q %v", status, body, r.Header)
	}
	c.send("GET /none HTTP/1.1\r\nHost: h\r\n\r\n")
	if status, body, r := c.answer("GET"); status != 204 || body != "" || r.Header.Get("Content-Length") != "" {
		t.Errorf("%d %q %v", status, body, r.Header)
	}
	c.send("HEAD /length HTTP/1.1\r\nHost: h\r\n\r\n")
	if status, _, r := c.answer("HEAD"); status != 200 || r.ContentLength != 99 {
		t.Errorf("%d %v", status, r.Header)
	}
	c.send("GET /close HTTP/1.1\r\nHost: h\r\n\r\n")
	if status, body, r := c.answer("GET"); status != 200 || body != "" || !r.Close {
		t.Errorf("%d %q %v", status, body, r.Header)
	}
	if !c.ended() {
		t.Error("the connection goes on")
	}
}

// TestPanic loses the connections of handlers that panic, and serves the others.
func TestPanic(t *testing.T) {
	t.Parallel()
	address := start(t, server(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "half")
		if r.URL.Path == "/abort" {
			panic(http.ErrAbortHandler)
		}
		panic("so be it")
	}))
	for _, path := range []string{"/abort", "/panic"} {
		c := dial(t, address)
		c.send("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n")
		if !c.ended() {
			t.Errorf("%s has an answer", path)
		}
	}
}

// TestShutdown answers what is under way and ends what waits.
func TestShutdown(t *testing.T) {
	t.Parallel()
	begun, finish := make(chan struct{}), make(chan struct{})
	s := server(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(begun)
			<-finish
		}
	})
	s.IdleTimeout = time.Minute
	address := start(t, s)
	waiting, working := dial(t, address), dial(t, address)
	waiting.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	waiting.answer("GET")
	working.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
	<-begun
	short, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(short); err != context.DeadlineExceeded {
		t.Errorf("Shutdown while a call is under way: %v", err)
	}
	if !waiting.ended() {
		t.Error("the waiting connection goes on")
	}
	if c, err := net.Dial("tcp", address); err == nil {
		c.Close()
		t.Error("another connection was accepted")
	}
	close(finish)
	if status, _, r := working.answer("GET"); status != 200 || !r.Close {
		t.Errorf("the call under way: %d, close %v", status, r.Close)
	}
	if err := s.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}

// TestClose ends calls under way, and their contexts.
func TestClose(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	s := server(func(w http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
	})
	c := dial(t, start(t, s))
	c.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	<-begun
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if !c.ended() {
		t.Error("the call has an answer")
	}
}

// TestNeverServed stops a server before it begins.
func TestNeverServed(t *testing.T) {
	t.Parallel()
	for _, stop := range []func(*httpd.Server) error{(*httpd.Server).Close, func(s *httpd.Server) error { return s.Shutdown(context.Background()) }} {
		s := server(echo)
		if err := stop(s); err != nil {
			t.Error(err)
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Serve(l); err != http.ErrServerClosed {
			t.Errorf("Serve: %v", err)
		}
	}
}

// TestTLS speaks HTTP/1.1 over TLS, and says so to who does not.
func TestTLS(t *testing.T) {
	t.Parallel()
	pair, err := tls.X509KeyPair(keytest.Make(t, "127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	s := server(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.TLS != nil && r.TLS.HandshakeComplete)
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.ServeTLS(l, &tls.Config{Certificates: []tls.Certificate{pair}})
	t.Cleanup(func() { _ = s.Shutdown(context.Background()) })
	secured, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer secured.Close()
	c := &client{secured, bufio.NewReader(secured), t}
	c.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	if status, body, _ := c.answer("GET"); status != 200 || body != "true" || secured.ConnectionState().NegotiatedProtocol != "http/1.1" {
		t.Errorf("%d %q over %q", status, body, secured.ConnectionState().NegotiatedProtocol)
	}
	plain := dial(t, l.Addr().String())
	plain.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	if status, _, r := plain.answer("GET"); status != 400 || !strings.Contains(r.Header.Get("x-refused"), "https") {
		t.Errorf("plain: %d %v", status, r.Header)
	}
	other := dial(t, l.Addr().String())
	other.send("SSH-2.0-nobody\r\n")
	_ = other.ended() // an alert of TLS, or nothing
}

// FuzzServer sends bytes. Whatever they are, what comes back are answers.
func FuzzServer(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\nHost: h\r\n\r\n"))
	f.Add([]byte("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhiHEAD / HTTP/1.0\r\n\r\n"))
	f.Add([]byte("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\n\r\nPRI * HTTP/2.0\r\n\r\n"))
	f.Add([]byte("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		c := dial(t, start(t, server(func(w http.ResponseWriter, r *http.Request) {
			_, err := io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, err == nil)
		})))
		go func() {
			_, _ = c.Write(sent)
			_ = c.Conn.(*net.TCPConn).CloseWrite()
		}()
		got, _ := io.ReadAll(c.in)
		for in := bufio.NewReader(strings.NewReader(string(got))); ; {
			if _, err := in.Peek(1); err != nil {
				return
			}
			r, err := http.ReadResponse(in, &http.Request{Method: "HEAD"}) // whatever it answers, the header is whole
			if err != nil {
				t.Fatalf("%q is answered with %q: %v", sent, got, err)
			}
			_, _ = io.CopyN(io.Discard, in, max(0, min(r.ContentLength, int64(in.Buffered()))))
			if strings.Contains(string(sent), "HEAD") {
				return // then bodies are left out, and nobody knows here of which answers
			}
		}
	})
}
