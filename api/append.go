package api

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// scope says which members of a structure are meant.
type scope uint8

const (
	allMembers scope = iota
	bodyMembers
)

// Append appends v, a pointer to the structure that s describes, to dst as compact JSON and returns the extended
// buffer. Members stand in alphabetical order, wherever a request would carry them, and absent ones are left out
// (both as Amazon's service answered: observed, but for its null NextToken, which is decided). Invalid UTF-8 becomes
// U+FFFD. Times are written for the years 0 to 9999.
func Append(dst []byte, s *Structure, v any) []byte {
	return appendStructure(dst, s, v, allMembers)
}

func appendStructure(dst []byte, s *Structure, v any, which scope) []byte {
	dst = append(dst, '{')
	start := len(dst)
	for i := range s.Fields {
		f := &s.Fields[i]
		if which == bodyMembers && f.In != Body {
			continue
		}
		before := len(dst)
		if before > start {
			dst = append(dst, ',')
		}
		dst = append(dst, f.key...)
		after := len(dst)
		dst = appendMember(dst, f, f.At(v))
		if len(dst) == after {
			dst = dst[:before]
		}
	}
	return append(dst, '}')
}

// appendMember appends the value at p, or nothing if it is absent.
func appendMember(dst []byte, f *Field, p any) []byte {
	switch p := p.(type) {
	case *string:
		if *p != "" || f.emptyFits {
			dst = appendString(dst, *p)
		}
	case **string:
		if *p != nil {
			dst = appendString(dst, **p)
		}
	case *int:
		if *p != 0 {
			dst = strconv.AppendInt(dst, int64(*p), 10)
		}
	case *bool:
		dst = strconv.AppendBool(dst, *p)
	case **bool:
		if *p != nil {
			dst = strconv.AppendBool(dst, **p)
		}
	case *time.Time:
		if !p.IsZero() {
			dst = appendTime(dst, *p)
		}
	case *[]string:
		if *p != nil {
			dst = append(dst, '[')
			for i, s := range *p {
				if i > 0 {
					dst = append(dst, ',')
				}
				dst = appendString(dst, s)
			}
			dst = append(dst, ']')
		}
	default:
		dst = appendNested(dst, f.Shape, p)
	}
	return dst
}

// appendNested appends the structure or the list of structures at p.
func appendNested(dst []byte, shape *Shape, p any) []byte {
	if shape.Kind == KindStructure {
		if v := shape.Struct.load(p); v != nil {
			dst = appendStructure(dst, shape.Struct, v, allMembers)
		}
		return dst
	}
	s := shape.Elem.Struct
	n := s.length(p)
	if n < 0 {
		return dst
	}
	dst = append(dst, '[')
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendStructure(dst, s, s.item(p, i), allMembers)
	}
	return append(dst, ']')
}

func appendString(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, s) // an error says only that invalid UTF-8 was replaced
	return dst
}

// appendTime appends t in timeForm, in quotes.
func appendTime(dst []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = append(dst, '"')
	dst = appendDigits(dst, year, 4, '-')
	dst = appendDigits(dst, int(month), 2, '-')
	dst = appendDigits(dst, day, 2, 'T')
	dst = appendDigits(dst, hour, 2, ':')
	dst = appendDigits(dst, minute, 2, ':')
	dst = appendDigits(dst, second, 2, '.')
	dst = appendDigits(dst, t.Nanosecond()/1e6, 3, 'Z')
	return append(dst, '"')
}

// appendDigits appends the last width digits of n, and end.
func appendDigits(dst []byte, n, width int, end byte) []byte {
	dst = append(dst, "0000"[:width]...)
	for i := len(dst) - 1; width > 0; i, width = i-1, width-1 {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
	return append(dst, end)
}
