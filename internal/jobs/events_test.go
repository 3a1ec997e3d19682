package jobs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/callout"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/jobs"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/ops/opstest"
	"github.com/carillon-server/carillon/test/logs"
)

// robots is a room with bots and a user who mentions them, and a runner that may call this machine.
type robots struct {
	*opstest.Caller
	runner     *jobs.Runner
	room, jane string
	log        *syncBuffer
	logger     *slog.Logger // into log
}

func newRobots(t testing.TB) *robots {
	t.Helper()
	client := callout.New(callout.Rules{Plain: true, Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	t.Cleanup(client.Close)
	c := opstest.New(t, func(s *ops.Settings) { s.Endpoints, s.Quotas = client, chime.Quotas{Bots: 1000} })
	r := &robots{Caller: c, log: &syncBuffer{}}
	r.logger = logs.Logger(t, r.log)
	r.runner = r.newRunner(client)
	r.room = opstest.Must(c, api.Operations.CreateRoom, &api.CreateRoomInput{AccountID: c.Account, Name: "Room"}).Room.RoomID
	r.jane = c.CreateUser("jane@example.com").UserID
	r.join(r.jane)
	return r
}

// newRunner returns a runner that is in a hurry.
func (r *robots) newRunner(client *callout.Client) *jobs.Runner {
	n := jobs.New(jobs.Config{DB: r.DB, Gate: r.Gate, Source: r.Clock.Source(), Log: r.logger, Endpoints: client})
	n.PaceDeliveries(100*time.Millisecond, 0, time.Millisecond, time.Millisecond)
	return n
}

func (r *robots) join(member string) {
	opstest.Must(r.Caller, api.Operations.CreateRoomMembership, &api.CreateRoomMembershipInput{AccountID: r.Account, RoomID: r.room, MemberID: member})
}

// robot is a bot and its endpoint.
type robot struct {
	*api.Bot
	*httptest.Server
	t *testing.T

	mu     sync.Mutex
	said   []string // the types of the events, or the messages of mentions
	ids    []string
	answer func(w http.ResponseWriter, n int) // the n-th event since it was set; nil for 200
	n      int
}

// robot adds a bot to the room, whose invitation is delivered at once.
func (r *robots) robot(t *testing.T, name string) *robot {
	t.Helper()
	b := &robot{t: t}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	b.Bot = opstest.Must(r.Caller, api.Operations.CreateBot, &api.CreateBotInput{AccountID: r.Account, DisplayName: name, Domain: "example.com"}).Bot
	opstest.Must(r.Caller, api.Operations.PutEventsConfiguration, &api.PutEventsConfigurationInput{AccountID: r.Account, BotID: b.BotID, OutboundEventsHTTPSEndpoint: b.URL})
	r.join(b.BotID)
	return b
}

func (b *robot) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	var event struct{ Challenge, EventType, Message string }
	if err := json.Unmarshal(body, &event); err != nil {
		b.t.Errorf("%s: %v", body, err)
	}
	if event.Challenge != "" {
		w.Write(body)
		return
	}
	bot := chime.Bot{SecurityToken: b.SecurityToken}
	if timestamp := q.Header.Get("Chime-Request-Timestamp"); timestamp == "" || q.Header.Get("Chime-Signature") != bot.Sign(timestamp, body) {
		b.t.Errorf("the signature is %q at %q", q.Header.Get("Chime-Signature"), timestamp)
	}
	b.mu.Lock()
	said := event.EventType
	if event.Message != "" {
		said = event.Message
	}
	b.said, b.ids = append(b.said, said), append(b.ids, q.Header.Get("Carillon-Event-Id"))
	b.n++
	answer, n := b.answer, b.n
	b.mu.Unlock()
	if answer != nil {
		answer(w, n)
	}
}

// from now on it answers so.
func (b *robot) answers(fn func(http.ResponseWriter, int)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer, b.n, b.said, b.ids = fn, 0, nil, nil
}

func (b *robot) heard() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.said)
}

func (r *robots) mention(content string, all ...*robot) {
	for _, b := range all {
		content = "<@" + b.BotID + "|> " + content
	}
	opstest.Must(r.Caller, api.Operations.SendRoomMessage, &api.SendRoomMessageInput{AccountID: r.Account, RoomID: r.room, SenderID: r.jane, Content: content})
}

func (r *robots) runDue(t *testing.T) {
	t.Helper()
	if err := r.runner.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// states lists what became of the bot's mentions: the status, the attempts and the error.
func (r *robots) states(b *robot) (all []string) {
	for _, d := range opstest.Must(r.Caller, api.Operations.ListEventDeliveries, &api.ListEventDeliveriesInput{AccountID: r.Account, BotID: b.BotID}).EventDeliveries {
		if d.EventType == "Mention" {
			all = append(all, strings.TrimSpace(fmt.Sprint(d.Status, " ", d.Attempts, " ", d.LastError)))
		}
	}
	return all
}

// status answers with a status.
func status(code int) func(http.ResponseWriter, int) {
	return func(w http.ResponseWriter, _ int) { w.WriteHeader(code) }
}

// TestDeliveries has endpoints that fail in every way. Three mentions wait for each; the first two are answered badly.
func TestDeliveries(t *testing.T) {
	t.Parallel()
	first := func(n int, bad func(http.ResponseWriter, int)) func(http.ResponseWriter, int) {
		return func(w http.ResponseWriter, i int) {
			if i <= n {
				bad(w, i)
			}
		}
	}
	const parked500 = "Parked 3 the endpoint answered 500, and 200 is wanted"
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, int)
		heard  string // the digits of the mentions
		states []string
	}{
		"well":             {nil, "123", []string{"Delivered 1", "Delivered 1", "Delivered 1"}},
		"fails once":       {first(1, status(500)), "1123", []string{"Delivered 2", "Delivered 1", "Delivered 1"}},
		"fails twice":      {first(2, status(503)), "11123", []string{"Delivered 3", "Delivered 1", "Delivered 1"}},
		"fails six times":  {first(6, status(500)), "1112223", []string{parked500, parked500, "Delivered 1"}},
		"does not care":    {first(2, status(400)), "123", []string{"Parked 1 the endpoint answered 400, and 200 is wanted", "Parked 1 the endpoint answered 400, and 200 is wanted", "Delivered 1"}},
		"redirects":        {first(1, func(w http.ResponseWriter, _ int) { w.Header().Set("Location", "/x"); w.WriteHeader(307) }), "123", []string{"Parked 1 the endpoint answered 307, and 200 is wanted", "Delivered 1", "Delivered 1"}},
		"creates":          {first(1, status(201)), "123", []string{"Parked 1 the endpoint answered 201, and 200 is wanted", "Delivered 1", "Delivered 1"}},
		"hangs up":         {first(2, func(http.ResponseWriter, int) { panic(http.ErrAbortHandler) }), "11123", []string{"Delivered 3", "Delivered 1", "Delivered 1"}},
		"hangs":            {first(3, func(http.ResponseWriter, int) { time.Sleep(200 * time.Millisecond) }), "11123", []string{"Parked 3 the endpoint did not answer in time", "Delivered 1", "Delivered 1"}},
		"answers too much": {func(w http.ResponseWriter, _ int) { io.WriteString(w, strings.Repeat("x", 1<<20)) }, "123", []string{"Delivered 1", "Delivered 1", "Delivered 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRobots(t)
			b := r.robot(t, "Bot")
			r.runDue(t)
			if diff := cmp.Diff([]string{"Invite"}, b.heard()); diff != "" {
				t.Fatalf("at first (-want +got):\n%s", diff)
			}
			b.answers(c.answer)
			for i := range 3 {
				r.mention(fmt.Sprint(i+1), b)
			}
			r.runDue(t)
			var heard strings.Builder
			for _, s := range b.heard() {
				heard.WriteString(s[len(s)-1:])
			}
			if heard.String() != c.heard {
				t.Errorf("heard %s, want %s", heard.String(), c.heard)
			}
			if diff := cmp.Diff(c.states, r.states(b)); diff != "" {
				t.Errorf("states (-want +got):\n%s", diff)
			}
			different := map[string]bool{}
			for _, id := range b.ids {
				different[id] = true
			}
			if len(different) != 3 || different[""] {
				t.Errorf("three events have the ids %q", b.ids)
			}
			if log := r.log.String(); log != "" {
				t.Errorf("log: %s", log)
			}
		})
	}
}

// TestDeliveriesAreRefused has an endpoint that may not be called any more when its time comes.
func TestDeliveriesAreRefused(t *testing.T) {
	t.Parallel()
	r := newRobots(t)
	b := r.robot(t, "Bot")
	strict := r.newRunner(callout.New(callout.Rules{Plain: true}))
	r.mention("hello", b)
	if err := strict.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.states(b); len(got) != 1 || !strings.HasPrefix(got[0], "Parked 1 the endpoint's address is not a public one") || len(b.heard()) != 0 {
		t.Errorf("states %q, heard %q", got, b.heard())
	}
}

// TestDeliveriesSurviveAStop stops the runner while an endpoint hangs. The event waits for the next runner.
func TestDeliveriesSurviveAStop(t *testing.T) {
	t.Parallel()
	r := newRobots(t)
	b := r.robot(t, "Bot")
	r.runDue(t)
	reached, resume := make(chan struct{}), make(chan struct{})
	b.answers(func(w http.ResponseWriter, n int) {
		if n == 2 {
			close(reached)
			<-resume
		}
	})
	for i := range 3 {
		r.mention(fmt.Sprint(i), b)
	}
	r.runner.PaceDeliveries(time.Minute, 0)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- r.runner.RunDue(ctx) }()
	<-reached
	stop()
	<-ended
	close(resume)
	if diff := cmp.Diff([]string{"Delivered 1", "Queued 0", "Queued 0"}, r.states(b)); diff != "" {
		t.Errorf("after the stop (-want +got):\n%s", diff)
	}
	b.answers(nil)
	r.runDue(t)
	if diff := cmp.Diff([]string{"Delivered 1", "Delivered 1", "Delivered 1"}, r.states(b)); diff != "" {
		t.Errorf("after all (-want +got):\n%s", diff)
	}
	if got := len(b.heard()); got != 2 {
		t.Errorf("%d events came after the stop, want 2", got)
	}
}

// TestHangingBotsHoldUpNoOne has more bots that hang than a small pool would have room for, each with several events.
func TestHangingBotsHoldUpNoOne(t *testing.T) {
	t.Parallel()
	r := newRobots(t)
	r.runner.PaceDeliveries(2*time.Second, 0)
	var well []*robot
	resume := make(chan struct{})
	var hanging []*robot
	for i := range 30 {
		b := r.robot(t, fmt.Sprint("bot", i))
		if i%2 == 0 {
			well = append(well, b)
		} else {
			hanging = append(hanging, b)
		}
	}
	r.runDue(t)
	for _, b := range hanging {
		b.answers(func(http.ResponseWriter, int) { <-resume })
	}
	for i := range 5 {
		for _, b := range append(hanging, well...) {
			r.mention(fmt.Sprint(i), b)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	begun := time.Now()
	go func() { defer close(done); r.runner.Run(ctx) }()
	for {
		all := true
		for _, b := range well {
			all = all && len(b.heard()) == 6
		}
		if all {
			break
		}
		if time.Since(begun) > 1500*time.Millisecond {
			t.Fatal("the bots that answer still wait for those that hang")
		}
		time.Sleep(time.Millisecond)
	}
	close(resume)
	stop()
	<-done
	for _, b := range well {
		if got := b.heard(); !slices.IsSorted(got[1:]) {
			t.Errorf("out of order: %q", got)
		}
	}
}
