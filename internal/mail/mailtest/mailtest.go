// Package mailtest is an SMTP server for tests, in process: it keeps the mails it takes, and can be told to refuse, to
// dawdle and to be down.
package mailtest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// The login of a server with [WithLogin].
const (
	User     = "carillon"
	Password = "p@ss:word/%"
)

// Server is an SMTP server on this machine. It is safe for concurrent use.
type Server struct {
	Address string         // host:port
	Roots   *x509.CertPool // of its certificate, nil without TLS

	tls      *tls.Config
	implicit bool
	login    bool

	mu       sync.Mutex
	server   *smtp.Server // nil while it is down
	listener net.Listener
	behave   func(Step) error
	received []Mail
	sessions int
	logins   int
	arrived  chan struct{} // holds one when a mail came that nobody waited for
}

// Mail is a mail that the server took.
type Mail struct {
	From, To   string // of the envelope
	Header     mail.Header
	Subject    string
	Text, HTML string
	Raw        []byte
}

// Step is a moment of a conversation at which the server may refuse.
type Step struct {
	Name string // mail, rcpt or data
	To   string // of rcpt and data
}

// Option changes how a server is made.
type Option func(*Server)

// WithLogin makes the server demand a login.
func WithLogin(s *Server) { s.login = true }

// WithSTARTTLS makes the server offer STARTTLS, with a certificate by a test's own authority.
func WithSTARTTLS(s *Server) { s.tls, s.Roots = certificate() }

// WithTLS makes the server speak TLS from the start, with a certificate by a test's own authority.
func WithTLS(s *Server) {
	WithSTARTTLS(s)
	s.implicit = true
}

// Start starts a server for the test.
func Start(t testing.TB, options ...Option) *Server {
	t.Helper()
	s := &Server{Address: "127.0.0.1:0", arrived: make(chan struct{}, 1)}
	for _, o := range options {
		o(s)
	}
	s.Up(t)
	t.Cleanup(func() { s.Down(t) })
	return s
}

// Up makes a server that is down listen again, at the same address.
func (s *Server) Up(t testing.TB) {
	t.Helper()
	listener, err := net.Listen("tcp", s.Address)
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return s.begin(), nil }))
	server.Domain, server.AllowInsecureAuth, server.EnableSMTPUTF8 = "mail.test", true, true
	server.ErrorLog = quiet{}
	server.ReadTimeout, server.WriteTimeout = time.Minute, time.Minute
	if server.TLSConfig = s.tls; s.implicit {
		listener = tls.NewListener(listener, s.tls)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Address, s.server, s.listener = listener.Addr().String(), server, listener
	go server.Serve(listener)
}

// Down makes the server drop its connections and refuse new ones.
func (s *Server) Down(t testing.TB) {
	t.Helper()
	s.mu.Lock()
	server, listener := s.server, s.listener
	s.server = nil
	s.mu.Unlock()
	if server != nil {
		_ = listener.Close() // the server knows of it only once it serves
		_ = server.Close()   // it reports connections that the client has closed already
	}
}

// quiet drops what the server says about connections that break, which tests do on purpose.
type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// Behave makes the server call fn at each step and refuse with its error; nil makes it take everything again.
func (s *Server) Behave(fn func(Step) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behave = fn
}

// Refuse returns an error for Behave: a reply with that code.
func Refuse(code int, message string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: message}
}

// Mails returns the mails in the order in which they came.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.received...)
}

// Logins returns how many logins went well.
func (s *Server) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

// Wait returns the mails once there are at least n.
func (s *Server) Wait(t testing.TB, n int) []Mail {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		if mails := s.Mails(); len(mails) >= n {
			return mails
		}
		select {
		case <-s.arrived:
		case <-limit:
			t.Fatalf("%d mails came in a minute, want %d", len(s.Mails()), n)
		}
	}
}

// Idle reports whether no conversation is under way.
func (s *Server) Idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions == 0
}

func (s *Server) begin() *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions++
	return &session{server: s}
}

// session is one connection.
type session struct {
	server   *Server
	from, to string
}

func (c *session) at(name string) error {
	c.server.mu.Lock()
	behave := c.server.behave
	c.server.mu.Unlock()
	if behave == nil {
		return nil
	}
	return behave(Step{name, c.to})
}

func (c *session) AuthMechanisms() []string {
	if c.server.login {
		return []string{sasl.Plain}
	}
	return nil
}

func (c *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != User || password != Password {
			return smtp.ErrAuthFailed
		}
		c.server.mu.Lock()
		defer c.server.mu.Unlock()
		c.server.logins++
		return nil
	}), nil
}

func (c *session) Mail(from string, _ *smtp.MailOptions) error {
	c.from = from
	return c.at("mail")
}

func (c *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.to = to
	return c.at("rcpt")
}

func (c *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := c.at("data"); err != nil {
		return err
	}
	m, err := parse(raw)
	if err != nil {
		return Refuse(554, err.Error())
	}
	m.From, m.To = c.from, c.to
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.server.received = append(c.server.received, *m)
	select {
	case c.server.arrived <- struct{}{}:
	default:
	}
	return nil
}

func (*session) Reset() {}

func (c *session) Logout() error {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.server.sessions--
	return nil
}

// parse reads a mail of two forms.
func parse(raw []byte) (*Mail, error) {
	message, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	m := &Mail{Header: message.Header, Raw: raw}
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject")); err != nil {
		return nil, err
	}
	kind, parameters, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		return nil, fmt.Errorf("the mail is %q, %v", kind, err)
	}
	for parts := multipart.NewReader(message.Body, parameters["boundary"]); ; {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			return nil, err
		}
		text := strings.ReplaceAll(string(body), "\r\n", "\n")
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			m.HTML = text
		} else {
			m.Text = text
		}
	}
}

// certificate makes a certificate for 127.0.0.1 and localhost, and the pool that trusts it.
func certificate() (*tls.Config, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mailtest"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, roots
}
