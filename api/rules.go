package api

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"
)

// An InvalidError says which part of a request breaks which rule of the model. It never holds the value.
type InvalidError struct {
	Member string // UpdateUserRequestItems[2].LicenseType, or "the body" as a whole
	Reason string // must be one of Basic, Plus, Pro, ProTrial
}

func (e *InvalidError) Error() string { return e.Member + " " + e.Reason }

// within puts the name of the enclosing member or item before the member's.
func (e *InvalidError) within(name string) *InvalidError {
	switch {
	case e.Member == "":
		e.Member = name
	case e.Member[0] == '[':
		e.Member = name + e.Member
	default:
		e.Member = name + "." + e.Member
	}
	return e
}

// phrases say in words what the pattern of a shape asks for.
var phrases = map[string]string{
	"AccessKeyId":        "must be 16 to 128 letters, digits and underscores, like AKIAIOSFODNN7EXAMPLE",
	"AccountName":        "must contain a character that is not a space, and no line break",
	"ExpectedSeal":       "must be the number of a seal, a colon and its signature",
	"Alpha2CountryCode":  "must be a country code of two capital letters, like US",
	"AwsAccountId":       "must be the 12 digits of an AWS account",
	"CallingName":        "must be 2 to 15 letters, digits and spaces, or empty",
	"ClientRequestToken": "must consist of letters, digits, - and _",
	"DisplayName":        "must contain a character that is not a space, and no line break",
	"DomainName":         "must be the name of a mail domain, like example.com",
	"E164PhoneNumber":    "must be a telephone number in E.164 form, like +12065550100",
	"EmailAddress":       "must be an e-mail address, like name@example.com",
	"FaultOperation":     "must be the name of an operation, or * for all",
	"GuidString":         "must be a GUID, like 01234567-89ab-cdef-0123-456789abcdef",
	"InviteToken":        "must be the last part of an invitation's link: letters, digits, - and _",
	"JoinTokenString":    "must consist of letters, digits, + and /",
	"NonEmptyString":     "must contain a character that is not a space, and no line break",
	"PolicyName":         "must be 1 to 128 letters, digits and characters of _+=,.@-",
	"PrincipalName":      "must be 1 to 64 letters, digits and characters of _+=,.@-",
	"TenantName":         "must contain a character that is not a space, and no line break",
	"SnapshotName":       "must be 1 to 64 letters, digits and characters of ._-",
	"TollFreePrefix":     "must be one of 800, 833, 844, 855, 866, 877, 888",
}

// refuse returns why a string breaks the shape's rules, or "".
func (s *Shape) refuse(v string) string {
	if reason := refuseText(v); reason != "" {
		return reason
	}
	if len(s.Enum) > 0 {
		for _, e := range s.Enum {
			if v == e {
				return ""
			}
		}
		if len(s.Enum) == 1 {
			return "must be " + s.Enum[0]
		}
		return "must be one of " + strings.Join(s.Enum, ", ")
	}
	if s.Pattern != nil && !s.Pattern.Match(v) {
		return cmp.Or(phrases[s.Name], "must match "+s.Pattern.String())
	}
	if s.Min > 0 || s.Max > 0 {
		return s.refuseSize(utf8.RuneCountInString(v))
	}
	return ""
}

// refuseText returns why no string may be v, or "". PostgreSQL cannot keep a NUL, so the whole API refuses it
// (decided).
func refuseText(v string) string {
	if strings.IndexByte(v, 0) >= 0 {
		return "must not contain a NUL character"
	}
	if !utf8.ValidString(v) {
		return "must be valid UTF-8"
	}
	return ""
}

// refuseSize returns why n characters, items or the integer n break the shape's bounds, or "".
func (s *Shape) refuseSize(n int) string {
	if n >= s.Min && (s.Max == 0 || n <= s.Max) {
		return ""
	}
	return s.sizePhrase()
}

// sizePhrase says the shape's bounds in words: must be at least 1 and at most 200.
func (s *Shape) sizePhrase() string {
	var bounds string
	last := s.Max
	switch {
	case s.Max == 0:
		bounds, last = fmt.Sprintf("at least %d", s.Min), s.Min
	case s.Min == 0:
		bounds = fmt.Sprintf("at most %d", s.Max)
	case s.Min == s.Max:
		bounds = fmt.Sprintf("exactly %d", s.Max)
	default:
		bounds = fmt.Sprintf("at least %d and at most %d", s.Min, s.Max)
	}
	plural := "s"
	if last == 1 {
		plural = ""
	}
	switch s.Kind {
	case KindString:
		return "must be " + bounds + " character" + plural
	case KindList:
		return "must have " + bounds + " item" + plural
	default:
		return "must be " + bounds
	}
}

// matchers are tests equal to frequent patterns and several times as fast.
var matchers = map[string]func(string) bool{
	`^(?:.*\S.*)$`:    matchNotBlank,
	`^(?:.+@.+\..+)$`: matchAddress,
}

// matchNotBlank is .*\S.* for the whole of a valid UTF-8 string.
func matchNotBlank(s string) bool {
	found := false
	for i := range len(s) {
		switch s[i] {
		case '\n':
			return false
		case '\t', '\f', '\r', ' ':
		default:
			found = true
		}
	}
	return found
}

// matchAddress is .+@.+\..+ for the whole of a valid UTF-8 string: of all ways to read it, the first @ that has
// something before it and the last dot that has something after it leave the most between them.
func matchAddress(s string) bool {
	if len(s) < 5 || strings.IndexByte(s, '\n') >= 0 {
		return false
	}
	at := 1 + strings.IndexByte(s[1:], '@')
	dot := strings.LastIndexByte(s[:len(s)-1], '.')
	return at > 0 && dot > at+1
}
