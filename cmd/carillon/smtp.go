package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/carillon-server/carillon/internal/mail"
)

// mailSettings are the settings of serve that are about mail.
type mailSettings struct {
	templateSettings

	SMTPURL          smtpURL `name:"smtp-url" env:"CARILLON_SMTP_URL" placeholder:"URL" help:"The SMTP server that takes the mails: smtp://HOST, smtp://USER@HOST:PORT or, with TLS from the start, smtps://. STARTTLS is required unless ?starttls=opportunistic or ?starttls=none is added or HOST is this machine. A password may stand in the URL only in the environment or the config file. Default: none; mails go to the built-in mailbox, which ListMail and GetMail show."`
	SMTPPasswordFile string  `name:"smtp-password-file" type:"path" env:"CARILLON_SMTP_PASSWORD_FILE" placeholder:"FILE" help:"A file with the password for the SMTP server."`
	SMTPFrom         string  `name:"smtp-from" env:"CARILLON_SMTP_FROM" placeholder:"ADDRESS" help:"The sender of the mails, with or without a name. Default: carillon@HOST if --public-url has the name of a host."`
}

// smtpURL is the address of an SMTP server. It may hold a password, so it is not shown.
type smtpURL string

// AfterApply refuses a password that the list of processes would show.
func (u smtpURL) AfterApply(trace *kong.Path) error {
	parsed, err := url.Parse(string(u))
	if trace.Resolved || err != nil || os.Getenv("CARILLON_SMTP_URL") == string(u) { // sender reports what is no URL
		return nil
	}
	if _, has := parsed.User.Password(); has {
		return usagef("--smtp-url: other users of this machine can see a password on the command line; set CARILLON_SMTP_URL instead, or give the password with --smtp-password-file")
	}
	return nil
}

// sender returns what sends mails, nil if there is no SMTP server.
func (c *mailSettings) sender(public *url.URL) (func(context.Context, *mail.Message) error, error) {
	if c.SMTPURL == "" {
		if c.SMTPFrom != "" || c.SMTPPasswordFile != "" {
			return nil, usagef("--smtp-from and --smtp-password-file are for an SMTP server; name it with --smtp-url, or leave them out")
		}
		return nil, nil
	}
	password, err := c.password()
	if err != nil {
		return nil, err
	}
	server, err := mail.ParseServer(string(c.SMTPURL), password)
	if err != nil {
		return nil, usagef("--smtp-url: %v", err)
	}
	from := c.SMTPFrom
	if from == "" {
		host := public.Hostname()
		if !strings.Contains(host, ".") || net.ParseIP(host) != nil {
			return nil, usagef("--smtp-from is needed: the sender of the mails, such as carillon@example.com")
		}
		from = "carillon@" + host
	}
	s, err := mail.NewSender(server, from, nil)
	if err != nil {
		return nil, usagef("--smtp-from: %v", err)
	}
	return s.Send, nil
}

func (c *mailSettings) password() (string, error) {
	if c.SMTPPasswordFile == "" {
		return "", nil
	}
	data, err := os.ReadFile(c.SMTPPasswordFile)
	if err != nil {
		return "", fmt.Errorf("--smtp-password-file: %w", err)
	}
	password := strings.TrimRight(string(data), "\r\n")
	if password == "" {
		return "", usagef("--smtp-password-file %s is empty; write the password into it", c.SMTPPasswordFile)
	}
	return password, nil
}

// publicURL reads where people reach the server's pages, without a slash at the end.
func publicURL(address string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(address, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, usagef("--public-url must be a URL like https://chime.example.com")
	}
	return u, nil
}
