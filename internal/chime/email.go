package chime

import (
	"net/mail"
	"strings"
)

// Email is an address as its owner writes it.
type Email string

// maxEmail is the longest address that mail can reach, in bytes: RFC 5321 allows 256 with the angle brackets.
const maxEmail = 254

// ParseEmail accepts a bare address of the form name@example.com and refuses everything else with BadRequest. The
// domain needs a dot (documented: model EmailAddress).
func ParseEmail(s string) (Email, error) {
	if len(s) > maxEmail {
		return "", BadRequest.Errorf("Email must be at most %d bytes", maxEmail)
	}
	if isPlain(s) {
		return Email(s), nil
	}
	// The parser also takes display names, comments and quotes; an address that is not exactly what was given has some.
	parsed, err := mail.ParseAddress(s)
	if err != nil || parsed.Address != s || !strings.Contains(s[strings.LastIndexByte(s, '@'):], ".") {
		return "", BadRequest.Errorf("Email must be an e-mail address like name@example.com")
	}
	return Email(s), nil
}

// isPlain reports whether s is an address like nearly all others, which the parser would accept after some thought: words
// of ASCII letters, digits and - _ + with single dots between, an @, and a domain of two words or more.
func isPlain(s string) bool {
	at, dot, word := -1, -1, false // where they stood last; whether a word has begun
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '+':
			word = true
		case c == '.' && word:
			dot, word = i, false
		case c == '@' && word && at < 0:
			at, word = i, false
		default:
			return false
		}
	}
	return 0 < at && at < dot && word
}

// Fold returns the form in which addresses are compared: without regard to case (decided).
func (e Email) Fold() string { return strings.ToLower(string(e)) }
