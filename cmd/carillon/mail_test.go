package main

import (
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/carillon-server/carillon/internal/letter"
)

// runMailCommand runs a command line with an environment of its own and returns the exit code and what was printed.
func runMailCommand(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, problems bytes.Buffer
	p := &process{env: func(string) (string, bool) { return "", false }, stdin: strings.NewReader(""), stdout: &out, stderr: &problems}
	code = p.run(t.Context(), args)
	return code, out.String(), problems.String()
}

func TestMailPreview(t *testing.T) {
	t.Parallel()
	code, out, _ := runMailCommand(t, "mail", "preview", "--account", "R&D", "--to", "joe@example.com")
	for _, want := range []string{"Subject: You are invited to R&D\n", "with the address joe@example.com", "invited to R&amp;D</h1>", letter.Sample.Link} {
		if !strings.Contains(out, want) {
			t.Errorf("exit %d, no %q in %s", code, want, out)
		}
	}
	if code, out, _ := runMailCommand(t, "mail", "preview", "--text"); code != 0 || !strings.HasPrefix(out, "Hello,") || strings.Contains(out, "<html") {
		t.Errorf("--text: exit %d, %s", code, out)
	}
	if code, out, _ := runMailCommand(t, "mail", "preview", "--html"); code != 0 || !strings.HasPrefix(out, "<!DOCTYPE html>") {
		t.Errorf("--html: exit %d, %s", code, out)
	}
	folder := filepath.Join(t.TempDir(), "out")
	if code, out, problems := runMailCommand(t, "mail", "preview", "--out", folder); code != 0 || strings.Count(out, "\n") != 3 {
		t.Errorf("--out: exit %d, %s%s", code, out, problems)
	}
	if data, err := os.ReadFile(filepath.Join(folder, "mail.html")); err != nil || !bytes.HasPrefix(data, []byte("<!DOCTYPE html>")) {
		t.Errorf("mail.html: %v %s", err, data)
	}
}

func TestMailTemplates(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "templates")
	if code, out, problems := runMailCommand(t, "mail", "templates", folder); code != 0 || strings.Count(out, "\n") != len(letter.Files()) {
		t.Fatalf("exit %d, %s%s", code, out, problems)
	}
	if code, _, problems := runMailCommand(t, "mail", "templates", folder); code != 1 || !strings.Contains(problems, "is there already; name another folder") {
		t.Errorf("again: exit %d, %s", code, problems)
	}
	subject := filepath.Join(folder, "invitation.subject.txt")
	if err := os.WriteFile(subject, []byte("Come to {{.AccountName}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, problems := runMailCommand(t, "mail", "preview", "--mail-templates", folder); code != 0 || !strings.HasPrefix(out, "Subject: Come to Example & Sons\n\nHello,") {
		t.Errorf("a subject of one's own: exit %d, %s%s", code, out, problems)
	}
	for name, c := range map[string]struct{ text, want string }{
		"syntax":  {"Come\n{{if}}", "invitation.subject.txt:2"},
		"members": {"{{.Nobody}}", "invitation.subject.txt:1"},
	} {
		if err := os.WriteFile(subject, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := (&templateSettings{MailTemplates: folder}).letters()
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), folder) || !strings.Contains(err.Error(), "mend the file") {
			t.Errorf("%s: %v, want the folder and %q", name, err, c.want)
		}
	}
	for _, folder := range []string{t.TempDir(), filepath.Join(t.TempDir(), "nothing")} {
		if _, err := (&templateSettings{MailTemplates: folder}).letters(); err == nil || !strings.Contains(err.Error(), "carillon mail templates FOLDER") {
			t.Errorf("templates in %s: %v, want the remedy", folder, err)
		}
	}
}

func TestPasswordOnTheCommandLine(t *testing.T) {
	t.Parallel()
	code, out, problems := runMailCommand(t, "serve", "--data", t.TempDir(), "--smtp-url", "smtp://carillon:s3cret@mail.example.com")
	if code != 2 || !strings.Contains(problems, "CARILLON_SMTP_URL") || strings.Contains(out+problems, "s3cret") {
		t.Errorf("exit %d, %s%s; want a refusal without the password", code, out, problems)
	}
}

func TestSender(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(secret, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		settings mailSettings
		public   string
		want     string // in the error; empty for none
	}{
		"none":                {mailSettings{}, "http://127.0.0.1:1", ""},
		"by the public name":  {mailSettings{SMTPURL: "smtp://mail.example.com"}, "https://chime.example.com", ""},
		"a sender":            {mailSettings{SMTPURL: "smtp://mail.example.com", SMTPFrom: "Jo <jo@example.com>"}, "http://127.0.0.1:1", ""},
		"password in a file":  {mailSettings{SMTPURL: "smtp://jo@mail.example.com", SMTPPasswordFile: secret}, "https://chime.example.com", ""},
		"password in the URL": {mailSettings{SMTPURL: "smtp://jo:s3cret@mail.example.com"}, "https://chime.example.com", ""},
		"no sender":           {mailSettings{SMTPURL: "smtp://mail.example.com"}, "http://127.0.0.1:1", "--smtp-from is needed"},
		"no server":           {mailSettings{SMTPFrom: "jo@example.com"}, "https://chime.example.com", "name it with --smtp-url"},
		"not a server":        {mailSettings{SMTPURL: "smtp://jo:s3cret%@mail.example.com"}, "https://chime.example.com", "--smtp-url: it is not a URL"},
		"not a sender":        {mailSettings{SMTPURL: "smtp://mail.example.com", SMTPFrom: "jo"}, "https://chime.example.com", "--smtp-from: "},
		"twice":               {mailSettings{SMTPURL: "smtp://jo:s3cret@mail.example.com", SMTPPasswordFile: secret}, "https://chime.example.com", "twice"},
		"empty file":          {mailSettings{SMTPURL: "smtp://jo@mail.example.com", SMTPPasswordFile: empty}, "https://chime.example.com", "is empty"},
		"no file":             {mailSettings{SMTPURL: "smtp://jo@mail.example.com", SMTPPasswordFile: empty + "x"}, "https://chime.example.com", "no such file"},
	} {
		public, err := url.Parse(c.public)
		if err != nil {
			t.Fatal(err)
		}
		send, err := c.settings.sender(public)
		if c.want == "" {
			if err != nil || (send == nil) != (c.settings.SMTPURL == "") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestPublicURL(t *testing.T) {
	t.Parallel()
	if u, err := publicURL("https://chime.example.com/there/"); err != nil || u.String() != "https://chime.example.com/there" {
		t.Errorf("%v, %v", u, err)
	}
	for _, bad := range []string{"chime.example.com", "ftp://chime.example.com", "https://", "https://a@b.example", "https://a.example?x", "http://%"} {
		if _, err := publicURL(bad); err == nil || !strings.Contains(err.Error(), "must be a URL like") {
			t.Errorf("publicURL(%q): %v, want a refusal", bad, err)
		}
	}
}
