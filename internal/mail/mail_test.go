package mail_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/carillon-server/carillon/internal/letter"
	"github.com/carillon-server/carillon/internal/mail"
	"github.com/carillon-server/carillon/internal/mail/mailtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var message = &mail.Message{
	ID: "01956f2b-0000-7000-8000-000000000001", Date: time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC), To: "jane.doe@example.com",
	Letter: letter.Letter{Subject: "You are invited to Café ☕", Text: "Hello.\nhttps://example.com/" + strings.Repeat("x", 90) + "\n.\nEnd.\n", HTML: "<p>Hello</p>\n"},
}

// sender returns a sender by the fake server. address may add user, password and options.
func sender(t *testing.T, s *mailtest.Server, scheme, user, options string) *mail.Sender {
	t.Helper()
	server, err := mail.ParseServer(scheme+"://"+user+s.Address+options, "")
	if err != nil {
		t.Fatal(err)
	}
	made, err := mail.NewSender(server, "Carillon <carillon@example.org>", s.Roots)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

var login = url.UserPassword(mailtest.User, mailtest.Password).String() + "@"

func TestSend(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options               []mailtest.Option
		scheme, user, setting string
		wantLogins            int
	}{
		"plain":                   {nil, "smtp", "", "", 0},
		"login on this machine":   {[]mailtest.Option{mailtest.WithLogin}, "smtp", login, "", 1},
		"STARTTLS":                {[]mailtest.Option{mailtest.WithSTARTTLS}, "smtp", "", "?starttls=require", 0},
		"STARTTLS and login":      {[]mailtest.Option{mailtest.WithSTARTTLS, mailtest.WithLogin}, "smtp", login, "?starttls=require", 1},
		"STARTTLS if it is there": {[]mailtest.Option{mailtest.WithSTARTTLS}, "smtp", "", "?starttls=opportunistic", 0},
		"STARTTLS is not there":   {nil, "smtp", "", "?starttls=opportunistic", 0},
		"TLS and login":           {[]mailtest.Option{mailtest.WithTLS, mailtest.WithLogin}, "smtps", login, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := mailtest.Start(t, c.options...)
			if err := sender(t, s, c.scheme, c.user, c.setting).Send(t.Context(), message); err != nil {
				t.Fatalf("Send: %v", err)
			}
			got := s.Wait(t, 1)[0]
			if got.From != "carillon@example.org" || got.To != message.To || s.Logins() != c.wantLogins {
				t.Errorf("from %q to %q after %d logins", got.From, got.To, s.Logins())
			}
			if got.Subject != message.Subject || got.Text != message.Text || got.HTML != message.HTML {
				t.Errorf("subject %q, text %q, HTML %q", got.Subject, got.Text, got.HTML)
			}
			for header, want := range map[string]string{
				"From": `"Carillon" <carillon@example.org>`, "To": "<jane.doe@example.com>", "Auto-Submitted": "auto-generated",
				"Message-Id": "<01956f2b-0000-7000-8000-000000000001@example.org>", "Date": "Sun, 01 Mar 2026 09:30:00 +0000",
				"Mime-Version": "1.0",
			} {
				if got := got.Header.Get(header); got != want {
					t.Errorf("%s: %q, want %q", header, got, want)
				}
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		step      string
		code      int
		says      string
		want      string
		permanent bool
	}{
		"unknown mailbox":      {"rcpt", 550, "<Jane.Doe@EXAMPLE.com>: no mailbox jane.doe here", `550 "5.1.1 <recipient>: no mailbox <recipient> here"`, true},
		"mailbox full for now": {"rcpt", 452, "jane.doe jane.doe is over quota", `452 "4.1.1 <recipient> <recipient> is over quota"`, false},
		"spam":                 {"data", 554, "no", `554 "5.1.1 no"`, true},
		"busy":                 {"data", 451, "later", `451 "4.1.1 later"`, false},
		"sender refused":       {"mail", 553, "who is this", `553 "5.1.1 who is this"`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := mailtest.Start(t)
			s.Behave(func(at mailtest.Step) error {
				if at.Name == c.step {
					return mailtest.Refuse(c.code, c.says)
				}
				return nil
			})
			err := sender(t, s, "smtp", "", "").Send(t.Context(), message)
			var refused *mail.Error
			if !errors.As(err, &refused) || refused.Permanent != c.permanent || !strings.HasSuffix(err.Error(), c.want) {
				t.Errorf("Send: %#v, want %q, permanent %t", err, c.want, c.permanent)
			}
			if len(s.Mails()) > 0 {
				t.Error("the server took the mail")
			}
		})
	}
}

func TestFailuresThatCanBeMended(t *testing.T) {
	t.Parallel()
	wrong := url.UserPassword(mailtest.User, "wrong-secret").String() + "@"
	for name, c := range map[string]struct {
		options               []mailtest.Option
		scheme, user, setting string
		want                  string
	}{
		"no STARTTLS":    {nil, "smtp", "", "?starttls=require", "does not support STARTTLS"},
		"wrong password": {[]mailtest.Option{mailtest.WithLogin, mailtest.WithTLS}, "smtps", wrong, "", "535"},
		"no login there": {nil, "smtp", wrong, "", "does not support SMTP AUTH"},
		"not TLS":        {nil, "smtps", "", "", "tls: first record does not look like a TLS handshake"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := mailtest.Start(t, c.options...)
			err := sender(t, s, c.scheme, c.user, c.setting).Send(t.Context(), message)
			var failed *mail.Error
			if !errors.As(err, &failed) || failed.Permanent || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Send: %v, want %q, not permanent", err, c.want)
			}
			if strings.Contains(err.Error(), "wrong-secret") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
	t.Run("a certificate that nobody trusts", func(t *testing.T) {
		t.Parallel()
		s := mailtest.Start(t, mailtest.WithSTARTTLS)
		s.Roots = nil
		err := sender(t, s, "smtp", "", "?starttls=require").Send(t.Context(), message)
		if err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("Send: %v, want a word about the certificate", err)
		}
	})
	t.Run("down", func(t *testing.T) {
		t.Parallel()
		s := mailtest.Start(t)
		by := sender(t, s, "smtp", "", "")
		s.Down(t)
		if err := by.Send(t.Context(), message); err == nil || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("Send: %v, want connection refused", err)
		}
	})
}

// TestNoHeaderIsSmuggledIn sends what would make another header, or another command, if it were taken as it is.
func TestNoHeaderIsSmuggledIn(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t)
	by := sender(t, s, "smtp", "", "")
	m := *message
	m.Subject = "Hello\r\nBcc: eve@example.com\r\n\r\nAnother text"
	if err := by.Send(t.Context(), &m); err != nil {
		t.Fatalf("Send: %v", err)
	}
	got := s.Wait(t, 1)[0]
	if got.Header.Get("Bcc") != "" || got.Text != m.Text || strings.Contains(got.Header.Get("Subject"), "\n") {
		t.Errorf("the subject became %q", got.Raw)
	}
	for _, to := range []string{"jane@example.com\r\nRCPT TO:<eve@example.com>", "jane@example.com>\nBcc: <eve@example.com"} {
		m.To = to
		if err := by.Send(t.Context(), &m); err == nil {
			t.Errorf("a mail to %q was sent", to)
		}
	}
	if n := len(s.Mails()); n != 1 {
		t.Errorf("%d mails came, want 1", n)
	}
}

// TestCut cuts a conversation in which the server says nothing.
func TestCut(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t)
	ctx, cancel := context.WithCancel(t.Context())
	resume := make(chan struct{})
	defer close(resume)
	s.Behave(func(mailtest.Step) error { cancel(); <-resume; return nil })
	if err := sender(t, s, "smtp", "", "").Send(ctx, message); err == nil {
		t.Error("Send went well")
	}
}

func TestParseServer(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"smtp://mail.example.com":                     "mail.example.com:587",
		"smtp://mail.example.com/":                    "mail.example.com:587",
		"smtp://mail.example.com?starttls=none":       "mail.example.com:25",
		"smtp://localhost":                            "localhost:25",
		"smtp://[::1]:2525":                           "[::1]:2525",
		"smtps://jane%40example.com:s%2Fx@mail.test":  "mail.test:465",
		"smtp://u:p@mail.test:26?starttls=require":    "mail.test:26",
		"smtp://u:p@mail.test?starttls=opportunistic": "mail.test:587",
	} {
		if s, err := mail.ParseServer(address, ""); err != nil || s.Address() != want {
			t.Errorf("ParseServer(%q) = %s, %v, want %s", address, s.Address(), err, want)
		}
	}
	for _, c := range []struct{ address, password, want string }{
		{"mail.example.com:587", "", "form smtp://"},
		{"http://mail.example.com", "", "smtp:// or smtps://"},
		{"smtp://", "", "form smtp://"},
		{"smtp://user:top%secret@mail.example.com", "", "%XX"},
		{"smtp://user:top#secret@mail.example.com", "", "%XX"},
		{"smtp://user:secret@mail.example.com:port", "", "%XX"},
		{"smtp://user:secret@mail.example.com:0", "", "1 to 65535"},
		{"smtp://user:secret@mail.example.com?starttls=none", "", "in clear"},
		{"smtp://user:secret@mail.example.com?starttls=maybe", "", "require, opportunistic or none"},
		{"smtps://user:secret@mail.example.com?starttls=require", "", "write smtp://"},
		{"smtp://user:secret@mail.example.com?tls=1", "", `"tls"`},
		{"smtp://user:secret@mail.example.com", "secret2", "twice"},
		{"smtp://user@mail.example.com", "", "needs a password"},
		{"smtp://mail.example.com", "secret", "a password a user"},
	} {
		_, err := mail.ParseServer(c.address, c.password)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("ParseServer(%q, %q): %v, want %q and no secret", c.address, c.password, err, c.want)
		}
	}
}

func TestSenderAddress(t *testing.T) {
	t.Parallel()
	server, err := mail.ParseServer("smtp://mail.example.com", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{"", "carillon", "a@example.com, b@example.com", "a@example.com\r\nBcc: b@example.com"} {
		if _, err := mail.NewSender(server, from, nil); err == nil || !strings.Contains(err.Error(), "is not an address like") {
			t.Errorf("NewSender(%q): %v, want a refusal", from, err)
		}
	}
}
