package audit_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/audit"
	"github.com/carillon-server/carillon/internal/chime"
)

const tenant chime.Tenant = 123456789012

var (
	at      = time.Date(2026, 3, 1, 9, 30, 0, 123e6, time.UTC)
	eventID = chime.ID{0x01, 0x9c, 0xa8, 0xbb, 0xb6, 0x3b, 0x70, 0x01, 0xa7}
	caller  = chime.Caller{Tenant: tenant, ARN: "arn:aws:iam::123456789012:root", AccessKeyID: "AKIDEXAMPLE"}
)

// read returns the JSON of a call's record.
func read(t *testing.T, c *audit.Call) (raw string, shown map[string]any) {
	t.Helper()
	context, body := audit.AppendContext(nil, c), audit.AppendCall(nil, c, at, nil)
	e, err := audit.Read(tenant, eventID, context, body)
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	whole, err := e.AppendJSON(nil)
	if err != nil {
		t.Fatalf("AppendJSON: %v", err)
	}
	if err := json.Unmarshal(whole, &shown); err != nil {
		t.Fatalf("%v in %s", err, whole)
	}
	return string(body) + string(whole), shown
}

func TestCreateUser(t *testing.T) {
	t.Parallel()
	account, user := "019ca8bb-b63b-7001-a7dc-d672614b3843", "019ca8bb-b63b-7002-a7dc-d672614b3843"
	enabled := false
	c := &audit.Call{
		Operation: api.ByName("CreateUser"), Caller: caller, RequestID: "019ca8bb-b63b-7003-a7dc-d672614b3843", InvocationID: "not a UUID",
		Address: netip.MustParseAddr("2001:db8::7"), UserAgent: "Boto3/1.43", Secure: true,
		Input: &api.CreateUserInput{AccountID: account, Email: "jane@example.com", Username: "jane@example.com", UserType: "PrivateUser"},
		Output: &api.CreateUserOutput{User: &api.User{AccountID: account, UserID: user, PrimaryEmail: "jane@example.com", PersonalPIN: "1234567890",
			DisplayName: "Jane", LicenseType: "Pro", RegisteredOn: at, AlexaForBusinessMetadata: &api.AlexaForBusinessMetadata{IsAlexaForBusinessEnabled: &enabled}}},
	}
	_, got := read(t, c)
	const hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"
	want := map[string]any{
		"eventVersion": "1.08", "eventTime": "2026-03-01T09:30:00.123Z", "eventSource": "chime.amazonaws.com", "eventName": "CreateUser",
		"awsRegion": "us-east-1", "sourceIPAddress": "2001:db8::7", "userAgent": "Boto3/1.43",
		"userIdentity":      map[string]any{"type": "Root", "principalId": "123456789012", "arn": caller.ARN, "accountId": "123456789012", "accessKeyId": "AKIDEXAMPLE"},
		"requestParameters": map[string]any{"accountId": account, "email": hidden, "username": hidden, "userType": "PrivateUser"},
		"responseElements": map[string]any{"user": map[string]any{
			"accountId": account, "userId": user, "primaryEmail": hidden, "personalPIN": hidden, "displayName": hidden, "licenseType": "Pro",
			"registeredOn": "2026-03-01T09:30:00.123Z", "alexaForBusinessMetadata": map[string]any{"isAlexaForBusinessEnabled": false},
		}},
		"additionalEventData": map[string]any{"invocationId": "not a UUID", "tls": true},
		"requestID":           "019ca8bb-b63b-7003-a7dc-d672614b3843", "eventID": eventID.String(), "readOnly": false,
		"eventType": "AwsApiCall", "managementEvent": true, "recipientAccountId": "123456789012",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	if n := len(audit.AppendCall(nil, c, at, nil)); n > 160 {
		t.Errorf("the record has %d bytes, want at most 160", n)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	c := &audit.Call{Operation: api.ByName("CreateUser"), ErrorCode: "NotFoundException", ErrorMessage: "user jane@example.com is not in account 7"}
	raw, got := read(t, c)
	if strings.Contains(raw, "jane") {
		t.Errorf("the message shows an address: %q", raw)
	}
	if got["errorCode"] != "NotFoundException" || got["errorMessage"] != "user HIDDEN_DUE_TO_SECURITY_REASONS is not in account 7" ||
		got["requestParameters"] != nil || got["responseElements"] != nil {
		t.Errorf("event = %v", got)
	}
	if identity := got["userIdentity"].(map[string]any); identity["type"] != "Unknown" {
		t.Errorf("userIdentity = %v", identity)
	}
}

func TestIdentities(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]audit.Identity{
		"arn:aws:iam::123456789012:root": {Type: "Root", PrincipalID: "123456789012", ARN: "arn:aws:iam::123456789012:root", AccountID: "123456789012"},
		"arn:aws:iam::123456789012:user/team/jane": {Type: "IAMUser", PrincipalID: "team/jane", ARN: "arn:aws:iam::123456789012:user/team/jane",
			AccountID: "123456789012", UserName: "jane"},
		"carillon:invitation-link": {Type: "AWSService", InvokedBy: "carillon:invitation-link"},
		"":                         {Type: "Unknown"},
	} {
		if diff := cmp.Diff(want, audit.IdentityOf(tenant, arn)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", arn, diff)
		}
	}
}

// sample makes values that tell which member they are of.
type sample struct {
	hidden []string // must not show
	shown  []string // must
}

// of returns the JSON form of a structure that has all of its members.
func (m *sample) of(s *api.Structure, path string) map[string]any {
	all := map[string]any{}
	for i := range s.Fields {
		f := &s.Fields[i]
		all[f.Name] = m.value(f, f.Shape, path+"-"+f.Name)
	}
	return all
}

func (m *sample) value(f *api.Field, s *api.Shape, path string) any {
	switch s.Kind {
	case api.KindStructure:
		return m.of(s.Struct, path)
	case api.KindList:
		return []any{m.value(f, s.Elem, path)}
	case api.KindInteger:
		return 7
	case api.KindBoolean:
		return true
	case api.KindTimestamp:
		return at.Add(time.Hour)
	}
	if len(s.Enum) > 0 {
		return s.Enum[0]
	}
	secret := s.Sensitive || f.Name == "PersonalPIN" || f.Name == "Url" || f.Name == "Body" || strings.HasSuffix(f.Name, "Token") || strings.Contains(f.Name, "Secret")
	if secret {
		m.hidden = append(m.hidden, path)
	} else {
		m.shown = append(m.shown, path)
	}
	return path
}

// make returns a structure that has all of its members.
func (m *sample) make(t *testing.T, s *api.Structure, path string) any {
	t.Helper()
	text, err := json.Marshal(m.of(s, path))
	if err != nil {
		t.Fatal(err)
	}
	v, err := api.Unmarshal(s, text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestEveryOperation records each operation of the tables with all of its members: what is sensitive is nowhere, and the rest
// is there by its name.
func TestEveryOperation(t *testing.T) {
	t.Parallel()
	for _, op := range api.AllOperations {
		t.Run(op.Name, func(t *testing.T) {
			t.Parallel()
			var m sample
			c := &audit.Call{Operation: op, Caller: caller, Input: m.make(t, op.Input, "in"), Output: m.make(t, op.Output, "out")}
			raw, shown := read(t, c)
			for _, secret := range m.hidden {
				if strings.Contains(raw, secret) {
					t.Errorf("%s shows", secret)
				}
			}
			whole, err := json.Marshal(shown)
			if err != nil {
				t.Fatal(err)
			}
			for _, value := range m.shown {
				if !strings.Contains(string(whole), value) {
					t.Errorf("%s does not show", value)
				}
			}
			for _, garbled := range []string{"member0", "word0"} {
				if strings.Contains(string(whole), garbled) {
					t.Errorf("a name is lost: %s", whole)
				}
			}
			checkNames(t, op.Input, shown["requestParameters"])
			checkNames(t, op.Output, shown["responseElements"])
		})
	}
}

// checkNames makes sure that each member has its name, so that no two names of a structure are kept by the same hash.
func checkNames(t *testing.T, s *api.Structure, shown any) {
	t.Helper()
	members, ok := shown.(map[string]any)
	if !ok || len(members) != len(s.Fields) {
		t.Errorf("%s shows %d members of %d: %v", s.Name, len(members), len(s.Fields), shown)
		return
	}
	for i := range s.Fields {
		f := &s.Fields[i]
		v, there := members[strings.ToLower(f.Name[:1])+f.Name[1:]]
		if !there {
			t.Errorf("%s does not show %s", s.Name, f.Name)
		}
		if f.Shape.Kind == api.KindStructure {
			checkNames(t, f.Shape.Struct, v)
		}
		if list, ok := v.([]any); ok && f.Shape.Kind == api.KindList && f.Shape.Elem.Struct != nil {
			checkNames(t, f.Shape.Elem.Struct, list[0])
		}
	}
}

func TestLongValuesAreCut(t *testing.T) {
	t.Parallel()
	in := &api.BatchSuspendUserInput{AccountID: strings.Repeat("ä", 4000)}
	for n := range 5000 {
		in.UserIDList = append(in.UserIDList, fmt.Sprint("user ", n))
	}
	c := &audit.Call{Operation: api.ByName("BatchSuspendUser"), Caller: caller, Input: in, UserAgent: strings.Repeat("x", 5000)}
	if n := len(audit.AppendCall(nil, c, at, nil)); n > 5000 {
		t.Errorf("the record has %d bytes", n)
	}
	if n := len(audit.AppendContext(nil, c)); n > 600 {
		t.Errorf("the context has %d bytes", n)
	}
	_, got := read(t, c)
	parameters := got["requestParameters"].(map[string]any)
	if id := parameters["accountId"].(string); id != strings.Repeat("ä", 128)+"... (8000 bytes)" {
		t.Errorf("accountId = %q", id)
	}
	list := parameters["userIdList"].([]any)
	if len(list) != 51 || list[50] != "... (4950 more)" {
		t.Errorf("userIdList has %d items, the last is %v", len(list), list[len(list)-1])
	}
}

func TestWork(t *testing.T) {
	t.Parallel()
	account := chime.ID{1, 2, 3}
	for _, c := range []struct {
		work     audit.Work
		from, by string // where these stand in what is shown
	}{
		{audit.Work{}, "", ""},
		{audit.Work{RequestID: eventID.String(), Address: netip.MustParseAddr("2001:db8::7")}, `"sourceIPAddress":"2001:db8::7",`, `"requestID":"` + eventID.String() + `",`},
	} {
		c.work.Name, c.work.Agent, c.work.Account, c.work.Details = "DeleteMessages", "carillon", account, []audit.Detail{audit.Count(3)}
		e, err := audit.Read(tenant, eventID, nil, audit.AppendWork(nil, &c.work, at))
		if err != nil {
			t.Fatal(err)
		}
		whole, err := e.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		want := `{"eventVersion":"1.08","userIdentity":{"type":"AWSService","invokedBy":"carillon"},"eventTime":"2026-03-01T09:30:00.123Z",` +
			`"eventSource":"carillon","eventName":"DeleteMessages","awsRegion":"us-east-1",` + c.from + `"requestParameters":null,"responseElements":null,` +
			`"serviceEventDetails":{"count":"3"},` + c.by + `"eventID":"` + eventID.String() + `","readOnly":false,"eventType":"AwsServiceEvent",` +
			`"managementEvent":true,"recipientAccountId":"123456789012"}`
		if string(whole) != want || e.Account != account {
			t.Errorf("event = %s of %s, want %s", whole, e.Account, want)
		}
	}
}

// FuzzRead makes sure that a record which is none is refused.
func FuzzRead(f *testing.F) {
	op := api.ByName("CreateUser")
	in, err := api.Unmarshal(op.Input, []byte(`{"AccountId": "019ca8bb-b63b-7001-a7dc-d672614b3843", "Email": "x"}`))
	if err != nil {
		f.Fatal(err)
	}
	c := &audit.Call{Operation: op, Caller: caller, Input: in}
	f.Add(audit.AppendContext(nil, c), audit.AppendCall(nil, c, at, nil))
	f.Fuzz(func(t *testing.T, context, body []byte) {
		e, err := audit.Read(tenant, eventID, context, body)
		if err != nil {
			return
		}
		whole, err := e.AppendJSON(nil)
		if err == nil && !json.Valid(whole) {
			t.Errorf("%q is shown as %s", body, whole)
		}
	})
}
