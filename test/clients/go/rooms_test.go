package clients

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/chime"
	"github.com/aws/aws-sdk-go-v2/service/chime/types"
	"github.com/aws/smithy-go"
)

const (
	root   = "arn:aws:iam::210987654321:root"
	lambda = "arn:aws:lambda:us-east-1:210987654321:function:events"
)

// with returns what sets a member of a call that is a string.
func with[In any](member, value string) func(*In) {
	return func(in *In) { reflect.ValueOf(in).Elem().FieldByName(member).Set(reflect.ValueOf(&value)) }
}

// blankOrUnknown are the causes that most operations have: a blank AccountId, and an id that stands for nothing.
func blankOrUnknown[In any](id string) []cause[In] {
	return []cause[In]{
		{new(types.BadRequestException), with[In]("AccountId", " ")},
		{new(types.NotFoundException), with[In](id, unknownID)},
	}
}

// badTokenOrUnknown are the causes that lists have: a NextToken that the server did not make, and an id that stands for
// nothing.
func badTokenOrUnknown[In any](id string) []cause[In] {
	return []cause[In]{
		{new(types.BadRequestException), with[In]("NextToken", "nonsense")},
		{new(types.NotFoundException), with[In](id, unknownID)},
	}
}

func createRoom(t *testing.T, c *chime.Client, account *string, name string) types.Room {
	t.Helper()
	return *do(t, c.CreateRoom, &chime.CreateRoomInput{AccountId: account, Name: &name}).Room
}

// accountWithRoom makes an account with one room, and returns the ids of both.
func accountWithRoom(t *testing.T, c *chime.Client) (account, room *string) {
	t.Helper()
	account = createAccount(t, c, "Rooms").AccountId
	return account, createRoom(t, c, account, "Lobby").RoomId
}

// createMember makes a user, who can be added to rooms.
func createMember(t *testing.T, c *chime.Client, account *string, email string) *string {
	t.Helper()
	return createUser(t, c, &chime.CreateUserInput{AccountId: account, Email: &email, Username: aws.String("Jane")}).UserId
}

func admit(t *testing.T, c *chime.Client, account, room, member *string) types.RoomMembership {
	t.Helper()
	in := chime.CreateRoomMembershipInput{AccountId: account, RoomId: room, MemberId: member}
	return *do(t, c.CreateRoomMembership, &in).RoomMembership
}

func TestRooms(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Rooms").AccountId
	request := chime.CreateRoomInput{AccountId: account, Name: aws.String("Lobby"), ClientRequestToken: aws.String("lobby")}
	room := *do(t, c.CreateRoom, &request).Room
	matches(t, room.RoomId, uuid)
	recent(t, room.CreatedTimestamp)
	equal(t, room, types.Room{
		RoomId:           room.RoomId,
		AccountId:        account,
		Name:             aws.String("Lobby"),
		CreatedBy:        aws.String(root),
		CreatedTimestamp: room.CreatedTimestamp,
		UpdatedTimestamp: room.CreatedTimestamp,
	})
	equal(t, *do(t, c.CreateRoom, &request).Room, room)
	request.Name = aws.String("Hall")
	_, err := c.CreateRoom(t.Context(), &request)
	checkError(t, err, new(types.BadRequestException))
	get := chime.GetRoomInput{AccountId: account, RoomId: room.RoomId}
	equal(t, *do(t, c.GetRoom, &get).Room, room)
	renamed := *do(t, c.UpdateRoom, &chime.UpdateRoomInput{AccountId: account, RoomId: room.RoomId, Name: aws.String("Hall")}).Room
	if renamed.UpdatedTimestamp.Before(*room.UpdatedTimestamp) {
		t.Errorf("updated at %v, before %v", renamed.UpdatedTimestamp, room.UpdatedTimestamp)
	}
	want := room
	want.Name, want.UpdatedTimestamp = aws.String("Hall"), renamed.UpdatedTimestamp
	equal(t, renamed, want)
	equal(t, *do(t, c.GetRoom, &get).Room, renamed)
	do(t, c.DeleteRoom, &chime.DeleteRoomInput{AccountId: account, RoomId: room.RoomId})
	_, err = c.GetRoom(t.Context(), &get)
	checkError(t, err, new(types.NotFoundException))
}

func TestListRooms(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Rooms").AccountId
	user := createMember(t, c, account, "list.rooms@example.com")
	var rooms []types.Room
	for _, name := range []string{"One", "Two", "Three"} {
		rooms = append(rooms, createRoom(t, c, account, name))
	}
	first := do(t, c.ListRooms, &chime.ListRoomsInput{AccountId: account, MaxResults: aws.Int32(2)})
	rest := do(t, c.ListRooms, &chime.ListRoomsInput{AccountId: account, MaxResults: aws.Int32(2), NextToken: first.NextToken})
	equal(t, rest.NextToken, nil)
	equal(t, append(first.Rooms, rest.Rooms...), rooms)
	admit(t, c, account, rooms[1].RoomId, user)
	equal(t, do(t, c.ListRooms, &chime.ListRoomsInput{AccountId: account, MemberId: user}).Rooms, rooms[1:2])
	equal(t, do(t, c.ListRooms, &chime.ListRoomsInput{AccountId: account, MemberId: aws.String(unknownID)}).Rooms, []types.Room{})
}

func TestRoomsErrors(t *testing.T) {
	c := connect(t)
	account, room := accountWithRoom(t, c)
	create := chime.CreateRoomInput{AccountId: account, Name: aws.String("Hall")}
	checkErrors(t, "CreateRoom", c.CreateRoom, create, []cause[chime.CreateRoomInput]{
		{new(types.BadRequestException), with[chime.CreateRoomInput]("Name", " ")},
		{new(types.NotFoundException), with[chime.CreateRoomInput]("AccountId", unknownID)},
		{new(types.ResourceLimitExceededException), nil},
	})
	list := chime.ListRoomsInput{AccountId: account}
	checkErrors(t, "ListRooms", c.ListRooms, list, badTokenOrUnknown[chime.ListRoomsInput]("AccountId"))
	get := chime.GetRoomInput{AccountId: account, RoomId: room}
	checkErrors(t, "GetRoom", c.GetRoom, get, blankOrUnknown[chime.GetRoomInput]("RoomId"))
	update := chime.UpdateRoomInput{AccountId: account, RoomId: room, Name: aws.String("Hall")}
	checkErrors(t, "UpdateRoom", c.UpdateRoom, update, []cause[chime.UpdateRoomInput]{
		{new(types.BadRequestException), with[chime.UpdateRoomInput]("Name", " ")},
		{new(types.NotFoundException), with[chime.UpdateRoomInput]("RoomId", unknownID)},
	})
	del := chime.DeleteRoomInput{AccountId: account, RoomId: room}
	checkErrors(t, "DeleteRoom", c.DeleteRoom, del, blankOrUnknown[chime.DeleteRoomInput]("RoomId"))
}

func TestMemberships(t *testing.T) {
	c := connect(t)
	account, room := accountWithRoom(t, c)
	user := createMember(t, c, account, "member@example.com")
	list := func() []types.RoomMembership {
		t.Helper()
		return do(t, c.ListRoomMemberships, &chime.ListRoomMembershipsInput{AccountId: account, RoomId: room}).RoomMemberships
	}
	member := admit(t, c, account, room, user)
	equal(t, member, types.RoomMembership{
		RoomId: room,
		Member: &types.Member{
			MemberId:   user,
			MemberType: types.MemberTypeUser,
			Email:      aws.String("member@example.com"),
			FullName:   aws.String("Jane"),
			AccountId:  account,
		},
		Role:             types.RoomMembershipRoleMember,
		InvitedBy:        aws.String(root),
		UpdatedTimestamp: member.UpdatedTimestamp,
	})
	equal(t, list(), []types.RoomMembership{member})
	update := chime.UpdateRoomMembershipInput{AccountId: account, RoomId: room, MemberId: user, Role: types.RoomMembershipRoleAdministrator}
	changed := *do(t, c.UpdateRoomMembership, &update).RoomMembership
	member.Role, member.UpdatedTimestamp = types.RoomMembershipRoleAdministrator, changed.UpdatedTimestamp
	equal(t, changed, member)
	equal(t, list(), []types.RoomMembership{changed})
	do(t, c.DeleteRoomMembership, &chime.DeleteRoomMembershipInput{AccountId: account, RoomId: room, MemberId: user})
	equal(t, list(), []types.RoomMembership{})
}

func TestBatchCreateRoomMembership(t *testing.T) {
	c := connect(t)
	account, room := accountWithRoom(t, c)
	ann, bob := createMember(t, c, account, "ann.member@example.com"), createMember(t, c, account, "bob.member@example.com")
	admit(t, c, account, room, ann)
	batch := chime.BatchCreateRoomMembershipInput{AccountId: account, RoomId: room, MembershipItemList: []types.MembershipItem{
		{MemberId: aws.String("nobody")},
		{MemberId: ann},
		{MemberId: bob, Role: types.RoomMembershipRoleAdministrator},
		{MemberId: bob, Role: types.RoomMembershipRoleMember},
	}}
	var refused []string
	for _, e := range do(t, c.BatchCreateRoomMembership, &batch).Errors {
		matches(t, e.ErrorMessage, regexp.MustCompile("."))
		refused = append(refused, fmt.Sprint(*e.MemberId, " ", e.ErrorCode))
	}
	equal(t, refused, []string{"nobody NotFound", *ann + " Conflict"})
	list := chime.ListRoomMembershipsInput{AccountId: account, RoomId: room, MaxResults: aws.Int32(1)}
	first := do(t, c.ListRoomMemberships, &list)
	list.NextToken = first.NextToken
	rest := do(t, c.ListRoomMemberships, &list)
	var members []string
	for _, m := range append(first.RoomMemberships, rest.RoomMemberships...) {
		members = append(members, fmt.Sprint(*m.Member.MemberId, " ", m.Role))
	}
	equal(t, members, []string{*ann + " Member", *bob + " Administrator"})
}

func TestMembershipsErrors(t *testing.T) {
	c := connect(t)
	account, room := accountWithRoom(t, c)
	ann, bob := createMember(t, c, account, "ann.errors@example.com"), createMember(t, c, account, "bob.errors@example.com")
	admit(t, c, account, room, ann)
	create := chime.CreateRoomMembershipInput{AccountId: account, RoomId: room, MemberId: bob}
	checkErrors(t, "CreateRoomMembership", c.CreateRoomMembership, create, []cause[chime.CreateRoomMembershipInput]{
		{new(types.BadRequestException), func(in *chime.CreateRoomMembershipInput) { in.Role = "Owner" }},
		{new(types.ConflictException), with[chime.CreateRoomMembershipInput]("MemberId", *ann)},
		{new(types.NotFoundException), with[chime.CreateRoomMembershipInput]("MemberId", unknownID)},
		{new(types.ResourceLimitExceededException), nil},
	})
	batch := chime.BatchCreateRoomMembershipInput{AccountId: account, RoomId: room, MembershipItemList: []types.MembershipItem{{MemberId: bob}}}
	checkErrors(t, "BatchCreateRoomMembership", c.BatchCreateRoomMembership, batch, []cause[chime.BatchCreateRoomMembershipInput]{
		{new(types.BadRequestException), func(in *chime.BatchCreateRoomMembershipInput) {
			in.MembershipItemList = make([]types.MembershipItem, 51)
			for i := range in.MembershipItemList {
				in.MembershipItemList[i].MemberId = bob
			}
		}},
		{new(types.NotFoundException), with[chime.BatchCreateRoomMembershipInput]("RoomId", unknownID)},
	})
	list := chime.ListRoomMembershipsInput{AccountId: account, RoomId: room}
	checkErrors(t, "ListRoomMemberships", c.ListRoomMemberships, list, badTokenOrUnknown[chime.ListRoomMembershipsInput]("RoomId"))
	update := chime.UpdateRoomMembershipInput{AccountId: account, RoomId: room, MemberId: bob, Role: types.RoomMembershipRoleAdministrator}
	checkErrors(t, "UpdateRoomMembership", c.UpdateRoomMembership, update, []cause[chime.UpdateRoomMembershipInput]{
		{new(types.BadRequestException), func(in *chime.UpdateRoomMembershipInput) { in.Role = "Owner" }},
		{new(types.NotFoundException), with[chime.UpdateRoomMembershipInput]("MemberId", unknownID)},
	})
	del := chime.DeleteRoomMembershipInput{AccountId: account, RoomId: room, MemberId: bob}
	checkErrors(t, "DeleteRoomMembership", c.DeleteRoomMembership, del, blankOrUnknown[chime.DeleteRoomMembershipInput]("MemberId"))
}

func createBot(t *testing.T, c *chime.Client, account *string, name, domain string) types.Bot {
	t.Helper()
	return *do(t, c.CreateBot, &chime.CreateBotInput{AccountId: account, DisplayName: &name, Domain: &domain}).Bot
}

// accountWithBot makes an account with one bot, and returns the ids of both.
func accountWithBot(t *testing.T, c *chime.Client, domain string) (account, bot *string) {
	t.Helper()
	account = createAccount(t, c, "Bots").AccountId
	return account, createBot(t, c, account, "helper", domain).BotId
}

func TestBots(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Bots").AccountId
	bot := createBot(t, c, account, "myBot", "bots.example.com")
	matches(t, bot.BotId, uuid)
	matches(t, bot.SecurityToken, regexp.MustCompile(`^[A-Za-z0-9+/]{40}$`))
	equal(t, bot, types.Bot{
		BotId:            bot.BotId,
		UserId:           bot.UserId,
		DisplayName:      aws.String("myBot (Bot)"),
		BotType:          types.BotTypeChatBot,
		Disabled:         aws.Bool(false),
		CreatedTimestamp: bot.CreatedTimestamp,
		UpdatedTimestamp: bot.CreatedTimestamp,
		BotEmail:         aws.String("myBot-chimebot@bots.example.com"),
		SecurityToken:    bot.SecurityToken,
	})
	get := chime.GetBotInput{AccountId: account, BotId: bot.BotId}
	equal(t, *do(t, c.GetBot, &get).Bot, bot)
	stopped := *do(t, c.UpdateBot, &chime.UpdateBotInput{AccountId: account, BotId: bot.BotId, Disabled: aws.Bool(true)}).Bot
	want := bot
	want.Disabled, want.UpdatedTimestamp = aws.Bool(true), stopped.UpdatedTimestamp
	equal(t, stopped, want)
	equal(t, *do(t, c.GetBot, &get).Bot, stopped)
	renewed := *do(t, c.RegenerateSecurityToken, &chime.RegenerateSecurityTokenInput{AccountId: account, BotId: bot.BotId}).Bot
	if *renewed.SecurityToken == *bot.SecurityToken {
		t.Error("the security token is still the old one")
	}
	equal(t, *do(t, c.GetBot, &get).Bot, renewed)
	other := createBot(t, c, account, "other", "bots.example.com")
	first := do(t, c.ListBots, &chime.ListBotsInput{AccountId: account, MaxResults: aws.Int32(1)})
	rest := do(t, c.ListBots, &chime.ListBotsInput{AccountId: account, MaxResults: aws.Int32(1), NextToken: first.NextToken})
	equal(t, append(first.Bots, rest.Bots...), []types.Bot{renewed, other})
}

func TestBotsErrors(t *testing.T) {
	c := connect(t)
	full := createAccount(t, c, "Full of Bots").AccountId
	for n := range 10 {
		createBot(t, c, full, fmt.Sprint("bot", n), "full.example.com")
	}
	account, bot := accountWithBot(t, c, "bot.errors.example.com")
	create := chime.CreateBotInput{AccountId: account, DisplayName: aws.String("more"), Domain: aws.String("bot.errors.example.com")}
	checkErrors(t, "CreateBot", c.CreateBot, create, []cause[chime.CreateBotInput]{
		{new(types.BadRequestException), with[chime.CreateBotInput]("DisplayName", "helper")},
		{new(types.NotFoundException), with[chime.CreateBotInput]("AccountId", unknownID)},
		{new(types.ResourceLimitExceededException), with[chime.CreateBotInput]("AccountId", *full)},
	})
	equal(t, len(do(t, c.ListBots, &chime.ListBotsInput{AccountId: full}).Bots), 10)
	get := chime.GetBotInput{AccountId: account, BotId: bot}
	checkErrors(t, "GetBot", c.GetBot, get, blankOrUnknown[chime.GetBotInput]("BotId"))
	list := chime.ListBotsInput{AccountId: account}
	checkErrors(t, "ListBots", c.ListBots, list, badTokenOrUnknown[chime.ListBotsInput]("AccountId"))
	update := chime.UpdateBotInput{AccountId: account, BotId: bot, Disabled: aws.Bool(true)}
	checkErrors(t, "UpdateBot", c.UpdateBot, update, blankOrUnknown[chime.UpdateBotInput]("BotId"))
	regenerate := chime.RegenerateSecurityTokenInput{AccountId: account, BotId: bot}
	checkErrors(t, "RegenerateSecurityToken", c.RegenerateSecurityToken, regenerate, blankOrUnknown[chime.RegenerateSecurityTokenInput]("BotId"))
}

func TestEventsConfiguration(t *testing.T) {
	c := connect(t)
	account, bot := accountWithBot(t, c, "events.example.com")
	get := chime.GetEventsConfigurationInput{AccountId: account, BotId: bot}
	checkNone := func() {
		t.Helper()
		_, err := c.GetEventsConfiguration(t.Context(), &get)
		checkError(t, err, new(types.NotFoundException))
	}
	checkNone()
	want := types.EventsConfiguration{BotId: bot, LambdaFunctionArn: aws.String(lambda)}
	put := chime.PutEventsConfigurationInput{AccountId: account, BotId: bot, LambdaFunctionArn: aws.String(lambda)}
	equal(t, *do(t, c.PutEventsConfiguration, &put).EventsConfiguration, want)
	equal(t, *do(t, c.GetEventsConfiguration, &get).EventsConfiguration, want)
	del := chime.DeleteEventsConfigurationInput{AccountId: account, BotId: bot}
	do(t, c.DeleteEventsConfiguration, &del)
	checkNone()
	do(t, c.DeleteEventsConfiguration, &del)
}

// checkEventsErrors does what checkErrors does for the operations of events configurations, which declare other errors
// than most: those with a cause, and these by a fault.
func checkEventsErrors[In, Out any](t *testing.T, name string, call operation[In, Out], members In, causes []cause[In]) {
	t.Helper()
	for _, c := range causes {
		changed := members
		c.change(&changed)
		_, err := call(t.Context(), &changed, once)
		checkError(t, err, c.error)
	}
	for _, want := range []smithy.APIError{
		new(types.UnauthorizedClientException),
		new(types.ForbiddenException),
		new(types.ResourceLimitExceededException),
		new(types.ServiceFailureException),
		new(types.ServiceUnavailableException),
	} {
		carillon(t, "PutFault", "Operation="+name, "Error="+want.ErrorCode(), "Count=1")
		_, err := call(t.Context(), &members, once)
		checkError(t, err, want)
	}
	do(t, call, &members)
}

func TestEventsConfigurationErrors(t *testing.T) {
	c := connect(t)
	account, bot := accountWithBot(t, c, "events.errors.example.com")
	put := chime.PutEventsConfigurationInput{AccountId: account, BotId: bot, LambdaFunctionArn: aws.String(lambda)}
	checkEventsErrors(t, "PutEventsConfiguration", c.PutEventsConfiguration, put, []cause[chime.PutEventsConfigurationInput]{
		{new(types.BadRequestException), with[chime.PutEventsConfigurationInput]("LambdaFunctionArn", "events")},
		{new(types.NotFoundException), with[chime.PutEventsConfigurationInput]("BotId", unknownID)},
	})
	get := chime.GetEventsConfigurationInput{AccountId: account, BotId: bot}
	checkEventsErrors(t, "GetEventsConfiguration", c.GetEventsConfiguration, get, blankOrUnknown[chime.GetEventsConfigurationInput]("BotId"))
	del := chime.DeleteEventsConfigurationInput{AccountId: account, BotId: bot}
	checkEventsErrors(t, "DeleteEventsConfiguration", c.DeleteEventsConfiguration, del, []cause[chime.DeleteEventsConfigurationInput]{
		{new(types.BadRequestException), with[chime.DeleteEventsConfigurationInput]("BotId", unknownID)},
	})
}

func TestRetentionSettings(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Retention").AccountId
	settings := func(days *int32) *types.RetentionSettings {
		return &types.RetentionSettings{
			RoomRetentionSettings:         &types.RoomRetentionSettings{RetentionDays: days},
			ConversationRetentionSettings: &types.ConversationRetentionSettings{},
		}
	}
	check := func(days *int32) *time.Time {
		t.Helper()
		answer := do(t, c.GetRetentionSettings, &chime.GetRetentionSettingsInput{AccountId: account})
		equal(t, answer.RetentionSettings, settings(days))
		return answer.InitiateDeletionTimestamp
	}
	equal(t, check(nil), nil)
	do(t, c.PutRetentionSettings, &chime.PutRetentionSettingsInput{AccountId: account, RetentionSettings: settings(aws.Int32(90))})
	began := aws.ToTime(check(aws.Int32(90))).AddDate(0, 0, -30)
	recent(t, &began)
	do(t, c.PutRetentionSettings, &chime.PutRetentionSettingsInput{AccountId: account, RetentionSettings: settings(nil)})
	equal(t, check(nil), nil)
}

func TestRetentionSettingsErrors(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Errors").AccountId
	get := chime.GetRetentionSettingsInput{AccountId: account}
	checkErrors(t, "GetRetentionSettings", c.GetRetentionSettings, get, blankOrUnknown[chime.GetRetentionSettingsInput]("AccountId"))
	put := chime.PutRetentionSettingsInput{AccountId: account, RetentionSettings: &types.RetentionSettings{
		RoomRetentionSettings: &types.RoomRetentionSettings{RetentionDays: aws.Int32(5475)},
	}}
	causes := append(blankOrUnknown[chime.PutRetentionSettingsInput]("AccountId"), cause[chime.PutRetentionSettingsInput]{new(types.ConflictException), nil})
	checkErrors(t, "PutRetentionSettings", c.PutRetentionSettings, put, causes)
}

// extend calls an operation that Amazon's API lacks, with members that may be lists, and returns the objects in its answer.
func extend[Out any](t *testing.T, operation string, members map[string]any) (out Out) {
	t.Helper()
	in, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	answer := carillon(t, operation, string(in))
	if err := json.NewDecoder(strings.NewReader(answer)).Decode(&out); err != nil {
		t.Fatalf("%s: %v in %s", operation, err, answer)
	}
	return out
}

type message struct{ MessageId, Content, RedactedOn string }

type said struct{ Message message }

type heard struct{ Messages []message }

// sendToRoom says something in a new room, and returns the ids of the account, the room and the message.
func sendToRoom(t *testing.T, c *chime.Client, email string) (account, room, id *string) {
	t.Helper()
	account, room = accountWithRoom(t, c)
	user := createMember(t, c, account, email)
	admit(t, c, account, room, user)
	sent := extend[said](t, "SendRoomMessage", map[string]any{"AccountId": account, "RoomId": room, "SenderId": user, "Content": "A secret"})
	return account, room, &sent.Message.MessageId
}

// sendToConversation says something in a new conversation, and returns the ids of the account, the conversation and the
// message.
func sendToConversation(t *testing.T, c *chime.Client, emails ...string) (account, talk, id *string) {
	t.Helper()
	account = createAccount(t, c, "Conversations").AccountId
	var users []*string
	for _, email := range emails {
		users = append(users, createMember(t, c, account, email))
	}
	made := extend[struct {
		Conversation struct{ ConversationId *string }
	}](t, "CreateConversation", map[string]any{"AccountId": account, "MemberIds": users})
	talk = made.Conversation.ConversationId
	sent := extend[said](t, "SendConversationMessage", map[string]any{"AccountId": account, "ConversationId": talk, "SenderId": users[0], "Content": "A secret"})
	return account, talk, &sent.Message.MessageId
}

// checkRedaction checks that the only message that a list shows has its content until it is redacted.
func checkRedaction(t *testing.T, list string, place map[string]any, id *string, redact func()) {
	t.Helper()
	equal(t, extend[heard](t, list, place).Messages, []message{{MessageId: *id, Content: "A secret"}})
	redact()
	after := extend[heard](t, list, place).Messages
	if len(after) != 1 || after[0].RedactedOn == "" {
		t.Fatalf("after the redaction: %+v", after)
	}
	equal(t, after[0], message{MessageId: *id, RedactedOn: after[0].RedactedOn})
}

func TestRedactRoomMessage(t *testing.T) {
	c := connect(t)
	account, room, id := sendToRoom(t, c, "redact.room@example.com")
	checkRedaction(t, "ListRoomMessages", map[string]any{"AccountId": account, "RoomId": room}, id, func() {
		do(t, c.RedactRoomMessage, &chime.RedactRoomMessageInput{AccountId: account, RoomId: room, MessageId: id})
	})
}

func TestRedactConversationMessage(t *testing.T) {
	c := connect(t)
	account, talk, id := sendToConversation(t, c, "ann.redact@example.com", "bob.redact@example.com")
	checkRedaction(t, "ListConversationMessages", map[string]any{"AccountId": account, "ConversationId": talk}, id, func() {
		do(t, c.RedactConversationMessage, &chime.RedactConversationMessageInput{AccountId: account, ConversationId: talk, MessageId: id})
	})
}

func TestRedactionErrors(t *testing.T) {
	c := connect(t)
	account, room, id := sendToRoom(t, c, "redact.errors@example.com")
	inRoom := chime.RedactRoomMessageInput{AccountId: account, RoomId: room, MessageId: id}
	checkErrors(t, "RedactRoomMessage", c.RedactRoomMessage, inRoom, blankOrUnknown[chime.RedactRoomMessageInput]("MessageId"))
	account, talk, id := sendToConversation(t, c, "ann.redact.errors@example.com", "bob.redact.errors@example.com")
	inTalk := chime.RedactConversationMessageInput{AccountId: account, ConversationId: talk, MessageId: id}
	checkErrors(t, "RedactConversationMessage", c.RedactConversationMessage, inTalk, blankOrUnknown[chime.RedactConversationMessageInput]("MessageId"))
}
