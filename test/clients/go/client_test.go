// Package clients tests Carillon with aws-sdk-go-v2, against the server that with-server started.
//
// The files accounts, users and so on of the four clients hold the same cases under the same names.
package clients

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/chime"
	"github.com/aws/aws-sdk-go-v2/service/chime/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const unknownID = "01234567-89ab-cdef-0123-456789abcdef"

var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// usual are the errors that nearly every operation declares.
var usual = []smithy.APIError{
	new(types.BadRequestException),
	new(types.UnauthorizedClientException),
	new(types.ForbiddenException),
	new(types.NotFoundException),
	new(types.ThrottledClientException),
	new(types.ServiceFailureException),
	new(types.ServiceUnavailableException),
}

// undeclared says which of the usual errors an operation lacks.
var undeclared = map[string]string{
	"GetGlobalSettings":                 "NotFoundException",
	"UpdateGlobalSettings":              "NotFoundException",
	"SearchAvailablePhoneNumbers":       "NotFoundException",
	"ListSupportedPhoneNumberCountries": "NotFoundException",
	"CreatePhoneNumberOrder":            "NotFoundException",
	"ListPhoneNumberOrders":             "NotFoundException",
	"GetPhoneNumberSettings":            "NotFoundException",
	"UpdatePhoneNumberSettings":         "NotFoundException",
	"CreateMeetingDialOut":              "NotFoundException",
}

var statuses = map[string]int{
	"BadRequestException":            400,
	"ResourceLimitExceededException": 400,
	"UnauthorizedClientException":    401,
	"ForbiddenException":             403,
	"AccessDeniedException":          403,
	"NotFoundException":              404,
	"ConflictException":              409,
	"UnprocessableEntityException":   422,
	"ThrottledClientException":       429,
	"ServiceFailureException":        500,
	"ServiceUnavailableException":    503,
}

// connect returns a client. AWS_ENDPOINT_URL_CHIME alone tells it where the server is.
func connect(t *testing.T) *chime.Client {
	t.Helper()
	c, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return chime.NewFromConfig(c)
}

// once makes a call's first attempt its last, for faults that a second one would not meet.
func once(o *chime.Options) { o.RetryMaxAttempts = 1 }

// carillon calls an operation that Amazon's API lacks, by the server's own program, and returns what that prints.
func carillon(t *testing.T, operation string, members ...string) string {
	t.Helper()
	out, err := exec.Command(os.Getenv("CARILLON_BIN"), append([]string{"call", operation}, members...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", operation, members, err, out)
	}
	return strings.TrimSpace(string(out))
}

// operation is a method of the client that calls an operation.
type operation[In, Out any] func(context.Context, *In, ...func(*chime.Options)) (*Out, error)

// do returns what the call returns, or ends the test.
func do[In, Out any](t *testing.T, call operation[In, Out], in *In) *Out {
	t.Helper()
	out, err := call(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// checkError checks that the error is one of the type of want, with its status and a message.
func checkError(t *testing.T, err error, want smithy.APIError) {
	t.Helper()
	typed := reflect.New(reflect.TypeOf(want)).Interface()
	if !errors.As(err, typed) {
		t.Errorf("%v, want %T", err, want)
		return
	}
	got := reflect.ValueOf(typed).Elem().Interface().(smithy.APIError)
	var answer *smithyhttp.ResponseError
	if !errors.As(err, &answer) || answer.HTTPStatusCode() != statuses[want.ErrorCode()] || got.ErrorMessage() == "" {
		t.Errorf("%v, want status %d and a message", err, statuses[want.ErrorCode()])
	}
}

// A cause is what to change of a call's members so that the error comes; none if a fault is to bring it.
type cause[In any] struct {
	error  smithy.APIError
	change func(*In)
}

// checkErrors checks that the call returns each error that the operation declares: by the changed members that cause it,
// else by a fault. Without change and fault the call goes well, also after all these errors.
func checkErrors[In, Out any](t *testing.T, name string, call operation[In, Out], members In, causes []cause[In]) {
	t.Helper()
	caused := map[string]bool{}
	declared := slices.Clone(usual)
	for _, c := range causes {
		if c.change == nil {
			declared = append(declared, c.error)
			continue
		}
		caused[c.error.ErrorCode()] = true
		changed := members
		c.change(&changed)
		_, err := call(t.Context(), &changed, once)
		checkError(t, err, c.error)
	}
	for _, want := range declared {
		if caused[want.ErrorCode()] || undeclared[name] == want.ErrorCode() {
			continue
		}
		carillon(t, "PutFault", "Operation="+name, "Error="+want.ErrorCode(), "Count=1")
		_, err := call(t.Context(), &members, once)
		checkError(t, err, want)
	}
	if _, err := call(t.Context(), &members); err != nil {
		t.Errorf("%s after all errors: %v", name, err)
	}
}

func equal[T any](t *testing.T, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// recent checks that a time is that of a moment ago.
func recent(t *testing.T, at *time.Time) {
	t.Helper()
	if age := time.Since(aws.ToTime(at)); age.Abs() > time.Minute {
		t.Errorf("%v is %v ago", at, age)
	}
}

func matches(t *testing.T, got *string, pattern *regexp.Regexp) {
	t.Helper()
	if !pattern.MatchString(aws.ToString(got)) {
		t.Errorf("%q does not match %s", aws.ToString(got), pattern)
	}
}

func contains(t *testing.T, err error, text string) {
	t.Helper()
	if !strings.Contains(fmt.Sprint(err), text) {
		t.Errorf("%v, want it to say %q", err, text)
	}
}
