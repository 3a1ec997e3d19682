package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/carillon-server/carillon/internal/letter"
)

// templateSettings say which templates the mails have.
type templateSettings struct {
	MailTemplates string `type:"path" env:"CARILLON_MAIL_TEMPLATES" placeholder:"FOLDER" help:"A folder with templates that replace the built-in ones of the same name; carillon mail templates writes those out. Default: none."`
}

// letters returns the templates of the mails. A folder that cannot be meant is refused: one without any template.
func (c *templateSettings) letters() (*letter.Templates, error) {
	if c.MailTemplates == "" {
		return letter.New(nil)
	}
	entries, err := os.ReadDir(c.MailTemplates)
	if err != nil {
		return nil, fmt.Errorf("--mail-templates: %w; make the folder with carillon mail templates FOLDER", err)
	}
	known := func(e fs.DirEntry) bool { return slices.Contains(letter.Files(), e.Name()) }
	if !slices.ContainsFunc(entries, known) {
		return nil, usagef("--mail-templates: %s has none of the files %s; write them with carillon mail templates FOLDER",
			c.MailTemplates, strings.Join(letter.Files(), ", "))
	}
	t, err := letter.New(os.DirFS(c.MailTemplates))
	if err != nil {
		return nil, usagef("--mail-templates %s: %v\nmend the file, or take it away to use the built-in one", c.MailTemplates, err)
	}
	return t, nil
}

// mailCommand is about the mails and their templates. It needs no server.
type mailCommand struct {
	Preview   mailPreview   `cmd:"" help:"Print the mail of an invitation as it would be sent."`
	Templates mailTemplates `cmd:"" help:"Write the built-in templates into a folder, for editing."`
}

type mailPreview struct {
	templateSettings

	To      string    `default:"${sample_to}" help:"The address that is invited. Default: ${default}."`
	Account string    `default:"${sample_account}" help:"The name of the account. Default: ${default}."`
	By      string    `default:"${sample_by}" help:"Who invites. Default: ${default}."`
	Link    string    `default:"${sample_link}" help:"The link. Default: ${default}."`
	Expires time.Time `default:"${sample_expires}" help:"Until when the link works. Default: ${default}."`

	Text bool   `xor:"part" help:"Print the text alone."`
	HTML bool   `xor:"part" name:"html" help:"Print the HTML alone."`
	Out  string `type:"path" placeholder:"FOLDER" help:"Write the parts into files of a folder instead, to look at them in a browser."`
}

// sampleMail are the values that the help of mail preview shows.
func sampleMail() map[string]string {
	return map[string]string{
		"sample_to": letter.Sample.To, "sample_account": letter.Sample.AccountName, "sample_by": letter.Sample.InvitedBy,
		"sample_link": letter.Sample.Link, "sample_expires": letter.Sample.Expires.Format(time.RFC3339),
	}
}

// Help is printed below the command's first line.
func (mailPreview) Help() string {
	return `    carillon mail preview --text
    carillon mail preview --mail-templates ./templates --account "R&D" --out ./preview
`
}

// Run prints the mail.
func (c *mailPreview) Run(p *process) error {
	t, err := c.letters()
	if err != nil {
		return err
	}
	l, err := t.Invitation(letter.Invitation{To: c.To, AccountName: c.Account, InvitedBy: c.By, Link: c.Link, Expires: c.Expires.UTC()})
	if err != nil {
		return err
	}
	switch {
	case c.Out != "":
		return c.write(p, l)
	case c.Text:
		fmt.Fprint(p.stdout, l.Text)
	case c.HTML:
		fmt.Fprint(p.stdout, l.HTML)
	default:
		fmt.Fprintf(p.stdout, "Subject: %s\n\n%s\n%s", l.Subject, l.Text, l.HTML)
	}
	return nil
}

func (c *mailPreview) write(p *process, l letter.Letter) error {
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	for _, f := range []struct{ name, content string }{
		{"subject.txt", l.Subject + "\n"}, {"mail.txt", l.Text}, {"mail.html", l.HTML},
	} {
		path := filepath.Join(c.Out, f.name)
		if err := os.WriteFile(path, []byte(f.content), 0o644); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
		fmt.Fprintln(p.stdout, path)
	}
	return nil
}

type mailTemplates struct {
	Folder string `arg:"" type:"path" help:"Where to write them; files that are there are not touched."`
}

// Help is printed below the command's first line.
func (mailTemplates) Help() string {
	return `They are Go templates (text/template, html/template). A folder may have any of the files; the others stay built in.

    carillon mail templates ./templates
    carillon serve --mail-templates ./templates
`
}

// Run writes the templates, all or none.
func (c *mailTemplates) Run(p *process) error {
	for _, name := range letter.Files() {
		if _, err := os.Lstat(filepath.Join(c.Folder, name)); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there already; name another folder, or take it away first", filepath.Join(c.Folder, name))
		}
	}
	if err := os.MkdirAll(c.Folder, 0o755); err != nil {
		return err
	}
	for _, name := range letter.Files() {
		data, err := fs.ReadFile(letter.BuiltIn(), name)
		if err != nil {
			return err
		}
		path := filepath.Join(c.Folder, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
		fmt.Fprintln(p.stdout, path)
	}
	return nil
}
