package main

import (
	"net/netip"

	"github.com/carillon-server/carillon/internal/server"
)

// proxySettings are about what stands in front of the server.
type proxySettings struct {
	TrustedProxies  []string `env:"CARILLON_TRUSTED_PROXIES" placeholder:"CIDR" help:"The addresses or networks of the proxies in front of this server: 10.0.0.0/8,192.0.2.7. Whom they say they speak for is who calls. Default: none; nobody's word is taken."`
	ForwardedHeader string   `env:"CARILLON_FORWARDED_HEADER" default:"x-forwarded-for" enum:"x-forwarded-for,forwarded" help:"The header by which they say so: x-forwarded-for, with x-forwarded-proto, or forwarded. The other one is never looked at. Default: ${default}."`
}

func (c *proxySettings) proxies() (server.Proxies, error) {
	var p server.Proxies
	for _, text := range c.TrustedProxies {
		network, err := parseNetwork(text)
		if err != nil {
			return p, usagef("--trusted-proxies: %q is neither an address nor a network such as 10.0.0.0/8", text)
		}
		p.Networks = append(p.Networks, network)
	}
	if c.ForwardedHeader == "forwarded" {
		p.Header = server.Forwarded
	}
	return p, nil
}

// parseNetwork reads a network, or an address as the network that holds it alone.
func parseNetwork(text string) (netip.Prefix, error) {
	if network, err := netip.ParsePrefix(text); err == nil {
		return network.Masked(), nil
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	a = a.Unmap() // as those of connections are
	return netip.PrefixFrom(a, a.BitLen()), nil
}
