package chime_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
)

const by = "arn:aws:iam::123456789012:root"

func TestNewRoom(t *testing.T) {
	t.Parallel()
	source := chimetest.Source()
	a := chime.NewAccount(source, 123456789012, "Example")
	for _, c := range []struct {
		name   string
		quotas chime.Quotas
		have   int
		want   string
		kind   error
	}{
		{"  Room ", chime.Quotas{}, 1499, "Room", nil},
		{"Room", chime.Quotas{}, 1500, "", chime.LimitExceeded},
		{"Room", chime.Quotas{Rooms: 2}, 1, "Room", nil},
		{"Room", chime.Quotas{Rooms: 2}, 2, "", chime.LimitExceeded},
		{" ", chime.Quotas{}, 0, "", chime.BadRequest},
		{strings.Repeat("é", 256), chime.Quotas{}, 0, strings.Repeat("é", 256), nil},
		{strings.Repeat("é", 257), chime.Quotas{}, 0, "", chime.BadRequest},
	} {
		r, err := a.NewRoom(source, c.quotas, c.have, c.name, by)
		if !errors.Is(err, c.kind) {
			t.Errorf("NewRoom(%q) of %d: %v, want %v", c.name, c.have, err, c.kind)
		}
		if err == nil && (r.Name != c.want || r.CreatedBy != by || r.CreatedAt != chimetest.Start) {
			t.Errorf("NewRoom(%q) = %+v, want %q", c.name, r, c.want)
		}
	}
}

func TestRename(t *testing.T) {
	t.Parallel()
	clock := chimetest.NewClock()
	source := clock.Source()
	a := chime.NewAccount(source, 123456789012, "Example")
	r, err := a.NewRoom(source, chime.Quotas{}, 0, "Room", by)
	if err != nil {
		t.Fatal(err)
	}
	clock.Move(time.Hour)
	if outcome, err := r.Rename(source, ""); outcome != chime.Unchanged || err != nil || r.UpdatedAt != chimetest.Start {
		t.Errorf("without a name: %v, %v, updated at %v", outcome, err, r.UpdatedAt)
	}
	if _, err := r.Rename(source, " "); !errors.Is(err, chime.BadRequest) || r.Name != "Room" {
		t.Errorf("with a blank name: %v, %q", err, r.Name)
	}
	if outcome, err := r.Rename(source, "New"); outcome != chime.Changed || err != nil || r.Name != "New" || r.UpdatedAt != clock.Now() {
		t.Errorf("with a name: %v, %v, %+v", outcome, err, r)
	}
}

func TestAdmit(t *testing.T) {
	t.Parallel()
	source := chimetest.Source()
	a := chime.NewAccount(source, 123456789012, "Example")
	r, err := a.NewRoom(source, chime.Quotas{}, 0, "Room", by)
	if err != nil {
		t.Fatal(err)
	}
	user, bot := chime.Member{ID: chime.ID{1}, Kind: chime.UserMember}, chime.Member{ID: chime.ID{2}, Kind: chime.BotMember}
	for _, c := range []struct {
		member chime.Member
		role   chime.Role
		crowd  chime.Crowd
		quotas chime.Quotas
		want   chime.Role
		kind   error
	}{
		{user, "", chime.Crowd{Members: 999, Memberships: 999}, chime.Quotas{}, chime.OrdinaryMember, nil},
		{user, chime.Administrator, chime.Crowd{}, chime.Quotas{}, chime.Administrator, nil},
		{bot, chime.OrdinaryMember, chime.Crowd{}, chime.Quotas{}, chime.OrdinaryMember, nil},
		{bot, chime.Administrator, chime.Crowd{}, chime.Quotas{}, "", chime.BadRequest},
		{user, "", chime.Crowd{Members: 1000}, chime.Quotas{}, "", chime.LimitExceeded},
		{user, "", chime.Crowd{Memberships: 1000}, chime.Quotas{}, "", chime.LimitExceeded},
		{user, "", chime.Crowd{Members: 3}, chime.Quotas{RoomMembers: 3}, "", chime.LimitExceeded},
		{user, "", chime.Crowd{Memberships: 3}, chime.Quotas{Memberships: 3}, "", chime.LimitExceeded},
	} {
		m, err := r.Admit(source, c.quotas, c.crowd, c.member, c.role, by)
		if !errors.Is(err, c.kind) || err == nil && m.Role != c.want {
			t.Errorf("Admit(%+v, %q) with %+v: %+v, %v; want %q, %v", c.member, c.role, c.crowd, m, err, c.want, c.kind)
		}
	}
}

func TestSetRole(t *testing.T) {
	t.Parallel()
	source := chimetest.Source()
	m := chime.Membership{Member: chime.Member{Kind: chime.UserMember}, Role: chime.OrdinaryMember}
	for _, c := range []struct {
		role chime.Role
		want chime.Outcome
	}{{"", chime.Unchanged}, {chime.OrdinaryMember, chime.Unchanged}, {chime.Administrator, chime.Changed}, {chime.OrdinaryMember, chime.Changed}} {
		if got, err := m.SetRole(source, c.role); got != c.want || err != nil {
			t.Errorf("SetRole(%q): %v, %v, want %v", c.role, got, err, c.want)
		}
	}
	m.Member.Kind = chime.BotMember
	if _, err := m.SetRole(source, chime.OrdinaryMember); !errors.Is(err, chime.BadRequest) {
		t.Errorf("of a bot: %v, want bad request", err)
	}
}

func TestWhoCanBeAMember(t *testing.T) {
	t.Parallel()
	source := chimetest.Source()
	a := chime.NewAccount(source, 123456789012, "Example")
	u, err := a.NewUser(source, "Jane", "jane@example.com", "")
	if err != nil {
		t.Fatal(err)
	}
	m, err := u.Member()
	if diff := cmp.Diff(chime.Member{ID: u.ID, Kind: chime.UserMember, Email: "jane@example.com", Name: "Jane"}, m); diff != "" || err != nil {
		t.Errorf("a registered user: %v (-want +got):\n%s", err, diff)
	}
	for _, r := range []chime.Registration{chime.Unregistered, chime.Suspended} {
		u.Registration = r
		if _, err := u.Member(); !errors.Is(err, chime.BadRequest) {
			t.Errorf("a user who is %s: %v, want bad request", r, err)
		}
	}
	b, err := a.NewBot(source, chime.Quotas{}, 0, "Helper", "example.com")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Member(); !errors.Is(err, chime.BadRequest) || !strings.Contains(err.Error(), "PutEventsConfiguration") {
		t.Errorf("a bot without an endpoint: %v", err)
	}
	b.Configure("", "arn:aws:lambda:us-east-1:123456789012:function:f")
	if _, err := b.Member(); !errors.Is(err, chime.BadRequest) {
		t.Errorf("a bot with a Lambda function alone: %v, want bad request", err)
	}
	b.Configure("https://bot.example.com/", "")
	if m, err := b.Member(); err != nil || m.Kind != chime.BotMember || m.Email != b.Email {
		t.Errorf("a bot with an endpoint: %+v, %v", m, err)
	}
	b.Disabled = true
	if _, err := b.Member(); !errors.Is(err, chime.BadRequest) || !strings.Contains(err.Error(), "UpdateBot") {
		t.Errorf("a disabled bot: %v", err)
	}
}

func TestStrictRulesForRooms(t *testing.T) {
	t.Parallel()
	source := chimetest.Source()
	a := chime.NewAccount(source, 123456789012, "Example")
	err := a.CheckEnterprise(chime.Strict)
	want := "Chime Account provided is not an Enterprise Chime Account[AWS Account ID: 123456789012][Chime Account ID: " + a.ID.String() + "]"
	var refused *chime.Error
	if !errors.Is(err, chime.Forbidden) || err.Error() != want || !errors.As(err, &refused) || !refused.Verbatim {
		t.Errorf("a Team account: %v, want %s", err, want)
	}
	if err := a.CheckEnterprise(chime.Practical); err != nil {
		t.Errorf("not strict: %v", err)
	}
	for _, kind := range []chime.AccountType{chime.EnterpriseDirectory, chime.EnterpriseLWA, chime.EnterpriseOIDC} {
		a.Type = kind
		if err := a.CheckEnterprise(chime.Strict); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
