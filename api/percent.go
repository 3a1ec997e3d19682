package api

import (
	"strings"
	"unicode/utf8"
)

// badEncoding is why text that percentDecode refuses is refused.
const badEncoding = "must be percent-encoded UTF-8"

// decodeLabel decodes a segment of a path. It returns the reason if it is no value.
func decodeLabel(raw string) (label, reason string) {
	if raw == "" {
		return "", "must not be empty"
	}
	label, ok := percentDecode(raw)
	if !ok {
		return "", badEncoding
	}
	return label, refuseText(label)
}

// decodeQuery decodes a name or value of a query, where + is a space.
func decodeQuery(raw string) (string, bool) {
	if strings.IndexByte(raw, '+') >= 0 {
		raw = strings.ReplaceAll(raw, "+", " ")
	}
	return percentDecode(raw)
}

// percentDecode replaces each %XX by its byte. The result must be UTF-8.
func percentDecode(s string) (string, bool) {
	i := strings.IndexByte(s, '%')
	if i < 0 {
		return s, utf8.ValidString(s)
	}
	b := make([]byte, 0, len(s))
	for ; i >= 0; i = strings.IndexByte(s, '%') {
		if len(s) < i+3 {
			return "", false
		}
		high, low := unhex(s[i+1]), unhex(s[i+2])
		if high > 15 || low > 15 {
			return "", false
		}
		b = append(b, s[:i]...)
		b = append(b, high<<4|low)
		s = s[i+3:]
	}
	b = append(b, s...)
	return string(b), utf8.Valid(b)
}

// unhex returns the value of a hexadecimal digit, or 16.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 16
}

// nextItem cuts the first item off a raw query. An item without = has an empty value.
func nextItem(query string) (name, value, rest string) {
	item, rest, _ := strings.Cut(query, "&")
	name, value, _ = strings.Cut(item, "=")
	return name, value, rest
}
