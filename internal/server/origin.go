package server

import (
	"net/http"
	"net/netip"
	"net/textproto"
	"strings"

	"github.com/carillon-server/carillon/internal/gate"
)

// Proxies are those in front of the server that are believed when they say whom they speak for. The zero value believes
// nobody.
type Proxies struct {
	Networks []netip.Prefix
	// Header is the one header that they set or append to: X-Forwarded-For, which comes with X-Forwarded-Proto, or Forwarded
	// (RFC 7239). The other may have come from the client untouched, so it is never looked at.
	Header ForwardedHeader
}

// ForwardedHeader is a header by which proxies say whom they speak for.
type ForwardedHeader uint8

// The headers.
const (
	XForwardedFor ForwardedHeader = iota
	Forwarded
)

// origin returns where the call comes from.
func (x *exchange) origin() gate.Origin {
	return gate.Origin{
		RequestID:    x.id,
		InvocationID: x.r.Header.Get("Amz-Sdk-Invocation-Id"),
		Address:      x.address,
		UserAgent:    x.r.UserAgent(),
		Secure:       x.secure,
	}
}

// locate returns the address of who made the request, the zero one if that is not known, and whether it came over TLS.
func (p *Proxies) locate(r *http.Request) (address netip.Addr, secure bool) {
	from, _ := netip.ParseAddrPort(r.RemoteAddr) // none has the zero address
	peer := from.Addr().Unmap().WithZone("")
	if !p.trusts(peer) {
		return peer, r.TLS != nil
	}
	if p.Header == Forwarded {
		return p.byForwarded(peer, r)
	}
	return p.byXForwardedFor(peer, r)
}

func (p *Proxies) trusts(a netip.Addr) bool {
	for _, n := range p.Networks {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// byXForwardedFor goes through the addresses from the right, where the nearest proxy has put whom it speaks for, as long as
// those are proxies that are believed themselves. What stands further to the left anybody may have written.
func (p *Proxies) byXForwardedFor(peer netip.Addr, r *http.Request) (netip.Addr, bool) {
	secure := r.TLS != nil
	if proto := last(r.Header["X-Forwarded-Proto"]); proto != "" {
		secure = strings.EqualFold(proto, "https")
	}
	address := peer
	for hop := range fromTheRight(r.Header["X-Forwarded-For"]) {
		if address = parseHop(hop); !p.trusts(address) {
			break
		}
	}
	return address, secure
}

// byForwarded is the same for Forwarded. Whether the client's connection was secure says the proxy that saw it.
func (p *Proxies) byForwarded(peer netip.Addr, r *http.Request) (netip.Addr, bool) {
	address, secure := peer, r.TLS != nil
	for hop := range fromTheRight(r.Header["Forwarded"]) {
		var by string
		by, secure = parseForwarded(hop)
		if address = parseHop(by); !p.trusts(address) {
			break
		}
	}
	return address, secure
}

// fromTheRight yields the items of a header that is a list, the last first. An item within quotes may hold commas.
func fromTheRight(values []string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for i := len(values) - 1; i >= 0; i-- {
			rest, more := values[i], true
			for more {
				var item string
				rest, item, more = cutLast(rest)
				if !yield(textproto.TrimString(item)) {
					return
				}
			}
		}
	}
}

// cutLast cuts a list at its last comma outside quotes.
func cutLast(list string) (before, item string, found bool) {
	quoted := false
	for i := len(list) - 1; i >= 0; i-- {
		switch {
		case list[i] == '"':
			quoted = !quoted
		case list[i] == ',' && !quoted:
			return list[:i], list[i+1:], true
		}
	}
	return "", list, false
}

func last(values []string) string {
	for item := range fromTheRight(values) {
		return item
	}
	return ""
}

// parseForwarded reads what an element of Forwarded says of the client: for=192.0.2.1;proto=https.
func parseForwarded(element string) (by string, secure bool) {
	for pair := range strings.SplitSeq(element, ";") {
		name, value, _ := strings.Cut(textproto.TrimString(pair), "=")
		value = strings.Trim(value, `"`)
		switch {
		case strings.EqualFold(name, "for"):
			by = value
		case strings.EqualFold(name, "proto"):
			secure = strings.EqualFold(value, "https")
		}
	}
	return by, secure
}

// parseHop reads an address, with a port or without; what is none, such as "unknown", is the zero address.
func parseHop(hop string) netip.Addr {
	if a, err := netip.ParseAddrPort(hop); err == nil {
		return a.Addr().Unmap().WithZone("")
	}
	if inner, ok := strings.CutPrefix(hop, "["); ok {
		hop = strings.TrimSuffix(inner, "]")
	}
	a, _ := netip.ParseAddr(hop)
	return a.Unmap().WithZone("")
}
