package mail

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
)

// Server is an SMTP server and how to speak to it.
type Server struct {
	host           string
	port           int
	security       security
	user, password string
}

// security is when a connection is encrypted.
type security uint8

const (
	required      security = iota // STARTTLS, or no mail
	opportunistic                 // STARTTLS where the server offers it
	none
	fromTheStart // smtps
)

// The ports: submission over TLS and with STARTTLS (RFC 8314, RFC 6409), and the one of every mail server.
const (
	portTLS        = 465
	portSubmission = 587
	portPlain      = 25
)

// ParseServer reads the address of an SMTP server: smtp://USER:PASSWORD@HOST:PORT?starttls=require, or smtps: for TLS from
// the start. Without a choice STARTTLS is required, but to this machine itself nothing is encrypted. password is taken
// where the address has none. Errors say what to do and do not show the address, which may hold a password.
func ParseServer(address, password string) (Server, error) {
	u, err := url.Parse(address)
	if err != nil {
		return Server{}, errors.New("it is not a URL like smtp://user:password@mail.example.com:587; write special characters of the password as %XX")
	}
	s := Server{host: u.Hostname()}
	if s.host == "" || u.Opaque != "" || u.Path != "" && u.Path != "/" || u.Fragment != "" {
		return Server{}, errors.New("it must have the form smtp://user:password@mail.example.com:587; write special characters of the password as %XX")
	}
	if s.security, err = parseSecurity(u, s.host); err != nil {
		return Server{}, err
	}
	if s.port, err = parsePort(u, s.security); err != nil {
		return Server{}, err
	}
	s.user = u.User.Username()
	inURL, hasPassword := u.User.Password()
	switch {
	case hasPassword && password != "":
		return Server{}, errors.New("the password is given twice; take it out of the URL or leave the password file out")
	case hasPassword:
		password = inURL
	}
	if (s.user == "") != (password == "") {
		return Server{}, errors.New("a user needs a password and a password a user: smtp://user@mail.example.com with a password file, or both or neither in the URL")
	}
	if s.password = password; s.user != "" && s.security == none && !s.local() {
		return Server{}, fmt.Errorf("the password would go to %s in clear; leave starttls=none out", s.host)
	}
	return s, nil
}

func parseSecurity(u *url.URL, host string) (security, error) {
	query := u.Query()
	choice := query.Get("starttls")
	for name := range query {
		if name != "starttls" {
			return 0, fmt.Errorf("%q is not an option of it; starttls=require, opportunistic or none is", name)
		}
	}
	switch {
	case u.Scheme == "smtps" && choice == "":
		return fromTheStart, nil
	case u.Scheme == "smtps":
		return 0, errors.New("smtps encrypts from the start and has no starttls; leave that out, or write smtp:// instead")
	case u.Scheme != "smtp":
		return 0, errors.New("it must begin with smtp:// or smtps://")
	case choice == "" && (Server{host: host}).local(), choice == "none":
		return none, nil
	case choice == "", choice == "require":
		return required, nil
	case choice == "opportunistic":
		return opportunistic, nil
	}
	return 0, errors.New("starttls must be require, opportunistic or none")
}

func parsePort(u *url.URL, s security) (int, error) {
	if u.Port() == "" {
		return map[security]int{fromTheStart: portTLS, required: portSubmission, opportunistic: portSubmission, none: portPlain}[s], nil
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil || port < 1 || port > 65535 {
		return 0, errors.New("its port must be a number from 1 to 65535")
	}
	return port, nil
}

// local reports whether the server is on this machine.
func (s Server) local() bool {
	ip := net.ParseIP(s.host)
	return s.host == "localhost" || ip != nil && ip.IsLoopback()
}

// Address returns the server's host and port, for messages.
func (s Server) Address() string { return net.JoinHostPort(s.host, strconv.Itoa(s.port)) }
