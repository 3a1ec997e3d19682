// Package keytest makes certificates for tests.
package keytest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"
)

// Make returns a self-signed certificate for the names and addresses and its key, both in PEM.
func Make(t testing.TB, names ...string) (cert, key []byte) {
	t.Helper()
	c, k := template(names), newKey(t)
	return encode(t, c, c, k, k)
}

// Issue returns a certificate for the names that an authority made which nobody knows, and its key, both in PEM.
func Issue(t testing.TB, names ...string) (cert, key []byte) {
	t.Helper()
	authority := template([]string{"authority.example.com"})
	authority.IsCA = true
	return encode(t, template(names), authority, newKey(t), newKey(t))
}

func template(names []string) *x509.Certificate {
	c := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: names[0]},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		BasicConstraintsValid: true,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, name)
		}
	}
	return c
}

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func encode(t testing.TB, c, parent *x509.Certificate, k, signer crypto.Signer) (cert, key []byte) {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, c, parent, k.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
}
