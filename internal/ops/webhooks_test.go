package ops_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops/opstest"
)

// webhookURL is the form that clients ask for (observed: Apache Airflow), with this server's address before it.
var webhookURL = regexp.MustCompile(`^http://carillon\.example\.com/incomingwebhooks/[a-zA-Z0-9_-]+\?token=[a-zA-Z0-9_-]+$`)

func TestWebhooks(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	r, other := createRoom(c, "Room"), createRoom(c, "Other")
	made := opstest.Must(c, api.Operations.CreateRoomWebhook, &api.CreateRoomWebhookInput{AccountID: c.Account, RoomID: r.RoomID, Name: "Alerts"})
	want := &api.RoomWebhook{WebhookID: made.Webhook.WebhookID, RoomID: r.RoomID, Name: "Alerts", CreatedBy: rootARN, CreatedOn: c.Clock.Now()}
	list := func() []api.RoomWebhook {
		return opstest.Must(c, api.Operations.ListRoomWebhooks, &api.ListRoomWebhooksInput{AccountID: c.Account, RoomID: r.RoomID}).Webhooks
	}
	if diff := cmp.Diff(want, made.Webhook) + cmp.Diff([]api.RoomWebhook{*want}, list()); diff != "" {
		t.Errorf("CreateRoomWebhook, ListRoomWebhooks (-want +got):\n%s", diff)
	}
	if !webhookURL.MatchString(made.URL) || !strings.Contains(made.URL, made.Webhook.WebhookID) {
		t.Errorf("URL %s", made.URL)
	}
	if err := receive(t, c, made.URL, "an alert"); err != nil {
		t.Fatal(err)
	}
	if said := roomMessages(c, r.RoomID); len(said) != 1 || said[0].SenderID != want.WebhookID || said[0].SenderType != "Webhook" || said[0].Content != "an alert" {
		t.Errorf("the room has %+v", said)
	}
	want.LastPostedOn = c.Clock.Now()
	if diff := cmp.Diff([]api.RoomWebhook{*want}, list()); diff != "" {
		t.Errorf("after a post (-want +got):\n%s", diff)
	}
	refused(t, "a second post at once", receive(t, c, made.URL, "x"), chime.Throttled)
	c.Clock.Move(time.Second)
	next := opstest.Must(c, api.Operations.RegenerateRoomWebhook, &api.RegenerateRoomWebhookInput{AccountID: c.Account, RoomID: r.RoomID, WebhookID: want.WebhookID})
	refused(t, "the old URL", receive(t, c, made.URL, "x"), chime.NotFound)
	if err := receive(t, c, next.URL, "y"); err != nil || next.URL == made.URL {
		t.Errorf("the new URL %s: %v", next.URL, err)
	}
	for what, url := range map[string]string{
		"no token":          strings.TrimSuffix(next.URL, next.URL[strings.Index(next.URL, "="):]),
		"a shorter token":   next.URL[:len(next.URL)-1],
		"a changed token":   next.URL[:len(next.URL)-3] + "AAA",
		"another id":        strings.Replace(next.URL, want.WebhookID, r.RoomID, 1),
		"what is no id":     strings.Replace(next.URL, want.WebhookID, "x", 1),
		"a token of no one": "/" + want.WebhookID + "?token=x",
	} {
		refused(t, what, receive(t, c, url, "x"), chime.Forbidden)
	}
	remove := &api.DeleteRoomWebhookInput{AccountID: c.Account, RoomID: other.RoomID, WebhookID: want.WebhookID}
	_, err := opstest.Do(c, api.Operations.DeleteRoomWebhook, remove)
	refused(t, "DeleteRoomWebhook in another room", err, chime.NotFound)
	remove.RoomID = r.RoomID
	opstest.Must(c, api.Operations.DeleteRoomWebhook, remove)
	refused(t, "the URL of a deleted webhook", receive(t, c, next.URL, "x"), chime.NotFound)
	if left := list(); len(left) != 0 {
		t.Errorf("left: %+v", left)
	}
}

func TestWebhooksEndWithTheirRoomAndAccount(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	url := func(room *api.Room) string {
		return opstest.Must(c, api.Operations.CreateRoomWebhook, &api.CreateRoomWebhookInput{AccountID: c.Account, RoomID: room.RoomID, Name: "Alerts"}).URL
	}
	r := createRoom(c, "Room")
	gone, left := url(r), url(createRoom(c, "Left"))
	opstest.Must(c, api.Operations.DeleteRoom, &api.DeleteRoomInput{AccountID: c.Account, RoomID: r.RoomID})
	refused(t, "of a deleted room", receive(t, c, gone, "x"), chime.NotFound)
	if err := receive(t, c, left, "x"); err != nil {
		t.Errorf("of another room: %v", err)
	}
	c.Clock.Move(time.Second)
	if err := deleteAccount(c); err != nil {
		t.Fatal(err)
	}
	refused(t, "of a deleted account", receive(t, c, left, "x"), chime.NotFound)
}

func TestWebhooksCallEverybodyInSmallRooms(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	r := createRoom(c, "Room")
	url := opstest.Must(c, api.Operations.CreateRoomWebhook, &api.CreateRoomWebhookInput{AccountID: c.Account, RoomID: r.RoomID, Name: "Alerts"}).URL
	for i := range 50 {
		join(c, r.RoomID, c.CreateUser(fmt.Sprintf("u%d@example.com", i)).UserID)
	}
	if err := receive(t, c, url, "@All look"); err != nil {
		t.Errorf("among 50: %v", err)
	}
	c.Clock.Move(time.Second)
	join(c, r.RoomID, c.CreateUser("last@example.com").UserID)
	refused(t, "among 51", receive(t, c, url, "@Present look"), chime.BadRequest, "50 members")
}

// TestWebhookMentionsABot lets an alert reach a bot, and one that is disabled not.
func TestWebhookMentionsABot(t *testing.T) {
	t.Parallel()
	c, e := withEndpoint(t)
	r, b := createRoom(c, "Room"), createBot(c, "Helper")
	configure(c, b, e.URL)
	join(c, r.RoomID, b.BotID)
	told(t, c, b)
	hook := opstest.Must(c, api.Operations.CreateRoomWebhook, &api.CreateRoomWebhookInput{AccountID: c.Account, RoomID: r.RoomID, Name: "Alerts"})
	post := func() {
		t.Helper()
		if err := receive(t, c, hook.URL, "<@"+b.BotID+"|Helper> the disk is full"); err != nil {
			t.Fatal(err)
		}
		c.Clock.Move(time.Second)
	}
	post()
	events := told(t, c, b)
	if len(events) != 1 || events[0]["Message"] != "@Helper the disk is full" {
		t.Fatalf("told %v", events)
	}
	if diff := cmp.Diff(map[string]any{"SenderId": hook.Webhook.WebhookID, "SenderIdType": "WebhookId"}, events[0]["Sender"]); diff != "" {
		t.Errorf("sender (-want +got):\n%s", diff)
	}
	yes := true
	opstest.Must(c, api.Operations.UpdateBot, &api.UpdateBotInput{AccountID: c.Account, BotID: b.BotID, Disabled: &yes})
	post()
	if events := told(t, c, b); len(events) != 0 {
		t.Errorf("a disabled bot is told %v", events)
	}
}
