// Package mail hands mails to an SMTP server.
//
// It keeps nothing: each mail is one conversation over a connection of its own, which ends with the server's word that it
// has taken the mail, or with an [*Error].
package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/carillon-server/carillon/internal/letter"
)

const (
	// stepTime bounds how long the server may take to greet, and then to take the mail.
	stepTime = time.Minute
	// conversationTime bounds the whole.
	conversationTime = 2 * time.Minute
)

// Message is a mail and its envelope.
type Message struct {
	ID   string // tells mails apart: what is sent again has the same
	Date time.Time
	To   string
	letter.Letter
}

// Sender sends mails. It is safe for concurrent use.
type Sender struct {
	server Server
	from   *netmail.Address
	roots  *x509.CertPool
}

// NewSender returns a sender by that server, in the name of an address, which may have a display name. roots are whom the
// server's certificate is trusted by, nil for whom the system trusts.
func NewSender(s Server, from string, roots *x509.CertPool) (*Sender, error) {
	address, err := netmail.ParseAddress(from)
	if err != nil || !strings.Contains(address.Address, "@") {
		return nil, fmt.Errorf("%q is not an address like carillon@example.com or Carillon <carillon@example.com>", from)
	}
	return &Sender{s, address, roots}, nil
}

// Send returns nil once the server has taken the mail, and an [*Error] otherwise. After an error the server may have taken
// it all the same, if the connection broke at the wrong moment.
func (s *Sender) Send(ctx context.Context, m *Message) error {
	ctx, cancel := context.WithTimeout(ctx, conversationTime)
	defer cancel()
	to, err := netmail.ParseAddress(m.To)
	if err != nil || to.Address != m.To {
		return &Error{Permanent: true, message: "the recipient's address is not one"}
	}
	wire := s.compose(m)
	err = s.converse(ctx, wire)
	if err == nil || wire.IsDelivered() { // what went wrong after the server took the mail is of no matter
		return nil
	}
	return newError(err, m.To)
}

// compose builds the mail in both forms, text first, so that a reader takes the last that it can show.
func (s *Sender) compose(m *Message) *gomail.Msg {
	wire := gomail.NewMsg()
	wire.FromMailAddress(s.from)
	wire.AddToMailAddress(&netmail.Address{Address: m.To})
	wire.Subject(m.Subject)
	wire.SetDateWithValue(m.Date)
	wire.SetMessageIDWithValue(m.ID + s.from.Address[strings.LastIndexByte(s.from.Address, '@'):])
	// Answering machines leave such mails alone (RFC 3834).
	wire.SetGenHeader("Auto-Submitted", "auto-generated")
	wire.SetBodyString(gomail.TypeTextPlain, m.Text)
	wire.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return wire
}

// converse makes one connection and sends the mail over it. When ctx ends, the connection is cut.
func (s *Sender) converse(ctx context.Context, wire *gomail.Msg) error {
	c := connection{server: &s.server, tls: &tls.Config{ServerName: s.server.host, RootCAs: s.roots, MinVersion: tls.VersionTLS12}}
	defer c.close()
	client, err := gomail.NewClient(s.server.host, s.options(&c)...)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, c.close)()
	conversation, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	if err := client.SendWithSMTPClient(conversation, wire); err != nil {
		return err
	}
	return client.CloseWithSMTPClient(conversation)
}

func (s *Sender) options(c *connection) []gomail.Option {
	policies := map[security]gomail.TLSPolicy{
		fromTheStart: gomail.NoTLS, // the connection has it already
		required:     gomail.TLSMandatory, opportunistic: gomail.TLSOpportunistic, none: gomail.NoTLS,
	}
	options := []gomail.Option{
		gomail.WithPort(s.server.port),
		gomail.WithTimeout(stepTime),
		gomail.WithDialContextFunc(c.dial),
		gomail.WithTLSConfig(c.tls),
		gomail.WithTLSPolicy(policies[s.server.security]),
		gomail.WithoutNoop(), // it would ask after a connection that was made a moment ago
		gomail.WithoutRset(),
	}
	if s.server.user != "" {
		// The library gives a password in clear to an encrypted connection, or to this machine, and to nobody else.
		options = append(options, gomail.WithUsername(s.server.user), gomail.WithPassword(s.server.password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin, gomail.SMTPAuthCramMD5))
	}
	return options
}
