package server_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/carillon-server/carillon/internal/sigv4"
)

// raw is a connection on which a test writes what a client library would not.
type raw struct {
	net.Conn
	in *bufio.Reader
	t  *testing.T
}

func (f *fixture) dial(t *testing.T) *raw {
	t.Helper()
	conn, err := net.Dial("tcp", f.host())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &raw{conn, bufio.NewReader(conn), t}
}

func (f *fixture) host() string { return strings.TrimPrefix(f.url, "http://") }

func (c *raw) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.Conn, text); err != nil {
		c.t.Fatal(err)
	}
}

// answer reads the next answer to a request of the method and checks that it has what each of them has.
func (c *raw) answer(method string) (status int, body string) {
	c.t.Helper()
	r, err := http.ReadResponse(c.in, &http.Request{Method: method})
	if err != nil {
		c.t.Fatalf("no answer: %v", err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		c.t.Fatalf("the answer breaks off: %v", err)
	}
	if len(r.Header.Get("x-amzn-RequestId")) != 36 || r.Header.Get("Content-Type") != "application/json" {
		c.t.Errorf("%d %q: request id %q, type %q", r.StatusCode, text, r.Header.Get("x-amzn-RequestId"), r.Header.Get("Content-Type"))
	}
	if method == http.MethodHead {
		if len(text) != 0 {
			c.t.Errorf("the answer to HEAD has a body: %q", text)
		}
	} else if !json.Valid(text) {
		c.t.Errorf("%d %q is not JSON", r.StatusCode, text)
	}
	return r.StatusCode, string(text)
}

// signed returns the head of a signed request, without the empty line after it, so that more headers can follow.
func (f *fixture) signed(method, target, body string) string {
	r := sigv4.Request{Method: method, Target: target, Host: f.host(), Header: http.Header{}, Body: []byte(body)}
	sigv4.Sign(&r, keyID, secret, "us-east-1", "chime", time.Now())
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nX-Amz-Date: %s\r\nAuthorization: %s\r\n",
		method, target, f.host(), r.Header.Get("X-Amz-Date"), r.Header.Get("Authorization"))
}

func chunked(body string, size int) string {
	var b strings.Builder
	for len(body) > 0 {
		n := min(size, len(body))
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	return b.String() + "0\r\n\r\n"
}

func TestChunkedBody(t *testing.T) {
	t.Parallel()
	f := start(t)
	target := "/accounts/" + f.account(t) + "/users?operation=create"
	body := `{"Email":"jane@example.com"}`
	c := f.dial(t)
	c.send(f.signed("POST", target, body) + "Transfer-Encoding: chunked\r\n\r\n" + chunked(body, 5))
	if status, text := c.answer("POST"); status != 201 {
		t.Errorf("chunked: %d %s", status, text)
	}
	c.send(f.signed("POST", target, body) + "Transfer-Encoding: chunked\r\n\r\nzz\r\n")
	if status, text := c.answer("POST"); status != 400 || !strings.Contains(text, "the body ended early") {
		t.Errorf("a bad chunk: %d %s", status, text)
	}
}

// TestBodyLimit sends a byte more than is taken, and exactly what is.
func TestBodyLimit(t *testing.T) {
	t.Parallel()
	f := start(t)
	target := "/accounts/" + f.account(t) + "/users?operation=create"
	const limit = 1 << 20
	largest := `{"Email":"jane@example.com"` + strings.Repeat(" ", limit-28) + "}"
	for name, send := range map[string]func(body string) string{
		"with a length": func(body string) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body) },
		"in chunks":     func(body string) string { return "Transfer-Encoding: chunked\r\n\r\n" + chunked(body, 100_000) },
	} {
		c := f.dial(t)
		go io.WriteString(c.Conn, f.signed("POST", target, largest+" ")+send(largest+" ")) // the server may not read it all
		if status, text := c.answer("POST"); status != 400 || !strings.Contains(text, "at most 1048576 bytes") {
			t.Errorf("a byte too much, %s: %d %s", name, status, text)
		}
		c = f.dial(t)
		c.send(f.signed("POST", target, largest) + send(largest))
		if status, text := c.answer("POST"); status != 201 && status != 409 {
			t.Errorf("the largest body, %s: %d %s", name, status, text)
		}
	}
}

// TestExpectContinue waits for the server's word before it sends the body, and does without a body that is too large.
func TestExpectContinue(t *testing.T) {
	t.Parallel()
	f := start(t)
	body := `{"Name":"Patience"}`
	c := f.dial(t)
	c.send(f.signed("POST", "/accounts", body) + fmt.Sprintf("Content-Length: %d\r\nExpect: 100-continue\r\n\r\n", len(body)))
	if line, err := c.in.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if line, err := c.in.ReadString('\n'); err != nil || line != "\r\n" {
		t.Fatalf("%q, %v", line, err)
	}
	c.send(body)
	if status, text := c.answer("POST"); status != 201 {
		t.Errorf("after 100 Continue: %d %s", status, text)
	}
	c = f.dial(t)
	c.send(f.signed("POST", "/accounts", body) + "Content-Length: 1048577\r\nExpect: 100-continue\r\n\r\n")
	if status, text := c.answer("POST"); status != 400 {
		t.Errorf("a body too large to be sent: %d %s", status, text)
	}
	c = f.dial(t)
	c.send("GET /nothing HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
	if status, text := c.answer("GET"); status != 404 {
		t.Errorf("a body for nothing: %d %s", status, text)
	}
}

// TestPipelining sends several requests at once: the answers come in their order, also after refusals.
func TestPipelining(t *testing.T) {
	t.Parallel()
	f := start(t)
	create := func(name string) string {
		body := fmt.Sprintf(`{"Name":%q}`, name)
		return f.signed("POST", "/accounts", body) + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
	}
	c := f.dial(t)
	c.send(create("One") + "GET /nothing HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nxyz" + create("Two") +
		"HEAD /accounts HTTP/1.1\r\nHost: h\r\n\r\n" + create("Three") + "GET /accounts HTTP/1.1\r\nHost: h\r\n\r\n")
	for _, want := range []struct {
		method string
		status int
		text   string
	}{
		{"POST", 201, `"One"`}, {"GET", 404, "NotFound"}, {"POST", 201, `"Two"`}, {"HEAD", 405, ""}, {"POST", 201, `"Three"`},
		{"GET", 403, "MissingAuthenticationTokenException"},
	} {
		if status, text := c.answer(want.method); status != want.status || !strings.Contains(text, want.text) {
			t.Errorf("%s: %d %s, want %d with %s", want.method, status, text, want.status, want.text)
		}
	}
}

// TestRawRequestLines sends targets in forms and spellings that few clients use, and some that are none.
func TestRawRequestLines(t *testing.T) {
	t.Parallel()
	f := start(t)
	for line, want := range map[string]int{
		"HEAD /livez":            200,
		"HEAD /nothing":          404,
		"HEAD /":                 404,
		"HEAD /accounts/x/users": 405,
		"OPTIONS *":              404,
		"OPTIONS /accounts":      405,
		"TRACE /accounts":        405,
		"BREW /accounts":         405,
		"GET http://elsewhere.example.com/accounts":      403,
		"GET HTTPS://elsewhere.example.com/accounts":     403,
		"GET http://elsewhere.example.com":               404,
		"GET http://elsewhere.example.com?x":             404,
		"GET http://elsewhere.example.com/livez":         200,
		"CONNECT elsewhere.example.com:443":              404,
		"GET /":                                          404,
		"GET //":                                         404,
		"GET ///accounts":                                404,
		"GET /accounts/":                                 400,
		"GET /accounts/x/":                               404,
		"GET /accounts/x//":                              404,
		"GET /accounts//users":                           400,
		"GET /accounts/x/users/":                         400,
		"GET /accounts/%c3%28":                           400,
		"GET /accounts/\xff":                             400,
		"GET /accounts/%zz":                              400,
		"GET nowhere":                                    400,
		"G(T /accounts":                                  400,
		"GET /" + strings.Repeat("a", 30_000):            431,
		"GET /accounts/%ED%A0%80":                        400,
		"GET /accounts/%2e%2e":                           403,
		"GET /accounts?%ff=x":                            400,
		"GET /accounts?name=%ff":                         403, // authentication comes before the members
		"GET /accounts?;=&&==&":                          403,
		"GET /console":                                   404,
		"GET /console/accounts":                          403,
		"GET /accounts/x/users?operation=create":         400,
		"POST /accounts/x/users?operation=create%":       400,
		"POST /accounts/x/users?operation=%63reate":      403,
		"GET /" + strings.Repeat("%41", 5_000):           404,
		"GET /accounts?name=" + strings.Repeat("a", 1e4): 403,
	} {
		method, _, _ := strings.Cut(line, " ")
		c := f.dial(t)
		c.send(line + " HTTP/1.1\r\nHost: " + f.host() + "\r\n\r\n")
		if status, text := c.answer(method); status != want {
			t.Errorf("%.60q: %d %s, want %d", line, status, text, want)
		}
	}
}

// TestSlowClients sends headers and bodies that do not come to an end. The limits are shortened for the test.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	f := start(t)
	web := f.HTTP()
	for name, limit := range map[string]time.Duration{
		"header": web.ReadHeaderTimeout, "request": web.ReadTimeout, "answer": web.WriteTimeout, "idle": web.IdleTimeout,
	} {
		if limit <= 0 || limit > 2*time.Minute {
			t.Errorf("the limit for the %s is %v", name, limit)
		}
	}
	web.ReadHeaderTimeout, web.ReadTimeout = 100*time.Millisecond, 200*time.Millisecond
	f.serve(t, web)

	c := f.dial(t)
	c.send("GET /accounts HTTP/1.1\r\nHost: h\r\nX-Slow: ")
	if rest, err := io.ReadAll(c.in); err != nil || bytes.HasPrefix(rest, []byte("HTTP/1.1 2")) {
		t.Errorf("a header without end: %q, %v; want the connection closed", rest, err)
	}
	for name, rest := range map[string]string{
		"with a length": "Content-Length: 100\r\n\r\n{", "in chunks": "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
	} {
		c := f.dial(t)
		c.send(f.signed("POST", "/accounts", "{") + rest)
		if status, text := c.answer("POST"); status != 400 || !strings.Contains(text, "did not come in time") {
			t.Errorf("a body without end, %s: %d %s", name, status, text)
		}
		if rest, err := io.ReadAll(c.in); err != nil || len(rest) > 0 {
			t.Errorf("a body without end, %s: then %q, %v; want the connection closed", name, rest, err)
		}
	}
}
