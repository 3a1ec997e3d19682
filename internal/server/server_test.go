package server_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/gate"
	"github.com/carillon-server/carillon/internal/httpd"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/server"
	"github.com/carillon-server/carillon/internal/sigv4"
	"github.com/carillon-server/carillon/internal/store/storetest"
	"github.com/carillon-server/carillon/test/logs"
)

const (
	keyID  = "AKIDEXAMPLE"
	secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	other  = "OTHERTENANTKEY00"
)

type fixture struct {
	*server.Server
	url string
	log *syncBuffer
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start serves a new store with two tenants, 123456789012 and 999999999999.
func start(t *testing.T, change ...func(*server.Config)) *fixture {
	t.Helper()
	db := storetest.Open(t, rand.Reader)
	f := &fixture{log: &syncBuffer{}}
	source := chimetest.Source()
	keys := map[string]server.Key{
		keyID: {Secret: secret, Caller: chime.Tenant(123456789012).Root(chime.InstallationRoot, keyID)},
		other: {Secret: secret, Caller: chime.Tenant(999999999999).Root(chime.TenantRoot, other)},
	}
	c := server.Config{
		Gate: gate.New(db, source, ops.Settings{Faults: ops.NewFaults()}), DB: db, Source: source, Log: logs.Logger(t, f.log),
		Keys: func(_ context.Context, id string) (server.Key, bool, error) { k, ok := keys[id]; return k, ok, nil }, Tenant: 111111111111,
	}
	for _, fn := range change {
		fn(&c)
	}
	f.Server = server.New(c)
	f.serve(t, f.HTTP())
	return f
}

// serve starts an HTTP server, which the fixture speaks to from then on.
func (f *fixture) serve(t *testing.T, web *httpd.Server) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go web.Serve(listener)
	t.Cleanup(func() {
		if err := web.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	f.url = "http://" + listener.Addr().String()
}

type call struct {
	method, target, body string
	key                  string // keyID if empty
	unsigned             bool
	header               map[string]string
}

type reply struct {
	status int
	header http.Header
	text   string
	json   map[string]any
}

// do makes the call and checks what holds for every answer: JSON, a request id, and an error's form.
func (f *fixture) do(t *testing.T, c call) reply {
	t.Helper()
	r, err := http.NewRequest(c.method, f.url, strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	r.URL.Opaque = "//" + r.URL.Host + c.target // as it is, not as net/url would write it
	for name, value := range c.header {
		r.Header.Set(name, value)
	}
	if !c.unsigned {
		key := c.key
		if key == "" {
			key = keyID
		}
		sigv4.Sign(&sigv4.Request{Method: c.method, Target: c.target, Host: r.URL.Host, Header: r.Header, Body: []byte(c.body)},
			key, secret, "eu-west-1", "chime", time.Now())
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", c.method, c.target, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	got := reply{status: response.StatusCode, header: response.Header, text: string(body)}
	if len(got.header.Get("x-amzn-RequestId")) != 36 {
		t.Errorf("%s %s: request id %q", c.method, c.target, got.header.Get("x-amzn-RequestId"))
	}
	if got.status == http.StatusNoContent || c.method == http.MethodHead {
		return got
	}
	if got.header.Get("Content-Type") != "application/json" || json.Unmarshal(body, &got.json) != nil {
		t.Errorf("%s %s: %s %q is not JSON", c.method, c.target, got.header.Get("Content-Type"), body)
	}
	name := got.header.Get("x-amzn-ErrorType")
	if c.target == "/readyz" && got.status == http.StatusServiceUnavailable {
		return got // for machines that know no exceptions
	}
	if (got.status >= 400) != (name != "") || got.status >= 400 && (got.json["Code"] == nil || got.json["Message"] == "") {
		t.Errorf("%s %s: %d, error type %q, body %s", c.method, c.target, got.status, name, body)
	}
	return got
}

func (f *fixture) account(t *testing.T) string {
	t.Helper()
	r := f.do(t, call{method: "POST", target: "/accounts", body: `{"Name":"Example"}`})
	if r.status != 201 {
		t.Fatalf("CreateAccount: %d %s", r.status, r.text)
	}
	return r.json["Account"].(map[string]any)["AccountId"].(string)
}

func (f *fixture) create(t *testing.T, account, body string, header map[string]string) reply {
	t.Helper()
	return f.do(t, call{method: "POST", target: "/accounts/" + account + "/users?operation=create", body: body, header: header})
}

func TestCreateUserAnswer(t *testing.T) {
	t.Parallel()
	f := start(t)
	a := f.account(t)
	person := f.create(t, a, `{"Email":"Jane.Doe@example.com","Username":null,"Unknown":[1]}`, nil)
	user, _ := person.json["User"].(map[string]any)
	if person.status != 201 || user == nil {
		t.Fatalf("CreateUser: %d %s", person.status, person.text)
	}
	id, pin := user["UserId"], user["PersonalPIN"]
	want := map[string]any{
		"AccountId": a, "AlexaForBusinessMetadata": map[string]any{"IsAlexaForBusinessEnabled": false}, "DisplayName": "Jane Doe",
		"LicenseType": "Pro", "PersonalPIN": pin, "PrimaryEmail": "Jane.Doe@example.com", "RegisteredOn": "2026-03-01T09:30:00.123Z",
		"UserId": id, "UserRegistrationStatus": "Registered", "UserType": "PrivateUser",
	}
	if diff := cmp.Diff(want, user); diff != "" {
		t.Errorf("User (-want +got):\n%s", diff)
	}
	got := f.do(t, call{method: "GET", target: fmt.Sprintf("/console/accounts/%s/users/%s", a, id)})
	if diff := cmp.Diff(want, got.json["User"]); diff != "" {
		t.Errorf("GetUser (-want +got):\n%s", diff)
	}
	device := f.create(t, a, `{"Email":"room@example.com","UserType":"SharedDevice","Username":"Room 1"}`, nil)
	if u := device.json["User"].(map[string]any); u["PersonalPIN"] != nil || u["UserType"] != "SharedDevice" || u["DisplayName"] != "Room 1" {
		t.Errorf("shared device: %s", device.text)
	}
	list := f.do(t, call{method: "GET", target: "/accounts/" + a + "/users"})
	without := maps.Clone(want)
	delete(without, "PersonalPIN")
	users, _ := list.json["Users"].([]any)
	if len(users) != 2 {
		t.Fatalf("ListUsers: %s", list.text)
	}
	if diff := cmp.Diff(without, users[0]); diff != "" || list.json["NextToken"] != nil {
		t.Errorf("ListUsers (-want +got):\n%s", diff)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	f := start(t)
	a := f.account(t)
	users := "/accounts/" + a + "/users"
	f.create(t, a, `{"Email":"taken@example.com"}`, nil)
	const unknown = "01234567-89ab-7def-8123-456789abcdef"
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	for _, c := range []struct {
		call
		status     int
		name, text string
	}{
		{call{method: "POST", target: users + "?operation=create", body: `{"Email":"TAKEN@example.com"}`}, 409, "ConflictException", "Request could not be completed due to a conflict"},
		{call{method: "POST", target: users + "?operation=create", body: `{}`}, 400, "BadRequestException", "Email is required"},
		{call{method: "POST", target: users + "?operation=create"}, 400, "BadRequestException", "Email is required"},
		{call{method: "POST", target: users + "?operation=create", body: `{"Email":"bad"}`}, 400, "BadRequestException", "Service received a bad request: Email must be"},
		{call{method: "POST", target: users + "?operation=create", body: `{"Email":""}`}, 400, "BadRequestException", "Email"},
		{call{method: "POST", target: users + "?operation=create", body: `{"Email":7}`}, 400, "BadRequestException", "Email"},
		{call{method: "POST", target: users + "?operation=create", body: `{"Email":"a@b.c","Username":"\u0000"}`}, 400, "BadRequestException", "Username"},
		{call{method: "POST", target: users + "?operation=create", body: `{"Email":"a@b.c","Email":"d@e.f"}`}, 400, "BadRequestException", ""},
		{call{method: "POST", target: users + "?operation=create", body: `{"Email":"a@b.c","UserType":"Robot"}`}, 400, "BadRequestException", "UserType must be one of PrivateUser, SharedDevice"},
		{call{method: "POST", target: users + "?operation=create", body: `{"X":` + deep + `}`}, 400, "BadRequestException", ""},
		{call{method: "POST", target: users + "?operation=create", body: `[1`}, 400, "BadRequestException", ""},
		{call{method: "POST", target: users + "?operation=create", body: `{"Username":"` + strings.Repeat("x", 1<<20) + `"}`}, 400, "BadRequestException", "1048576"},
		{call{method: "POST", target: "/accounts/" + unknown + "/users?operation=create", body: `{"Email":"a@b.c"}`}, 404, "NotFoundException", "Unable to find the requested identifier"},
		{call{method: "POST", target: "/accounts/123456789012/users?operation=create", body: `{"Email":"a@b.c"}`}, 404, "NotFoundException", "AWS account id"},
		{call{method: "POST", target: "/accounts/a%20b%2Fc/users?operation=create", body: `{"Email":"a@b.c"}`}, 404, "NotFoundException", ""},
		{call{method: "POST", target: users + "?operation=create", key: other, body: `{"Email":"a@b.c"}`}, 404, "NotFoundException", ""},
		{call{method: "GET", target: users, key: other}, 404, "NotFoundException", ""},
		{call{method: "POST", target: "/accounts/%20/users?operation=create", body: `{"Email":"a@b.c"}`}, 400, "BadRequestException", "AccountId"},
		{call{method: "POST", target: "/accounts//users?operation=create", body: `{"Email":"a@b.c"}`}, 400, "BadRequestException", "AccountId"},
		{call{method: "POST", target: users + "?operation=nonsense"}, 400, "BadRequestException", "create"},
		{call{method: "POST", target: users + "?operation=create&operation=add"}, 400, "BadRequestException", "operation"},
		{call{method: "GET", target: users + "/" + unknown}, 404, "NotFoundException", "is not in account"},
		{call{method: "GET", target: "/accounts/" + unknown + "/users/" + unknown}, 404, "NotFoundException", "account " + unknown},
		{call{method: "GET", target: users + "/"}, 400, "BadRequestException", "UserId"},
		{call{method: "GET", target: users + "?max-results=0"}, 400, "BadRequestException", "MaxResults"},
		{call{method: "GET", target: users + "?max-results=201"}, 400, "BadRequestException", "MaxResults"},
		{call{method: "GET", target: users + "?max-results=x"}, 400, "BadRequestException", "MaxResults"},
		{call{method: "GET", target: users + "?next-token=forged"}, 400, "BadRequestException", "NextToken"},
		{call{method: "GET", target: "/nothing"}, 404, "NotFoundException", ""},
		{call{method: "GET", target: "/nothing", unsigned: true}, 404, "NotFoundException", ""},
		{call{method: "GET", target: "//accounts", unsigned: true}, 404, "NotFoundException", ""},
		{call{method: "PATCH", target: "/accounts", unsigned: true}, 405, "MethodNotAllowedException", ""},
		{call{method: "HEAD", target: "/accounts", unsigned: true}, 405, "MethodNotAllowedException", ""},
		{call{method: "OPTIONS", target: "/accounts", unsigned: true}, 405, "MethodNotAllowedException", ""},
		{call{method: "GET", target: "/accounts", unsigned: true}, 403, "MissingAuthenticationTokenException", ""},
		{call{method: "GET", target: "/accounts", key: "NOBODYSKEY000000"}, 403, "UnrecognizedClientException", "The security token included in the request is invalid."},
		{call{method: "GET", target: "/meetings", unsigned: true}, 403, "MissingAuthenticationTokenException", ""},
		{call{method: "GET", target: "/meetings"}, 403, "ForbiddenException", "deprecated"},
		{call{method: "POST", target: "/readyz", unsigned: true}, 405, "MethodNotAllowedException", ""},
	} {
		got := f.do(t, c.call)
		message, _ := got.json["Message"].(string)
		if got.status != c.status || got.header.Get("x-amzn-ErrorType") != c.name || !strings.Contains(message, c.text) {
			t.Errorf("%s %s %.60s: %d %s %q, want %d %s %q", c.method, c.target, c.body, got.status, got.header.Get("x-amzn-ErrorType"), message, c.status, c.name, c.text)
		}
	}
	if log := f.log.String(); strings.Contains(log, "example.com") || strings.Contains(log, secret) {
		t.Error("the log holds an e-mail address or a secret")
	}
}

// TestStrictRooms shows a refusal that is Amazon's as a whole (observed).
func TestStrictRooms(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *server.Config) { c.Gate = gate.New(c.DB, c.Source, ops.Settings{Rules: chime.Strict}) })
	a := f.account(t)
	r := f.do(t, call{method: "GET", target: "/accounts/" + a + "/rooms"})
	want := `{"Code":"Forbidden","Message":"Chime Account provided is not an Enterprise Chime Account[AWS Account ID: 123456789012][Chime Account ID: ` + a + `]"}`
	if r.status != 403 || r.header.Get("x-amzn-ErrorType") != "ForbiddenException" || r.text != want {
		t.Errorf("ListRooms: %d %s %s, want 403 ForbiddenException %s", r.status, r.header.Get("x-amzn-ErrorType"), r.text, want)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	f := start(t)
	a := f.account(t)
	for i := range 7 {
		if r := f.create(t, a, fmt.Sprintf(`{"Email":"u%d@example.com"}`, i), nil); r.status != 201 {
			t.Fatalf("CreateUser: %s", r.text)
		}
	}
	users := "/accounts/" + a + "/users"
	var got []string
	target := users + "?max-results=1" // the size may change from page to page
	for target != "" {
		r := f.do(t, call{method: "GET", target: target})
		for _, u := range r.json["Users"].([]any) {
			got = append(got, u.(map[string]any)["PrimaryEmail"].(string))
		}
		token, more := r.json["NextToken"].(string)
		if target = ""; more {
			target = users + "?max-results=3&next-token=" + token
			if bad := f.do(t, call{method: "GET", target: users + "?user-type=PrivateUser&next-token=" + token}); bad.status != 400 {
				t.Errorf("the token with another filter: %d", bad.status)
			}
			if bad := f.do(t, call{method: "GET", target: "/accounts?next-token=" + token}); bad.status != 400 {
				t.Errorf("the token with another list: %d", bad.status)
			}
		}
	}
	want := []string{"u0@example.com", "u1@example.com", "u2@example.com", "u3@example.com", "u4@example.com", "u5@example.com", "u6@example.com"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	for target, want := range map[string]int{
		users + "?user-email=U3%40example.com":                        1,
		users + "?user-email=nobody%40example.com":                    0,
		users + "?user-email=u3%40example.com&user-type=SharedDevice": 0,
		users + "?user-type=SharedDevice":                             0,
	} {
		if r := f.do(t, call{method: "GET", target: target}); len(r.json["Users"].([]any)) != want {
			t.Errorf("%s: %s, want %d", target, r.text, want)
		}
	}
	for target, want := range map[string]int{
		"/accounts?user-email=u3%40example.com": 1, "/accounts?user-email=x%40example.com": 0, "/accounts?name=Exa": 1,
		"/accounts?name=exa": 0, "/accounts?name=Nope&user-email=u3%40example.com": 0, "/accounts": 1,
	} {
		if r := f.do(t, call{method: "GET", target: target}); len(r.json["Accounts"].([]any)) != want {
			t.Errorf("%s: %s, want %d", target, r.text, want)
		}
	}
}

func TestRepetition(t *testing.T) {
	t.Parallel()
	f := start(t)
	first := map[string]string{"amz-sdk-invocation-id": "one"}
	second := map[string]string{"amz-sdk-invocation-id": "two"}
	create := call{method: "POST", target: "/accounts", body: `{"Name":"Twice"}`, header: first}
	one, two := f.do(t, create), f.do(t, create)
	if one.status != 201 || one.text != two.text {
		t.Errorf("repeated CreateAccount: %s then %s", one.text, two.text)
	}
	create.header = second
	if three := f.do(t, create); three.text == one.text {
		t.Errorf("another CreateAccount got the first account: %s", three.text)
	}
	a := one.json["Account"].(map[string]any)["AccountId"].(string)
	body := `{"Email":"jane@example.com"}`
	u1, u2 := f.create(t, a, body, first), f.create(t, a, body, first)
	if u1.status != 201 || u1.text != u2.text {
		t.Errorf("repeated CreateUser: %s then %s", u1.text, u2.text)
	}
	for name, r := range map[string]reply{
		"another invocation": f.create(t, a, body, second),
		"no invocation":      f.create(t, a, body, nil),
		"another body":       f.create(t, a, `{"Email":"jane@example.com","Username":"J"}`, first),
	} {
		if r.status != 409 {
			t.Errorf("%s: %d %s, want a conflict", name, r.status, r.text)
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	f := start(t)
	a := f.account(t)
	put := func(body string, want int) reply {
		t.Helper()
		r := f.do(t, call{method: "POST", target: "/carillon/PutFault", body: body})
		if r.status != want {
			t.Errorf("PutFault %s: %d %s, want %d", body, r.status, r.text, want)
		}
		return r
	}
	for _, bad := range []string{
		`{"Operation":"CreateUser"}`, `{"Operation":"Nonsense","Error":"ConflictException"}`, `{"Error":"ConflictException"}`,
		`{"Operation":"CreateUser","Error":"AccessDeniedException"}`, `{"Operation":"PutFault","DelayMilliseconds":1}`,
		`{"Operation":"CreateUser","Error":"ConflictException","Drop":"AfterCommit"}`,
	} {
		put(bad, 400)
	}
	for name, status := range map[string]int{
		"UnauthorizedClientException": 401, "ForbiddenException": 403, "NotFoundException": 404, "ConflictException": 409,
		"BadRequestException": 400, "ThrottledClientException": 429, "ServiceFailureException": 500, "ServiceUnavailableException": 503,
	} {
		put(`{"Operation":"CreateUser","Count":1,"Error":"`+name+`"}`, 200)
		if r := f.create(t, a, `{"Email":"jane@example.com"}`, nil); r.status != status || r.header.Get("x-amzn-ErrorType") != name {
			t.Errorf("%s: %d %s", name, r.status, r.text)
		}
	}
	fault := put(`{"Operation":"*","Error":"ServiceFailureException","AwsAccountId":"999999999999"}`, 200)
	if r := f.create(t, a, `{"Email":"jane@example.com"}`, nil); r.status != 201 {
		t.Errorf("a fault for another AWS account struck: %s", r.text)
	}
	if r := f.do(t, call{method: "GET", target: "/accounts", key: other}); r.status != 500 {
		t.Errorf("a fault for all operations did not strike: %s", r.text)
	}
	id := fault.json["Fault"].(map[string]any)["FaultId"]
	list := f.do(t, call{method: "POST", target: "/carillon/ListFaults"})
	if faults := list.json["Faults"].([]any); len(faults) != 1 || faults[0].(map[string]any)["Struck"] != 1.0 {
		t.Errorf("ListFaults: %s", list.text)
	}
	for _, want := range []int{200, 404} {
		if r := f.do(t, call{method: "POST", target: "/carillon/DeleteFault", body: fmt.Sprintf(`{"FaultId":%q}`, id)}); r.status != want {
			t.Errorf("DeleteFault: %s, want %d", r.text, want)
		}
	}
}

func TestFaultsAreRefusedWithoutTheFlag(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *server.Config) { c.Gate = gate.New(c.DB, c.Source, ops.Settings{}) })
	for _, name := range []string{"PutFault", "ListFaults", "DeleteFault"} {
		r := f.do(t, call{method: "POST", target: "/carillon/" + name, body: `{"Operation":"*","DelayMilliseconds":1,"FaultId":"x"}`})
		if r.status != 403 || r.header.Get("x-amzn-ErrorType") != "ForbiddenException" {
			t.Errorf("%s: %d %s", name, r.status, r.text)
		}
	}
}

// TestOpenIsNotForWebPages has a browser send what a page of another origin may send without asking.
func TestOpenIsNotForWebPages(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *server.Config) { c.Auth = server.Open })
	for _, header := range []map[string]string{
		{"Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"},
		{"Origin": "https://evil.example"},
	} {
		got := f.do(t, call{method: "POST", target: "/accounts", body: `{"Name":"Example"}`, unsigned: true, header: header})
		if got.status != 403 || got.header.Get("x-amzn-ErrorType") != "ForbiddenException" {
			t.Errorf("%v: %d %s, want it forbidden", header, got.status, got.text)
		}
	}
	if got := f.do(t, call{method: "POST", target: "/accounts", body: `{"Name":"Example"}`, unsigned: true}); got.status != 201 {
		t.Errorf("from a program: %d %s", got.status, got.text)
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *server.Config) { c.Auth = server.Open })
	owner := func(authorization string) any {
		r := f.do(t, call{method: "POST", target: "/accounts", body: `{"Name":"x"}`, unsigned: true, header: map[string]string{"Authorization": authorization}})
		return r.json["Account"].(map[string]any)["AwsAccountId"]
	}
	for authorization, want := range map[string]string{
		"": "111111111111",
		"AWS4-HMAC-SHA256 Credential=222222222222/20260101/us-east-1/chime/aws4_request, SignedHeaders=host, Signature=x": "222222222222",
		"AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/chime/aws4_request, SignedHeaders=host, Signature=x":      "111111111111",
	} {
		if got := owner(authorization); got != want {
			t.Errorf("%q: AWS account %v, want %s", authorization, got, want)
		}
	}
}

func TestPanicAndStop(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *server.Config) {
		keys := c.Keys
		c.Keys = func(ctx context.Context, id string) (server.Key, bool, error) {
			if id == "PANICPANICPANIC0" {
				panic("a bug")
			}
			return keys(ctx, id)
		}
	})
	if r := f.do(t, call{method: "GET", target: "/accounts", key: "PANICPANICPANIC0"}); r.status != 500 || strings.Contains(r.text, "a bug") {
		t.Errorf("panic: %d %s", r.status, r.text)
	}
	if !strings.Contains(f.log.String(), "a bug") {
		t.Error("the panic is not in the log")
	}
	for path, want := range map[string]int{"/livez": 200, "/readyz": 200} {
		if r := f.do(t, call{method: "GET", target: path, unsigned: true}); r.status != want {
			t.Errorf("%s: %d", path, r.status)
		}
	}
	f.Stop()
	if r := f.do(t, call{method: "GET", target: "/accounts"}); r.status != 503 || r.header.Get("x-amzn-ErrorType") != "ServiceUnavailableException" {
		t.Errorf("while stopping: %d %s", r.status, r.text)
	}
	if r := f.do(t, call{method: "GET", target: "/readyz", unsigned: true}); r.json["status"] != "stopping" {
		t.Errorf("readyz while stopping: %s", r.text)
	}
}

// TestRawTargets sends what a client library would not let through.
func TestRawTargets(t *testing.T) {
	t.Parallel()
	f := start(t)
	host := strings.TrimPrefix(f.url, "http://")
	for _, line := range []string{
		"OPTIONS * HTTP/1.1", "GET http://" + host + "/accounts HTTP/1.1", "GET /accounts/../accounts HTTP/1.1",
		"GET /accounts/%00 HTTP/1.1", "GET /accounts/%FF HTTP/1.1", "POST /accounts/./users HTTP/1.1", "GET /" + strings.Repeat("a/", 3000) + " HTTP/1.1",
	} {
		conn, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "%s\r\nHost: %s.\r\nConnection: close\r\n\r\n", line, host)
		answer, err := io.ReadAll(conn)
		conn.Close()
		if err != nil {
			t.Fatal(err)
		}
		if text := string(answer); !strings.Contains(text, "\r\nContent-Type: application/json\r\n") || !strings.Contains(text, "\r\nx-amzn-RequestId: ") {
			t.Errorf("%.60s: %s", line, text)
		}
	}
}
