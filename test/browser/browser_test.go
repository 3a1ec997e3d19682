// Package browser goes the whole way of an invitation as people do: the mail by SMTP, the link in it, and the page behind it,
// in headless Chromium.
package browser

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/mail/mailtest"
	"github.com/carillon-server/carillon/test/harness"
)

// TestHTTP answers by what a browser sends, also where there is none.
func TestHTTP(t *testing.T) {
	f := start(t)
	for _, c := range cases {
		t.Run(c.answer, func(t *testing.T) {
			id, link := f.invite(t, c.email)
			response, err := http.PostForm(link, url.Values{"answer": {c.answer}, "name": {c.name}})
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if page, err := io.ReadAll(response.Body); err != nil || response.StatusCode != 200 {
				t.Errorf("%s, %v: %s", response.Status, err, page)
			}
			f.check(t, id, c.want)
		})
	}
}

func TestChromium(t *testing.T) {
	for _, name := range []string{"chromium", "node", "npm"} {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skip(err) // check says so too
		}
	}
	if out, err := exec.Command("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts").CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	f := start(t)
	for _, c := range cases {
		t.Run(c.answer, func(t *testing.T) {
			id, link := f.invite(t, c.email)
			browse := exec.Command("node", "invitation.js", link, c.answer, c.name)
			if pictures := os.Getenv("CARILLON_PICTURES"); pictures != "" {
				browse.Args = append(browse.Args, pictures)
			}
			if out, err := browse.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			f.check(t, id, c.want)
		})
	}
}

// cases are an invitation that is accepted and one that is declined.
var cases = []struct {
	email, answer, name string
	want                api.User
}{
	{"jane.doe@example.com", "accept", "Zoë <Doe>", api.User{UserRegistrationStatus: "Registered", UserInvitationStatus: "Accepted",
		DisplayName: "Zoë <Doe>", LicenseType: "Pro"}},
	{"joe@example.com", "decline", "Joe", api.User{UserRegistrationStatus: "Unregistered", UserInvitationStatus: "Failed"}},
}

type fixture struct {
	smtp       *mailtest.Server
	server     *harness.Server
	connection *harness.Conn
	account    string
}

// start starts a server that sends by SMTP, and makes an account.
func start(t *testing.T) *fixture {
	t.Helper()
	folder := t.TempDir()
	program, err := harness.Build(folder)
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(folder, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	f := &fixture{smtp: mailtest.Start(t)}
	f.server, err = harness.Start(program, data, harness.Options{Log: t.Output(), Env: []string{
		"CARILLON_SMTP_URL=smtp://" + f.smtp.Address, "CARILLON_SMTP_FROM=Carillon <carillon@example.org>",
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.server.Stop(); err != nil {
			t.Error(err)
		}
	})
	if f.connection, err = harness.Dial(f.server.Address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.connection.Close() })
	// A long word is the hardest on a narrow screen.
	out, err := harness.Call[api.CreateAccountOutput](f.server, f.connection, "CreateAccount", &api.CreateAccountInput{
		Name: "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft & Söhne"})
	if err != nil {
		t.Fatal(err)
	}
	f.account = out.Account.AccountID
	return f
}

var links = regexp.MustCompile(`http://127\.0\.0\.1:\d+/invites/[A-Za-z0-9_-]+`)

// invite invites an address and returns the user's id and the link in the mail.
func (f *fixture) invite(t *testing.T, email string) (id, link string) {
	t.Helper()
	before := len(f.smtp.Mails())
	out, err := harness.Call[api.InviteUsersOutput](f.server, f.connection, "InviteUsers",
		&api.InviteUsersInput{AccountID: f.account, UserEmailList: []string{email}})
	if err != nil {
		t.Fatal(err)
	}
	mail := f.smtp.Wait(t, before+1)[before]
	link = links.FindString(mail.Text)
	if mail.To != email || link == "" || !strings.Contains(mail.HTML, link) {
		t.Fatalf("the mail to %s has the link %q in the text and the HTML %s", mail.To, link, mail.HTML)
	}
	return out.Invites[0].InviteID, link
}

func (f *fixture) check(t *testing.T, id string, want api.User) {
	t.Helper()
	out, err := harness.Call[api.GetUserOutput](f.server, f.connection, "GetUser", &api.GetUserInput{AccountID: f.account, UserID: id})
	if err != nil {
		t.Fatal(err)
	}
	u := out.User
	if u.UserRegistrationStatus != want.UserRegistrationStatus || u.UserInvitationStatus != want.UserInvitationStatus ||
		u.DisplayName != want.DisplayName || u.LicenseType != want.LicenseType || (len(u.PersonalPIN) == 10) != (u.UserRegistrationStatus == "Registered") {
		t.Errorf("the user is %+v, want %+v", u, want)
	}
}
