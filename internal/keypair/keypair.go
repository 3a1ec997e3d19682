// Package keypair keeps a certificate and its key that are read from files, and reads them again when the files change, as
// they do when the certificate is renewed.
package keypair

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// lookEvery is how old a look at the files may be when a connection is made. Connections that are there keep theirs.
const lookEvery = time.Second

// Pair is a certificate with its key. It is safe for concurrent use.
type Pair struct {
	certFile, keyFile string
	log               *slog.Logger
	changed           func(leaf *x509.Certificate)
	every             time.Duration

	current atomic.Pointer[tls.Certificate]
	looked  atomic.Pointer[time.Time]

	mu   sync.Mutex // held by whoever looks at the files
	seen [2]stamp
}

// stamp is what shows that a file has changed.
type stamp struct {
	modified time.Time
	size     int64
	info     os.FileInfo // tells a file from another that was put in its place
}

func (s stamp) same(other stamp) bool {
	if s.info == nil || other.info == nil { // a file is missing
		return s.info == other.info
	}
	return s.modified.Equal(other.modified) && s.size == other.size && os.SameFile(s.info, other.info)
}

// Load reads the pair. The files hold PEM: the certificate, followed by those between it and its authority, and the key.
// changed is told of each certificate that takes the place of the one before.
func Load(certFile, keyFile string, log *slog.Logger, changed func(leaf *x509.Certificate)) (*Pair, error) {
	p := &Pair{certFile: certFile, keyFile: keyFile, log: log, changed: changed, every: lookEvery}
	p.seen = p.look()
	read, err := p.read()
	if err != nil {
		return nil, err
	}
	p.current.Store(read)
	p.looked.Store(new(time.Now()))
	return p, nil
}

// Leaf returns the certificate that is shown now.
func (p *Pair) Leaf() *x509.Certificate { return p.current.Load().Leaf }

// Config returns how connections are secured: by TLS 1.2 at least, with the library's choice of ciphers.
func (p *Pair) Config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return p.certificate(time.Now()), nil },
	}
}

// certificate returns the certificate to show. One caller at a time looks at the files, the others do not wait.
func (p *Pair) certificate(now time.Time) *tls.Certificate {
	if now.Sub(*p.looked.Load()) >= p.every && p.mu.TryLock() {
		defer p.mu.Unlock()
		p.looked.Store(&now)
		p.renew()
	}
	return p.current.Load()
}

// renew takes over what the files hold if they have changed. A pair that cannot be used is left alone until they change
// again: the files may be written one after the other.
func (p *Pair) renew() {
	now := p.look()
	if now[0].same(p.seen[0]) && now[1].same(p.seen[1]) {
		return
	}
	p.seen = now
	read, err := p.read()
	if err != nil {
		p.log.Error("the new certificate cannot be used; the one before stays", "error", err)
		return
	}
	p.current.Store(read)
	p.log.Info("a new certificate is used", "expires", read.Leaf.NotAfter)
	p.changed(read.Leaf)
}

// look returns the stamps of the files; that of a missing one is like no other.
func (p *Pair) look() (s [2]stamp) {
	for i, name := range [...]string{p.certFile, p.keyFile} {
		if info, err := os.Stat(name); err == nil {
			s[i] = stamp{info.ModTime(), info.Size(), info}
		}
	}
	return s
}

func (p *Pair) read() (*tls.Certificate, error) {
	read, err := tls.LoadX509KeyPair(p.certFile, p.keyFile)
	if err != nil {
		return nil, fmt.Errorf("read the certificate %s with the key %s: %w", p.certFile, p.keyFile, err)
	}
	return &read, nil
}

// SelfSigned reports whether nobody but itself vouches for a certificate, so that clients have to be given it.
func SelfSigned(leaf *x509.Certificate) bool {
	return leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil
}

// File returns the path of the certificate.
func (p *Pair) File() string { return p.certFile }
