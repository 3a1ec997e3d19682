package server_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/carillon-server/carillon/internal/gate"
	"github.com/carillon-server/carillon/internal/server"
	"github.com/carillon-server/carillon/internal/throttle"
)

func rates(t *testing.T, limits map[string]throttle.Limit) func(*server.Config) {
	t.Helper()
	r, err := server.NewRates(limits)
	if err != nil {
		t.Fatal(err)
	}
	return func(c *server.Config) { c.Rates = r }
}

// once is a limit that lets one call pass during a test.
var once = throttle.Limit{PerSecond: 0.001, Burst: 1}

func TestRates(t *testing.T) {
	t.Parallel()
	f := start(t, rates(t, map[string]throttle.Limit{server.Reads: once, "CreateAccount": {PerSecond: 0.001, Burst: 2}}))
	list := call{method: "GET", target: "/accounts"}
	if r := f.do(t, list); r.status != 200 {
		t.Fatalf("the first read: %d %s", r.status, r.text)
	}
	r := f.do(t, list)
	if r.status != 429 || r.header.Get("x-amzn-ErrorType") != "ThrottledClientException" || r.json["Code"] != "Throttled" ||
		!strings.HasPrefix(r.json["Message"].(string), "Rate exceeded: try again in ") || r.header.Get("Retry-After") != "1000" {
		t.Errorf("the second read: %d, Retry-After %q, %s", r.status, r.header.Get("Retry-After"), r.text)
	}
	if r := f.do(t, call{method: "GET", target: "/accounts/x"}); r.status != 429 {
		t.Errorf("another read: %d %s", r.status, r.text)
	}
	if r := f.do(t, call{method: "GET", target: "/accounts", key: other}); r.status != 200 {
		t.Errorf("a read by another: %d %s", r.status, r.text)
	}
	if r := f.do(t, call{method: "GET", target: "/accounts", unsigned: true}); r.status != 403 {
		t.Errorf("unsigned: %d %s", r.status, r.text)
	}
	for i := range 3 { // its own class goes before that of reads and writes
		if r := f.do(t, call{method: "POST", target: "/accounts", body: `{"Name":"Example"}`}); (r.status == 201) != (i < 2) {
			t.Errorf("CreateAccount %d: %d %s", i, r.status, r.text)
		}
	}
	for range 3 {
		if r := f.do(t, call{method: "POST", target: "/accounts/x", body: `{"Name":"Example"}`}); r.status != 404 {
			t.Errorf("a write, for which there is no limit: %d %s", r.status, r.text)
		}
	}
}

// TestRateOfAll shares one bucket between all operations, also those that do not declare ThrottledClientException.
func TestRateOfAll(t *testing.T) {
	t.Parallel()
	f := start(t, rates(t, map[string]throttle.Limit{server.AllCalls: once}))
	if r := f.do(t, call{method: "GET", target: "/accounts"}); r.status != 200 {
		t.Fatalf("the first call: %d %s", r.status, r.text)
	}
	for target, want := range map[string]string{
		"POST /accounts":                                   "429 ThrottledClientException",
		"POST /carillon/ListFaults":                        "429 ThrottledClientException",
		"GET /accounts/a/bots/b/events-configuration":      "503 ServiceUnavailableException",
		"PUT /accounts/a/bots/b/events-configuration":      "503 ServiceUnavailableException",
		"DELETE /accounts/a/bots/b/events-configuration":   "503 ServiceUnavailableException",
		"POST /accounts/a/users/u?operation=reset-nothing": "400 BadRequestException",
	} {
		method, path, _ := strings.Cut(target, " ")
		r := f.do(t, call{method: method, target: path, body: `{}`})
		if got := fmt.Sprint(r.status, " ", r.header.Get("x-amzn-ErrorType")); got != want || (r.status != 400) != (r.header.Get("Retry-After") == "1000") {
			t.Errorf("%s: %s, Retry-After %q, want %s", target, got, r.header.Get("Retry-After"), want)
		}
	}
}

func TestRatesOfWhatIsNone(t *testing.T) {
	t.Parallel()
	if _, err := server.NewRates(map[string]throttle.Limit{"Write": once}); err == nil || !strings.Contains(err.Error(), `"Write"`) {
		t.Errorf("NewRates: %v", err)
	}
}

// TestOverload has a server that has taken on as much as it may.
func TestOverload(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *server.Config) {
		c.Pages = unsigned(func(w http.ResponseWriter, _ gate.Origin) { w.WriteHeader(http.StatusOK) })
	})
	account := f.account(t)
	get := call{method: "GET", target: "/accounts/" + account}
	const room = 100 << 10
	f.Fill(0, room)
	for _, c := range []call{get, {method: "GET", target: "/invites/x", unsigned: true}} {
		r := f.do(t, c)
		if r.status != 503 || r.header.Get("x-amzn-ErrorType") != "ServiceUnavailableException" || r.header.Get("Retry-After") != "1" {
			t.Errorf("%s, one call too many: %d, Retry-After %q, %s", c.target, r.status, r.header.Get("Retry-After"), r.text)
		}
	}
	if r := f.do(t, call{method: "GET", target: "/readyz", unsigned: true}); r.status != 200 {
		t.Errorf("/readyz: %d", r.status)
	}
	f.Fill(1, room)
	for range 2 {
		if r := f.do(t, get); r.status != 200 {
			t.Errorf("a call for which there is room: %d %s", r.status, r.text)
		}
	}
	target := "/accounts/" + account + "/users?operation=create"
	for size, want := range map[int]int{10: 201, 4 << 10: 201, 60 << 10: 201, 200 << 10: 503} {
		body := fmt.Sprintf(`{"Email":"jane%d@example.com"}`, size)
		body += strings.Repeat(" ", max(size-len(body), 0))
		r := f.do(t, call{method: "POST", target: target, body: body})
		if r.status != want || (want == 503) != (r.header.Get("Retry-After") == "1") {
			t.Errorf("a body of %d bytes: %d, Retry-After %q, %s; want %d", size, r.status, r.header.Get("Retry-After"), r.text, want)
		}
	}
	if calls, bytes := f.Held(1, room); calls != 0 || bytes != 0 {
		t.Errorf("after all answers %d calls and %d bytes are still held", calls, bytes)
	}
	if got := f.Load(); got.Shed != 3 {
		t.Errorf("%d calls were shed, want 3", got.Shed)
	}
}

// crowd serves with at most so many connections and returns the address.
func (f *fixture) crowd(t *testing.T, most int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	web := f.HTTP()
	go web.Serve(f.Limit(listener, most))
	t.Cleanup(func() { web.Close() })
	f.url = "http://" + listener.Addr().String()
}

// delay lets the next call of an operation take a second.
func (f *fixture) delay(t *testing.T, operation string) {
	t.Helper()
	r := f.do(t, call{method: "POST", target: "/carillon/PutFault", body: `{"Operation":"` + operation + `","DelayMilliseconds":1000,"Count":1}`})
	if r.status != 200 {
		t.Fatalf("PutFault: %d %s", r.status, r.text)
	}
}

// atWork waits until a call is under way.
func (f *fixture) atWork(t *testing.T) {
	t.Helper()
	for begun := time.Now(); f.Load().Calls == 0; time.Sleep(time.Millisecond) {
		if time.Since(begun) > 10*time.Second {
			t.Fatal("no call is under way")
		}
	}
}

// closed reports whether the server closes the connection, without an answer.
func (c *raw) closed() bool {
	if err := c.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		c.t.Fatal(err)
	}
	rest, err := io.ReadAll(c.in)
	return err == nil && len(rest) == 0 || err != nil && !strings.Contains(err.Error(), "timeout")
}

// TestCrowd opens more connections than there may be. Those that do nothing give way, the oldest first, whatever they left
// undone; those at work stay.
func TestCrowd(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.crowd(t, 5)
	used := f.dial(t)
	livez := "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n"
	used.send(livez)
	used.answer("GET")
	silent := f.dial(t)
	slowHeader := f.dial(t)
	slowHeader.send("GET /accounts HTTP/1.1\r\nHost: h\r\nX-Slow: ")
	slowBody := f.dial(t)
	slowBody.send(f.signed("POST", "/accounts", "{}") + "Content-Length: 2\r\n\r\n{")
	time.Sleep(50 * time.Millisecond) // until the server waits for them
	used.send(livez)
	used.answer("GET") // and so is the youngest of those that wait

	busy := f.dial(t)
	f.delay(t, "ListAccounts")
	busy.send(f.signed("GET", "/accounts", "") + "\r\n")
	f.atWork(t)

	var more []*raw
	for range 4 {
		c := f.dial(t)
		c.send(livez)
		c.answer("GET")
		more = append(more, c)
	}
	for name, c := range map[string]*raw{"silent": silent, "slow header": slowHeader, "slow body": slowBody} {
		if !c.closed() {
			t.Errorf("the connection with the %s was kept", name)
		}
	}
	for _, c := range more[1:] {
		c.send(livez)
		c.answer("GET")
	}
	if status, text := busy.answer("GET"); status != 200 {
		t.Errorf("the connection at work: %d %s", status, text)
	}
	if l := f.Load(); l.Connections > 5 || l.Evicted < 4 {
		t.Errorf("%+v", l)
	}
}

// TestCrowdAtWork refuses a connection if all others are at work.
func TestCrowdAtWork(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.crowd(t, 1)
	f.delay(t, "ListAccounts")
	for f.Load().Connections > 0 { // the one that ordered the delay, which may not be idle yet
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		time.Sleep(time.Millisecond)
	}
	busy := f.dial(t)
	busy.send(f.signed("GET", "/accounts", "") + "\r\n")
	f.atWork(t)
	if c := f.dial(t); !c.closed() {
		t.Error("a second connection was kept")
	}
	if status, text := busy.answer("GET"); status != 200 {
		t.Errorf("the connection at work: %d %s", status, text)
	}
}
