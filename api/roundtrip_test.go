package api

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestAppendUnmarshal(t *testing.T) {
	t.Parallel()
	each(t, structures(), func(s *Structure) string { return s.Name }, func(t *testing.T, s *Structure) {
		rapid.Check(t, func(t *rapid.T) {
			want := draw(t, s, some)
			text := Append(nil, s, want)
			if !json.Valid(text) {
				t.Fatalf("Append wrote %s, which is no JSON", text)
			}
			got, err := Unmarshal(s, text)
			if err != nil {
				t.Fatalf("Unmarshal(%s): %v", text, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("after %s (-want +got):\n%s", text, diff)
			}
			var compact bytes.Buffer
			if err := json.Compact(&compact, text); err != nil || compact.Len() != len(text) {
				t.Fatalf("Append wrote %s, which is not compact", text)
			}
		})
	})
}

func TestNewRequestMatchDecode(t *testing.T) {
	t.Parallel()
	each(t, AllOperations, func(op *Operation) string { return op.Name }, func(t *testing.T, op *Operation) {
		rapid.Check(t, func(t *rapid.T) {
			want := draw(t, op.Input, some)
			r := op.NewRequest(want)
			for _, prefix := range []string{"", "/console", "http://127.0.0.1:24463", "https://service.example./console"} {
				route, err := Match(r.Method, prefix+r.Target)
				if err != nil {
					t.Fatalf("Match(%s %s): %v", r.Method, prefix+r.Target, err)
				}
				if route.Op != op {
					t.Fatalf("Match(%s %s) = %s, want %s", r.Method, prefix+r.Target, route.Op.Name, op.Name)
				}
				if target := joinTarget(route); target != r.Target {
					t.Fatalf("Match(%s %s) leaves the target %s, want %s", r.Method, prefix+r.Target, target, r.Target)
				}
				got, err := op.Decode(route, r.Body)
				if err != nil {
					t.Fatalf("Decode(%s, %s): %v", r.Target, r.Body, err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("after %s %s (-want +got):\n%s", r.Target, r.Body, diff)
				}
			}
		})
	})
}

func joinTarget(r Route) string {
	if r.Query == "" {
		return r.Path
	}
	return r.Path + "?" + r.Query
}

func TestNewRequest(t *testing.T) {
	t.Parallel()
	name := ""
	for _, test := range []struct {
		operation    string
		in           any
		target, body string
	}{
		{"CreateUser", &CreateUserInput{AccountID: "a b/c:d~é", Email: "j+d@example.com"},
			"/accounts/a%20b%2Fc%3Ad~%C3%A9/users?operation=create", `{"Email":"j+d@example.com"}`},
		{"ListUsers", &ListUsersInput{AccountID: "a", MaxResults: 1, NextToken: "tok/en+1==", UserEmail: "j+d@example.com"},
			"/accounts/a/users?max-results=1&next-token=tok%2Fen%2B1%3D%3D&user-email=j%2Bd%40example.com", ""},
		{"SearchAvailablePhoneNumbers", &SearchAvailablePhoneNumbersInput{AreaCode: "206"},
			"/search?type=phone-numbers&area-code=206", ""},
		{"DeletePhoneNumber", &DeletePhoneNumberInput{PhoneNumberID: "%2B12065550100"}, "/phone-numbers/%252B12065550100", ""},
		{"GetGlobalSettings", &GetGlobalSettingsInput{}, "/settings", ""},
		{"BatchUpdateUser", &BatchUpdateUserInput{AccountID: "a"}, "/accounts/a/users", `{}`},
		{"LogoutUser", &LogoutUserInput{AccountID: "a", UserID: ""}, "/accounts/a/users/?operation=logout", ""},
		{"UpdatePhoneNumber", &UpdatePhoneNumberInput{PhoneNumberID: "+1", CallingName: &name}, "/phone-numbers/%2B1", `{"CallingName":""}`},
		{"UpdatePhoneNumberSettings", &UpdatePhoneNumberSettingsInput{}, "/settings/phone-number", `{"CallingName":""}`},
		{"ListFaults", &ListFaultsInput{}, "/carillon/ListFaults", ""},
	} {
		op := ByName(test.operation)
		r := op.NewRequest(test.in)
		if r.Method != op.Method || r.Target != test.target || string(r.Body) != test.body {
			t.Errorf("%s = %s %s %s, want %s %s", test.operation, r.Method, r.Target, r.Body, test.target, test.body)
		}
	}
}

func TestAppend(t *testing.T) {
	t.Parallel()
	no := false
	out := &GetUserOutput{User: &User{
		UserID: "u", DisplayName: "Zoë \"Z\" \\ \x00\x1f\n\u2028\u2029\xff</b>", UserType: UserTypePrivateUser,
		RegisteredOn:             times[0].time,
		AlexaForBusinessMetadata: &AlexaForBusinessMetadata{IsAlexaForBusinessEnabled: &no},
	}}
	want := `{"User":{"AlexaForBusinessMetadata":{"IsAlexaForBusinessEnabled":false},` +
		`"DisplayName":"Zoë \"Z\" \\ \u0000\u001f\n` + "\u2028\u2029\ufffd</b>" + `",` +
		`"RegisteredOn":"` + times[0].text + `","UserId":"u","UserType":"PrivateUser"}}`
	if got := string(Append(nil, ByName("GetUser").Output, out)); got != want {
		t.Errorf("Append = %s\nwant %s", got, want)
	}
	lists := &ListUsersOutput{Users: []User{}}
	if got, want := string(Append([]byte("x"), ByName("ListUsers").Output, lists)), `x{"Users":[]}`; got != want {
		t.Errorf("Append = %s, want %s", got, want)
	}
	if got, want := string(Append(nil, ByName("ListUsers").Output, &ListUsersOutput{})), `{}`; got != want {
		t.Errorf("Append = %s, want %s", got, want)
	}
}

func TestAppendTakesNoMemory(t *testing.T) {
	out := &CreateUserOutput{User: &User{UserID: "u", RegisteredOn: times[1].time, AlexaForBusinessMetadata: &AlexaForBusinessMetadata{}}}
	dst := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { dst = Append(dst[:0], ByName("CreateUser").Output, out) }); n != 0 {
		t.Errorf("Append allocates %v times, want 0", n)
	}
}
