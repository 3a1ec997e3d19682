package server_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/internal/server"
)

// TestRefusalsAreRecorded makes calls that are refused at each step on the way to their operation.
func TestRefusalsAreRecorded(t *testing.T) {
	t.Parallel()
	var gates server.Config
	f := start(t, func(c *server.Config) { c.Tenant = 123456789012; gates = *c })
	account := f.account(t)
	users := "/accounts/" + account + "/users?operation=create"
	f.create(t, account, `{"Email": "jane@example.com"}`, nil)
	f.create(t, account, `{"Email": "jane@example.com"}`, nil)                                         // taken
	f.create(t, account, `{"Email": "jane@example.com", "UserType": "Robot"}`, nil)                    // no such type
	f.do(t, call{method: "POST", target: users, body: `{"Email": "joe@example.com"}`, unsigned: true}) // by nobody
	f.do(t, call{method: "POST", target: users, body: `{"Email": "joe@example.com"}`, key: "AKIDNOBODY"})
	f.do(t, call{method: "POST", target: users, body: `{"Email": "joe@example.com"}`, key: other}) // not theirs
	f.do(t, call{method: "GET", target: "/nowhere", unsigned: true})                               // no operation
	if _, err := gates.Gate.WriteLate(t.Context()); err != nil {
		t.Fatal(err)
	}
	type event struct {
		UserIdentity struct{ AccessKeyID, Type string }
		EventName    string
		ErrorCode    string
		UserAgent    string
		SourceIP     string `json:"sourceIPAddress"`
	}
	read := func(key string) (all []event) {
		r := f.do(t, call{method: "POST", target: "/carillon/LookupEvents", body: "{}", key: key})
		for _, e := range r.json["Events"].([]any) {
			var one event
			if err := json.Unmarshal([]byte(e.(map[string]any)["CloudTrailEvent"].(string)), &one); err != nil {
				t.Fatal(err)
			}
			if one.SourceIP != "127.0.0.1" || one.UserAgent == "" {
				t.Errorf("event of %q by %q", one.SourceIP, one.UserAgent)
			}
			all = append(all, one)
		}
		slices.Reverse(all)
		return all
	}
	var got []string
	for _, e := range read(keyID) {
		got = append(got, e.EventName+" "+e.ErrorCode+" "+e.UserIdentity.Type+" "+e.UserIdentity.AccessKeyID)
	}
	want := []string{
		"CreateAccount  Root " + keyID,
		"CreateUser  Root " + keyID,
		"CreateUser ConflictException Root " + keyID,
		"CreateUser BadRequestException Root " + keyID,
		"CreateUser MissingAuthenticationTokenException Unknown ",
		"CreateUser UnrecognizedClientException Unknown AKIDNOBODY",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	if theirs := read(other); len(theirs) != 1 || theirs[0].ErrorCode != "NotFoundException" {
		t.Errorf("recorded of the other tenant: %+v", theirs)
	}
}
