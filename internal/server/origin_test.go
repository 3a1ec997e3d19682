package server

import (
	"crypto/tls"
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

// TestLocate asks who calls, with proxies at 10.0.0.0/8, 192.0.2.7 and fd00::/8.
func TestLocate(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32"), netip.MustParsePrefix("fd00::/8")}
	const client, proxy = "203.0.113.9:5000", "10.1.2.3:80"
	for name, c := range map[string]struct {
		peer      string
		header    http.Header
		forwarded bool // the proxies use Forwarded
		tls       bool
		address   string
		secure    bool
	}{
		"nobody in between":                {peer: client, address: "203.0.113.9"},
		"nobody in between, over TLS":      {peer: client, tls: true, address: "203.0.113.9", secure: true},
		"nobody in between, by IPv6":       {peer: "[2001:db8::5]:1", address: "2001:db8::5"},
		"an IPv4 address in IPv6":          {peer: "[::ffff:203.0.113.9]:1", address: "203.0.113.9"},
		"an address with a zone":           {peer: "[fe80::1%eth0]:1", address: "fe80::1"},
		"a stranger who claims":            {peer: client, header: http.Header{"X-Forwarded-For": {"198.51.100.1"}, "X-Forwarded-Proto": {"https"}}, address: "203.0.113.9"},
		"a stranger over TLS who denies":   {peer: client, tls: true, header: http.Header{"X-Forwarded-Proto": {"http"}}, address: "203.0.113.9", secure: true},
		"a stranger who claims otherwise":  {peer: client, header: http.Header{"Forwarded": {"for=198.51.100.1;proto=https"}}, forwarded: true, address: "203.0.113.9"},
		"a proxy that says nothing":        {peer: proxy, address: "10.1.2.3"},
		"a proxy":                          {peer: proxy, header: http.Header{"X-Forwarded-For": {"203.0.113.9"}, "X-Forwarded-Proto": {"https"}}, address: "203.0.113.9", secure: true},
		"a proxy by IPv4 in IPv6":          {peer: "[::ffff:10.1.2.3]:80", header: http.Header{"X-Forwarded-For": {"203.0.113.9"}}, address: "203.0.113.9"},
		"a proxy by IPv6":                  {peer: "[fd00::1]:80", header: http.Header{"X-Forwarded-For": {"2001:db8::5"}}, address: "2001:db8::5"},
		"a single address is trusted":      {peer: "192.0.2.7:80", header: http.Header{"X-Forwarded-For": {"203.0.113.9"}}, address: "203.0.113.9"},
		"its neighbour is not":             {peer: "192.0.2.8:80", header: http.Header{"X-Forwarded-For": {"203.0.113.9"}}, address: "192.0.2.8"},
		"TLS up to the proxy, not before":  {peer: proxy, tls: true, header: http.Header{"X-Forwarded-For": {"203.0.113.9"}, "X-Forwarded-Proto": {"http"}}, address: "203.0.113.9"},
		"two proxies":                      {peer: proxy, header: http.Header{"X-Forwarded-For": {"203.0.113.9, 10.9.9.9"}}, address: "203.0.113.9"},
		"two proxies, two lines":           {peer: proxy, header: http.Header{"X-Forwarded-For": {"203.0.113.9", "10.9.9.9"}}, address: "203.0.113.9"},
		"a client that claims":             {peer: proxy, header: http.Header{"X-Forwarded-For": {"198.51.100.1, 203.0.113.9"}}, address: "203.0.113.9"},
		"a client that claims, in a line":  {peer: proxy, header: http.Header{"X-Forwarded-For": {"198.51.100.1", "203.0.113.9"}}, address: "203.0.113.9"},
		"a client that claims to be proxy": {peer: proxy, header: http.Header{"X-Forwarded-For": {"198.51.100.1, 10.0.0.1, 203.0.113.9"}}, address: "203.0.113.9"},
		"a proxy calls for itself":         {peer: proxy, header: http.Header{"X-Forwarded-For": {"10.5.5.5"}}, address: "10.5.5.5"},
		"with a port":                      {peer: proxy, header: http.Header{"X-Forwarded-For": {"203.0.113.9:4711"}}, address: "203.0.113.9"},
		"IPv6 with a port":                 {peer: proxy, header: http.Header{"X-Forwarded-For": {"[2001:db8::5]:4711"}}, address: "2001:db8::5"},
		"IPv6 in brackets":                 {peer: proxy, header: http.Header{"X-Forwarded-For": {"[2001:db8::5]"}}, address: "2001:db8::5"},
		"nobody knows":                     {peer: proxy, header: http.Header{"X-Forwarded-For": {"unknown"}}},
		"nonsense":                         {peer: proxy, header: http.Header{"X-Forwarded-For": {"203.0.113.9, 1.2.3.4.5"}}},
		"empty":                            {peer: proxy, header: http.Header{"X-Forwarded-For": {""}}},
		"a comma at the end":               {peer: proxy, header: http.Header{"X-Forwarded-For": {"203.0.113.9,"}}},
		"a quote of the client's":          {peer: proxy, header: http.Header{"X-Forwarded-For": {`"198.51.100.1, 203.0.113.9`}}, address: "203.0.113.9"},
		"a client's idea of the protocol":  {peer: proxy, header: http.Header{"X-Forwarded-Proto": {"https, http"}}, address: "10.1.2.3"},
		"the other header, unused":         {peer: proxy, header: http.Header{"Forwarded": {"for=198.51.100.1;proto=https"}}, address: "10.1.2.3"},
		"Forwarded":                        {peer: proxy, header: http.Header{"Forwarded": {"for=203.0.113.9;proto=https"}}, forwarded: true, address: "203.0.113.9", secure: true},
		"Forwarded, the other one unused":  {peer: proxy, header: http.Header{"Forwarded": {"for=203.0.113.9"}, "X-Forwarded-For": {"198.51.100.1"}, "X-Forwarded-Proto": {"https"}}, forwarded: true, address: "203.0.113.9"},
		"Forwarded in full":                {peer: proxy, header: http.Header{"Forwarded": {`For="[2001:db8::5]:4711"; Proto=HTTPS;by=10.1.2.3;host="a,b"`}}, forwarded: true, address: "2001:db8::5", secure: true},
		"Forwarded by two":                 {peer: proxy, header: http.Header{"Forwarded": {`for=198.51.100.1, for=203.0.113.9;proto=https, for="10.9.9.9:1";proto=http`}}, forwarded: true, address: "203.0.113.9", secure: true},
		"Forwarded, hidden":                {peer: proxy, header: http.Header{"Forwarded": {"for=_hidden;proto=https"}}, forwarded: true, secure: true},
		"Forwarded, a quote of a client's": {peer: proxy, header: http.Header{"Forwarded": {`for="198.51.100.1, for=203.0.113.9`}}, forwarded: true, address: "203.0.113.9"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := Proxies{Networks: trusted}
			if c.forwarded {
				p.Header = Forwarded
			}
			r := &http.Request{RemoteAddr: c.peer, Header: c.header}
			if c.tls {
				r.TLS = &tls.ConnectionState{}
			}
			var want netip.Addr
			if c.address != "" {
				want = netip.MustParseAddr(c.address)
			}
			if address, secure := p.locate(r); address != want || secure != c.secure {
				t.Errorf("the call is from %v, secure %v, want %v, %v", address, secure, want, c.secure)
			}
		})
	}
}

// FuzzLocate looks for headers by which a client behind a proxy makes itself another.
func FuzzLocate(f *testing.F) {
	for _, claim := range []string{"", "198.51.100.1", `"`, `for="`, "10.0.0.1,", "\\\"", "for=198.51.100.1;proto=https", strings.Repeat(",", 1000)} {
		f.Add(claim, claim)
	}
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	want := netip.MustParseAddr("203.0.113.9")
	f.Fuzz(func(t *testing.T, line, part string) {
		for header, added := range map[ForwardedHeader]string{XForwardedFor: "203.0.113.9", Forwarded: "for=203.0.113.9;proto=http"} {
			name := map[ForwardedHeader]string{XForwardedFor: "X-Forwarded-For", Forwarded: "Forwarded"}[header]
			p := Proxies{Networks: trusted, Header: header}
			r := &http.Request{RemoteAddr: "10.0.0.1:1", Header: http.Header{name: {line, part + ", " + added}}}
			if address, secure := p.locate(r); address != want || secure {
				t.Fatalf("with %s: %q the call is from %v, secure %v", name, r.Header[name], address, secure)
			}
		}
	})
}
