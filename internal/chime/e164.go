package chime

import "strings"

// E164 is a telephone number with its country code, as telephone networks know it: +12065550100.
type E164 string

// maxDigits is the most digits that a number has (ITU-T E.164).
const maxDigits = 15

// ParseE164 reads a number, whose + may be missing (documented: pattern of E164PhoneNumber).
func ParseE164(s string) (E164, bool) {
	digits := strings.TrimPrefix(s, "+")
	if len(digits) < 2 || len(digits) > maxDigits || digits[0] == '0' {
		return "", false
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return "", false
		}
	}
	return E164("+" + digits), true
}

// PhoneNumberID returns what the wire calls the number's id: the number with its + percent-encoded (documented: examples).
func (n E164) PhoneNumberID() string { return "%2B" + string(n[1:]) }

// ParseNumberID reads the id of a number. Clients send the number itself and its id, and some encode the latter once more
// (documented, probed).
func ParseNumberID(s string) (E164, bool) {
	for range 2 {
		if rest, encoded := strings.CutPrefix(s, "%25"); encoded {
			s = "%" + rest
		}
	}
	if len(s) > 3 && strings.EqualFold(s[:3], "%2B") {
		s = "+" + s[3:]
	}
	return ParseE164(s)
}
