package chime

import "fmt"

// Kind says what sort of refusal an error is. It is itself an error, so that errors.Is(err, chime.NotFound) holds
// for every error of that kind. What a kind is on the wire is the server's business.
type Kind uint8

// The kinds, one for each error that the API can answer, and one for the code of its own that a bad request can have.
const (
	Failure       Kind = iota // a bug or corrupt data: never made on purpose
	BadRequest                // a value or the state of things breaks a rule
	NotFound                  // no such thing for this caller
	Conflict                  // somebody else has it
	Forbidden                 // the caller may not
	AccessDenied              // the AWS account may not
	Unauthorized              // the key is disabled, or its tenant closed
	LimitExceeded             // a quota is used up
	Unprocessable             // something has to be done first
	Throttled                 // too many calls
	Unavailable               // not now, and nothing was written
	Associated                // a bad request about a number that a user has
)

var kindNames = [...]string{
	Failure: "failure", BadRequest: "bad request", NotFound: "not found", Conflict: "conflict", Forbidden: "forbidden",
	AccessDenied: "access denied", Unauthorized: "unauthorized", LimitExceeded: "limit exceeded",
	Unprocessable: "unprocessable", Throttled: "throttled", Unavailable: "unavailable", Associated: "associated",
}

// Error returns the kind's name.
func (k Kind) Error() string { return kindNames[k] }

// Errorf returns an error of this kind. The client reads its text: name the member as the wire does and say what is
// allowed, and put no sensitive value in. An error among args is for %v, not %w: causes do not reach clients.
func (k Kind) Errorf(format string, args ...any) error {
	return &Error{Kind: k, Message: fmt.Sprintf(format, args...)}
}

// verbatim is Errorf for a text that is Amazon's as a whole.
func (k Kind) verbatim(format string, args ...any) error {
	return &Error{Kind: k, Message: fmt.Sprintf(format, args...), Verbatim: true}
}

// Error is a refusal that the client gets to read.
type Error struct {
	Kind     Kind
	Message  string
	Verbatim bool // Message is all that Amazon's service said: nothing comes before it
}

func (e *Error) Error() string { return e.Message }

// Is reports whether target is the error's kind.
func (e *Error) Is(target error) bool { return target == e.Kind }
