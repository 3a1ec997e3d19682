package sigv4

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// appendCanonicalRequest appends the form of a request that is hashed and signed ("Create a canonical request" in AWS's guide to
// Signature Version 4). signedHeaders is the list as it is in the Authorization header.
func appendCanonicalRequest(dst []byte, r *Request, path, signedHeaders string, payload *[sha256.Size]byte) []byte {
	_, query, _ := strings.Cut(r.Target, "?")
	dst = append(dst, r.Method...)
	dst = append(dst, '\n')
	dst = appendCanonicalPath(dst, path)
	dst = append(dst, '\n')
	dst = appendCanonicalQuery(dst, query)
	dst = append(dst, '\n')
	for name := range strings.SplitSeq(signedHeaders, ";") {
		dst = append(dst, name...)
		dst = append(dst, ':')
		dst = appendCanonicalValue(dst, r, name)
		dst = append(dst, '\n')
	}
	dst = append(dst, '\n')
	dst = append(dst, signedHeaders...)
	dst = append(dst, '\n')
	return hex.AppendEncode(dst, payload[:])
}

// appendStringToSign appends what the signing key is applied to, given the hash of the canonical request.
func appendStringToSign(dst []byte, s *Signature, canonical *[sha256.Size]byte) []byte {
	dst = append(dst, algorithm+"\n"...)
	dst = append(dst, s.timestamp...)
	dst = append(dst, '\n')
	dst = append(dst, s.scope...)
	dst = append(dst, '\n')
	return hex.AppendEncode(dst, canonical[:])
}

// appendCanonicalPath encodes a path as it was sent, that is, once more (probed for this service: %2B becomes %252B).
func appendCanonicalPath(dst []byte, path string) []byte {
	if path == "" {
		return append(dst, '/')
	}
	for i := range len(path) {
		if path[i] == '/' {
			dst = append(dst, '/')
		} else {
			dst = appendEncoded(dst, path[i])
		}
	}
	return dst
}

// collapsible reports whether a path has empty segments or those named . or ..
func collapsible(path string) bool {
	return strings.Contains(path, "//") || strings.Contains(path, "/./") || strings.Contains(path, "/../") ||
		strings.HasSuffix(path, "/.") || strings.HasSuffix(path, "/..")
}

// collapse removes empty and dot segments as botocore does before it signs; encoded dots and slashes are no such.
func collapse(path string) string {
	var kept []string
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case "", ".":
		case "..":
			kept = kept[:max(0, len(kept)-1)]
		default:
			kept = append(kept, segment)
		}
	}
	collapsed := "/" + strings.Join(kept, "/")
	if len(kept) > 0 && strings.HasSuffix(path, "/") {
		collapsed += "/"
	}
	return collapsed
}

// parameter is where an encoded query parameter lies: its name from start to equals, its value from there to end.
type parameter struct{ start, equals, end int }

// appendCanonicalQuery sorts a query's parameters by name and value, encoding in them what was sent plainly.
// A + in a query is a space, as it is to the router. A parameter without a value has an empty one.
func appendCanonicalQuery(dst []byte, query string) []byte {
	if query == "" {
		return dst
	}
	var (
		space      [512]byte
		encoded    = space[:0]
		places     [16]parameter
		parameters = places[:0]
	)
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		p := parameter{start: len(encoded)}
		encoded = appendRecoded(encoded, name)
		p.equals = len(encoded)
		encoded = appendRecoded(encoded, value)
		p.end = len(encoded)
		parameters = append(parameters, p)
	}
	slices.SortFunc(parameters, func(a, b parameter) int {
		if c := bytes.Compare(encoded[a.start:a.equals], encoded[b.start:b.equals]); c != 0 {
			return c
		}
		return bytes.Compare(encoded[a.equals:a.end], encoded[b.equals:b.end])
	})
	for i, p := range parameters {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = append(dst, encoded[p.start:p.equals]...)
		dst = append(dst, '=')
		dst = append(dst, encoded[p.equals:p.end]...)
	}
	return dst
}

// appendRecoded encodes what is not encoded in a part of a query. Escapes stay as they were sent: all clients write them in the
// canonical form (probed), and a query that differs in one letter of an escape is not the one that was signed. A % that begins no
// escape stands for itself; the router takes none.
func appendRecoded(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '+':
			dst = append(dst, "%20"...)
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			dst = append(dst, s[i:i+3]...)
			i += 2
		default:
			dst = appendEncoded(dst, c)
		}
	}
	return dst
}

// appendEncoded appends a byte, percent-encoded unless RFC 3986 reserves no meaning for it.
func appendEncoded(dst []byte, c byte) []byte {
	const digits = "0123456789ABCDEF"
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '~':
		return append(dst, c)
	}
	return append(dst, '%', digits[c>>4], digits[c&15])
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// appendCanonicalValue appends the values of the header whose lower-case name is given, with commas between.
func appendCanonicalValue(dst []byte, r *Request, name string) []byte {
	if name == "host" {
		return appendTrimmed(dst, r.Host)
	}
	values, sent := headerValues(r, name)
	if !sent && name == "content-length" {
		// The header may have become a field of http.Request; what it said is the length of the body.
		return strconv.AppendInt(dst, int64(len(r.Body)), 10)
	}
	for i, value := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendTrimmed(dst, value)
	}
	return dst
}

// appendTrimmed appends a header value without blanks around it, and with one space for several.
func appendTrimmed(dst []byte, value string) []byte {
	value = strings.Trim(value, " \t")
	for {
		i := strings.Index(value, "  ")
		if i < 0 {
			return append(dst, value...)
		}
		dst = append(dst, value[:i+1]...)
		value = strings.TrimLeft(value[i:], " ")
	}
}

// sent reports whether a header arrived, by its lower-case name. Host and Content-Length are known without standing in the map.
func sent(r *Request, name string) bool {
	_, ok := headerValues(r, name)
	return ok || name == "host" || name == "content-length"
}

// headerValues finds a header by its lower-case name, and without allocating the canonical one for it.
func headerValues(r *Request, name string) ([]string, bool) {
	var space [maxHeaderName]byte
	canonical := append(space[:0], name...)
	upper := true
	for i, c := range canonical {
		if upper && 'a' <= c && c <= 'z' {
			canonical[i] = c - ('a' - 'A')
		}
		upper = c == '-'
	}
	values, ok := r.Header[string(canonical)]
	return values, ok
}
