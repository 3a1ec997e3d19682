package ops_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/ops/opstest"
)

const rootARN = "arn:aws:iam::123456789012:root"

func createRoom(c *opstest.Caller, name string) *api.Room {
	return opstest.Must(c, api.Operations.CreateRoom, &api.CreateRoomInput{AccountID: c.Account, Name: name}).Room
}

// join adds a user or a bot to a room.
func join(c *opstest.Caller, room, member string) *api.RoomMembership {
	return opstest.Must(c, api.Operations.CreateRoomMembership, &api.CreateRoomMembershipInput{AccountID: c.Account, RoomID: room, MemberID: member}).RoomMembership
}

func quotas(q chime.Quotas) func(*ops.Settings) {
	return func(s *ops.Settings) { s.Quotas = q }
}

func roomNames(c *opstest.Caller, member string) (names []string) {
	in := &api.ListRoomsInput{AccountID: c.Account, MemberID: member, MaxResults: 2}
	for {
		out := opstest.Must(c, api.Operations.ListRooms, in)
		for _, r := range out.Rooms {
			names = append(names, r.Name)
		}
		if in.NextToken = out.NextToken; in.NextToken == "" {
			return names
		}
	}
}

func TestRoomsFromFirstToLast(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	r := createRoom(c, "Room")
	want := &api.Room{AccountID: c.Account, RoomID: r.RoomID, Name: "Room", CreatedBy: rootARN, CreatedTimestamp: c.Clock.Now(), UpdatedTimestamp: c.Clock.Now()}
	get := func() *api.Room {
		return opstest.Must(c, api.Operations.GetRoom, &api.GetRoomInput{AccountID: c.Account, RoomID: r.RoomID}).Room
	}
	if diff := cmp.Diff(want, r) + cmp.Diff(want, get()); diff != "" {
		t.Errorf("CreateRoom, GetRoom (-want +got):\n%s", diff)
	}
	c.Clock.Move(time.Hour)
	opstest.Must(c, api.Operations.UpdateRoom, &api.UpdateRoomInput{AccountID: c.Account, RoomID: r.RoomID})
	if diff := cmp.Diff(want, get()); diff != "" {
		t.Errorf("after an UpdateRoom of nothing (-want +got):\n%s", diff)
	}
	want.Name, want.UpdatedTimestamp = "New", c.Clock.Now()
	out := opstest.Must(c, api.Operations.UpdateRoom, &api.UpdateRoomInput{AccountID: c.Account, RoomID: r.RoomID, Name: "New"})
	if diff := cmp.Diff(want, out.Room) + cmp.Diff(want, get()); diff != "" {
		t.Errorf("UpdateRoom (-want +got):\n%s", diff)
	}
	opstest.Must(c, api.Operations.DeleteRoom, &api.DeleteRoomInput{AccountID: c.Account, RoomID: r.RoomID})
	_, err := opstest.Do(c, api.Operations.DeleteRoom, &api.DeleteRoomInput{AccountID: c.Account, RoomID: r.RoomID})
	refused(t, "DeleteRoom twice", err, chime.NotFound, "room "+r.RoomID)
}

func TestClientRequestToken(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	create := func(c *opstest.Caller, token, name string) (string, error) {
		out, err := opstest.Do(c, api.Operations.CreateRoom, &api.CreateRoomInput{AccountID: c.Account, Name: name, ClientRequestToken: token})
		if err != nil {
			return "", err
		}
		return out.Room.RoomID, nil
	}
	must := func(id string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	first := must(create(c, "token-1", "Room"))
	c.Clock.Move(24*time.Hour - time.Millisecond)
	if got := must(create(c, "token-1", "Room")); got != first {
		t.Errorf("the same token made %s, want %s again", got, first)
	}
	if got := must(create(c.Attempt("one"), "token-1", "Room")); got != first {
		t.Errorf("the same token in another call made %s, want %s again", got, first)
	}
	_, err := create(c, "token-1", "Other")
	refused(t, "the same token with another name", err, chime.BadRequest, "ClientRequestToken", "24 hours")
	if got := must(create(c, "token-2", "Room")); got == first {
		t.Error("another token got the first room")
	}
	other := *c
	other.Account = c.NewAccount("Other")
	if got := must(create(&other, "token-1", "Room")); got == first {
		t.Error("another account got the first room")
	}
	c.Clock.Move(time.Millisecond)
	later := must(create(c, "token-1", "Other"))
	if later == first {
		t.Error("after 24 hours the token got the first room")
	}
	if got := must(create(c, "token-1", "Other")); got != later {
		t.Errorf("the token made %s, want the later room %s again", got, later)
	}
	opstest.Must(c, api.Operations.DeleteRoom, &api.DeleteRoomInput{AccountID: c.Account, RoomID: later})
	if got := must(create(c, "token-1", "Third")); got == later {
		t.Error("the token got a room that is gone")
	}
	byMark := must(create(c.Attempt("two"), "", "Room"))
	if got := must(create(c.Attempt("two"), "", "Room")); got != byMark {
		t.Errorf("a repetition without a token made %s, want %s again", got, byMark)
	}
	if got := must(create(c, "", "Room")); got == byMark || got == must(create(c, "", "Room")) {
		t.Error("calls that cannot be told apart got the same room")
	}
}

func TestListRooms(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	jane, joe := c.CreateUser("jane@example.com"), c.CreateUser("joe@example.com")
	for i := range 5 {
		r := createRoom(c, fmt.Sprint(i))
		if i%2 == 0 {
			join(c, r.RoomID, jane.UserID)
		}
	}
	for member, want := range map[string][]string{
		"":                           {"0", "1", "2", "3", "4"},
		jane.UserID:                  {"0", "2", "4"},
		strings.ToUpper(jane.UserID): {"0", "2", "4"},
		joe.UserID:                   nil,
		"nobody":                     nil,
	} {
		if diff := cmp.Diff(want, roomNames(c, member)); diff != "" {
			t.Errorf("rooms of %q (-want +got):\n%s", member, diff)
		}
	}
	out := opstest.Must(c, api.Operations.ListRooms, &api.ListRoomsInput{AccountID: c.Account, MaxResults: 1})
	_, err := opstest.Do(c, api.Operations.ListRooms, &api.ListRoomsInput{AccountID: c.Account, MemberID: jane.UserID, NextToken: out.NextToken})
	refused(t, "a token of another list", err, chime.BadRequest, "NextToken")
}

func TestMemberships(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	r, jane := createRoom(c, "Room"), c.CreateUser("jane@example.com")
	want := &api.RoomMembership{
		RoomID: r.RoomID, Role: "Member", InvitedBy: rootARN, UpdatedTimestamp: c.Clock.Now(),
		Member: &api.Member{MemberID: jane.UserID, MemberType: "User", Email: "jane@example.com", FullName: "Jane", AccountID: c.Account},
	}
	if diff := cmp.Diff(want, join(c, r.RoomID, jane.UserID)); diff != "" {
		t.Errorf("CreateRoomMembership (-want +got):\n%s", diff)
	}
	_, err := opstest.Do(c, api.Operations.CreateRoomMembership, &api.CreateRoomMembershipInput{AccountID: c.Account, RoomID: r.RoomID, MemberID: strings.ToUpper(jane.UserID)})
	refused(t, "a second time", err, chime.Conflict)
	c.Clock.Move(time.Hour)
	want.Role, want.UpdatedTimestamp = "Administrator", c.Clock.Now()
	out := opstest.Must(c, api.Operations.UpdateRoomMembership, &api.UpdateRoomMembershipInput{AccountID: c.Account, RoomID: r.RoomID, MemberID: jane.UserID, Role: "Administrator"})
	if diff := cmp.Diff(want, out.RoomMembership) + cmp.Diff([]api.RoomMembership{*want}, members(c, r.RoomID)); diff != "" {
		t.Errorf("UpdateRoomMembership, ListRoomMemberships (-want +got):\n%s", diff)
	}
	remove := &api.DeleteRoomMembershipInput{AccountID: c.Account, RoomID: r.RoomID, MemberID: jane.UserID}
	opstest.Must(c, api.Operations.DeleteRoomMembership, remove)
	_, err = opstest.Do(c, api.Operations.DeleteRoomMembership, remove)
	refused(t, "DeleteRoomMembership twice", err, chime.NotFound, "member")
	for what, member := range map[string]string{"an unknown member": r.RoomID, "what is no id": "x"} {
		_, err := opstest.Do(c, api.Operations.CreateRoomMembership, &api.CreateRoomMembershipInput{AccountID: c.Account, RoomID: r.RoomID, MemberID: member})
		refused(t, what, err, chime.NotFound)
	}
	invited := invite(c, "new@example.com")[0].InviteID
	_, err = opstest.Do(c, api.Operations.CreateRoomMembership, &api.CreateRoomMembershipInput{AccountID: c.Account, RoomID: r.RoomID, MemberID: invited})
	refused(t, "who has not registered", err, chime.BadRequest, "registered")
}

func members(c *opstest.Caller, room string) []api.RoomMembership {
	return opstest.Must(c, api.Operations.ListRoomMemberships, &api.ListRoomMembershipsInput{AccountID: c.Account, RoomID: room}).RoomMemberships
}

func TestMembersWhoAreDeletedLeaveTheirRooms(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	r, jane, joe := createRoom(c, "Room"), c.CreateUser("jane@example.com"), c.CreateUser("joe@example.com")
	join(c, r.RoomID, jane.UserID)
	join(c, r.RoomID, joe.UserID)
	opstest.Must(c, api.Operations.DeleteUser, &api.DeleteUserInput{AccountID: c.Account, UserID: jane.UserID})
	if left := members(c, r.RoomID); len(left) != 1 || left[0].Member.MemberID != joe.UserID {
		t.Errorf("left: %+v", left)
	}
}

func TestBatchCreateRoomMembership(t *testing.T) {
	t.Parallel()
	c := opstest.New(t, quotas(chime.Quotas{RoomMembers: 3, Memberships: 1}))
	r := createRoom(c, "Room")
	var ids []string
	for i := range 5 {
		ids = append(ids, c.CreateUser(fmt.Sprintf("u%d@example.com", i)).UserID)
	}
	other := createRoom(c, "Other")
	join(c, other.RoomID, ids[1])
	join(c, r.RoomID, ids[0])
	batch := func(items ...api.MembershipItem) []string {
		out := opstest.Must(c, api.Operations.BatchCreateRoomMembership, &api.BatchCreateRoomMembershipInput{AccountID: c.Account, RoomID: r.RoomID, MembershipItemList: items})
		codes := []string{}
		for _, e := range out.Errors {
			if e.ErrorMessage == "" {
				t.Errorf("no message for %s", e.MemberID)
			}
			codes = append(codes, e.MemberID+" "+e.ErrorCode)
		}
		return codes
	}
	got := batch(api.MembershipItem{MemberID: ids[0]}, api.MembershipItem{MemberID: ids[1]}, api.MembershipItem{MemberID: "x"},
		api.MembershipItem{MemberID: ids[2], Role: "Administrator"}, api.MembershipItem{MemberID: ids[2]},
		api.MembershipItem{MemberID: ids[3]}, api.MembershipItem{MemberID: ids[4]})
	want := []string{ids[0] + " Conflict", ids[1] + " ResourceLimitExceeded", "x NotFound", ids[4] + " ResourceLimitExceeded"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
	if all := members(c, r.RoomID); len(all) != 3 || all[1].Role != "Administrator" {
		t.Errorf("members: %+v", all)
	}
	if got := batch(); len(got) != 0 {
		t.Errorf("of nobody: %v", got)
	}
	_, err := opstest.Do(c, api.Operations.BatchCreateRoomMembership, &api.BatchCreateRoomMembershipInput{AccountID: c.Account, RoomID: r.RoomID, MembershipItemList: []api.MembershipItem{{}}})
	refused(t, "an item without a member", err, chime.BadRequest, "MembershipItemList[0].MemberId")
}

func TestQuotas(t *testing.T) {
	t.Parallel()
	c := opstest.New(t, quotas(chime.Quotas{Rooms: 2, Bots: 1, Webhooks: 1}))
	r := createRoom(c, "Room")
	createRoom(c, "Room")
	_, err := opstest.Do(c, api.Operations.CreateRoom, &api.CreateRoomInput{AccountID: c.Account, Name: "Room"})
	refused(t, "a third room", err, chime.LimitExceeded, "at most 2 rooms")
	createBot(c, "Helper")
	_, err = opstest.Do(c, api.Operations.CreateBot, &api.CreateBotInput{AccountID: c.Account, DisplayName: "Second", Domain: "example.com"})
	refused(t, "a second bot", err, chime.LimitExceeded, "at most 1 bots")
	hook := &api.CreateRoomWebhookInput{AccountID: c.Account, RoomID: r.RoomID, Name: "Alerts"}
	opstest.Must(c, api.Operations.CreateRoomWebhook, hook)
	_, err = opstest.Do(c, api.Operations.CreateRoomWebhook, hook)
	refused(t, "a second webhook", err, chime.LimitExceeded, "at most 1 webhooks")
}

// useRooms calls every operation of rooms, bots, messages and retention with ids that are given, and returns their errors.
func useRooms(c *opstest.Caller, room, bot, user string) map[string]error {
	a, errs := c.Account, map[string]error{}
	const conversation = "01234567-89ab-7def-8123-456789abcdef"
	_, errs["CreateRoom"] = opstest.Do(c, api.Operations.CreateRoom, &api.CreateRoomInput{AccountID: a, Name: "Room"})
	_, errs["ListRooms"] = opstest.Do(c, api.Operations.ListRooms, &api.ListRoomsInput{AccountID: a})
	_, errs["GetRoom"] = opstest.Do(c, api.Operations.GetRoom, &api.GetRoomInput{AccountID: a, RoomID: room})
	_, errs["UpdateRoom"] = opstest.Do(c, api.Operations.UpdateRoom, &api.UpdateRoomInput{AccountID: a, RoomID: room, Name: "New"})
	_, errs["CreateRoomMembership"] = opstest.Do(c, api.Operations.CreateRoomMembership, &api.CreateRoomMembershipInput{AccountID: a, RoomID: room, MemberID: user})
	_, errs["BatchCreateRoomMembership"] = opstest.Do(c, api.Operations.BatchCreateRoomMembership, &api.BatchCreateRoomMembershipInput{AccountID: a, RoomID: room})
	_, errs["ListRoomMemberships"] = opstest.Do(c, api.Operations.ListRoomMemberships, &api.ListRoomMembershipsInput{AccountID: a, RoomID: room})
	_, errs["UpdateRoomMembership"] = opstest.Do(c, api.Operations.UpdateRoomMembership, &api.UpdateRoomMembershipInput{AccountID: a, RoomID: room, MemberID: user, Role: "Member"})
	_, errs["DeleteRoomMembership"] = opstest.Do(c, api.Operations.DeleteRoomMembership, &api.DeleteRoomMembershipInput{AccountID: a, RoomID: room, MemberID: user})
	_, errs["SendRoomMessage"] = opstest.Do(c, api.Operations.SendRoomMessage, &api.SendRoomMessageInput{AccountID: a, RoomID: room, SenderID: user, Content: "x"})
	_, errs["ListRoomMessages"] = opstest.Do(c, api.Operations.ListRoomMessages, &api.ListRoomMessagesInput{AccountID: a, RoomID: room})
	_, errs["RedactRoomMessage"] = opstest.Do(c, api.Operations.RedactRoomMessage, &api.RedactRoomMessageInput{AccountID: a, RoomID: room, MessageID: user})
	_, errs["CreateRoomWebhook"] = opstest.Do(c, api.Operations.CreateRoomWebhook, &api.CreateRoomWebhookInput{AccountID: a, RoomID: room, Name: "x"})
	_, errs["ListRoomWebhooks"] = opstest.Do(c, api.Operations.ListRoomWebhooks, &api.ListRoomWebhooksInput{AccountID: a, RoomID: room})
	_, errs["RegenerateRoomWebhook"] = opstest.Do(c, api.Operations.RegenerateRoomWebhook, &api.RegenerateRoomWebhookInput{AccountID: a, RoomID: room, WebhookID: user})
	_, errs["DeleteRoomWebhook"] = opstest.Do(c, api.Operations.DeleteRoomWebhook, &api.DeleteRoomWebhookInput{AccountID: a, RoomID: room, WebhookID: user})
	_, errs["DeleteRoom"] = opstest.Do(c, api.Operations.DeleteRoom, &api.DeleteRoomInput{AccountID: a, RoomID: room})
	_, errs["CreateConversation"] = opstest.Do(c, api.Operations.CreateConversation, &api.CreateConversationInput{AccountID: a, MemberIDs: []string{user, room}})
	_, errs["ListConversations"] = opstest.Do(c, api.Operations.ListConversations, &api.ListConversationsInput{AccountID: a})
	_, errs["SendConversationMessage"] = opstest.Do(c, api.Operations.SendConversationMessage, &api.SendConversationMessageInput{AccountID: a, ConversationID: conversation, SenderID: user, Content: "x"})
	_, errs["ListConversationMessages"] = opstest.Do(c, api.Operations.ListConversationMessages, &api.ListConversationMessagesInput{AccountID: a, ConversationID: conversation})
	_, errs["RedactConversationMessage"] = opstest.Do(c, api.Operations.RedactConversationMessage, &api.RedactConversationMessageInput{AccountID: a, ConversationID: conversation, MessageID: user})
	_, errs["CreateBot"] = opstest.Do(c, api.Operations.CreateBot, &api.CreateBotInput{AccountID: a, DisplayName: "Other", Domain: "example.com"})
	_, errs["ListBots"] = opstest.Do(c, api.Operations.ListBots, &api.ListBotsInput{AccountID: a})
	_, errs["GetBot"] = opstest.Do(c, api.Operations.GetBot, &api.GetBotInput{AccountID: a, BotID: bot})
	_, errs["UpdateBot"] = opstest.Do(c, api.Operations.UpdateBot, &api.UpdateBotInput{AccountID: a, BotID: bot})
	_, errs["RegenerateSecurityToken"] = opstest.Do(c, api.Operations.RegenerateSecurityToken, &api.RegenerateSecurityTokenInput{AccountID: a, BotID: bot})
	_, errs["PutEventsConfiguration"] = opstest.Do(c, api.Operations.PutEventsConfiguration, &api.PutEventsConfigurationInput{AccountID: a, BotID: bot, LambdaFunctionARN: lambda})
	_, errs["PutEventsConfiguration of an endpoint"] = opstest.Do(c, api.Operations.PutEventsConfiguration, &api.PutEventsConfigurationInput{AccountID: a, BotID: bot, OutboundEventsHTTPSEndpoint: "https://bot.example.com/"})
	_, errs["GetEventsConfiguration"] = opstest.Do(c, api.Operations.GetEventsConfiguration, &api.GetEventsConfigurationInput{AccountID: a, BotID: bot})
	_, errs["DeleteEventsConfiguration"] = opstest.Do(c, api.Operations.DeleteEventsConfiguration, &api.DeleteEventsConfigurationInput{AccountID: a, BotID: bot})
	_, errs["ListEventDeliveries"] = opstest.Do(c, api.Operations.ListEventDeliveries, &api.ListEventDeliveriesInput{AccountID: a, BotID: bot})
	_, errs["PutRetentionSettings"] = opstest.Do(c, api.Operations.PutRetentionSettings, &api.PutRetentionSettingsInput{AccountID: a, RetentionSettings: &api.RetentionSettings{}})
	_, errs["GetRetentionSettings"] = opstest.Do(c, api.Operations.GetRetentionSettings, &api.GetRetentionSettingsInput{AccountID: a})
	return errs
}

// theirs are operations that need nothing but an account, which succeed wherever that is.
var theirs = map[string]bool{"CreateRoom": true, "ListRooms": true, "ListConversations": true, "CreateBot": true, "ListBots": true, "PutRetentionSettings": true, "GetRetentionSettings": true}

func TestAnotherTenantsRoomsAreNotThere(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	r, b, u := createRoom(c, "Room"), createBot(c, "Helper"), c.CreateUser("jane@example.com")
	other := *c.Of(999999999999)
	mine := other.Account
	for _, account := range []string{c.Account, mine} {
		other.Account = account
		for name, err := range useRooms(&other, r.RoomID, b.BotID, u.UserID) {
			switch {
			case account == mine && theirs[name]:
				if err != nil {
					t.Errorf("%s in the tenant's own account: %v", name, err)
				}
			case name == "DeleteEventsConfiguration": // it declares no NotFound
				refused(t, name, err, chime.BadRequest)
			default:
				refused(t, name+" by another tenant", err, chime.NotFound)
			}
		}
	}
	if names := roomNames(c, ""); len(names) != 1 || names[0] != "Room" {
		t.Errorf("the rooms are now %v", names)
	}
}

// TestStrictTeamAccountsHaveNoRooms shows Amazon's very words, to which nothing is added.
func TestStrictTeamAccountsHaveNoRooms(t *testing.T) {
	t.Parallel()
	c := opstest.New(t, opstest.Strict)
	want := "Chime Account provided is not an Enterprise Chime Account[AWS Account ID: 123456789012][Chime Account ID: " + c.Account + "]"
	for name, err := range useRooms(c, c.Account, c.Account, c.Account) {
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
		refused(t, name, err, chime.Forbidden)
	}
	setType(c, "EnterpriseLWA")
	r := createRoom(c, "Room")
	for name, err := range useRooms(c, r.RoomID, c.Account, c.Account) {
		if err != nil && err.Error() == want {
			t.Errorf("%s in an Enterprise account: %v", name, err)
		}
	}
}
