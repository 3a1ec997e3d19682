package mail

import (
	"errors"
	"regexp"
	"strings"
	"unicode"

	gomail "github.com/wneessen/go-mail"
)

// Error says why a mail was not sent. It does not name whom the mail is to.
type Error struct {
	Permanent bool // the server refuses this mail for good, so that there is no use in trying again
	message   string
}

func (e *Error) Error() string { return e.message }

// maxError bounds the message, in characters.
const maxError = 500

// newError makes an Error of what went wrong with a mail.
//
// A refusal with a 5xx code is for good when it is about the recipient or the content. One of the greeting, the login or the
// sender is about how this server is set up, and that can be mended while the mail waits.
func newError(err error, to string) *Error {
	message := err.Error()
	var refused *gomail.SendError
	permanent := false
	if errors.As(err, &refused) {
		message, _, _ = strings.Cut(message, ", affected recipient(s): ") // the server's words come before
		message, _, _ = strings.Cut(message, ", affected message ID: ")
		switch refused.Reason {
		case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
			permanent = refused.ErrorCode() >= 500
		}
	}
	return &Error{permanent, printable(redact(message, to))}
}

// redact puts <recipient> in the place of the address, in either case, and of the part before the @ where it stands as a
// word of its own: servers name the mailbox without its domain.
func redact(message, to string) string {
	message = regexp.MustCompile(`(?i)`+regexp.QuoteMeta(to)).ReplaceAllLiteralString(message, "<recipient>")
	name, _, _ := strings.Cut(to, "@")
	word := regexp.MustCompile(`(?i)(^|[^\pL\pN._%+-])` + regexp.QuoteMeta(name) + `($|[^\pL\pN._%+-])`)
	for range 2 { // a match takes the characters around it, so of two neighbours the first pass finds one
		message = word.ReplaceAllString(message, "${1}<recipient>${2}")
	}
	return strings.NewReplacer("<<<recipient>>>", "<recipient>", "<<recipient>>", "<recipient>").Replace(message)
}

// printable returns one line of bounded length.
func printable(message string) string {
	runes := []rune(strings.Join(strings.FieldsFunc(message, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }), " "))
	if len(runes) > maxError {
		return string(runes[:maxError]) + "…"
	}
	return string(runes)
}
