package server_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/carillon-server/carillon/internal/keypair/keytest"
	"github.com/carillon-server/carillon/internal/server"
)

// TestOverTLS serves as the program does with a certificate: HTTP/1.1 whatever the client would rather have, and pages that
// tell browsers to stay with https.
func TestOverTLS(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *server.Config) {
		c.Pages = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	})
	pair, err := tls.X509KeyPair(keytest.Make(t, "127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	web := f.HTTP()
	web.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go web.ServeTLS(listener, "", "")
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
