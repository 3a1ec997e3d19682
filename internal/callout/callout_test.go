package callout

import (
	"context"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestRefusedAddresses(t *testing.T) {
	t.Parallel()
	c := New(Rules{Private: prefixes("10.1.0.0/16", "fd00::/8")})
	for text, want := range map[string]bool{
		"8.8.8.8":                true,
		"2600::1":                true,
		"::ffff:8.8.8.8":         true,
		"127.0.0.1":              false,
		"127.1.2.3":              false,
		"0.0.0.0":                false,
		"0.1.2.3":                false,
		"10.0.0.1":               false,
		"10.1.0.1":               true, // allowed by the operator
		"172.16.0.1":             false,
		"172.31.255.255":         false,
		"172.32.0.1":             true,
		"192.168.1.1":            false,
		"169.254.169.254":        false, // the metadata service of clouds
		"100.64.0.1":             false, // carriers' networks
		"100.128.0.1":            true,
		"192.0.0.192":            false, // the metadata service of Oracle's cloud
		"192.0.2.1":              false,
		"198.18.0.1":             false,
		"198.51.100.1":           false,
		"203.0.113.1":            false,
		"224.0.0.1":              false,
		"240.0.0.1":              false,
		"255.255.255.255":        false,
		"::":                     false,
		"::1":                    false,
		"::ffff:127.0.0.1":       false,
		"::ffff:10.0.0.1":        false,
		"::ffff:169.254.169.254": false,
		"::127.0.0.1":            false,
		"64:ff9b::7f00:1":        false, // NAT64
		"64:ff9b::a9fe:a9fe":     false,
		"2002:7f00:1::":          false, // 6to4
		"2001::1":                false, // Teredo
		"2001:db8::1":            false,
		"fe80::1":                false,
		"fe80::1%eth0":           false,
		"2600::1%eth0":           false,
		"fec0::1":                false,
		"fc00::1":                false,
		"fd00::1":                true, // allowed by the operator
		"fd00:ec2::254":          true, // which is his to know
		"ff02::1":                false,
		"100::1":                 false,
	} {
		if got := c.allowed(netip.MustParseAddr(text)); got != want {
			t.Errorf("allowed(%s) = %t", text, got)
		}
	}
}

// post calls an endpoint within two seconds.
func post(t *testing.T, c *Client, endpoint string) (Answer, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	return c.Post(ctx, endpoint, map[string]string{"X-Test": "1"}, []byte(`{"a":1}`))
}

// TestRefusedURLs has a server behind every form of its address. None may reach it.
func TestRefusedURLs(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer server.Close()
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	c := New(Rules{Plain: true})
	defer c.Close()
	c.resolver = dns(t, func(string, int) string { return "127.0.0.1" })
	for _, host := range []string{
		"127.0.0.1", "127.1", "2130706433", "017700000001", "0177.0.0.1", "0x7f000001", "0x7f.0.0.1", "0x7f.1", "127.0.0.1.", "1.",
		"0", "0.0.0.0", "[::]", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[0:0:0:0:0:0:0:1]", "[fe80::1%25lo]",
		"localhost.test", "rebind.test", "169.254.169.254", "[64:ff9b::7f00:1]",
	} {
		_, err := post(t, c, "http://"+host+":"+port+"/")
		var refused *RefusedError
		if !errors.As(err, &refused) {
			t.Errorf("%s: %v, want it refused", host, err)
		}
	}
	for _, endpoint := range []string{"ftp://example.com/", "file:///etc/passwd", "http:/x", "//example.com", "http://user:secret@example.com/", ":"} {
		_, err := post(t, c, endpoint)
		var refused *RefusedError
		if !errors.As(err, &refused) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want it refused", endpoint, err)
		}
	}
	if _, err := post(t, New(Rules{Private: prefixes("127.0.0.0/8")}), "http://127.0.0.1:"+port); err == nil {
		t.Error("http: is called although only https: may be")
	}
	var none *Client
	if _, err := post(t, none, server.URL); err == nil {
		t.Error("a nil client calls")
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("the server was reached %d times", n)
	}
}

// TestRebinding has a name that is public when it is first looked up and the machine itself from then on. A client that
// looked it up once to judge and once more to dial would reach the server.
func TestRebinding(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer server.Close()
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	c := New(Rules{Plain: true})
	defer c.Close()
	var looked atomic.Int32
	c.resolver = dns(t, func(_ string, n int) string {
		looked.Store(int32(n))
		if n == 1 {
			return "198.20.0.1" // public; nobody here has it
		}
		return "127.0.0.1"
	})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := c.Post(ctx, "http://rebind.test:"+port+"/", nil, nil); err == nil {
		t.Error("the first call succeeded")
	}
	if looked.Load() != 1 {
		t.Errorf("the name was looked up %d times in one call", looked.Load())
	}
	_, err := post(t, c, "http://rebind.test:"+port+"/")
	var refused *RefusedError
	if !errors.As(err, &refused) || reached.Load() != 0 {
		t.Errorf("the second call: %v, %d times reached; want it refused", err, reached.Load())
	}
}

// TestMixedAddresses has a name with a public and a private address.
func TestMixedAddresses(t *testing.T) {
	t.Parallel()
	c := New(Rules{Plain: true})
	c.resolver = dns(t, func(string, int) string { return "198.20.0.1 127.0.0.1" })
	_, err := post(t, c, "http://mixed.test/")
	var refused *RefusedError
	if !errors.As(err, &refused) {
		t.Errorf("%v, want it refused", err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/inner" {
			reached.Add(1)
		}
		http.Redirect(w, r, server.URL+"/inner", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	c := New(Rules{Plain: true, Private: prefixes("127.0.0.1/32")})
	defer c.Close()
	answer, err := post(t, c, server.URL+"/outer")
	if err != nil || answer.Status != http.StatusTemporaryRedirect || reached.Load() != 0 {
		t.Errorf("status %d, %v, followed %d times; want 307 and none", answer.Status, err, reached.Load())
	}
}

func TestPost(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("X-Test") != "1" || string(body) != `{"a":1}` {
			t.Errorf("got %s %v %s", r.Method, r.Header, body)
		}
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, strings.Repeat("x", maxAnswer+1000))
	}))
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	c := New(Rules{Private: prefixes("127.0.0.0/8"), Roots: roots})
	defer c.Close()
	answer, err := post(t, c, server.URL)
	if err != nil || answer.Status != http.StatusTeapot || len(answer.Body) != maxAnswer {
		t.Errorf("%d, %d bytes, %v; want 418 and %d bytes", answer.Status, len(answer.Body), err, maxAnswer)
	}
	stranger := New(Rules{Private: prefixes("127.0.0.0/8")})
	defer stranger.Close()
	if _, err := post(t, stranger, server.URL+"/?token=secret"); err == nil || !strings.Contains(err.Error(), "certificate") || strings.Contains(err.Error(), "secret") {
		t.Errorf("with a certificate that nobody vouches for: %v", err)
	}
}

func TestPostEndsInTime(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/drip" {
			w.(http.Flusher).Flush()
		}
		<-hang
	}))
	defer server.Close()
	defer close(hang)
	c := New(Rules{Plain: true, Private: prefixes("127.0.0.0/8")})
	defer c.Close()
	for _, path := range []string{"/hang", "/drip"} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := c.Post(ctx, server.URL+path, nil, nil)
		cancel()
		if err == nil || err.Error() != "the endpoint did not answer in time" {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// dns returns a resolver that asks a server of the test's, which answers each name with what addresses says: it gets the name
// and how often one was asked for.
func dns(t *testing.T, addresses func(name string, n int) string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		n := 0
		for b := make([]byte, 512); ; {
			size, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			if reply := answerDNS(b[:size], addresses, &n); reply != nil {
				conn.WriteTo(reply, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// answerDNS answers a question for A records, and any other with nothing found (RFC 1035).
func answerDNS(question []byte, addresses func(string, int) string, n *int) []byte {
	end, name := 12, ""
	for question[end] != 0 {
		size := int(question[end])
		name += string(question[end+1:end+1+size]) + "."
		end += 1 + size
	}
	end += 5 // the root, type and class
	kind := binary.BigEndian.Uint16(question[end-4:])
	reply := append([]byte{}, question[:end]...)
	reply[2], reply[3] = 0x81, 0x80
	clear(reply[6:12])
	if kind != 1 {
		return reply
	}
	*n++
	for _, a := range strings.Fields(addresses(name, *n)) {
		ip := netip.MustParseAddr(a).As4()
		reply[7]++
		reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		reply = append(reply, ip[:]...)
	}
	return reply
}
