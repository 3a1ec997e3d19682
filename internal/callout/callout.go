// Package callout POSTs to endpoints that users name, without letting them reach what they could not reach themselves.
//
// A host is resolved once and dialled by the address that was judged: the machine itself, private networks, metadata
// services and whatever else is not public is refused. Redirects are not followed, answers are read up to a bound, and TLS
// is verified. Errors may be shown to whoever named the endpoint.
package callout

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 16 << 10

// Rules say what may be called besides public addresses over HTTPS.
type Rules struct {
	Private []netip.Prefix // addresses that are not public
	Plain   bool           // http:, without TLS
	Roots   *x509.CertPool // who may vouch for an endpoint; nil for those that the system trusts
}

// handshakeTime bounds the making of a connection, whatever becomes of the request that it was for.
const handshakeTime = 5 * time.Second

// Client calls endpoints; a nil one calls none. It is safe for concurrent use.
type Client struct {
	rules    Rules
	resolver *net.Resolver
	web      *http.Client
}

// New returns a client that obeys the rules.
func New(rules Rules) *Client {
	c := &Client{rules: rules, resolver: net.DefaultResolver}
	c.web = &http.Client{
		Transport: &http.Transport{
			DialContext:            c.dial,
			TLSClientConfig:        &tls.Config{RootCAs: rules.Roots, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    2,
			MaxIdleConns:           512,
			IdleConnTimeout:        time.Minute,
			TLSHandshakeTimeout:    handshakeTime, // a handshake goes on when its request has ended
			MaxResponseHeaderBytes: maxAnswer,
			DisableCompression:     true, // a small answer could be inflated to a large one
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// Close lets go of idle connections.
func (c *Client) Close() { c.web.CloseIdleConnections() }

// Plain reports whether http: may be called.
func (c *Client) Plain() bool { return c != nil && c.rules.Plain }

// RefusedError is the error of an endpoint that may not be called. To try again is of no use.
type RefusedError struct{ reason string }

func (e *RefusedError) Error() string { return e.reason }

// Answer is what an endpoint answered: the status and the beginning of the body.
type Answer struct {
	Status int
	Body   []byte
}

// Post sends a JSON body to an endpoint and returns what it answers, whatever the status.
func (c *Client) Post(ctx context.Context, endpoint string, header map[string]string, body []byte) (Answer, error) {
	if c == nil {
		return Answer{}, &RefusedError{"this server calls no endpoints"}
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !c.rules.Plain) {
		return Answer{}, &RefusedError{"the endpoint is no URL that may be called"}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		return Answer{}, &RefusedError{"the endpoint is no URL that may be called"}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Carillon")
	for name, value := range header {
		r.Header.Set(name, value)
	}
	response, err := c.web.Do(r)
	if err != nil {
		return Answer{}, explain(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return Answer{}, explain(err)
	}
	return Answer{response.StatusCode, answer}, nil
}

// explain leaves out the URL, which may hold a secret.
func explain(err error) error {
	var refused *RefusedError
	var at *url.Error
	var network net.Error
	var name *net.DNSError
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.As(err, &name) && !name.Timeout(): // it would name this network's own resolver
		return errors.New("the endpoint's host cannot be found")
	case errors.As(err, &network) && network.Timeout():
		return errors.New("the endpoint did not answer in time")
	case errors.As(err, &at):
		err = at.Err
	}
	return fmt.Errorf("the endpoint cannot be called: %w", err)
}

// dial resolves the host once, judges all of its addresses, and dials one of those.
func (c *Client) dial(ctx context.Context, network, hostAndPort string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(hostAndPort)
	if err != nil {
		return nil, err
	}
	addresses, err := c.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	for _, a := range addresses {
		if !c.allowed(a) {
			return nil, &RefusedError{"the endpoint's address is not a public one; the operator can allow it with --allow-private-endpoints"}
		}
	}
	var dialer net.Dialer
	for _, a := range addresses {
		var conn net.Conn
		if conn, err = dialer.DialContext(ctx, network, net.JoinHostPort(a.String(), port)); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// resolve returns the addresses of a host, at least one. A number in a form that only some programs take for an address
// is refused: 0x7f.1, 017700000001, 2130706433.
func (c *Client) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	if looksLikeNumber(host) {
		return nil, &RefusedError{"the endpoint's host is a number but not an IP address in its usual form"}
	}
	addresses, err := c.resolver.LookupNetIP(ctx, "ip", host)
	if err == nil && len(addresses) == 0 {
		err = errors.New("the endpoint's host has no address")
	}
	return addresses, err
}

// looksLikeNumber reports whether the last label of a host is a number, as no domain's is.
func looksLikeNumber(host string) bool {
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	if digits, hex := strings.CutPrefix(strings.ToLower(last), "0x"); hex {
		_, err := strconv.ParseUint(digits, 16, 64)
		return digits == "" || err == nil
	}
	return last == "" || strings.Trim(last, "0123456789") == ""
}

// notPublic are the addresses that lead elsewhere than to a host of the Internet, besides those that netip knows: special
// purposes (RFC 6890), carriers' networks (RFC 6598), and IPv6 in which an IPv4 address is hidden.
var notPublic = prefixes(
	"168.63.129.16/32", // the platform of Azure
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

// public6 is all of IPv6 that is given out.
var public6 = netip.MustParsePrefix("2000::/3")

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		all[i] = netip.MustParsePrefix(t)
	}
	return all
}

// allowed reports whether an address may be dialled: it is public, or the operator allowed it.
func (c *Client) allowed(a netip.Addr) bool {
	a = a.Unmap()
	return a.Zone() == "" && (isPublic(a) || within(c.rules.Private, a))
}

func isPublic(a netip.Addr) bool {
	if a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() {
		return false
	}
	return (a.Is4() || public6.Contains(a)) && !within(notPublic, a)
}

func within(all []netip.Prefix, a netip.Addr) bool {
	for _, p := range all {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
