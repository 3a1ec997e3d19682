package main

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/carillon-server/carillon/internal/httpd"
	"github.com/carillon-server/carillon/internal/keypair"
)

// tlsSettings are about TLS.
type tlsSettings struct {
	TLSCert string `name:"tls-cert" type:"path" env:"CARILLON_TLS_CERT" placeholder:"FILE" help:"Serve https with the certificate in this PEM file, followed by those between it and its authority. It is read again when it changes. Default: none; plain http."`
	TLSKey  string `name:"tls-key" type:"path" env:"CARILLON_TLS_KEY" placeholder:"FILE" help:"The key of the certificate, in PEM."`
}

// certificate reads the certificate, nil if there is to be none. renewed is told of each that takes its place.
func (c *tlsSettings) certificate(log *slog.Logger, renewed func(*keypair.Pair)) (*keypair.Pair, error) {
	switch {
	case c.TLSCert == "" && c.TLSKey == "":
		return nil, nil
	case c.TLSCert == "" || c.TLSKey == "":
		return nil, usagef("--tls-cert and --tls-key go together; give both, or neither for plain http")
	}
	if info, err := os.Stat(c.TLSKey); err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o007 != 0 {
		log.Warn("every user of this machine can read the key of the certificate; chmod 600 the file", "file", c.TLSKey)
	}
	var pair *keypair.Pair
	pair, err := keypair.Load(c.TLSCert, c.TLSKey, log, func(*x509.Certificate) { renewed(pair) })
	return pair, err
}

// serveOn serves http, or https where there is a certificate.
func serveOn(web *httpd.Server, listener net.Listener, certificate *keypair.Pair) error {
	if certificate == nil {
		return web.Serve(listener)
	}
	return web.ServeTLS(listener, certificate.Config())
}

// secured is what a server with a certificate notes for its clients.
type secured struct {
	Certificate string `json:"certificate,omitempty"` // the SHA-256 of the one that it shows
	Endpoint    string `json:"endpoint,omitempty"`    // its URL by a name that the certificate has
	CAFile      string `json:"ca_file,omitempty"`     // the certificate, where clients have to be given it
}

// secure notes the certificate, if there is one.
func (r *running) secure(pair *keypair.Pair) {
	if pair == nil {
		return
	}
	leaf := pair.Leaf()
	_, address, _ := strings.Cut(r.URL, "://")
	r.URL = "https://" + address
	sum := sha256.Sum256(leaf.Raw)
	r.secured = secured{Certificate: hex.EncodeToString(sum[:])}
	if host, port, err := net.SplitHostPort(address); err == nil && leaf.VerifyHostname(host) != nil {
		for _, name := range leaf.DNSNames {
			if !strings.HasPrefix(name, "*") {
				r.Endpoint = "https://" + net.JoinHostPort(name, port)
				break
			}
		}
	}
	if keypair.SelfSigned(leaf) {
		r.CAFile = pair.File()
	}
}

// renewed returns what notes another certificate in the data folder, where the server's note is.
func (r *running) renewed(folder string, log *slog.Logger) func(*keypair.Pair) {
	return func(pair *keypair.Pair) {
		now := *r
		now.secure(pair)
		if _, err := os.Stat(filepath.Join(folder, serverFile)); err != nil {
			return // it is not there yet, or not any more
		}
		if err := now.write(folder); err != nil {
			log.Error("note the new certificate in the data folder; carillon's commands will not know the server", "error", err)
		}
	}
}

// endpoint is the URL for clients that check certificates.
func (r *running) endpoint() string {
	if r.Endpoint != "" {
		return r.Endpoint
	}
	return r.URL
}

// client returns a client for the server: it knows the certificate itself, whoever vouches for it and whatever its name.
func (r *running) client() *http.Client {
	if r.Certificate == "" {
		return http.DefaultClient
	}
	return clientWith(&tls.Config{
		InsecureSkipVerify: true, // VerifyConnection verifies
		VerifyConnection: func(s tls.ConnectionState) error {
			if sum := sha256.Sum256(s.PeerCertificates[0].Raw); hex.EncodeToString(sum[:]) != r.Certificate {
				return errors.New("its certificate is not that of the server of the data folder")
			}
			return nil
		},
	})
}

// trust says whom to believe that a server is itself.
type trust struct {
	CAFile string `name:"ca-file" type:"path" env:"AWS_CA_BUNDLE" placeholder:"FILE" help:"The authorities, in PEM, of which one must vouch for an https endpoint. Default: those of the system, or of Mozilla where it has none. The server of the data folder needs none."`
}

// client returns a client that trusts the authorities.
func (t *trust) client() (*http.Client, error) {
	if t.CAFile == "" {
		trustMozilla()
		return http.DefaultClient, nil
	}
	data, err := os.ReadFile(t.CAFile)
	if err != nil {
		return nil, fmt.Errorf("--ca-file: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(data) {
		return nil, usagef("--ca-file %s has no certificate in PEM", t.CAFile)
	}
	return clientWith(&tls.Config{RootCAs: roots}), nil
}

func clientWith(c *tls.Config) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = c
	return &http.Client{Transport: transport}
}
