package api

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// decode matches and decodes a request.
func decode(t *testing.T, method, target, body string) (any, error) {
	t.Helper()
	route, err := Match(method, target)
	if err != nil {
		t.Fatalf("Match(%s %s): %v", method, target, err)
	}
	return route.Op.Decode(route, []byte(body))
}

func TestDecode(t *testing.T) {
	t.Parallel()
	yes, empty := true, ""
	const createUser = "/accounts/a/users?operation=create"
	for _, test := range []struct {
		method, target, body string
		want                 any
	}{
		{"POST", createUser, `{"Username": "jdoe", "Email": "j+d@example.com", "UserType": "PrivateUser"}`,
			&CreateUserInput{AccountID: "a", Username: "jdoe", Email: "j+d@example.com", UserType: UserTypePrivateUser}},
		{"POST", createUser, "", &CreateUserInput{AccountID: "a"}},
		{"POST", createUser, " \r\n\t", &CreateUserInput{AccountID: "a"}},
		{"POST", createUser, " {} \n", &CreateUserInput{AccountID: "a"}},
		{"POST", createUser, `{"Email":null,"Username":null}`, &CreateUserInput{AccountID: "a"}},
		{"POST", createUser, `{"Username":""}`, &CreateUserInput{AccountID: "a"}},
		{"POST", createUser, `{"Username":"\u005a\u00f6\ud83d\ude00\/\n"}`, &CreateUserInput{AccountID: "a", Username: "Zö😀/\n"}},
		{"POST", createUser, `{"User\u0054ype":"Shared\u0044evice"}`, &CreateUserInput{AccountID: "a", UserType: UserTypeSharedDevice}},
		{"POST", createUser, `{"email":"x","AccountId":7,"accountId":8,"More":[{"a":[1,null]},"\u0000"]}`, &CreateUserInput{AccountID: "a"}},
		{"POST", createUser, `{"More":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + `}`, &CreateUserInput{AccountID: "a"}},
		{"GET", "/accounts?user-email=j%2Bd%40example.com&max-results=200&next-token=tok%2Fen%2B1%3D%3D", "",
			&ListAccountsInput{UserEmail: "j+d@example.com", MaxResults: 200, NextToken: "tok/en+1=="}},
		{"GET", "/accounts?name=a+b%2Bc", "", &ListAccountsInput{Name: "a b+c"}},
		{"GET", "/accounts?next-token=", "", &ListAccountsInput{}},
		{"GET", "/accounts?next-token", "", &ListAccountsInput{}},
		{"GET", "/accounts?max-results=007", "", &ListAccountsInput{MaxResults: 7}},
		{"GET", "/accounts?Max-Results=x&other=%zz", "", &ListAccountsInput{}},
		{"GET", "/accounts?%6Eame=x", "", &ListAccountsInput{Name: "x"}},
		{"GET", "/accounts/a/rooms?member-id=", "", &ListRoomsInput{AccountID: "a"}},
		{"POST", "/accounts/a/users?operation=suspend", `{"UserIdList":[]}`, &BatchSuspendUserInput{AccountID: "a", UserIDList: []string{}}},
		{"POST", "/accounts/a/bots/b", `{"Disabled":true}`, &UpdateBotInput{AccountID: "a", BotID: "b", Disabled: &yes}},
		{"POST", "/phone-numbers/%2B12065550100", `{"CallingName":""}`, &UpdatePhoneNumberInput{PhoneNumberID: "+12065550100", CallingName: &empty}},
		{"POST", "/phone-numbers/%2B12065550100", `{"CallingName":null}`, &UpdatePhoneNumberInput{PhoneNumberID: "+12065550100"}},
		{"PUT", "/settings/phone-number", `{"CallingName":""}`, &UpdatePhoneNumberSettingsInput{}},
		{"PUT", "/settings", `{"BusinessCalling":{}}`, &UpdateGlobalSettingsInput{BusinessCalling: &BusinessCallingSettings{}}},
		{"PUT", "/settings", `{"VoiceConnector":{"CdrBucket":""}}`, &UpdateGlobalSettingsInput{VoiceConnector: &VoiceConnectorSettings{CdrBucket: &empty}}},
		{"PUT", "/accounts/a/retention-settings", `{"RetentionSettings":{"RoomRetentionSettings":{}}}`,
			&PutRetentionSettingsInput{AccountID: "a", RetentionSettings: &RetentionSettings{RoomRetentionSettings: &RoomRetentionSettings{}}}},
		{"DELETE", "/accounts/a", `{"ignored":1}`, &DeleteAccountInput{AccountID: "a"}},
		{"POST", "/carillon/PutFault", `{"Operation":"*","Error":"ThrottledClientException","Count":1}`,
			&PutFaultInput{Operation: "*", Error: FaultErrorThrottledClientException, Count: 1}},
	} {
		got, err := decode(t, test.method, test.target, test.body)
		if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
			t.Errorf("%s %s %s: %v %s", test.method, test.target, test.body, err, diff)
		}
	}
}

func TestDecodeErrors(t *testing.T) {
	t.Parallel()
	const (
		createUser = "/accounts/a/users?operation=create"
		notBlank   = " must contain a character that is not a space, and no line break"
	)
	deep := strings.Repeat("[", 32) + strings.Repeat("]", 32)
	for _, test := range []struct{ method, target, body, want string }{
		{"POST", createUser, `{"Email":"bad"}`, "Email must be an e-mail address, like name@example.com"},
		{"POST", createUser, `{"Email":""}`, "Email must be an e-mail address, like name@example.com"},
		{"POST", createUser, `{"Email":7}`, "Email must be a string"},
		{"POST", createUser, `{"UserType":"Bogus"}`, "UserType must be one of PrivateUser, SharedDevice"},
		{"POST", createUser, `{"Email":"a@b.c","Email":"a@b.c"}`, "Email must be given once"},
		{"POST", createUser, `{"x":1,"x":2}`, "the body is not valid JSON: a name is given twice"},
		{"POST", createUser, `{"x":{"Email":1,"Email":2}}`, "the body is not valid JSON: a name is given twice"},
		{"POST", createUser, `[]`, "the body must be a JSON object"},
		{"POST", createUser, `null`, "the body must be a JSON object"},
		{"POST", createUser, `"{}"`, "the body must be a JSON object"},
		{"POST", createUser, `a=b`, "the body is not valid JSON at byte 0"},
		{"POST", createUser, `{} {}`, "the body must be one JSON object and nothing after it"},
		{"POST", createUser, `{}}`, "the body must be one JSON object and nothing after it"},
		{"POST", createUser, `{`, "the body is not valid JSON: the text ends early"},
		{"POST", createUser, `{"Email":"a@b.c"`, "the body is not valid JSON: the text ends early"},
		{"POST", createUser, `{"Email":`, "Email is not valid JSON: the text ends early"},
		{"POST", createUser, `{"Email":}`, "Email is not valid JSON at byte 9"},
		{"POST", createUser, `{"Email":nul}`, "Email is not valid JSON at byte 12"},
		{"POST", createUser, `{Email:"a@b.c"}`, "the body is not valid JSON at byte 1"},
		{"POST", createUser, `{"Email":"a@b.c",}`, "the body is not valid JSON at byte 16"},
		{"POST", createUser, `{7:7}`, "the body is not valid JSON at byte 1"},
		{"POST", createUser, "{\"\xff\":1}", "the body must be valid UTF-8"},
		{"POST", createUser, `{"x":` + deep + `}`, "the body must not be nested more than 32 deep"},
		{"POST", createUser, `{"x":` + strings.Repeat(`{"x":[`, 1<<16), "the body must not be nested more than 32 deep"},
		{"POST", "/accounts/%20/users?operation=create", "", "AccountId" + notBlank},
		{"POST", "/accounts", `{}`, "Name is required"},
		{"POST", "/accounts", `{"Name":null}`, "Name is required"},
		{"POST", "/accounts", ``, "Name is required"},
		{"POST", "/accounts/a/bots", `{"DisplayName":""}`, "DisplayName must not be empty"},
		{"GET", "/accounts?max-results=0", "", "MaxResults must be at least 1 and at most 200"},
		{"GET", "/accounts?max-results=", "", "MaxResults must be an integer"},
		{"GET", "/accounts?max-results=ten", "", "MaxResults must be an integer"},
		{"GET", "/accounts?max-results=1&max-results=2", "", "MaxResults must be given once"},
		{"GET", "/accounts?next-token=&next-token=x", "", "NextToken must be given once"},
		{"GET", "/accounts?user-email=", "", "UserEmail must be an e-mail address, like name@example.com"},
		{"GET", "/phone-number-countries", "", "ProductType is required"},
		{"POST", "/accounts/a/users", `{"UpdateUserRequestItems":[{"UserId":"u"},{"UserId":"u"},{"UserId":"u","LicenseType":"Free"}]}`,
			"UpdateUserRequestItems[2].LicenseType must be one of Basic, Plus, Pro, ProTrial"},
		{"POST", "/accounts/a/users", `{"UpdateUserRequestItems":[{}]}`, "UpdateUserRequestItems[0].UserId is required"},
		{"POST", "/accounts/a/users", `{"UpdateUserRequestItems":[{"UserId":"u","UserId":"u"}]}`, "UpdateUserRequestItems[0].UserId must be given once"},
		{"POST", "/accounts/a/users", `{"UpdateUserRequestItems":[` + strings.Repeat(`{"UserId":"u"},`, 20) + `{"UserId":"u"}]}`,
			"UpdateUserRequestItems must have at most 20 items"},
		{"POST", "/accounts/a/users?operation=suspend", `{"UserIdList":["a",""]}`, "UserIdList[1]" + notBlank},
		{"PUT", "/accounts/a/users/u/settings", `{"UserSettings":{"Telephony":{"InboundCalling":true,"OutboundCalling":true}}}`,
			"UserSettings.Telephony.SMS is required"},
		{"PUT", "/accounts/a/retention-settings", `{"RetentionSettings":{"RoomRetentionSettings":{"RetentionDays":1e2}}}`,
			"RetentionSettings.RoomRetentionSettings.RetentionDays must be an integer"},
		{"DELETE", "/accounts/a", `x`, "the body is not valid JSON at byte 0"},
	} {
		in, err := decode(t, test.method, test.target, test.body)
		var invalid *InvalidError
		if !errors.As(err, &invalid) || err.Error() != test.want {
			t.Errorf("%s %s %.80s: %+v, %v, want %s", test.method, test.target, test.body, in, err, test.want)
		}
	}
}

// TestUnmarshalChecksTypesOnly checks that a client can make the inputs that a server refuses.
func TestUnmarshalChecksTypesOnly(t *testing.T) {
	t.Parallel()
	op := ByName("CreateUser")
	got, err := Unmarshal(op.Input, []byte(`{"AccountId":" ","Email":"bad","UserType":"Bogus","Unknown":1}`))
	want := &CreateUserInput{AccountID: " ", Email: "bad", UserType: "Bogus"}
	if diff := cmp.Diff(any(want), got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	got, err = Unmarshal(ByName("BatchSuspendUser").Input, []byte(`{"UserIdList":["`+strings.Repeat(`","`, 60)+`"]}`))
	if err != nil || len(got.(*BatchSuspendUserInput).UserIDList) != 61 {
		t.Errorf("%+v, %v, want 61 items", got, err)
	}
	for data, want := range map[string]string{
		`{"Email":1}`:             "Email must be a string",
		`{"Email":"a","Email":1}`: "Email must be given once",
		`[]`:                      "the body must be a JSON object",
	} {
		if _, err := Unmarshal(op.Input, []byte(data)); err == nil || err.Error() != want {
			t.Errorf("Unmarshal(%s): %v, want %s", data, err, want)
		}
	}
	if _, err := Unmarshal(ByName("GetUser").Output, []byte(`{"User":{"RegisteredOn":1579127889}}`)); err == nil || err.Error() != "User.RegisteredOn must be a time, like 2006-01-02T15:04:05.000Z" {
		t.Errorf("a number for a time: %v", err)
	}
}

// TestDecodeKeepsNothing checks that an input does not change with the buffer it was read from.
func TestDecodeKeepsNothing(t *testing.T) {
	t.Parallel()
	route, err := Match("POST", "/accounts/a/users?operation=create")
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{"Username":"jdoe","Email":"jdoe@example.com"}`)
	in, err := route.Op.Decode(route, body)
	if err != nil {
		t.Fatal(err)
	}
	clear(body)
	want := &CreateUserInput{AccountID: "a", Username: "jdoe", Email: "jdoe@example.com"}
	if diff := cmp.Diff(any(want), in); diff != "" {
		t.Error(diff)
	}
}
