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
	// The parser also takes display names, comments and quotes; an address that is not exactly what was given has some.
	parsed, err := mail.ParseAddress(s)
	if err != nil || parsed.Address != s || !strings.Contains(s[strings.LastIndexByte(s, '@'):], ".") {
		return "", BadRequest.Errorf("Email must be an e-mail address like name@example.com")
	}
	return Email(s), nil
}

// Fold returns the form in which addresses are compared: without regard to case (decided).
func (e Email) Fold() string { return strings.ToLower(string(e)) }
