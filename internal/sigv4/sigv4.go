// Package sigv4 checks that a request was signed by the holder of a secret key, by AWS Signature Version 4 in the Authorization
// header, and signs requests the same way.
//
// It reads only its arguments: no clock, no store, and of the request nothing that the signature does not cover. It assumes of a
// request what net/http's server sees to: header names in canonical form, and no line breaks in method, target, host or header values.
//
// Check a request in two steps. [Parse] reads what the request says of itself, with no key: whose signature it carries, and when and
// for what it was made. [Verifier.Verify] then holds it against the secret. For a key that does not exist, [Verifier.VerifyUnknown]
// does the work that a wrong signature costs and refuses.
package sigv4

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// Request is what a signature covers of a request.
type Request struct {
	Method string
	Target string // origin form, path?query, exactly as it was sent: decoding it first would lose what was signed
	Host   string // of the Host header; net/http keeps it out of Header
	Header http.Header
	Body   []byte
}

// Signature is what a request says of its own signature. It is a claim until it is verified.
// Its strings are parts of the Authorization header: clone what is to outlive the request.
type Signature struct {
	AccessKeyID string
	Date        string // of the credential, 20060102; the day of Time
	Region      string
	Service     string
	Time        time.Time // of X-Amz-Date, UTC

	scope         string // Date/Region/Service/aws4_request
	timestamp     string // Time as it was sent
	signedHeaders string // lower-case names in rising order, with semicolons between
	mac           [sha256.Size]byte
}

// Error is a refusal, to be answered with status 403. Neither field ever holds a secret, or what a secret gave.
type Error struct {
	Name    string // of the exception on the wire, such as InvalidSignatureException
	Message string
}

func (e *Error) Error() string { return e.Name + ": " + e.Message }

// The names are those of Amazon's rest-json services (decided).
const (
	missingToken  = "MissingAuthenticationTokenException"
	incomplete    = "IncompleteSignatureException"
	invalid       = "InvalidSignatureException"
	unknownClient = "UnrecognizedClientException"
)

// Messages that begin with Amazon's words, which SDKs and people search for.
const (
	unknownToken = "The security token included in the request is invalid."
	mismatch     = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key " +
		"and signing method. The usual causes are a wrong secret access key, a proxy that rewrites the Host header or the path, " +
		"and a body that was changed on its way."
)

// maxSkew is how far a request's time may be from the server's, either way (documented for this family of services).
const maxSkew = 5 * time.Minute

// unknownSecret stands in for the secret of a key that does not exist. It opens nothing: [Verifier.VerifyUnknown] refuses always.
const unknownSecret = "0000000000000000000000000000000000000000"

// Verifier checks the signatures of requests to one service. It is safe for concurrent use, and keeps nothing but signing keys
// already derived, a bounded number of them.
type Verifier struct {
	service string
	keys    keyCache
}

// NewVerifier returns a verifier for the service that clients name in their credential scope.
func NewVerifier(service string) *Verifier { return &Verifier{service: service} }

// Verify returns nil if the request was signed with the secret, for this service, within five minutes of now.
// s is what [Parse] returned for r. Any error is an [*Error].
//
// A refusal derives the signing key exactly once, whether or not it was cached, so that its duration doesn't tell which keys are in use.
func (v *Verifier) Verify(r *Request, s *Signature, secret string, now time.Time) error {
	payload, err := v.check(r, s, now)
	if err != nil {
		return err
	}
	key, cached := v.keys.find(s, secret)
	if !cached {
		key = deriveKey(secret, s)
	}
	if !s.madeWith(&key, r, &payload) {
		if cached {
			_ = deriveKey(secret, s) // only for the time it takes
		}
		return &Error{invalid, mismatch}
	}
	if !cached {
		v.keys.store(s, secret, key)
	}
	return nil
}

// VerifyUnknown refuses a request that names an access key nobody has, after the work that [Verifier.Verify] puts into a wrong signature.
// The error is never nil, and always an [*Error].
func (v *Verifier) VerifyUnknown(r *Request, s *Signature, now time.Time) error {
	payload, err := v.check(r, s, now)
	if err != nil {
		return err
	}
	_, _ = v.keys.find(s, unknownSecret) // never there; looked for because Verify looks
	key := deriveKey(unknownSecret, s)
	_ = s.madeWith(&key, r, &payload) // no signature helps a key that does not exist
	return &Error{unknownClient, unknownToken}
}

// check refuses what no secret could make right: another service, a clock too far off, a body other than the one announced.
// It returns the SHA-256 of the body.
func (v *Verifier) check(r *Request, s *Signature, now time.Time) ([sha256.Size]byte, error) {
	if s.Service != v.service {
		return [sha256.Size]byte{}, &Error{invalid, "Credential should be scoped to correct service: '" + v.service + "'."}
	}
	if err := checkTime(s, now); err != nil {
		return [sha256.Size]byte{}, err
	}
	payload := sha256.Sum256(r.Body)
	return payload, checkAnnounced(r, &payload)
}

// checkTime refuses a signature made more than maxSkew away from now. SDKs correct their clocks by these messages (observed).
func checkTime(s *Signature, now time.Time) error {
	now = now.UTC().Truncate(time.Second) // signatures know whole seconds only
	earliest, latest := now.Add(-maxSkew), now.Add(maxSkew)
	switch {
	case s.Time.Before(earliest):
		return &Error{invalid, "Signature expired: " + s.timestamp + " is now earlier than " + earliest.Format(timeLayout) +
			" (" + now.Format(timeLayout) + " - 5 min.)"}
	case s.Time.After(latest):
		return &Error{invalid, "Signature not yet current: " + s.timestamp + " is still later than " + latest.Format(timeLayout) +
			" (" + now.Format(timeLayout) + " + 5 min.)"}
	}
	return nil
}

// checkAnnounced holds the X-Amz-Content-Sha256 header, if it was sent, against the hash of the body. Only some clients send it (probed).
func checkAnnounced(r *Request, payload *[sha256.Size]byte) error {
	announced, sent := r.Header["X-Amz-Content-Sha256"]
	if !sent {
		return nil
	}
	var want [2 * sha256.Size]byte
	hex.Encode(want[:], payload[:])
	switch {
	case len(announced) != 1:
		return &Error{invalid, "x-amz-content-sha256 must be sent once"}
	case announced[0] == string(want[:]):
		return nil
	case announced[0] == "UNSIGNED-PAYLOAD" || strings.HasPrefix(announced[0], "STREAMING-"):
		return &Error{invalid, "x-amz-content-sha256 must be the SHA-256 of the body: unsigned and streamed payloads are not supported"}
	}
	return &Error{invalid, "x-amz-content-sha256 is not the SHA-256, in lower-case hexadecimal, of the body that arrived; " +
		"it may have been changed on its way"}
}

// madeWith reports whether the signature is the one that the signing key gives for the request.
func (s *Signature) madeWith(key *[sha256.Size]byte, r *Request, payload *[sha256.Size]byte) bool {
	path, _, _ := strings.Cut(r.Target, "?")
	want := s.sign(key, r, path, payload)
	if subtle.ConstantTimeCompare(s.mac[:], want[:]) == 1 {
		return true
	}
	if !collapsible(path) {
		return false
	}
	// botocore signs such a path collapsed and sends it as it is (probed).
	want = s.sign(key, r, collapse(path), payload)
	return subtle.ConstantTimeCompare(s.mac[:], want[:]) == 1
}

// sign returns the signature that the key gives for the request, were its path the given one.
func (s *Signature) sign(key *[sha256.Size]byte, r *Request, path string, payload *[sha256.Size]byte) [sha256.Size]byte {
	var space [2048]byte // room for all but extraordinary requests, without allocation
	canonical := sha256.Sum256(appendCanonicalRequest(space[:0], r, path, s.signedHeaders, payload))
	return mac(key[:], appendStringToSign(space[:0], s, &canonical))
}
