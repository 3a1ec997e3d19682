package api

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		method, target, operation string
		labels                    string // separated by |
	}{
		{"GET", "/accounts", "ListAccounts", ""},
		{"GET", "/accounts?", "ListAccounts", ""},
		{"GET", "/accounts?name=a&unknown=b", "ListAccounts", ""},
		{"POST", "/accounts/a/users", "BatchUpdateUser", "a"},
		{"POST", "/accounts/a/users?operation=create", "CreateUser", "a"},
		{"POST", "/accounts/a/users?a=b&operation=add", "InviteUsers", "a"},
		{"POST", "/accounts/a/users?&&operation=add&", "InviteUsers", "a"},
		{"POST", "/accounts/a/users?%6Fperation=%61dd", "InviteUsers", "a"},
		{"GET", "/search?max-results=5&type=phone-numbers", "SearchAvailablePhoneNumbers", ""},
		{"GET", "/search?type=phone-numbers&operation=x", "SearchAvailablePhoneNumbers", ""},
		{"PUT", "/settings/phone-number", "UpdatePhoneNumberSettings", ""},
		{"POST", "/meetings/m/dial-outs", "CreateMeetingDialOut", "m"},
		{"POST", "/carillon/PutFault", "PutFault", ""},
		{"GET", "/phone-numbers/%2B12065550100", "GetPhoneNumber", "+12065550100"},
		{"GET", "/phone-numbers/%252B12065550100", "GetPhoneNumber", "%2B12065550100"},
		{"GET", "/phone-numbers/+12065550100", "GetPhoneNumber", "+12065550100"}, // a plus of a path is a plus
		{"GET", "/accounts/a%20b%2Fc%3ad~%C3%A9", "GetAccount", "a b/c:d~é"},
		{"GET", "/accounts/é", "GetAccount", "é"},
		{"GET", "/accounts/%2E%2E", "GetAccount", ".."},
		{"GET", "/accounts/...", "GetAccount", "..."},
		{"GET", "/accounts/users", "GetAccount", "users"},
		{"GET", "/accounts/settings/settings", "GetAccountSettings", "settings"},
		{"GET", "/accounts/" + strings.Repeat("x", 1<<20), "GetAccount", strings.Repeat("x", 1<<20)},
		{"POST", "/accounts/a/conversations/c/messages/m?operation=redact", "RedactConversationMessage", "a|c|m"},
		{"GET", "/console/accounts", "ListAccounts", ""},
		{"GET", "http://host:1/accounts", "ListAccounts", ""},
		{"GET", "HTTPS://host/console/accounts/a", "GetAccount", "a"},
		{"GET", "/accounts/a?name=http://x/y", "GetAccount", "a"},
	} {
		r, err := Match(test.method, test.target)
		if err != nil {
			t.Errorf("%s %.80s: %v", test.method, test.target, err)
			continue
		}
		if labels := strings.Join(r.Labels, "|"); r.Op.Name != test.operation || labels != test.labels {
			t.Errorf("%s %.80s = %s %.80q, want %s %.80q", test.method, test.target, r.Op.Name, labels, test.operation, test.labels)
		}
	}
}

func TestMatchErrors(t *testing.T) {
	t.Parallel()
	const (
		dots    = "the path must not contain the segment . or .."
		bytes   = "the request target must not contain spaces, control characters or #"
		unknown = "no operation has this path"
		users   = "operation must be absent or one of add, create, suspend, unsuspend"
		encoded = "must be percent-encoded UTF-8"
	)
	for _, test := range []struct {
		method, target string
		kind           RouteKind
		message        string
	}{
		{"GET", "/", NoPath, unknown},
		{"GET", "", NoPath, "the request target must be a path"},
		{"OPTIONS", "*", NoPath, "the request target must be a path"},
		{"CONNECT", "host:443", NoPath, "the request target must be a path"},
		{"GET", "ftp://host/accounts", NoPath, "the request target must be a path"},
		{"GET", "/accounts/http://x", NoPath, unknown},
		{"GET", "http://host", NoPath, unknown},
		{"GET", "http://host?x=/accounts", NoPath, unknown},
		{"GET", "/console", NoPath, unknown},
		{"GET", "/console/", NoPath, unknown},
		{"GET", "/console/console/accounts", NoPath, unknown},
		{"GET", "/consoleaccounts", NoPath, unknown},
		{"GET", "//accounts", NoPath, unknown},
		{"GET", "/Accounts", NoPath, unknown},
		{"GET", "/%61ccounts", NoPath, unknown},
		{"GET", "/accounts%2Fa", NoPath, unknown},
		{"GET", "/settings/", NoPath, unknown},
		{"GET", "/settings/other", NoPath, unknown},
		{"GET", "/accounts/a/settings/", NoPath, unknown},
		{"GET", "/accounts/a//settings", NoPath, unknown},
		{"GET", "/accounts/a/users/u/settings/x", NoPath, unknown},
		{"GET", "/" + strings.Repeat("a/", 1<<19), NoPath, unknown},
		{"GET", "/carillon", NoPath, unknown},
		{"GET", "/carillon/putfault", NoPath, unknown},
		{"GET", "/accounts/", BadRequest, "AccountId must not be empty"},
		{"GET", "/accounts//users", BadRequest, "AccountId must not be empty"},
		{"GET", "/accounts/a/users/", BadRequest, "UserId must not be empty"},
		{"GET", "/accounts//users/u", BadRequest, "AccountId must not be empty"},
		{"POST", "/meetings//dial-outs", BadRequest, "MeetingId must not be empty"},
		{"GET", "/accounts/.", BadRequest, dots},
		{"GET", "/accounts/../settings", BadRequest, dots},
		{"GET", "/nowhere/..", BadRequest, dots},
		{"GET", "/accounts/%", BadRequest, "AccountId " + encoded},
		{"GET", "/accounts/%2", BadRequest, "AccountId " + encoded},
		{"GET", "/accounts/%zz", BadRequest, "AccountId " + encoded},
		{"GET", "/accounts/a/users/%ff", BadRequest, "UserId " + encoded},
		{"GET", "/accounts/\xff", BadRequest, "AccountId " + encoded},
		{"GET", "/accounts/%00", BadRequest, "AccountId must not contain a NUL character"},
		{"GET", "/accounts/a b", BadRequest, bytes},
		{"GET", "/accounts/a#b", BadRequest, bytes},
		{"GET", "/accounts?a#b", BadRequest, bytes},
		{"GET", "/accounts/a\x00", BadRequest, bytes},
		{"GET", "/accounts/a\x7f", BadRequest, bytes},
		{"GET", "/accounts/a\r\n", BadRequest, bytes},
		{"POST", "/accounts/a/users?operation=", BadRequest, users},
		{"POST", "/accounts/a/users?operation", BadRequest, users},
		{"POST", "/accounts/a/users?operation=Create", BadRequest, users},
		{"POST", "/accounts/a/users?operation=create+", BadRequest, users},
		{"POST", "/accounts/a/users?operation=delete", BadRequest, users},
		{"POST", "/accounts/a/users?operation=create&operation=create", BadRequest, "operation must be given once"},
		{"POST", "/accounts/a/users?operation=%zz", BadRequest, "operation " + encoded},
		{"POST", "/accounts/a/users?%zz=create", BadRequest, "the query " + encoded},
		{"POST", "/phone-numbers", BadRequest, "operation must be one of batch-delete, batch-update"},
		{"POST", "/phone-numbers?Operation=batch-delete", BadRequest, "operation must be one of batch-delete, batch-update"},
		{"POST", "/accounts?operation=create", BadRequest, "operation must be absent here"},
		{"GET", "/accounts/a/users?operation=create", BadRequest, "operation must be absent here"},
		{"GET", "/search", BadRequest, "type must be phone-numbers"},
		{"GET", "/search?type=users", BadRequest, "type must be phone-numbers"},
		{"GET", "/search?type=phone-numbers&type=phone-numbers", BadRequest, "type must be given once"},
		{"POST", "/accounts/a/rooms/r/messages/m", BadRequest, "operation must be redact"},
		{"HEAD", "/accounts", NoMethod, "the method must be one of GET, POST"},
		{"OPTIONS", "/accounts", NoMethod, "the method must be one of GET, POST"},
		{"get", "/accounts", NoMethod, "the method must be one of GET, POST"},
		{"", "/accounts", NoMethod, "the method must be one of GET, POST"},
		{"PATCH", "/accounts/a", NoMethod, "the method must be one of DELETE, GET, POST"},
		{"DELETE", "/accounts/a/users/", NoMethod, "the method must be one of GET, POST"},
		{"GET", "/meetings/m/dial-outs", NoMethod, "the method must be POST"},
		{"GET", "/carillon/ListFaults", NoMethod, "the method must be POST"},
		{"POST", "/meetings", Removed, "the operations at this path were removed from the API"},
		{"POST", "/console/meetings", Removed, "the operations at this path were removed from the API"},
		{"GET", "/meetings/m/attendees/a", Removed, "the operations at this path were removed from the API"},
		{"GET", "/voice-connectors/v/termination", Removed, "the operations at this path were removed from the API"},
		{"GET", "/endpoints/messaging-session", Removed, "the operations at this path were removed from the API"},
		{"GET", "/voice-connectors2", NoPath, unknown},
	} {
		r, err := Match(test.method, test.target)
		var re *RouteError
		if !errors.As(err, &re) {
			t.Errorf("%s %.80q = %v, %v, want %q", test.method, test.target, r, err, test.message)
			continue
		}
		if re.Kind != test.kind || re.Message != test.message {
			t.Errorf("%s %.80q: kind %d, %q, want kind %d, %q", test.method, test.target, re.Kind, re.Message, test.kind, test.message)
		}
		if (re.Kind == NoMethod) != (len(re.Allow) > 0) || !slices.IsSorted(re.Allow) {
			t.Errorf("%s %.80q: allowed %q with kind %d", test.method, test.target, re.Allow, re.Kind)
		}
	}
}

// TestRemovedPathsAreFree checks that no operation lies below a removed path, but for the one that stayed.
func TestRemovedPathsAreFree(t *testing.T) {
	t.Parallel()
	for _, op := range AllOperations {
		first := strings.Split(op.Path, "/")[1]
		if removed[first] && op.Name != "CreateMeetingDialOut" {
			t.Errorf("%s is at the removed path /%s", op.Name, first)
		}
	}
}

func TestRoutePathAndQuery(t *testing.T) {
	t.Parallel()
	r, err := Match("GET", "https://host/console/accounts/a%2fb?name=x%20y&&z")
	if err != nil {
		t.Fatal(err)
	}
	if r.Path != "/accounts/a%2fb" || r.Query != "name=x%20y&&z" {
		t.Errorf("path %q, query %q", r.Path, r.Query)
	}
}
