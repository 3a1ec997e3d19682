package ops_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/ops/opstest"
	"github.com/carillon-server/carillon/internal/store"
)

func roomMessages(c *opstest.Caller, room string) []api.ChatMessage {
	return opstest.Must(c, api.Operations.ListRoomMessages, &api.ListRoomMessagesInput{AccountID: c.Account, RoomID: room, MaxResults: 1000}).Messages
}

// sayMany says something many times, all at once.
func sayMany(c *opstest.Caller, room, sender string, n int) {
	var all sync.WaitGroup
	for range n {
		all.Go(func() { say(c, room, sender, "x") })
	}
	all.Wait()
}

func contents(all []api.ChatMessage) (said []string) {
	for _, m := range all {
		said = append(said, m.Content)
	}
	return said
}

func TestRoomMessages(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	r, jane, joe := createRoom(c, "Room"), c.CreateUser("jane@example.com"), c.CreateUser("joe@example.com")
	join(c, r.RoomID, jane.UserID)
	sent := say(c, r.RoomID, jane.UserID, "<@"+joe.UserID+"|Joe> and @All: 0")
	want := api.ChatMessage{MessageID: sent.MessageID, SenderID: jane.UserID, SenderType: "User", Content: "<@" + joe.UserID + "|Joe> and @All: 0",
		Mentions: []string{joe.UserID, "All"}, SentOn: c.Clock.Now()}
	if diff := cmp.Diff(&want, sent) + cmp.Diff([]api.ChatMessage{want}, roomMessages(c, r.RoomID)); diff != "" {
		t.Errorf("SendRoomMessage, ListRoomMessages (-want +got):\n%s", diff)
	}
	for i := range 6 {
		say(c, r.RoomID, jane.UserID, fmt.Sprint(i+1))
	}
	var got []string
	in := &api.ListRoomMessagesInput{AccountID: c.Account, RoomID: r.RoomID, MaxResults: 3}
	for pages := 1; ; pages++ {
		out := opstest.Must(c, api.Operations.ListRoomMessages, in)
		got = append(got, contents(out.Messages)...)
		if pages == 1 {
			say(c, r.RoomID, jane.UserID, "meanwhile") // must not shift the pages
		}
		if in.NextToken = out.NextToken; in.NextToken == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"6", "5", "4", "3", "2", "1", want.Content}, got); diff != "" {
		t.Errorf("in pages (-want +got):\n%s", diff)
	}
	for what, in := range map[string]api.SendRoomMessageInput{
		"by who is not in the room": {SenderID: joe.UserID, Content: "x"},
		"by nobody":                 {SenderID: "x", Content: "x"},
		"blank":                     {SenderID: jane.UserID, Content: " "},
		"too long":                  {SenderID: jane.UserID, Content: strings.Repeat("x", 4097)},
	} {
		in.AccountID, in.RoomID = c.Account, r.RoomID
		_, err := opstest.Do(c, api.Operations.SendRoomMessage, &in)
		refused(t, what, err, chime.BadRequest)
	}
}

func TestRedaction(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	r, jane, joe := createRoom(c, "Room"), c.CreateUser("jane@example.com"), c.CreateUser("joe@example.com")
	join(c, r.RoomID, jane.UserID)
	m := say(c, r.RoomID, jane.UserID, "a secret for <@"+joe.UserID+"|Joe>")
	sent := c.Clock.Now()
	redact := func(room, message string) error {
		_, err := opstest.Do(c, api.Operations.RedactRoomMessage, &api.RedactRoomMessageInput{AccountID: c.Account, RoomID: room, MessageID: message})
		return err
	}
	c.Clock.Move(time.Hour)
	want := api.ChatMessage{MessageID: m.MessageID, SenderID: jane.UserID, SenderType: "User", Mentions: []string{}, SentOn: sent, RedactedOn: c.Clock.Now()}
	for range 2 {
		if err := redact(r.RoomID, m.MessageID); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]api.ChatMessage{want}, roomMessages(c, r.RoomID)); diff != "" {
			t.Errorf("a redacted message (-want +got):\n%s", diff)
		}
		c.Clock.Move(time.Hour)
	}
	refused(t, "an unknown message", redact(r.RoomID, jane.UserID), chime.NotFound, "message")
	refused(t, "what is no id", redact(r.RoomID, "x"), chime.NotFound)
	refused(t, "a message of another room", redact(createRoom(c, "Other").RoomID, m.MessageID), chime.NotFound)

	v := opstest.Must(c, api.Operations.CreateConversation, &api.CreateConversationInput{AccountID: c.Account, MemberIDs: []string{jane.UserID, joe.UserID}}).Conversation
	w := opstest.Must(c, api.Operations.SendConversationMessage, &api.SendConversationMessageInput{AccountID: c.Account, ConversationID: v.ConversationID, SenderID: joe.UserID, Content: "another"}).Message
	opstest.Must(c, api.Operations.RedactConversationMessage, &api.RedactConversationMessageInput{AccountID: c.Account, ConversationID: v.ConversationID, MessageID: w.MessageID})
	left := opstest.Must(c, api.Operations.ListConversationMessages, &api.ListConversationMessagesInput{AccountID: c.Account, ConversationID: v.ConversationID}).Messages
	if len(left) != 1 || left[0].Content != "" || left[0].RedactedOn != c.Clock.Now() || left[0].SenderID != joe.UserID {
		t.Errorf("in the conversation: %+v", left)
	}
	refused(t, "a conversation as a room", redact(v.ConversationID, w.MessageID), chime.NotFound, "room")
}

func TestConversations(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	jane, joe, ann := c.CreateUser("jane@example.com"), c.CreateUser("joe@example.com"), c.CreateUser("ann@example.com")
	create := func(members ...string) (*api.Conversation, error) {
		out, err := opstest.Do(c, api.Operations.CreateConversation, &api.CreateConversationInput{AccountID: c.Account, MemberIDs: members})
		if err != nil {
			return nil, err
		}
		return out.Conversation, nil
	}
	first, err := create(joe.UserID, jane.UserID)
	want := &api.Conversation{AccountID: c.Account, MemberIDs: []string{joe.UserID, jane.UserID}, CreatedBy: rootARN, CreatedOn: c.Clock.Now()}
	if err != nil {
		t.Fatal(err)
	}
	want.ConversationID = first.ConversationID
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("CreateConversation (-want +got):\n%s", diff)
	}
	second, err := create(jane.UserID, ann.UserID)
	if err != nil {
		t.Fatal(err)
	}
	for member, want := range map[string][]api.Conversation{"": {*first, *second}, ann.UserID: {*second}, jane.UserID: {*first, *second}, "x": {}} {
		got := opstest.Must(c, api.Operations.ListConversations, &api.ListConversationsInput{AccountID: c.Account, MemberID: member}).Conversations
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("conversations of %q (-want +got):\n%s", member, diff)
		}
	}
	_, err = create(jane.UserID, jane.UserID)
	refused(t, "with oneself", err, chime.BadRequest, "MemberIds")
	_, err = create(jane.UserID, "x")
	refused(t, "with nobody", err, chime.NotFound, "user x")
	_, err = create(jane.UserID, invite(c, "new@example.com")[0].InviteID)
	refused(t, "with who has not registered", err, chime.BadRequest)
	_, err = opstest.Do(c, api.Operations.SendConversationMessage, &api.SendConversationMessageInput{AccountID: c.Account, ConversationID: first.ConversationID, SenderID: ann.UserID, Content: "x"})
	refused(t, "by who is not in it", err, chime.BadRequest, "SenderId")
}

// runJobs does the steps of the jobs of a kind that are due, and returns how many that were.
func runJobs(t *testing.T, c *opstest.Caller, kind string, step func(*ops.Call, *store.Job) error) (steps int) {
	t.Helper()
	for ; ; steps++ {
		due, err := c.DB.DueJobs(t.Context(), kind, c.Clock.Now(), 10)
		if err != nil {
			t.Fatal(err)
		}
		if len(due) == 0 {
			return steps
		}
		if steps > 1000 {
			t.Fatalf("after %d steps %+v is still due", steps, due[0])
		}
		if err := c.Gate.Work(t.Context(), due[0].Tenant, func(call *ops.Call) error { return step(call, due[0]) }); err != nil {
			t.Fatal(err)
		}
	}
}

func putRetention(c *opstest.Caller, rooms, conversations int) {
	opstest.Must(c, api.Operations.PutRetentionSettings, &api.PutRetentionSettingsInput{AccountID: c.Account, RetentionSettings: &api.RetentionSettings{
		RoomRetentionSettings:         &api.RoomRetentionSettings{RetentionDays: rooms},
		ConversationRetentionSettings: &api.ConversationRetentionSettings{RetentionDays: conversations},
	}})
}

func TestRetentionSettings(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	check := func(rooms, conversations int, deletion time.Time) {
		t.Helper()
		got := opstest.Must(c, api.Operations.GetRetentionSettings, &api.GetRetentionSettingsInput{AccountID: c.Account})
		want := &api.GetRetentionSettingsOutput{RetentionSettings: &api.RetentionSettings{
			RoomRetentionSettings:         &api.RoomRetentionSettings{RetentionDays: rooms},
			ConversationRetentionSettings: &api.ConversationRetentionSettings{RetentionDays: conversations},
		}, InitiateDeletionTimestamp: deletion}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("GetRetentionSettings (-want +got):\n%s", diff)
		}
	}
	check(0, 0, time.Time{})
	putRetention(c, 90, 30)
	check(90, 30, c.Clock.Now().Add(30*24*time.Hour))
	opstest.Must(c, api.Operations.PutRetentionSettings, &api.PutRetentionSettingsInput{AccountID: c.Account, RetentionSettings: &api.RetentionSettings{}})
	check(0, 0, time.Time{})
}

func TestRetention(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	c := opstest.New(t)
	jane, joe := c.CreateUser("jane@example.com"), c.CreateUser("joe@example.com")
	rooms := []*api.Room{createRoom(c, "One"), createRoom(c, "Two")}
	v := opstest.Must(c, api.Operations.CreateConversation, &api.CreateConversationInput{AccountID: c.Account, MemberIDs: []string{jane.UserID, joe.UserID}}).Conversation
	for _, r := range rooms {
		join(c, r.RoomID, jane.UserID)
	}
	everywhere := func(content string) {
		for _, r := range rooms {
			say(c, r.RoomID, jane.UserID, content)
		}
		opstest.Must(c, api.Operations.SendConversationMessage, &api.SendConversationMessageInput{AccountID: c.Account, ConversationID: v.ConversationID, SenderID: jane.UserID, Content: content})
	}
	step := func() int { return runJobs(t, c, ops.RetentionJob, (*ops.Call).GoOnDeleting) }
	shown := func(what string, inRooms, inConversation []string) {
		t.Helper()
		for _, r := range rooms {
			if diff := cmp.Diff(inRooms, contents(roomMessages(c, r.RoomID))); diff != "" {
				t.Errorf("%s, in room %s (-want +got):\n%s", what, r.Name, diff)
			}
		}
		got := opstest.Must(c, api.Operations.ListConversationMessages, &api.ListConversationMessagesInput{AccountID: c.Account, ConversationID: v.ConversationID}).Messages
		if diff := cmp.Diff(inConversation, contents(got)); diff != "" {
			t.Errorf("%s, in the conversation (-want +got):\n%s", what, diff)
		}
	}
	everywhere("old")
	old := roomMessages(c, rooms[0].RoomID)[0]
	c.Clock.Move(5 * day)
	everywhere("new")
	putRetention(c, 4, 0)
	shown("at once", []string{"new"}, []string{"new", "old"})
	_, err := opstest.Do(c, api.Operations.RedactRoomMessage, &api.RedactRoomMessageInput{AccountID: c.Account, RoomID: rooms[0].RoomID, MessageID: old.MessageID})
	refused(t, "to redact what is out of sight", err, chime.NotFound)
	if n := step(); n != 0 {
		t.Errorf("%d steps before the grace ended", n)
	}
	putRetention(c, 40, 0)
	shown("once it is longer again", []string{"new", "old"}, []string{"new", "old"})
	putRetention(c, 4, 0)
	c.Clock.Move(30*day - time.Millisecond)
	everywhere("newest")
	if n := step(); n != 0 {
		t.Errorf("%d steps just before the grace ended", n)
	}
	c.Clock.Move(time.Millisecond)
	if n := step(); n != 1 {
		t.Errorf("%d steps when the grace ended, want 1", n)
	}
	shown("after the deletion", []string{"newest"}, []string{"newest", "new", "old"})
	putRetention(c, 0, 0)
	shown("once everything is kept", []string{"newest"}, []string{"newest", "new", "old"})
	putRetention(c, 0, 36)
	c.Clock.Move(30 * day)
	if n := step(); n != 1 {
		t.Errorf("%d steps for conversations, want 1", n)
	}
	putRetention(c, 0, 0)
	shown("in conversations too", []string{"newest"}, []string{"newest"})
}

// TestRetentionGoesInSteps has more messages than a step deletes, in several places, and goes on from day to day.
func TestRetentionGoesInSteps(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	c := opstest.New(t)
	jane := c.CreateUser("jane@example.com")
	fill := func(name string, n int) string {
		r := createRoom(c, name)
		join(c, r.RoomID, jane.UserID)
		sayMany(c, r.RoomID, jane.UserID, n)
		return r.RoomID
	}
	rooms := []string{fill("A", 3), fill("B", 1200), fill("C", 3)}
	putRetention(c, 10, 0)
	c.Clock.Move(35 * day)
	for _, r := range rooms {
		say(c, r, jane.UserID, "fresh")
	}
	if n := runJobs(t, c, ops.RetentionJob, (*ops.Call).GoOnDeleting); n != 5 {
		t.Errorf("1,206 messages took %d steps, want 5", n)
	}
	count := func() (n int) {
		putRetention(c, 0, 0)
		for _, r := range rooms {
			n += len(roomMessages(c, r))
		}
		return n
	}
	if n := count(); n != 3 {
		t.Errorf("%d messages are left, want the 3 fresh ones", n)
	}
	putRetention(c, 10, 0)
	c.Clock.Move(30 * day)
	for i, want := range []int{1, 0} {
		if n := runJobs(t, c, ops.RetentionJob, (*ops.Call).GoOnDeleting); n != want {
			t.Errorf("look %d took %d steps, want %d", i, n, want)
		}
		c.Clock.Move(day / 2)
	}
	if n := runJobs(t, c, ops.RetentionJob, (*ops.Call).GoOnDeleting); n != 1 {
		t.Errorf("the next day took %d steps, want 1", n)
	}
	if n := count(); n != 0 {
		t.Errorf("%d messages are left, want none", n)
	}
}

func TestDeletedRoomsArePurged(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	r, jane := createRoom(c, "Room"), c.CreateUser("jane@example.com")
	join(c, r.RoomID, jane.UserID)
	sayMany(c, r.RoomID, jane.UserID, 600)
	opstest.Must(c, api.Operations.DeleteRoom, &api.DeleteRoomInput{AccountID: c.Account, RoomID: r.RoomID})
	if n := runJobs(t, c, ops.PurgeJob, (*ops.Call).GoOnPurging); n != 3 {
		t.Errorf("600 messages took %d steps, want 3", n)
	}
	if n := messagesLeft(t, c); n != 0 {
		t.Errorf("%d places have messages", n)
	}
	opstest.Must(c, api.Operations.DeleteRoom, &api.DeleteRoomInput{AccountID: c.Account, RoomID: createRoom(c, "Empty").RoomID})
	if n := runJobs(t, c, ops.PurgeJob, (*ops.Call).GoOnPurging); n != 0 {
		t.Errorf("an empty room took %d steps", n)
	}
}

// messagesLeft counts the rooms and conversations of the caller's account that have messages.
func messagesLeft(t *testing.T, c *opstest.Caller) (n int) {
	t.Helper()
	account, _ := chime.ParseID(c.Account)
	err := c.Gate.Look(t.Context(), c.Tenant, func(call *ops.Call) error {
		for after := (chime.ID{}); ; n++ {
			place, err := call.Tx.NextPlace(account, after)
			if place == nil || err != nil {
				return err
			}
			after = *place
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestDeletedAccountsAreForgotten(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	c := opstest.New(t)
	jane, joe := c.CreateUser("jane@example.com"), c.CreateUser("joe@example.com")
	for i := range 7 {
		r := createRoom(c, fmt.Sprint(i))
		join(c, r.RoomID, jane.UserID)
		say(c, r.RoomID, jane.UserID, "x")
	}
	v := opstest.Must(c, api.Operations.CreateConversation, &api.CreateConversationInput{AccountID: c.Account, MemberIDs: []string{jane.UserID, joe.UserID}}).Conversation
	opstest.Must(c, api.Operations.SendConversationMessage, &api.SendConversationMessageInput{AccountID: c.Account, ConversationID: v.ConversationID, SenderID: jane.UserID, Content: "x"})
	createBot(c, "Helper")
	putRetention(c, 30, 30)
	suspendAll(t, c)
	forget := func() int { return runJobs(t, c, ops.ForgetJob, (*ops.Call).GoOnForgetting) }
	remove := func() {
		t.Helper()
		if err := deleteAccount(c); err != nil {
			t.Fatal(err)
		}
	}
	remove()
	c.Clock.Move(89 * day)
	opstest.Must(c, api.Operations.RestoreAccount, &api.RestoreAccountInput{AccountID: c.Account})
	if got := len(roomNames(c, "")); got != 7 {
		t.Errorf("the restored account has %d rooms, want 7", got)
	}
	remove()
	c.Clock.Move(day)
	if n := forget(); n != 1 { // the job of the first deletion
		t.Errorf("%d steps before the end, want 1", n)
	}
	if n := messagesLeft(t, c); n != 8 {
		t.Errorf("%d places have messages, want 8", n)
	}
	c.Clock.Move(89 * day)
	forget()
	if n := messagesLeft(t, c); n != 0 {
		t.Errorf("%d places have messages after the end", n)
	}
	account, _ := chime.ParseID(c.Account)
	err := c.Gate.Look(t.Context(), c.Tenant, func(call *ops.Call) error {
		rooms, err := call.Tx.Rooms(account, chime.ID{}, 10)
		if err != nil {
			return err
		}
		bots, err := call.Tx.Bots(account, chime.ID{}, 10)
		if err != nil {
			return err
		}
		conversations, err := call.Tx.Conversations(account, chime.ID{}, 10)
		if err != nil {
			return err
		}
		kept, err := call.Tx.Retention(account)
		if len(rooms)+len(bots)+len(conversations) > 0 || kept != (chime.Retention{}) {
			t.Errorf("left are %v, %v, %v and %v", rooms, bots, conversations, kept)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
