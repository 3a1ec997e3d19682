package main

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/carillon-server/carillon/internal/callout"
	"github.com/carillon-server/carillon/internal/chime"
)

func TestRoomQuotas(t *testing.T) {
	t.Parallel()
	c := roomSettings{MaxRooms: 1, MaxRoomMembers: 2, MaxMemberships: 3, MaxBots: 4, MaxWebhooks: 5}
	want := chime.Quotas{Rooms: 1, RoomMembers: 2, Memberships: 3, Bots: 4, Webhooks: 5}
	if got, err := c.quotas(); got != want || err != nil {
		t.Errorf("quotas: %+v, %v, want %+v", got, err, want)
	}
	c.MaxBots = 0
	if _, err := c.quotas(); err == nil || err.Error() != "--max-bots must be at least 1" {
		t.Errorf("no bots: %v", err)
	}
}

func TestPrivateEndpoints(t *testing.T) {
	t.Parallel()
	for networks, ok := range map[string]bool{"": true, "127.0.0.0/8": true, " 10.1.2.3/16, fd00::/8 ,": true, "10.0.0.1": true, "10.0.0.1/33": false, "private": false} {
		c := roomSettings{AllowPrivateEndpoints: networks, AllowPlainEndpoints: true}
		client, err := c.endpoints()
		if ok != (err == nil) {
			t.Errorf("%q: %v, want ok %t", networks, err, ok)
		}
		if err == nil && !client.Plain() {
			t.Errorf("%q: http: is not allowed although it is to be", networks)
		}
	}
	client, err := (&roomSettings{AllowPrivateEndpoints: "127.0.0.0/8", AllowPlainEndpoints: true}).endpoints()
	if err != nil {
		t.Fatal(err)
	}
	for host, refusedWanted := range map[netip.Addr]bool{netip.MustParseAddr("127.0.0.1"): false, netip.MustParseAddr("10.0.0.1"): true} {
		_, err := client.Post(t.Context(), "http://"+host.String()+":1/", nil, nil) // nobody listens there
		var refused *callout.RefusedError
		if errors.As(err, &refused) != refusedWanted {
			t.Errorf("%s: %v, want it refused: %t", host, err, refusedWanted)
		}
	}
}
