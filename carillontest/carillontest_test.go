package carillontest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/carillon-server/carillon/carillontest"
	"github.com/carillon-server/carillon/internal/sigv4"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client calls a server as an SDK does, but that it never tries again.
type client struct {
	t testing.TB
	*carillontest.Server
	as carillontest.Credentials
}

func connect(t testing.TB, s *carillontest.Server) client { return client{t, s, s.Credentials} }

// post calls what is at the path and returns the status and the answer. The status is 0 if the connection was lost.
func (c client) post(path string, in map[string]any) (status int, out map[string]any) {
	c.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		c.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.URL+path, bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.GetBody = nil // so that the transport does not try again either
	r.Header.Set("Content-Type", "application/json")
	sigv4.Sign(&sigv4.Request{Method: r.Method, Target: r.URL.RequestURI(), Host: r.URL.Host, Header: r.Header, Body: body},
		c.as.AccessKeyID, c.as.SecretAccessKey, c.Region, "chime", time.Now())
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := json.Unmarshal(text, &out); err != nil {
		c.t.Fatalf("%s is not JSON: %v", text, err)
	}
	return response.StatusCode, out
}

func (c client) account() (id string) {
	c.t.Helper()
	_, out := c.post("/accounts", map[string]any{"Name": "Example"})
	account, ok := out["Account"].(map[string]any)
	if !ok {
		c.t.Fatalf("CreateAccount: %v", out)
	}
	return account["AccountId"].(string)
}

func (c client) user(account, email string) (status int, out map[string]any) {
	c.t.Helper()
	return c.post("/accounts/"+account+"/users?operation=create", map[string]any{"Email": email})
}

func TestServersShareNothing(t *testing.T) {
	t.Parallel()
	var answers []map[string]any
	for range 3 {
		srv := carillontest.Start(t)
		c := connect(t, srv)
		status, out := c.user(c.account(), "jane@example.com")
		if status != 201 {
			t.Fatalf("CreateUser: %d %v", status, out)
		}
		user := out["User"].(map[string]any)
		delete(user, "RegisteredOn")
		answers = append(answers, user)
		if got := len(srv.Requests()); got != 2 {
			t.Errorf("%d requests, want 2", got)
		}
	}
	if diff := cmp.Diff(answers[0], answers[1]) + cmp.Diff(answers[0], answers[2]); diff != "" {
		t.Errorf("servers of the same seed answer differently:\n%s", diff)
	}
	c := connect(t, carillontest.Start(t, carillontest.Seed(2)))
	_, out := c.user(c.account(), "jane@example.com")
	if user := out["User"].(map[string]any); user["UserId"] == answers[0]["UserId"] {
		t.Errorf("servers of different seeds have the same IDs: %v", user["UserId"])
	}
}

func TestAWSAccountsAreApart(t *testing.T) {
	t.Parallel()
	srv := carillontest.Start(t)
	c := connect(t, srv)
	account := c.account()
	other := client{t, srv, srv.NewAWSAccount()}
	if status, out := other.user(account, "jane@example.com"); status != 404 {
		t.Errorf("CreateUser in the account of another: %d %v, want 404", status, out)
	}
	if status, out := other.user(other.account(), "jane@example.com"); status != 201 {
		t.Errorf("CreateUser: %d %v", status, out)
	}
	if a, b := srv.NewAWSAccount(), srv.NewAWSAccount(); a.AWSAccountID == b.AWSAccountID || len(a.AWSAccountID) != 12 {
		t.Errorf("AWS accounts %+v, %+v", a, b)
	}
	forged := client{t, srv, carillontest.Credentials{AccessKeyID: "000000000009", SecretAccessKey: "wrong"}}
	if status, out := forged.post("/accounts", map[string]any{"Name": "x"}); status != 403 {
		t.Errorf("a wrong signature: %d %v, want 403", status, out)
	}
}

func TestFaultsAndRequests(t *testing.T) {
	t.Parallel()
	srv := carillontest.Start(t)
	c := connect(t, srv)
	account := c.account()
	srv.ClearRequests()
	srv.PutFault(carillontest.Fault{Operation: "CreateUser", Error: "ThrottledClientException", Count: 1})
	srv.PutFault(carillontest.Fault{Operation: "CreateUser", Drop: carillontest.AfterCommit, Delay: time.Microsecond, Count: 1, Percent: 100, AWSAccountID: srv.AWSAccountID})
	srv.PutFault(carillontest.Fault{Operation: "*", Error: "ServiceFailureException"})
	var got []int
	for range 3 {
		status, _ := c.user(account, "jane@example.com")
		got = append(got, status)
	}
	srv.ClearFaults()
	status, _ := c.user(account, "jane@example.com")
	c.post("/accounts/"+account+"/users?operation=create", map[string]any{"Email": 1})
	c.post("/nothing", nil)
	if diff := cmp.Diff([]int{429, 0, 500, 409}, append(got, status)); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	jane := map[string]any{"AccountId": account, "Email": "jane@example.com"}
	agent := "Go-http-client/1.1"
	want := []carillontest.Request{
		{"CreateUser", jane, srv.AccessKeyID, 429, "ThrottledClientException", agent},
		{"CreateUser", jane, srv.AccessKeyID, 0, "", agent},
		{"CreateUser", jane, srv.AccessKeyID, 500, "ServiceFailureException", agent},
		{"CreateUser", jane, srv.AccessKeyID, 409, "ConflictException", agent},
		{"CreateUser", nil, srv.AccessKeyID, 400, "BadRequestException", agent},
		{"", nil, srv.AccessKeyID, 404, "NotFoundException", agent},
	}
	if diff := cmp.Diff(want, srv.Requests()); diff != "" {
		t.Errorf("Requests (-want +got):\n%s", diff)
	}
}

func TestAdvanceClock(t *testing.T) {
	t.Parallel()
	srv := carillontest.Start(t)
	c := connect(t, srv)
	account := c.account()
	c.post("/accounts/"+account+"/users?operation=add", map[string]any{"UserEmailList": []string{"jane@example.com"}})
	srv.AdvanceClock(31 * 24 * time.Hour)
	var out struct{ Invitations []struct{ Status string } }
	if err := srv.Call(t.Context(), "ListInvites", map[string]any{"AccountId": account}, &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Invitations) != 1 || out.Invitations[0].Status != "Failed" {
		t.Errorf("after 31 days the invitations are %+v, want a failed one", out.Invitations)
	}
}

func TestCallRefusesWhatIsNoCall(t *testing.T) {
	t.Parallel()
	srv := carillontest.Start(t)
	for want, err := range map[string]error{
		"Createuser is not an operation":              srv.Call(t.Context(), "Createuser", nil, nil),
		"CreateAccount: Name is required":             srv.Call(t.Context(), "CreateAccount", map[string]any{}, nil),
		"the members of CreateAccount: json: unsuppo": srv.Call(t.Context(), "CreateAccount", func() {}, nil),
	} {
		if !strings.HasPrefix(fmt.Sprint(err), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestNothingIsLeft(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	srv, err := carillontest.Open()
	if err != nil {
		t.Fatal(err)
	}
	c := connect(t, srv)
	c.account()
	if found, _ := filepath.Glob(filepath.Join(folder, "*")); len(found) != 1 {
		t.Errorf("the server has %v", found)
	}
	if err := srv.Close(); err != nil {
		t.Fatal(err)
	}
	if err := srv.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
	if left, err := os.ReadDir(folder); len(left) > 0 || err != nil {
		t.Errorf("%v is left, %v", left, err)
	}
	if _, err := http.Get(srv.URL); err == nil {
		t.Error("the server still answers")
	}
}

func TestEnviron(t *testing.T) {
	t.Parallel()
	srv := carillontest.Start(t)
	for _, want := range []string{"AWS_ENDPOINT_URL_CHIME=" + srv.URL, "AWS_ACCESS_KEY_ID=" + srv.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + srv.SecretAccessKey, "AWS_REGION=us-east-1"} {
		if !strings.Contains(strings.Join(srv.Environ(), "\n"), want) {
			t.Errorf("Environ has no %s", want)
		}
	}
}

func BenchmarkStart(b *testing.B) {
	first := true
	for b.Loop() {
		srv, err := carillontest.Open()
		if err != nil {
			b.Fatal(err)
		}
		if first {
			first = false
			b.ResetTimer() // what all servers of a process share is made with the first
		}
		b.StopTimer()
		if err := srv.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// BenchmarkAWSAccount measures what an AWS account of its own costs a test that shares a server: with its first Chime
// account and user.
func BenchmarkAWSAccount(b *testing.B) {
	srv, err := carillontest.Open()
	if err != nil {
		b.Fatal(err)
	}
	defer srv.Close()
	for b.Loop() {
		c := client{b, srv, srv.NewAWSAccount()}
		if status, out := c.user(c.account(), "jane@example.com"); status != 201 {
			b.Fatalf("CreateUser: %d %v", status, out)
		}
	}
}
