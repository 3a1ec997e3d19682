// Package letter writes the mails that the server sends, from templates. It is pure: it reads no clock, no store and no
// network, and of the disk only the templates that it is given.
package letter

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"strings"
	texttemplate "text/template"
	"time"
)

//go:embed templates
var builtIn embed.FS

// Invitation is what a mail to somebody who is invited may say.
type Invitation struct {
	To          string    // the address
	AccountName string    // that the user is invited to
	InvitedBy   string    // the ARN of who invites
	Link        string    // where to accept or decline
	Expires     time.Time // when the link ends, UTC
}

// Letter is a mail without its envelope.
type Letter struct {
	Subject string // one line
	Text    string
	HTML    string
}

// Templates are parsed templates. They are safe for concurrent use.
type Templates struct {
	subject *texttemplate.Template
	text    *texttemplate.Template
	html    *htmltemplate.Template
}

// The templates' files. The subject is one line of text.
const (
	subjectFile = "invitation.subject.txt"
	textFile    = "invitation.txt"
	htmlFile    = "invitation.html"
)

// Files are the names of the files that a folder of templates may replace.
func Files() []string { return []string{subjectFile, textFile, htmlFile} }

// BuiltIn returns the folder of the built-in templates.
func BuiltIn() fs.FS {
	folder, err := fs.Sub(builtIn, "templates")
	if err != nil {
		panic(err) // the name is a good one
	}
	return folder
}

// New parses the built-in templates, each replaced by the file of its name in replacements where there is one.
// replacements may be nil. Each template is tried once, so that a wrong one is found now and not with the first mail.
func New(replacements fs.FS) (*Templates, error) {
	var t Templates
	subject, err := read(replacements, subjectFile)
	if err != nil {
		return nil, err
	}
	text, err := read(replacements, textFile)
	if err != nil {
		return nil, err
	}
	html, err := read(replacements, htmlFile)
	if err != nil {
		return nil, err
	}
	if t.subject, err = texttemplate.New(subjectFile).Parse(subject); err != nil {
		return nil, fmt.Errorf("mail template: %w", err)
	}
	if t.text, err = texttemplate.New(textFile).Parse(text); err != nil {
		return nil, fmt.Errorf("mail template: %w", err)
	}
	if t.html, err = htmltemplate.New(htmlFile).Parse(html); err != nil {
		return nil, fmt.Errorf("mail template: %w", err)
	}
	_, err = t.Invitation(Sample)
	return &t, err
}

// read returns the file among the replacements, or the built-in one.
func read(replacements fs.FS, name string) (string, error) {
	if replacements != nil {
		data, err := fs.ReadFile(replacements, name)
		if err == nil {
			return string(data), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("mail template: %w", err)
		}
	}
	data, err := fs.ReadFile(BuiltIn(), name)
	return string(data), err
}

// Sample is an invitation to try templates with.
var Sample = Invitation{
	To:          "jane@example.com",
	AccountName: "Example & Sons",
	InvitedBy:   "arn:aws:iam::123456789012:root",
	Link:        "https://chime.example.com/invites/AAECAwQFBgc",
	Expires:     time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC),
}

// Invitation writes the mail of an invitation.
func (t *Templates) Invitation(i Invitation) (Letter, error) {
	var subject, text, html bytes.Buffer
	err := errors.Join(t.subject.Execute(&subject, i), t.text.Execute(&text, i), t.html.Execute(&html, i))
	if err != nil {
		return Letter{}, fmt.Errorf("write a mail: %w", err)
	}
	// A name with a line break must not become a header of its own.
	line := strings.Join(strings.Fields(subject.String()), " ")
	return Letter{Subject: line, Text: text.String(), HTML: html.String()}, nil
}
