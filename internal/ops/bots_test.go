package ops_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops/opstest"
)

const lambda = "arn:aws:lambda:us-east-1:123456789012:function:events"

func createBot(c *opstest.Caller, name string) *api.Bot {
	return opstest.Must(c, api.Operations.CreateBot, &api.CreateBotInput{AccountID: c.Account, DisplayName: name, Domain: "example.com"}).Bot
}

func TestBotsFromFirstToLast(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	b := createBot(c, "my Bot")
	no := false
	want := &api.Bot{
		BotID: b.BotID, UserID: b.BotID, DisplayName: "my Bot (Bot)", BotType: "ChatBot", BotEmail: "myBot-chimebot@example.com", Disabled: &no,
		SecurityToken: b.SecurityToken, CreatedTimestamp: c.Clock.Now(), UpdatedTimestamp: c.Clock.Now(),
	}
	get := func() *api.Bot {
		return opstest.Must(c, api.Operations.GetBot, &api.GetBotInput{AccountID: c.Account, BotID: b.BotID}).Bot
	}
	if diff := cmp.Diff(want, b) + cmp.Diff(want, get()); diff != "" || len(b.SecurityToken) != 40 {
		t.Errorf("CreateBot, GetBot (-want +got):\n%s", diff)
	}
	c.Clock.Move(time.Hour)
	yes := true
	want.Disabled, want.UpdatedTimestamp = &yes, c.Clock.Now()
	out := opstest.Must(c, api.Operations.UpdateBot, &api.UpdateBotInput{AccountID: c.Account, BotID: b.BotID, Disabled: &yes})
	if diff := cmp.Diff(want, out.Bot) + cmp.Diff(want, get()); diff != "" {
		t.Errorf("UpdateBot (-want +got):\n%s", diff)
	}
	c.Clock.Move(time.Hour)
	next := opstest.Must(c, api.Operations.RegenerateSecurityToken, &api.RegenerateSecurityTokenInput{AccountID: c.Account, BotID: b.BotID}).Bot
	if next.SecurityToken == b.SecurityToken || len(next.SecurityToken) != 40 {
		t.Errorf("the regenerated token is %q", next.SecurityToken)
	}
	want.SecurityToken, want.UpdatedTimestamp = next.SecurityToken, c.Clock.Now()
	list := opstest.Must(c, api.Operations.ListBots, &api.ListBotsInput{AccountID: c.Account}).Bots
	if diff := cmp.Diff([]api.Bot{*want}, list); diff != "" {
		t.Errorf("ListBots (-want +got):\n%s", diff)
	}
}

func TestListBotsInPages(t *testing.T) {
	t.Parallel()
	c := opstest.New(t, quotas(chime.Quotas{Bots: 12}))
	for i := range 12 {
		createBot(c, fmt.Sprint("bot", i))
	}
	first := opstest.Must(c, api.Operations.ListBots, &api.ListBotsInput{AccountID: c.Account})
	second := opstest.Must(c, api.Operations.ListBots, &api.ListBotsInput{AccountID: c.Account, NextToken: first.NextToken})
	if len(first.Bots) != 10 || len(second.Bots) != 2 || second.NextToken != "" {
		t.Errorf("pages of %d and %d bots, then %q; want 10, 2 and no more", len(first.Bots), len(second.Bots), second.NextToken)
	}
}

func TestDomainsOfBots(t *testing.T) {
	t.Parallel()
	for _, strict := range []bool{false, true} {
		c := opstest.New(t)
		if strict {
			c = opstest.New(t, opstest.Strict)
		}
		setType(c, "EnterpriseLWA")
		create := func(domain string) (string, error) {
			out, err := opstest.Do(c, api.Operations.CreateBot, &api.CreateBotInput{AccountID: c.Account, DisplayName: "Bot-" + domain, Domain: domain})
			if err != nil {
				return "", err
			}
			return out.Bot.BotEmail, nil
		}
		_, err := create("")
		refused(t, "no domain", err, chime.BadRequest, "Domain")
		opstest.Must(c, api.Operations.ClaimDomain, &api.ClaimDomainInput{AccountID: c.Account, DomainName: "first.example.com"})
		opstest.Must(c, api.Operations.ClaimDomain, &api.ClaimDomainInput{AccountID: c.Account, DomainName: "second.example.com"})
		opstest.Must(c, api.Operations.ClaimDomain, &api.ClaimDomainInput{AccountID: c.NewAccount("Other"), DomainName: "theirs.example.com"})
		if got, err := create(""); got != "Bot--chimebot@first.example.com" || err != nil {
			t.Errorf("without a domain: %q, %v, want the first claimed one", got, err)
		}
		if got, err := create("Second.Example.com"); got != "Bot-Second.Example.com-chimebot@second.example.com" || err != nil {
			t.Errorf("in the second domain: %q, %v", got, err)
		}
		_, err = create("theirs.example.com")
		refused(t, "another account's domain", err, chime.BadRequest, "Domain", "another account")
		_, err = create("no domain")
		refused(t, "what is no domain", err, chime.BadRequest, "Domain")
		_, err = create("free.example.com")
		if strict {
			asAmazon(t, "a domain that nobody claimed, strict", err)
		} else if err != nil {
			t.Errorf("a domain that nobody claimed: %v", err)
		}
	}
}

func TestBotsHaveDifferentAddresses(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	createBot(c, "Helper")
	_, err := opstest.Do(c, api.Operations.CreateBot, &api.CreateBotInput{AccountID: c.NewAccount("Other"), DisplayName: "HELPER", Domain: "example.com"})
	refused(t, "the same name and domain", err, chime.BadRequest, "DisplayName")
	other := c.Of(999999999999)
	createBot(other, "Helper")
}

func TestCreateBotRepeated(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	first := createBot(c.Attempt("one"), "Helper")
	c.Clock.Move(15*time.Minute - time.Second)
	if diff := cmp.Diff(first, createBot(c.Attempt("one"), "Helper")); diff != "" {
		t.Errorf("a repetition (-first +again):\n%s", diff)
	}
	in := &api.CreateBotInput{AccountID: c.Account, DisplayName: "Helper", Domain: "example.com"}
	_, err := opstest.Do(c.Attempt("two"), api.Operations.CreateBot, in)
	refused(t, "another call", err, chime.BadRequest, "DisplayName")
	c.Clock.Move(2 * time.Second)
	_, err = opstest.Do(c.Attempt("one"), api.Operations.CreateBot, in)
	refused(t, "the same call after fifteen minutes", err, chime.BadRequest, "DisplayName")
}

func TestBotsInRooms(t *testing.T) {
	t.Parallel()
	c, endpoint := withEndpoint(t)
	r, b := createRoom(c, "Room"), createBot(c, "Helper")
	add := func() error {
		_, err := opstest.Do(c, api.Operations.CreateRoomMembership, &api.CreateRoomMembershipInput{AccountID: c.Account, RoomID: r.RoomID, MemberID: b.BotID})
		return err
	}
	refused(t, "a bot without an endpoint", add(), chime.BadRequest, "PutEventsConfiguration")
	opstest.Must(c, api.Operations.PutEventsConfiguration, &api.PutEventsConfigurationInput{AccountID: c.Account, BotID: b.BotID, LambdaFunctionARN: lambda})
	refused(t, "a bot with a Lambda function alone", add(), chime.BadRequest, "PutEventsConfiguration")
	configure(c, b, endpoint.URL)
	yes := true
	opstest.Must(c, api.Operations.UpdateBot, &api.UpdateBotInput{AccountID: c.Account, BotID: b.BotID, Disabled: &yes})
	refused(t, "a disabled bot", add(), chime.BadRequest, "UpdateBot")
	no := false
	opstest.Must(c, api.Operations.UpdateBot, &api.UpdateBotInput{AccountID: c.Account, BotID: b.BotID, Disabled: &no})
	_, err := opstest.Do(c, api.Operations.CreateRoomMembership, &api.CreateRoomMembershipInput{AccountID: c.Account, RoomID: r.RoomID, MemberID: b.BotID, Role: "Administrator"})
	refused(t, "a bot as an administrator", err, chime.BadRequest, "Role")
	m := join(c, r.RoomID, b.BotID)
	if m.Member.MemberType != "Bot" || m.Member.Email != b.BotEmail || m.Member.FullName != b.DisplayName || m.Role != "Member" {
		t.Errorf("the bot's membership is %+v", m)
	}
	_, err = opstest.Do(c, api.Operations.UpdateRoomMembership, &api.UpdateRoomMembershipInput{AccountID: c.Account, RoomID: r.RoomID, MemberID: b.BotID, Role: "Member"})
	refused(t, "UpdateRoomMembership of a bot", err, chime.BadRequest, "Role")
}
