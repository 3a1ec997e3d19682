package keypair

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/carillon-server/carillon/internal/keypair/keytest"
)

// fixture is a pair in files.
type fixture struct {
	cert, key string
	log       bytes.Buffer
	told      []*x509.Certificate
	*Pair
}

func load(t *testing.T) *fixture {
	t.Helper()
	folder := t.TempDir()
	f := &fixture{cert: filepath.Join(folder, "tls.crt"), key: filepath.Join(folder, "tls.key")}
	f.put(t, "one.example.com")
	var err error
	f.Pair, err = Load(f.cert, f.key, slog.New(slog.NewTextHandler(&f.log, nil)), func(leaf *x509.Certificate) { f.told = append(f.told, leaf) })
	if err != nil {
		t.Fatal(err)
	}
	f.every = 0
	return f
}

// put writes another pair into the files.
func (f *fixture) put(t *testing.T, name string) {
	t.Helper()
	cert, key := keytest.Make(t, name)
	write(t, f.cert, cert)
	write(t, f.key, key)
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// shown returns the name in the certificate that the next connection is shown.
func (f *fixture) shown() string { return f.certificate(time.Now()).Leaf.DNSNames[0] }

func TestRenewal(t *testing.T) {
	t.Parallel()
	f := load(t)
	if got := f.shown(); got != "one.example.com" || len(f.told) != 0 {
		t.Fatalf("at first %s is shown, and %d were told of", got, len(f.told))
	}
	f.put(t, "two.example.com")
	if got := f.shown(); got != "two.example.com" || f.Leaf().DNSNames[0] != got {
		t.Errorf("after a renewal %s is shown", got)
	}
	if len(f.told) != 1 || f.told[0].DNSNames[0] != "two.example.com" {
		t.Errorf("a renewal was told %d times", len(f.told))
	}
}

// TestBrokenRenewal puts files there that are of no use. The pair before stays, and one line says so, not one for each
// connection.
func TestBrokenRenewal(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(t *testing.T, f *fixture){
		"a certificate without its key": func(t *testing.T, f *fixture) {
			cert, _ := keytest.Make(t, "two.example.com")
			write(t, f.cert, cert)
		},
		"no PEM": func(t *testing.T, f *fixture) { write(t, f.key, []byte("nothing")) },
		"no file": func(t *testing.T, f *fixture) {
			if err := os.Remove(f.key); err != nil {
				t.Fatal(err)
			}
		},
		"an empty file": func(t *testing.T, f *fixture) { write(t, f.cert, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := load(t)
			spoil(t, f)
			for range 3 {
				if got := f.shown(); got != "one.example.com" {
					t.Fatalf("%s is shown", got)
				}
			}
			if n := strings.Count(f.log.String(), "the one before stays"); n != 1 {
				t.Errorf("the log says it %d times:\n%s", n, f.log.String())
			}
			f.put(t, "three.example.com")
			if got := f.shown(); got != "three.example.com" {
				t.Errorf("once the files are mended %s is shown", got)
			}
		})
	}
}

// TestLooksSeldom checks that connections in quick succession do not each look at the files.
func TestLooksSeldom(t *testing.T) {
	t.Parallel()
	f := load(t)
	f.every = time.Hour
	f.put(t, "two.example.com")
	now := *f.looked.Load()
	if got := f.certificate(now.Add(time.Hour - 1)).Leaf.DNSNames[0]; got != "one.example.com" {
		t.Errorf("within the hour %s is shown", got)
	}
	if got := f.certificate(now.Add(time.Hour)).Leaf.DNSNames[0]; got != "two.example.com" {
		t.Errorf("after the hour %s is shown", got)
	}
}

// TestConnections checks that TLS 1.1 is refused and that a connection survives a renewal.
func TestConnections(t *testing.T) {
	t.Parallel()
	f := load(t)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", f.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go echo(c)
		}
	}()
	dial := func(c *tls.Config) (*tls.Conn, error) {
		c.InsecureSkipVerify = true
		return tls.Dial("tcp", listener.Addr().String(), c)
	}
	if _, err := dial(&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 was accepted")
	}
	c, err := dial(&tls.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	f.put(t, "two.example.com")
	other, err := dial(&tls.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for want, c := range map[string]*tls.Conn{"one.example.com": c, "two.example.com": other} {
		if got := c.ConnectionState().PeerCertificates[0].DNSNames[0]; got != want {
			t.Errorf("a connection has the certificate of %s, want %s", got, want)
		}
		if _, err := c.Write([]byte{'x'}); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 1)
		if _, err := c.Read(b); err != nil || b[0] != 'x' {
			t.Errorf("the connection of %s: %q, %v", want, b, err)
		}
	}
}

func echo(c net.Conn) {
	defer c.Close()
	b := make([]byte, 1)
	for {
		if _, err := c.Read(b); err != nil {
			return
		}
		if _, err := c.Write(b); err != nil {
			return
		}
	}
}

func TestLoadSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	if _, err := Load("/nowhere/tls.crt", "/nowhere/tls.key", nil, nil); err == nil || !strings.Contains(err.Error(), "/nowhere/tls.crt") {
		t.Errorf("Load: %v", err)
	}
}

func TestSelfSigned(t *testing.T) {
	t.Parallel()
	f := load(t)
	if !SelfSigned(f.Leaf()) {
		t.Error("a self-signed certificate is not seen as one")
	}
	cert, key := keytest.Issue(t, "leaf.example.com")
	write(t, f.cert, cert)
	write(t, f.key, key)
	if f.shown() != "leaf.example.com" || SelfSigned(f.Leaf()) {
		t.Error("a certificate of an authority is seen as self-signed")
	}
}
