package main

import (
	"crypto/x509"
	"sync"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// trustMozilla has the authorities that Mozilla trusts vouch for others where the system has none: on a small machine, and in
// an image of nothing but this program. What connects to nobody does without: to read them takes 5 ms and half a megabyte.
var trustMozilla = sync.OnceFunc(func() {
	roots := x509.NewCertPool()
	for root := range bundle.Roots() {
		certificate, err := x509.ParseCertificate(root.Certificate)
		switch {
		case err != nil: // one that this Go does not take
		case root.Constraint != nil:
			roots.AddCertWithConstraint(certificate, root.Constraint)
		default:
			roots.AddCert(certificate)
		}
	}
	x509.SetFallbackRoots(roots)
})
