package main

import (
	"strings"

	"github.com/carillon-server/carillon/internal/callout"
	"github.com/carillon-server/carillon/internal/chime"
)

// roomSettings are the settings of serve that are about rooms and bots.
type roomSettings struct {
	AllowPrivateEndpoints string `env:"CARILLON_ALLOW_PRIVATE_ENDPOINTS" placeholder:"CIDR,..." help:"Networks that are not public in which the endpoints of bots may be, such as 10.20.0.0/16. Default: none; this machine, private networks and metadata services are refused."`
	AllowPlainEndpoints   bool   `env:"CARILLON_ALLOW_PLAIN_ENDPOINTS" help:"Let the endpoints of bots be http: besides https:."`
	MaxRooms              int    `env:"CARILLON_MAX_ROOMS" default:"1500" placeholder:"N" help:"How many rooms an account may have. Default: ${default}."`
	MaxRoomMembers        int    `env:"CARILLON_MAX_ROOM_MEMBERS" default:"1000" placeholder:"N" help:"How many members a room may have. Default: ${default}."`
	MaxMemberships        int    `env:"CARILLON_MAX_MEMBERSHIPS" default:"1000" placeholder:"N" help:"In how many rooms a user or a bot may be. Default: ${default}."`
	MaxBots               int    `env:"CARILLON_MAX_BOTS" default:"10" placeholder:"N" help:"How many bots an account may have. Default: ${default}."`
	MaxWebhooks           int    `env:"CARILLON_MAX_WEBHOOKS" default:"10" placeholder:"N" help:"How many incoming webhooks a room may have. Default: ${default}."`
}

// quotas returns the quotas that the settings say.
func (c *roomSettings) quotas() (chime.Quotas, error) {
	for name, n := range map[string]int{"rooms": c.MaxRooms, "room-members": c.MaxRoomMembers, "memberships": c.MaxMemberships, "bots": c.MaxBots, "webhooks": c.MaxWebhooks} {
		if n < 1 {
			return chime.Quotas{}, usagef("--max-%s must be at least 1", name)
		}
	}
	return chime.Quotas{Rooms: c.MaxRooms, RoomMembers: c.MaxRoomMembers, Memberships: c.MaxMemberships, Bots: c.MaxBots, Webhooks: c.MaxWebhooks}, nil
}

// endpoints returns what calls the endpoints of bots.
func (c *roomSettings) endpoints() (*callout.Client, error) {
	rules := callout.Rules{Plain: c.AllowPlainEndpoints}
	for text := range strings.SplitSeq(c.AllowPrivateEndpoints, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		network, err := parseNetwork(text)
		if err != nil {
			return nil, usagef("--allow-private-endpoints must be networks like 10.20.0.0/16 or fd00::/8, or addresses, with commas between them")
		}
		rules.Private = append(rules.Private, network)
	}
	return callout.New(rules), nil
}
