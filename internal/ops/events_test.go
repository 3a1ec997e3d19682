package ops_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/callout"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/ops/opstest"
	"github.com/carillon-server/carillon/internal/store"
)

// endpoint is a bot's endpoint. It answers challenges, unless it is told to answer something else.
type endpoint struct {
	*httptest.Server
	mu     sync.Mutex
	asked  []string // the bodies
	header http.Header
	lie    func(w http.ResponseWriter, body []byte)
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	e.mu.Lock()
	e.asked, e.header = append(e.asked, string(body)), r.Header
	lie := e.lie
	e.mu.Unlock()
	if lie != nil {
		lie(w, body)
		return
	}
	var said struct{ Challenge string }
	json.Unmarshal(body, &said)
	json.NewEncoder(w).Encode(said)
}

// seen returns the bodies that it was sent, and the header of the last.
func (e *endpoint) seen() ([]string, http.Header) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.asked, e.header
}

// answerWith makes it lie.
func (e *endpoint) answerWith(lie func(http.ResponseWriter, []byte)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lie = lie
}

// withEndpoint returns a caller that may call this machine, and an endpoint there.
func withEndpoint(t *testing.T, change ...func(*ops.Settings)) (*opstest.Caller, *endpoint) {
	t.Helper()
	e := &endpoint{}
	e.Server = httptest.NewServer(e)
	t.Cleanup(e.Close)
	client := callout.New(callout.Rules{Plain: true, Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	t.Cleanup(client.Close)
	c := opstest.New(t, append(change, func(s *ops.Settings) { s.Endpoints = client })...)
	return c, e
}

func configure(c *opstest.Caller, b *api.Bot, url string) {
	opstest.Must(c, api.Operations.PutEventsConfiguration, &api.PutEventsConfigurationInput{AccountID: c.Account, BotID: b.BotID, OutboundEventsHTTPSEndpoint: url})
}

func TestPutEventsConfiguration(t *testing.T) {
	t.Parallel()
	c, e := withEndpoint(t)
	b := createBot(c, "Helper")
	get := func() (*api.EventsConfiguration, error) {
		out, err := opstest.Do(c, api.Operations.GetEventsConfiguration, &api.GetEventsConfigurationInput{AccountID: c.Account, BotID: b.BotID})
		if err != nil {
			return nil, err
		}
		return out.EventsConfiguration, nil
	}
	_, err := get()
	refused(t, "GetEventsConfiguration before any", err, chime.NotFound, "events configuration")
	remove := func() {
		opstest.Must(c, api.Operations.DeleteEventsConfiguration, &api.DeleteEventsConfigurationInput{AccountID: c.Account, BotID: b.BotID})
	}
	remove()
	for _, want := range []api.EventsConfiguration{
		{BotID: b.BotID, LambdaFunctionARN: lambda},
		{BotID: b.BotID, OutboundEventsHTTPSEndpoint: e.URL + "/events?x=1"},
		{BotID: b.BotID, OutboundEventsHTTPSEndpoint: e.URL, LambdaFunctionARN: lambda},
	} {
		out := opstest.Must(c, api.Operations.PutEventsConfiguration, &api.PutEventsConfigurationInput{
			AccountID: c.Account, BotID: b.BotID, OutboundEventsHTTPSEndpoint: want.OutboundEventsHTTPSEndpoint, LambdaFunctionARN: want.LambdaFunctionARN})
		got, err := get()
		if diff := cmp.Diff(&want, out.EventsConfiguration) + cmp.Diff(&want, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
	remove()
	_, err = get()
	refused(t, "GetEventsConfiguration after its end", err, chime.NotFound)
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	c, e := withEndpoint(t)
	b := createBot(c, "Helper")
	configure(c, b, e.URL)
	var asked struct{ Challenge, EventType string }
	bodies, header := e.seen()
	if len(bodies) != 1 || json.Unmarshal([]byte(bodies[0]), &asked) != nil || asked.EventType != "HTTPSEndpointVerification" || len(asked.Challenge) != 20 {
		t.Fatalf("asked %q", bodies)
	}
	bot := chime.Bot{SecurityToken: b.SecurityToken}
	timestamp := header.Get("Chime-Request-Timestamp")
	if timestamp != "2026-03-01T09:30:00.123Z" || header.Get("Chime-Signature") != bot.Sign(timestamp, []byte(bodies[0])) {
		t.Errorf("the challenge is signed %q at %q", header.Get("Chime-Signature"), timestamp)
	}
	answers := map[string]func(http.ResponseWriter, []byte){
		"nothing":                  func(http.ResponseWriter, []byte) {},
		"another challenge":        func(w http.ResponseWriter, _ []byte) { io.WriteString(w, `{"Challenge":"00000000000000000000"}`) },
		"the right one with a 201": func(w http.ResponseWriter, body []byte) { w.WriteHeader(201); w.Write(body) },
		"an error":                 func(w http.ResponseWriter, body []byte) { w.WriteHeader(500); w.Write(body) },
		"a redirect": func(w http.ResponseWriter, body []byte) {
			w.Header().Set("Location", "/")
			w.WriteHeader(307)
			w.Write(body)
		},
		"far too much": func(w http.ResponseWriter, body []byte) {
			w.Write(body[:len(body)-1])
			io.WriteString(w, strings.Repeat(" ", 1<<20)+"}")
		},
		"a lost connection": func(http.ResponseWriter, []byte) { panic(http.ErrAbortHandler) },
	}
	for what, lie := range answers {
		e.answerWith(lie)
		_, err := opstest.Do(c, api.Operations.PutEventsConfiguration, &api.PutEventsConfigurationInput{AccountID: c.Account, BotID: b.BotID, OutboundEventsHTTPSEndpoint: e.URL + "/secret"})
		refused(t, what, err, chime.BadRequest, "OutboundEventsHTTPSEndpoint cannot be verified")
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the refusal shows the endpoint: %v", what, err)
		}
	}
	out := opstest.Must(c, api.Operations.GetEventsConfiguration, &api.GetEventsConfigurationInput{AccountID: c.Account, BotID: b.BotID})
	if out.EventsConfiguration.OutboundEventsHTTPSEndpoint != e.URL {
		t.Errorf("after the refusals the endpoint is %q", out.EventsConfiguration.OutboundEventsHTTPSEndpoint)
	}
}

// TestChallengeHoldsNothingUp lets other calls through while an endpoint takes its time: no transaction is open.
func TestChallengeHoldsNothingUp(t *testing.T) {
	t.Parallel()
	c, e := withEndpoint(t)
	b := createBot(c, "Helper")
	asked, answer := make(chan struct{}), make(chan struct{})
	e.answerWith(func(w http.ResponseWriter, body []byte) { close(asked); <-answer; w.Write(body) })
	done := make(chan error)
	go func() {
		_, err := opstest.Do(c, api.Operations.PutEventsConfiguration, &api.PutEventsConfigurationInput{AccountID: c.Account, BotID: b.BotID, OutboundEventsHTTPSEndpoint: e.URL})
		done <- err
	}()
	<-asked
	c.CreateUser("jane@example.com")
	close(answer)
	if err := <-done; err != nil {
		t.Errorf("PutEventsConfiguration: %v", err)
	}
}

func TestPutEventsConfigurationIsRefused(t *testing.T) {
	t.Parallel()
	c, e := withEndpoint(t)
	b := createBot(c, "Helper")
	for what, in := range map[string]api.PutEventsConfigurationInput{
		"neither":        {BotID: b.BotID},
		"no ARN":         {BotID: b.BotID, LambdaFunctionARN: "x"},
		"no URL":         {BotID: b.BotID, OutboundEventsHTTPSEndpoint: "x"},
		"a private host": {BotID: b.BotID, OutboundEventsHTTPSEndpoint: "https://10.0.0.1/"},
	} {
		in.AccountID = c.Account
		_, err := opstest.Do(c, api.Operations.PutEventsConfiguration, &in)
		refused(t, what, err, chime.BadRequest)
	}
	_, err := opstest.Do(c, api.Operations.PutEventsConfiguration, &api.PutEventsConfigurationInput{AccountID: c.Account, BotID: c.Account, OutboundEventsHTTPSEndpoint: e.URL})
	refused(t, "an unknown bot", err, chime.NotFound)
	if bodies, _ := e.seen(); len(bodies) != 0 {
		t.Errorf("an endpoint was asked for a bot that is not there: %q", bodies)
	}
}

// told returns what the bot is to be told next, as the runner sees it, and records that it was delivered.
func told(t *testing.T, c *opstest.Caller, b *api.Bot) []map[string]any {
	t.Helper()
	due, err := c.DB.DueJobs(t.Context(), ops.EventsJob, c.Clock.Now(), 10)
	if err != nil {
		t.Fatal(err)
	}
	all := []map[string]any{}
	for _, j := range due {
		if j.Subject.String() != b.BotID {
			continue
		}
		err := c.Gate.Work(t.Context(), j.Tenant, func(call *ops.Call) error {
			next, err := call.NextDeliveries(j)
			if err != nil {
				return err
			}
			all = all[:0]
			var ended []*chime.Event
			for _, d := range next {
				ended = append(ended, d.Event)
				if d.Event.State != chime.EventQueued {
					continue
				}
				d.Event.End(call.Source, chime.EventDelivered, "")
				event := map[string]any{}
				if err := json.Unmarshal(d.Body, &event); err != nil {
					t.Errorf("%s: %v", d.Body, err)
				}
				all = append(all, event)
			}
			return call.RecordDeliveries(j, ended)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func say(c *opstest.Caller, room, sender, content string) *api.ChatMessage {
	return opstest.Must(c, api.Operations.SendRoomMessage, &api.SendRoomMessageInput{AccountID: c.Account, RoomID: room, SenderID: sender, Content: content}).Message
}

// url takes the reply endpoint out of an event, checks its form and returns it.
func url(t *testing.T, c *opstest.Caller, event map[string]any, kind string) string {
	t.Helper()
	inbound, _ := event["InboundHttpsEndpoint"].(map[string]any)
	u, _ := inbound["Url"].(string)
	if inbound["EndpointType"] != kind || !strings.HasPrefix(u, "http://carillon.example.com/incomingwebhooks/") {
		t.Errorf("InboundHttpsEndpoint = %v, want one of type %s", inbound, kind)
	}
	delete(event, "InboundHttpsEndpoint")
	return u
}

func TestWhatBotsAreTold(t *testing.T) {
	t.Parallel()
	c, e := withEndpoint(t)
	r, b, jane := createRoom(c, "Room"), createBot(c, "Helper"), c.CreateUser("jane@example.com")
	configure(c, b, e.URL)
	join(c, r.RoomID, jane.UserID)
	join(c, r.RoomID, b.BotID)
	c.Clock.Move(time.Second)
	say(c, r.RoomID, jane.UserID, "<@"+b.BotID+"|Helper> what is <3 & up?")
	say(c, r.RoomID, jane.UserID, "nothing for you")
	say(c, r.RoomID, b.BotID, "I am <@"+b.BotID+"|Helper>")
	c.Clock.Move(time.Second)
	events := told(t, c, b)
	if len(events) != 2 {
		t.Fatalf("the bot is told %v", events)
	}
	url(t, c, events[0], "Persistent")
	url(t, c, events[1], "ShortLived")
	discussion := map[string]any{"DiscussionId": r.RoomID, "DiscussionType": "Room"}
	want := []map[string]any{
		{"EventType": "Invite", "Discussion": discussion, "Sender": map[string]any{"SenderId": rootARN, "SenderIdType": "Arn"}, "EventTimestamp": "2026-03-01T09:30:00.123Z"},
		{"EventType": "Mention", "Discussion": discussion, "Sender": map[string]any{"SenderId": "jane@example.com", "SenderIdType": "EmailId"},
			"EventTimestamp": "2026-03-01T09:30:01.123Z", "Message": "@Helper what is <3 & up?"},
	}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if again := told(t, c, b); len(again) != 0 {
		t.Errorf("told again: %v", again)
	}
	opstest.Must(c, api.Operations.DeleteRoomMembership, &api.DeleteRoomMembershipInput{AccountID: c.Account, RoomID: r.RoomID, MemberID: b.BotID})
	events = told(t, c, b)
	if len(events) != 1 || events[0]["EventType"] != "Remove" || events[0]["InboundHttpsEndpoint"] != nil || events[0]["Message"] != nil {
		t.Errorf("after its removal the bot is told %v", events)
	}
	join(c, r.RoomID, b.BotID)
	opstest.Must(c, api.Operations.DeleteRoom, &api.DeleteRoomInput{AccountID: c.Account, RoomID: r.RoomID})
	events = told(t, c, b)
	if len(events) != 1 || events[0]["EventType"] != "Remove" {
		t.Errorf("when its room is gone the bot is told %v: the invitation to it is stale", events)
	}
}

func TestWhatBotsAreNotTold(t *testing.T) {
	t.Parallel()
	c, e := withEndpoint(t)
	r, b, jane := createRoom(c, "Room"), createBot(c, "Helper"), c.CreateUser("jane@example.com")
	configure(c, b, e.URL)
	join(c, r.RoomID, jane.UserID)
	say(c, r.RoomID, jane.UserID, "<@"+b.BotID+"|Helper> are you there?") // it is not
	join(c, r.RoomID, b.BotID)
	told(t, c, b)
	mention := func() *api.ChatMessage { return say(c, r.RoomID, jane.UserID, "<@"+b.BotID+"|Helper> hello") }
	m := mention()
	opstest.Must(c, api.Operations.RedactRoomMessage, &api.RedactRoomMessageInput{AccountID: c.Account, RoomID: r.RoomID, MessageID: m.MessageID})
	if got := told(t, c, b); len(got) != 0 {
		t.Errorf("of a redacted message: %v", got)
	}
	disable := func(disabled bool) {
		opstest.Must(c, api.Operations.UpdateBot, &api.UpdateBotInput{AccountID: c.Account, BotID: b.BotID, Disabled: &disabled})
	}
	mention()
	disable(true)
	if got := told(t, c, b); len(got) != 0 {
		t.Errorf("while disabled: %v", got)
	}
	_, err := opstest.Do(c, api.Operations.SendRoomMessage, &api.SendRoomMessageInput{AccountID: c.Account, RoomID: r.RoomID, SenderID: jane.UserID, Content: "<@" + b.BotID + "|Helper>"})
	refused(t, "to mention a disabled bot", err, chime.BadRequest, "disabled")
	disable(false)
	mention()
	opstest.Must(c, api.Operations.DeleteEventsConfiguration, &api.DeleteEventsConfigurationInput{AccountID: c.Account, BotID: b.BotID})
	if got := told(t, c, b); len(got) != 0 {
		t.Errorf("without an endpoint: %v", got)
	}
	got := map[string]int{}
	for _, d := range deliveries(c, b, "") {
		got[d.EventType+" "+d.Status]++
	}
	want := map[string]int{"Invite Delivered": 1, "Mention Withdrawn": 3}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("deliveries (-want +got):\n%s", diff)
	}
	if withdrawn := deliveries(c, b, "Withdrawn"); len(withdrawn) != 3 || withdrawn[0].MessageID != m.MessageID || withdrawn[0].LastError == "" {
		t.Errorf("withdrawn: %+v", withdrawn)
	}
	if queued := deliveries(c, b, "Queued"); len(queued) != 0 {
		t.Errorf("queued: %+v", queued)
	}
}

func deliveries(c *opstest.Caller, b *api.Bot, status string) []api.EventDelivery {
	return opstest.Must(c, api.Operations.ListEventDeliveries, &api.ListEventDeliveriesInput{AccountID: c.Account, BotID: b.BotID, Status: status}).EventDeliveries
}

// receive POSTs to an inbound URL, as the handler of those does.
func receive(t *testing.T, c *opstest.Caller, url, content string) error {
	t.Helper()
	id, token, _ := strings.Cut(url[strings.LastIndexByte(url, '/')+1:], "?token=")
	tenant, ok := c.Gate.InboundTenant(id, token)
	if !ok {
		tenant = c.Tenant
	}
	return c.Gate.Work(t.Context(), tenant, func(call *ops.Call) error {
		_, err := call.Receive(id, token, content)
		return err
	})
}

func TestReplyEndpoints(t *testing.T) {
	t.Parallel()
	c, e := withEndpoint(t)
	r, b, jane := createRoom(c, "Room"), createBot(c, "Helper"), c.CreateUser("jane@example.com")
	configure(c, b, e.URL)
	join(c, r.RoomID, jane.UserID)
	join(c, r.RoomID, b.BotID)
	say(c, r.RoomID, jane.UserID, "<@"+b.BotID+"|Helper> hello")
	events := told(t, c, b)
	persistent, short := url(t, c, events[0], "Persistent"), url(t, c, events[1], "ShortLived")
	check := func(what, url string, want error) {
		t.Helper()
		err := receive(t, c, url, "a reply")
		if want == nil && err != nil {
			t.Errorf("%s: %v", what, err)
		} else if want != nil {
			refused(t, what, err, want.(chime.Kind))
		}
	}
	check("persistent", persistent, nil)
	check("short-lived", short, nil)
	if said := roomMessages(c, r.RoomID); said[0].Content != "a reply" || said[0].SenderID != b.BotID || said[0].SenderType != "Bot" || len(said) != 3 {
		t.Errorf("the room has %+v", said)
	}
	check("tampered", short[:len(short)-4]+"AAAA", chime.Forbidden)
	check("another bot's", strings.Replace(short, b.BotID, createBot(c, "Other").BotID, 1), chime.NotFound)
	c.Clock.Move(2*time.Minute - time.Millisecond)
	check("short-lived just before its end", short, nil)
	c.Clock.Move(time.Millisecond)
	check("short-lived after two minutes", short, chime.NotFound)
	c.Clock.Move(1000 * time.Hour)
	check("persistent much later", persistent, nil)
	opstest.Must(c, api.Operations.DeleteRoomMembership, &api.DeleteRoomMembershipInput{AccountID: c.Account, RoomID: r.RoomID, MemberID: b.BotID})
	check("persistent once the bot has left", persistent, chime.NotFound)
	join(c, r.RoomID, b.BotID)
	check("persistent of an earlier membership", persistent, chime.Forbidden)
	events = told(t, c, b)
	check("persistent of the new membership", url(t, c, events[len(events)-1], "Persistent"), nil)
}

// TestEventsOfManyBotsAreApart lets each bot have a job of its own, which goes on until nothing waits.
func TestEventsOfManyBotsAreApart(t *testing.T) {
	t.Parallel()
	c, e := withEndpoint(t)
	r, jane := createRoom(c, "Room"), c.CreateUser("jane@example.com")
	join(c, r.RoomID, jane.UserID)
	first, second := createBot(c, "First"), createBot(c, "Second")
	for _, b := range []*api.Bot{first, second} {
		configure(c, b, e.URL)
		join(c, r.RoomID, b.BotID)
	}
	for range 20 {
		say(c, r.RoomID, jane.UserID, "<@"+first.BotID+"|First> hello")
	}
	due := func() []*store.Job {
		t.Helper()
		all, err := c.DB.DueJobs(t.Context(), ops.EventsJob, c.Clock.Now(), 10)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if n := len(due()); n != 2 {
		t.Fatalf("%d jobs for two bots", n)
	}
	if n, m := len(told(t, c, first)), len(due()); n != 16 || m != 2 {
		t.Errorf("told %d at first, %d jobs left; want 16 and 2", n, m)
	}
	if n, m := len(told(t, c, first)), len(due()); n != 5 || m != 1 {
		t.Errorf("told %d then, %d jobs left; want 5 and 1", n, m)
	}
}
