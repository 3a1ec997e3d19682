package sigv4

import (
	"crypto/sha256"
	"strings"
	"time"
)

// The Authorization header, in the one form that all SDKs send (probed):
//
//	AWS4-HMAC-SHA256 Credential=ID/20060102/REGION/SERVICE/aws4_request, SignedHeaders=a;b;c, Signature=HEX
const (
	algorithm           = "AWS4-HMAC-SHA256"
	credentialPrefix    = algorithm + " Credential="
	signedHeadersPrefix = "SignedHeaders="
	signaturePrefix     = "Signature="
	separator           = ", "
	terminator          = "aws4_request"

	dateLayout = "20060102"
	timeLayout = "20060102T150405Z"
)

// What a request may claim. AWS's own access key ids have up to 128 characters (documented); the other bounds are ours.
const (
	maxAuthorization = 8 << 10 // bytes
	maxAccessKeyID   = 128
	maxScopePart     = 64
	maxSignedHeaders = 64
	maxHeaderName    = 128
)

// Parse reads the signature of a request, and refuses one that no secret could make right. The error is nil or an [*Error]:
//
//   - MissingAuthenticationTokenException: there is no Authorization header.
//   - IncompleteSignatureException: it, or X-Amz-Date, is not in the form of Signature Version 4.
//   - InvalidSignatureException: it contradicts X-Amz-Date, or covers too little: host and every X-Amz-* header must be signed,
//     and every signed header must be there.
//   - UnrecognizedClientException: there is a session token, which nobody here could have issued.
//
// The time must be in X-Amz-Date; a Date header is not looked at.
func Parse(r *Request) (Signature, error) {
	authorization, err := authorizationOf(r)
	if err != nil {
		return Signature{}, err
	}
	var s Signature
	if err := s.parseAuthorization(authorization); err != nil {
		return Signature{}, err
	}
	if err := s.parseTime(r); err != nil {
		return Signature{}, err
	}
	if _, sent := r.Header["X-Amz-Security-Token"]; sent {
		return Signature{}, &Error{unknownClient, unknownToken}
	}
	return s, s.checkCoverage(r)
}

// authorizationOf returns the one Authorization header of a request.
func authorizationOf(r *Request) (string, error) {
	values := r.Header["Authorization"]
	switch {
	case len(values) == 0 && strings.Contains(r.Target, "X-Amz-Signature="):
		return "", &Error{missingToken, "Missing Authentication Token: presigned URLs are not supported; send the signature in the Authorization header"}
	case len(values) == 0:
		return "", &Error{missingToken, "Missing Authentication Token: there is no Authorization header; sign the request with AWS Signature Version 4"}
	case len(values) > 1:
		return "", &Error{incomplete, "the Authorization header must be sent once"}
	case len(values[0]) > maxAuthorization:
		return "", &Error{incomplete, "the Authorization header must have at most 8192 bytes"}
	}
	return values[0], nil
}

// parseAuthorization reads everything but the time. Each part has one spelling, so that two headers never mean the same.
func (s *Signature) parseAuthorization(header string) error {
	if !strings.HasPrefix(header, algorithm+" ") {
		return &Error{incomplete, "the Authorization header must begin with " + algorithm + " and a space"}
	}
	rest, ok1 := strings.CutPrefix(header, credentialPrefix)
	credential, rest, ok2 := strings.Cut(rest, separator+signedHeadersPrefix)
	signedHeaders, signature, ok3 := strings.Cut(rest, separator+signaturePrefix)
	if !ok1 || !ok2 || !ok3 {
		return &Error{incomplete, "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters, " +
			"in this order, with a comma and a space between"}
	}
	if err := s.parseCredential(credential); err != nil {
		return err
	}
	if !validSignedHeaders(signedHeaders) {
		return &Error{incomplete, "'SignedHeaders' must be at most 64 header names in lower case, sorted, each once, with semicolons between"}
	}
	s.signedHeaders = signedHeaders
	if !decodeHex(&s.mac, signature) {
		return &Error{incomplete, "'Signature' must be 64 lower-case hexadecimal digits, and the last parameter"}
	}
	return nil
}

// parseCredential reads ID/20060102/REGION/SERVICE/aws4_request.
func (s *Signature) parseCredential(credential string) error {
	id, scope, _ := strings.Cut(credential, "/")
	date, rest, _ := strings.Cut(scope, "/")
	region, rest, _ := strings.Cut(rest, "/")
	service, end, ok := strings.Cut(rest, "/")
	switch {
	case !ok || strings.Contains(end, "/"):
		return &Error{incomplete, "Credential must have exactly 5 slash-delimited elements, keyid/date/region/service/aws4_request"}
	case !validAccessKeyID(id):
		return &Error{incomplete, "the access key id in 'Credential' must be 1 to 128 visible ASCII characters"}
	case !validScopePart(region):
		return &Error{incomplete, "the region in 'Credential' must be 1 to 64 letters, digits, - or _"}
	case !validScopePart(service):
		return &Error{incomplete, "the service in 'Credential' must be 1 to 64 letters, digits, - or _"}
	case end != terminator:
		return &Error{invalid, "Credential should be scoped with a valid terminator: '" + terminator + "'."}
	}
	s.AccessKeyID, s.Date, s.Region, s.Service, s.scope = id, date, region, service, scope
	return nil
}

// parseTime reads X-Amz-Date, on whose day the credential must be.
func (s *Signature) parseTime(r *Request) error {
	values := r.Header["X-Amz-Date"]
	switch len(values) {
	case 0:
		return &Error{incomplete, "Authorization header requires existence of an 'X-Amz-Date' header"}
	case 1:
	default:
		return &Error{incomplete, "the X-Amz-Date header must be sent once"}
	}
	t, ok := parseTimestamp(values[0])
	if !ok {
		return &Error{incomplete, "Date must be in ISO-8601 'basic format': X-Amz-Date must be like 20060102T150405Z"}
	}
	if s.Date != values[0][:len(dateLayout)] {
		return &Error{invalid, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: " +
			"it must be the day of X-Amz-Date, " + values[0][:len(dateLayout)]}
	}
	s.Time, s.timestamp = t, values[0]
	return nil
}

// parseTimestamp reads a time in ISO 8601's basic format, in UTC and to the second.
func parseTimestamp(s string) (time.Time, bool) {
	if len(s) != len(timeLayout) || s[8] != 'T' || s[15] != 'Z' {
		return time.Time{}, false
	}
	var fields [6]int // from year to second
	for i, part := range [...]string{s[:4], s[4:6], s[6:8], s[9:11], s[11:13], s[13:15]} {
		for _, c := range []byte(part) {
			if c < '0' || '9' < c {
				return time.Time{}, false
			}
			fields[i] = 10*fields[i] + int(c-'0')
		}
	}
	t := time.Date(fields[0], time.Month(fields[1]), fields[2], fields[3], fields[4], fields[5], 0, time.UTC)
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	// What there is not, such as the 31st of April, has become another time.
	return t, fields == [...]int{year, int(month), day, hour, minute, second}
}

// checkCoverage refuses a signature that leaves out the host or an X-Amz-* header that was sent, or that covers a header that was not.
func (s *Signature) checkCoverage(r *Request) error {
	if !s.signs("Host") {
		return &Error{invalid, "'Host' must be a 'SignedHeader' in the AWS Authorization."}
	}
	unsigned := ""
	for name := range r.Header {
		// The first by name is reported, so that the same request always gets the same answer.
		if isAmz(name) && (unsigned == "" || name < unsigned) && !s.signs(name) {
			unsigned = name
		}
	}
	if unsigned != "" {
		return &Error{invalid, "the header " + strings.ToLower(unsigned) + " was sent but is not among the signed headers"}
	}
	for name := range strings.SplitSeq(s.signedHeaders, ";") {
		if !sent(r, name) {
			return &Error{invalid, "the header " + name + " is signed but did not arrive; a proxy may have removed it"}
		}
	}
	return nil
}

// isAmz reports whether a header is one of those that change what AWS does with a request.
func isAmz(name string) bool {
	const prefix = "X-Amz-"
	return len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
}

// signs reports whether a header, in any case, is among the signed ones.
func (s *Signature) signs(name string) bool {
	for signed := range strings.SplitSeq(s.signedHeaders, ";") {
		if strings.EqualFold(signed, name) {
			return true
		}
	}
	return false
}

// validAccessKeyID accepts more than AWS issues, so that a foreign key is unknown rather than malformed.
func validAccessKeyID(id string) bool {
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return false
		}
	}
	return 0 < len(id) && len(id) <= maxAccessKeyID
}

func validScopePart(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return 0 < len(s) && len(s) <= maxScopePart
}

// validSignedHeaders wants rising order, which also means that no name comes twice.
func validSignedHeaders(list string) bool {
	previous, n := "", 0
	for name := range strings.SplitSeq(list, ";") {
		if n++; n > maxSignedHeaders || !validHeaderName(name) || name <= previous {
			return false
		}
		previous = name
	}
	return true
}

// validHeaderName accepts the token characters of RFC 9110 without the upper-case letters.
func validHeaderName(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', strings.IndexByte("-_.!#$%&'*+^`|~", c) >= 0:
		default:
			return false
		}
	}
	return 0 < len(name) && len(name) <= maxHeaderName
}

// decodeHex reads 64 hexadecimal digits, in lower case only: a signature has one spelling.
func decodeHex(dst *[sha256.Size]byte, s string) bool {
	if len(s) != 2*len(dst) {
		return false
	}
	for i := range dst {
		high, ok1 := lowerHex(s[2*i])
		low, ok2 := lowerHex(s[2*i+1])
		if !ok1 || !ok2 {
			return false
		}
		dst[i] = high<<4 | low
	}
	return true
}

func lowerHex(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}
