package server

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/gate"
	"github.com/carillon-server/carillon/internal/sigv4"
)

// answer is an error as the wire shows it: the status and x-amzn-ErrorType, and Code and Message in the body.
// SDKs find the class by the header, older ones by Code (probed, observed), so both are always there.
type answer struct {
	status    int
	exception string
	code      string
	message   string
}

// exceptions says what each kind of error is on the wire (documented: model; the pairing of Code with class is
// observed for Forbidden and ResourceLimitExceeded, inferred for the rest). Each message begins with the words that
// Amazon's service was seen to use (observed), as some clients look for them.
var exceptions = map[chime.Kind]answer{
	chime.BadRequest:    {400, "BadRequestException", "BadRequest", "Service received a bad request"},
	chime.LimitExceeded: {400, "ResourceLimitExceededException", "ResourceLimitExceeded", "Limit reached"},
	chime.Unauthorized:  {401, "UnauthorizedClientException", "Unauthorized", "Unauthorized"},
	chime.Forbidden:     {403, "ForbiddenException", "Forbidden", "AWS authorization failed"},
	chime.AccessDenied:  {403, "AccessDeniedException", "AccessDenied", "Service is restricted"},
	chime.NotFound:      {404, "NotFoundException", "NotFound", "Unable to find the requested identifier"},
	chime.Conflict:      {409, "ConflictException", "Conflict", "Request could not be completed due to a conflict"},
	chime.Unprocessable: {422, "UnprocessableEntityException", "Unprocessable", "Request could not be processed"},
	chime.Throttled:     {429, "ThrottledClientException", "Throttled", "Rate exceeded"},
	chime.Failure:       {500, "ServiceFailureException", "ServiceFailure", "The service failed"},
	chime.Unavailable:   {503, "ServiceUnavailableException", "ServiceUnavailable", "The service is unavailable"},
	chime.Associated:    {400, "BadRequestException", "PhoneNumberAssociationsExist", "Service received a bad request"},
}

// appendJSON appends the body. An error of the signature has its message in lower case too, as Amazon's front end sends
// it (observed).
func (a answer) appendJSON(b []byte) []byte {
	b = append(b, `{"Code":`...)
	b = appendString(b, a.code)
	b = append(b, `,"Message":`...)
	b = appendString(b, a.message)
	if a.code == a.exception {
		b = append(b, `,"message":`...)
		b = appendString(b, a.message)
	}
	return append(b, '}')
}

func appendString(b []byte, s string) []byte {
	// The error is about invalid UTF-8, for which the replacement character stands in.
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

func answerOf(kind chime.Kind, detail string) answer {
	a := exceptions[kind]
	if detail != "" {
		a.message += ": " + detail
	}
	return a
}

func answerToRefusal(e *chime.Error) answer {
	a := answerOf(e.Kind, e.Message)
	if e.Verbatim {
		a.message = e.Message
	}
	return a
}

// answerTo returns what to answer to an error, and the error again if it is for the log because the client only gets a
// fixed sentence.
func answerTo(err error) (_ answer, internal error) {
	var (
		refused   *chime.Error
		invalid   *api.InvalidError
		route     *api.RouteError
		signature *sigv4.Error
		ordered   *gate.Exception
		removed   *removedError
	)
	switch {
	case errors.As(err, &refused):
		return answerToRefusal(refused), nil
	case errors.As(err, &invalid):
		return answerOf(chime.BadRequest, invalid.Error()), nil
	case errors.As(err, &route):
		return answerToRoute(route), nil
	case errors.As(err, &signature):
		// The modern names of rest-json services, by which SDKs correct their clocks (decided).
		return answer{http.StatusForbidden, signature.Name, signature.Name, signature.Message}, nil
	case errors.As(err, &removed):
		a := answerOf(chime.Forbidden, "")
		a.message = removed.Error()
		return a, nil
	case errors.As(err, &ordered):
		return answerToOrder(ordered), nil
	case errors.Is(err, chime.Unavailable): // with a cause for the log
		return answerOf(chime.Unavailable, err.Error()), errors.Unwrap(err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return answerOf(chime.Unavailable, "the call ended before its answer; look whether it was done"), nil
	}
	return answerOf(chime.Failure, "the log has the reason under this request id"), err
}

// removedError is about an operation that Amazon took out of this API. The words are Amazon's (observed).
type removedError struct{ tenant chime.Tenant }

func (e *removedError) Error() string {
	return "Account Id " + e.tenant.String() + ` is not authorized to call deprecated Amazon Chime SDK API on the "chime" endpoint, ` +
		`use one of the "*-chime*" endpoints instead.`
}

func answerToRoute(e *api.RouteError) answer {
	switch e.Kind {
	case api.NoMethod:
		return answer{http.StatusMethodNotAllowed, "MethodNotAllowedException", "MethodNotAllowed", e.Message}
	case api.NoPath:
		return answer{http.StatusNotFound, "NotFoundException", "NotFound", e.Message}
	}
	return answerOf(chime.BadRequest, e.Message)
}

func answerToOrder(e *gate.Exception) answer {
	for _, kind := range slices.Sorted(maps.Keys(exceptions)) { // of two kinds with one exception the first is meant
		if a := exceptions[kind]; a.exception == e.Name {
			a.message += ": a fault was ordered for this call"
			return a
		}
	}
	return answerOf(chime.Failure, e.Error())
}
