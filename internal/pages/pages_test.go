package pages_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/gate"
	"github.com/carillon-server/carillon/internal/letter"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/pages"
	"github.com/carillon-server/carillon/internal/server"
	"github.com/carillon-server/carillon/internal/store"
	"github.com/carillon-server/carillon/internal/store/storetest"
	"github.com/carillon-server/carillon/test/logs"
)

const tenant chime.Tenant = 123456789012

type fixture struct {
	url     string
	gate    *gate.Gate
	db      *store.DB
	clock   *chimetest.Clock
	log     *bytes.Buffer // read once the answer is there
	account string
}

// start serves pages and an account whose name needs escaping.
func start(t *testing.T) *fixture {
	t.Helper()
	db := storetest.Open(t, rand.Reader)
	letters, err := letter.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{db: db, clock: chimetest.NewClock(), log: &bytes.Buffer{}}
	source := f.clock.Source()
	f.gate = gate.New(db, source, ops.Settings{Letters: letters, PublicURL: "https://chime.example.com", Mailbox: true})
	log := logs.Logger(t, f.log)
	p, err := pages.New(f.gate, source, log)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server.New(server.Config{Gate: f.gate, DB: db, Log: log, Source: source, Pages: p,
		Keys: func(context.Context, string) (server.Key, bool, error) { return server.Key{}, false, nil }}))
	t.Cleanup(web.Close)
	f.url = web.URL
	f.account = call[api.CreateAccountOutput](t, f, "CreateAccount", &api.CreateAccountInput{Name: "R&D <b>"}).Account.AccountID
	return f
}

func call[Out any](t *testing.T, f *fixture, operation string, in any) *Out {
	t.Helper()
	out, err := f.gate.Do(t.Context(), &gate.Request{
		Operation: api.ByName(operation), Input: in,
		Caller: chime.Caller{Tenant: tenant, Kind: chime.TenantRoot, ARN: "arn:aws:iam::123456789012:user/admin"},
	})
	if err != nil {
		t.Fatalf("%s: %v", operation, err)
	}
	return out.(*Out)
}

var link = regexp.MustCompile(`https://chime\.example\.com(/invites/[A-Za-z0-9_-]+)`)

// invite invites the address and returns the path of the link in the mail.
func (f *fixture) invite(t *testing.T, email string) string {
	t.Helper()
	call[api.InviteUsersOutput](t, f, "InviteUsers", &api.InviteUsersInput{AccountID: f.account, UserEmailList: []string{email}})
	all := call[api.ListMailOutput](t, f, "ListMail", &api.ListMailInput{}).Mail
	text := call[api.GetMailOutput](t, f, "GetMail", &api.GetMailInput{MailID: all[len(all)-1].MailID}).Mail.TextBody
	m := link.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no link in %q", text)
	}
	return m[1]
}

func (f *fixture) user(t *testing.T) *api.User {
	t.Helper()
	users := call[api.ListUsersOutput](t, f, "ListUsers", &api.ListUsersInput{AccountID: f.account}).Users
	if len(users) == 0 {
		return nil
	}
	return call[api.GetUserOutput](t, f, "GetUser", &api.GetUserInput{AccountID: f.account, UserID: users[0].UserID}).User
}

var style = regexp.MustCompile(`(?s)<style>(.*)</style>`)

// open requests a page and checks what holds for every page.
func (f *fixture) open(t *testing.T, method, path string, form url.Values) (status int, page string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, f.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	h := response.Header
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		"X-Content-Type-Options": "nosniff", "X-Robots-Tag": "noindex",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s %s: %s %q, want %q", method, path, name, got, want)
		}
	}
	if len(h.Get("x-amzn-RequestId")) != 36 {
		t.Errorf("%s %s: request id %q", method, path, h.Get("x-amzn-RequestId"))
	}
	if method != http.MethodHead {
		sum := sha256.Sum256([]byte(style.FindStringSubmatch(string(body))[1]))
		want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
		if got := h.Get("Content-Security-Policy"); got != want {
			t.Errorf("%s %s: policy %q, want %q", method, path, got, want)
		}
	}
	return response.StatusCode, string(body)
}

func (f *fixture) expect(t *testing.T, method, path string, form url.Values, wantStatus int, want ...string) {
	t.Helper()
	status, page := f.open(t, method, path, form)
	if status != wantStatus {
		t.Errorf("%s %v: status %d, want %d", method, form, status, wantStatus)
	}
	for _, text := range want {
		if !strings.Contains(page, text) {
			t.Errorf("%s %v: no %q in\n%s", method, form, text, page)
		}
	}
}

var (
	accept  = url.Values{"answer": {"accept"}, "name": {" Jane <Doe> "}}
	decline = url.Values{"answer": {"decline"}}
)

func TestAccept(t *testing.T) {
	t.Parallel()
	f := start(t)
	path := f.invite(t, "jane@example.com")
	for range 2 {
		f.expect(t, "GET", path, nil, 200, "You are invited to R&amp;D &lt;b&gt;", "jane@example.com",
			"arn:aws:iam::123456789012:user/admin", "31 March 2026", "Accept", "Decline", `<label for="name">`, `lang="en"`)
		f.expect(t, "HEAD", path, nil, 200)
	}
	if u := f.user(t); u.UserRegistrationStatus != api.RegistrationStatusUnregistered {
		t.Errorf("opening the page made the user %s", u.UserRegistrationStatus)
	}
	f.expect(t, "POST", path, accept, 200, "You are now a member of R&amp;D &lt;b&gt;", "Jane &lt;Doe&gt;")
	u := f.user(t)
	if u.UserRegistrationStatus != api.RegistrationStatusRegistered || u.UserInvitationStatus != api.InviteStatusAccepted ||
		u.DisplayName != "Jane <Doe>" || len(u.PersonalPIN) != 10 {
		t.Errorf("the user is %+v, want registered", u)
	}
	for _, again := range []url.Values{nil, accept, decline} {
		method := "POST"
		if again == nil {
			method = "GET"
		}
		f.expect(t, method, path, again, 410, "This invitation has been accepted")
	}
	found := call[api.LookupEventsOutput](t, f, "LookupEvents", &api.LookupEventsInput{EventName: "AcceptInvite"}).Events
	if len(found) != 1 || !regexp.MustCompile(`"invokedBy":"carillon:invitation-link".*"sourceIPAddress":"127.0.0.1","userAgent":"Go-http-client/1.1".*"requestID":"[0-9a-f-]{36}"`).MatchString(found[0].CloudTrailEvent) {
		t.Errorf("recorded %+v, want one AcceptInvite from 127.0.0.1", found)
	}
	token := strings.TrimPrefix(path, pages.Prefix)
	if log := f.log.String(); strings.Contains(log, token) || strings.Contains(log, "jane") ||
		!regexp.MustCompile(`msg=call request=[0-9a-f-]{36} operation=page status=200 code="" key="" took=`).MatchString(log) {
		t.Errorf("log = %s; want a line for each request, and neither token nor address", log)
	}
}

func TestDecline(t *testing.T) {
	t.Parallel()
	f := start(t)
	path := f.invite(t, "jane@example.com")
	f.expect(t, "POST", path, decline, 200, "You have declined")
	if u := f.user(t); u.UserInvitationStatus != api.InviteStatusFailed {
		t.Errorf("the invitation is %s, want Failed", u.UserInvitationStatus)
	}
	f.expect(t, "GET", path, nil, 410, "This invitation is closed")
	f.expect(t, "POST", path, accept, 410, "This invitation is closed")
}

func TestLinksThatDoNotWork(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path   func(*testing.T, *fixture) string
		status int
		want   string
	}{
		"nothing":         {func(*testing.T, *fixture) string { return "/invites/" }, 404, "Copy the whole link"},
		"not a token":     {func(*testing.T, *fixture) string { return "/invites/hello" }, 404, "Copy the whole link"},
		"a part":          {func(t *testing.T, f *fixture) string { p := f.invite(t, "a@example.com"); return p[:len(p)-1] }, 404, "Copy the whole link"},
		"more than all":   {func(t *testing.T, f *fixture) string { return f.invite(t, "a@example.com") + "/x" }, 404, "Copy the whole link"},
		"a million bytes": {func(*testing.T, *fixture) string { return "/invites/" + strings.Repeat("A", 50_000) }, 404, "Copy the whole link"},
		"an old one": {func(t *testing.T, f *fixture) string {
			p := f.invite(t, "a@example.com")
			f.invite(t, "a@example.com")
			return p
		}, 410, "Use the link in the latest mail"},
		"run out": {func(t *testing.T, f *fixture) string {
			p := f.invite(t, "a@example.com")
			f.clock.Move(chime.InviteLife)
			return p
		}, 410, "could be accepted until 31 March 2026, 09:30 UTC"},
		"withdrawn": {func(t *testing.T, f *fixture) string {
			p := f.invite(t, "a@example.com")
			call[api.BatchSuspendUserOutput](t, f, "BatchSuspendUser", &api.BatchSuspendUserInput{AccountID: f.account, UserIDList: []string{f.user(t).UserID}})
			return p
		}, 404, "the invitation was withdrawn"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t)
			path := c.path(t, f)
			before := f.user(t)
			f.expect(t, "GET", path, nil, c.status, c.want)
			f.expect(t, "POST", path, accept, c.status, c.want)
			f.expect(t, "POST", path, decline, c.status, c.want)
			if after := f.user(t); before != nil && after.UserInvitationStatus != before.UserInvitationStatus {
				t.Errorf("the invitation was %s and is %s", before.UserInvitationStatus, after.UserInvitationStatus)
			}
		})
	}
}

func TestFormsThatDoNotWork(t *testing.T) {
	t.Parallel()
	f := start(t)
	path := f.invite(t, "jane@example.com")
	long := strings.Repeat("x", 257)
	f.expect(t, "POST", path, url.Values{"answer": {"accept"}, "name": {long}}, 400, `<p class="problem" id="problem" role="alert">`, `value="`+long+`"`, "Accept")
	f.expect(t, "POST", path, url.Values{"answer": {"maybe"}}, 400, "Choose Accept or Decline")
	f.expect(t, "POST", path, url.Values{"answer": {"accept"}, "name": {strings.Repeat("x", 9000)}}, 400, "The form did not arrive")
	f.expect(t, "POST", path+"?answer=accept", url.Values{}, 400, "Choose Accept or Decline")
	f.expect(t, "PUT", path, accept, 405, "in a browser")
	if u := f.user(t); u.UserInvitationStatus != api.InviteStatusPending {
		t.Errorf("the invitation is %s, want Pending", u.UserInvitationStatus)
	}
}

// TestNoStore has a store that is closed, as it is while the server stops.
func TestNoStore(t *testing.T) {
	t.Parallel()
	f := start(t)
	path := f.invite(t, "jane@example.com")
	if err := f.db.Close(); err != nil {
		t.Fatal(err)
	}
	f.expect(t, "GET", path, nil, 503, "Please try again in a minute")
	f.expect(t, "POST", path, accept, 503, "Please try again in a minute")
}

// TestRace lets many accept at once: one does.
func TestRace(t *testing.T) {
	t.Parallel()
	f := start(t)
	path := f.invite(t, "jane@example.com")
	results := make(chan int, 20)
	for i := range cap(results) {
		go func() {
			r, err := http.PostForm(f.url+path, url.Values{"answer": {"accept"}, "name": {fmt.Sprint("Jane ", i)}})
			if err != nil {
				results <- 0
				return
			}
			r.Body.Close()
			results <- r.StatusCode
		}()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	count := map[int]int{}
	for range cap(results) {
		select {
		case status := <-results:
			count[status]++
		case <-ctx.Done():
			t.Fatal("no answer in 30 s")
		}
	}
	if count[200] != 1 || count[410] != 19 {
		t.Errorf("statuses %v, want one 200 and 410 for the rest", count)
	}
}
