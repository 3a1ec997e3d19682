package server_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"

	"github.com/carillon-server/carillon/internal/gate"
	"github.com/carillon-server/carillon/internal/keypair/keytest"
	"github.com/carillon-server/carillon/internal/server"
)

// TestOverTLS serves as the program does with a certificate: HTTP/1.1 whatever the client would rather have, and pages that
// tell browsers to stay with https.
func TestOverTLS(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *server.Config) {
		c.Pages = unsigned(func(w http.ResponseWriter, _ gate.Origin) { w.WriteHeader(http.StatusOK) })
	})
	pair, err := tls.X509KeyPair(keytest.Make(t, "127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	web := f.HTTP()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go web.ServeTLS(listener, &tls.Config{Certificates: []tls.Certificate{pair}})
	t.Cleanup(func() { web.Close() })

	c, err := tls.Dial("tcp", listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := c.ConnectionState().NegotiatedProtocol; got != "http/1.1" {
		t.Errorf("the protocol is %q", got)
	}

	client := &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	t.Cleanup(client.CloseIdleConnections)
	const header = "Strict-Transport-Security"
	for url, want := range map[string]string{
		"https://" + listener.Addr().String() + "/invites/x": "max-age=31536000",
		"https://" + listener.Addr().String() + "/accounts":  "",
		f.url + "/invites/x": "",
	} {
		r, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, r.Body)
		r.Body.Close()
		if got := r.Header.Get(header); got != want || r.ProtoMajor != 1 {
			t.Errorf("%s: %s, %s %q, want %q", url, r.Proto, header, got, want)
		}
	}
}

// unsigned is a function that answers unsigned requests.
type unsigned func(w http.ResponseWriter, from gate.Origin)

func (u unsigned) Serve(w http.ResponseWriter, _ *http.Request, from gate.Origin) { u(w, from) }

// TestBehindProxy lets a proxy say whom it speaks for to a page.
func TestBehindProxy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		network, from, hsts string
	}{
		"trusted":  {"127.0.0.0/8", "203.0.113.9", "max-age=31536000"},
		"stranger": {"10.0.0.0/8", "127.0.0.1", ""},
	} {
		var asked gate.Origin
		f := start(t, func(s *server.Config) {
			s.Proxies.Networks = []netip.Prefix{netip.MustParsePrefix(c.network)}
			s.Pages = unsigned(func(w http.ResponseWriter, from gate.Origin) { asked = from; w.WriteHeader(http.StatusOK) })
		})
		r, err := http.NewRequest("GET", f.url+"/invites/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Forwarded-For", "203.0.113.9")
		r.Header.Set("X-Forwarded-Proto", "https")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if got := answer.Header.Get("Strict-Transport-Security"); got != c.hsts || asked.Address.String() != c.from || asked.Secure != (c.hsts != "") {
			t.Errorf("%s: the call is from %s, HSTS %q, want %s, %q", name, asked.Address, got, c.from, c.hsts)
		}
	}
}
