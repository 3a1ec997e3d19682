package api

import (
	"strconv"
	"strings"
)

// A Request is an operation's input as a client would send it.
type Request struct {
	Method string
	Target string // path and query, percent-encoded
	Body   []byte // nil for an operation that binds no member to the body
}

// NewRequest returns the request for in, a pointer to the operation's input, as the AWS SDKs make it (probed): every
// value percent-encoded whole, only RFC 3986's unreserved characters kept, and the fixed query item first. It checks
// nothing: an input that breaks rules becomes a request that Decode refuses.
func (op *Operation) NewRequest(in any) Request {
	var target []byte
	label := 0
	for segment := range strings.SplitSeq(op.Path[1:], "/") {
		target = append(target, '/')
		if _, ok := labelName(segment); ok {
			target = appendEscaped(target, *op.labels[label].At(in).(*string))
			label++
		} else {
			target = append(target, segment...)
		}
	}
	separator := byte('?')
	if op.QueryName != "" {
		target = append(target, '?')
		target = append(target, op.QueryName+"="+op.QueryValue...)
		separator = '&'
	}
	for _, f := range op.query {
		var value string
		switch p := f.At(in).(type) {
		case *string:
			value = *p
		case *int:
			if *p != 0 {
				value = strconv.Itoa(*p)
			}
		}
		if value != "" {
			target = append(target, separator)
			target = append(target, f.WireName...)
			target = append(target, '=')
			target = appendEscaped(target, value)
			separator = '&'
		}
	}
	r := Request{Method: op.Method, Target: string(target)}
	if op.body {
		r.Body = appendStructure(nil, op.Input, in, bodyMembers)
	}
	return r
}

// ReadInput returns the input whose members are in a JSON object, wherever a request would carry them. It is refused as the
// request would be.
func (op *Operation) ReadInput(members []byte) (any, error) {
	in, err := Unmarshal(op.Input, members)
	if err != nil {
		return nil, err
	}
	r := op.NewRequest(in)
	route, err := Match(r.Method, r.Target)
	if err != nil {
		return nil, err
	}
	return op.Decode(route, r.Body)
}

// appendEscaped appends s with all but the unreserved characters of RFC 3986 percent-encoded.
func appendEscaped(dst []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == '-', c == '.', c == '_', c == '~':
			dst = append(dst, c)
		default:
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		}
	}
	return dst
}
