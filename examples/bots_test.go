// Package examples shows bots in several languages. Its tests run each of them against a server.
package examples

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/callout"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/gate"
	"github.com/carillon-server/carillon/internal/hooks"
	"github.com/carillon-server/carillon/internal/jobs"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/server"
	"github.com/carillon-server/carillon/internal/store/storetest"
	"github.com/carillon-server/carillon/test/logs"
)

const tenant chime.Tenant = 123456789012

// fixture is a server whose clock is the system's: the bots look at theirs.
type fixture struct {
	*gate.Gate
	t       *testing.T
	account string
}

func start(t *testing.T) *fixture {
	t.Helper()
	db := storetest.Open(t, rand.Reader)
	source := chime.Source{
		Now:    func() time.Time { return time.Now().UTC().Truncate(time.Millisecond) },
		NewID:  func() chime.ID { return chime.ID(uuid.Must(uuid.NewV7())) },
		Random: rand.Reader,
	}
	endpoints := callout.New(callout.Rules{Plain: true, Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	t.Cleanup(endpoints.Close)
	log := logs.Logger(t, t.Output())
	var handler http.Handler
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(web.Close)
	f := &fixture{Gate: gate.New(db, source, ops.Settings{PublicURL: web.URL, Endpoints: endpoints}), t: t}
	handler = server.New(server.Config{Gate: f.Gate, DB: db, Log: log, Source: source, Hooks: hooks.New(f.Gate, log)})
	runner := jobs.New(jobs.Config{DB: db, Gate: f.Gate, Source: source, Log: log, Endpoints: endpoints})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); runner.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	f.account = call[api.CreateAccountOutput](f, "CreateAccount", &api.CreateAccountInput{Name: "Example"}).Account.AccountID
	return f
}

// call calls an operation that succeeds.
func call[Out any](f *fixture, name string, in any) *Out {
	f.t.Helper()
	out, err := f.Do(f.t.Context(), &gate.Request{Operation: api.ByName(name), Input: in, Caller: tenant.Root(chime.TenantRoot, "")})
	if err != nil {
		f.t.Fatalf("%s: %v", name, err)
	}
	return out.(*Out)
}

// run starts a bot and returns where it listens.
func run(t *testing.T, command []string, token string) string {
	t.Helper()
	c := exec.Command(command[0], command[1:]...)
	c.Env = append(os.Environ(), "BOT_LISTEN=127.0.0.1:0", "BOT_SECURITY_TOKEN="+token)
	c.Stderr = t.Output()
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill(); c.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		t.Fatalf("the bot says %q, %v", line, err)
	}
	return url
}

func TestBots(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "bot")
	if out, err := exec.Command("go", "build", "-o", binary, "./bot-go").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for name, command := range map[string][]string{"go": {binary}, "python": {"python3", filepath.Join("bot-python", "bot.py")}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(command[0]); errors.Is(err, exec.ErrNotFound) && os.Getenv("CI") == "" {
				t.Skipf("%s is missing", command[0])
			}
			f := start(t)
			bot := call[api.CreateBotOutput](f, "CreateBot", &api.CreateBotInput{AccountID: f.account, DisplayName: "Echo", Domain: "example.com"}).Bot
			url := run(t, command, bot.SecurityToken)
			f.answersMentions(t, bot, url)
			refusesForgeries(t, bot, url)
		})
	}
}

// answersMentions adds the bot to a room, mentions it, and waits for what it says.
func (f *fixture) answersMentions(t *testing.T, bot *api.Bot, url string) {
	t.Helper()
	call[api.PutEventsConfigurationOutput](f, "PutEventsConfiguration", &api.PutEventsConfigurationInput{AccountID: f.account, BotID: bot.BotID, OutboundEventsHTTPSEndpoint: url})
	room := call[api.CreateRoomOutput](f, "CreateRoom", &api.CreateRoomInput{AccountID: f.account, Name: "Room"}).Room.RoomID
	jane := call[api.CreateUserOutput](f, "CreateUser", &api.CreateUserInput{AccountID: f.account, Email: "jane@example.com"}).User.UserID
	for _, member := range []string{jane, bot.BotID} {
		call[api.CreateRoomMembershipOutput](f, "CreateRoomMembership", &api.CreateRoomMembershipInput{AccountID: f.account, RoomID: room, MemberID: member})
	}
	call[api.SendRoomMessageOutput](f, "SendRoomMessage", &api.SendRoomMessageInput{AccountID: f.account, RoomID: room, SenderID: jane, Content: "<@" + bot.BotID + "|Echo> good   morning"})
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) { // two processes and a network lie between
		said := call[api.ListRoomMessagesOutput](f, "ListRoomMessages", &api.ListRoomMessagesInput{AccountID: f.account, RoomID: room}).Messages
		if len(said) > 1 {
			if said[0].SenderID != bot.BotID || said[0].Content != "You said: @Echo good morning" {
				t.Errorf("the bot says %+v", said[0])
			}
			return
		}
		if time.Now().After(until) {
			t.Fatal("the bot does not answer")
		}
	}
}

// refusesForgeries sends the bot what the server did not send, or not just now.
func refusesForgeries(t *testing.T, bot *api.Bot, url string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"EventType": "HTTPSEndpointVerification", "Challenge": "01234567890123456789"})
	if err != nil {
		t.Fatal(err)
	}
	signer := chime.Bot{SecurityToken: bot.SecurityToken}
	now := time.Now()
	for what, c := range map[string]struct {
		header map[string]string
		body   string
		want   int
	}{
		"what the server sends":      {ops.SignedHeader(&signer, now, body), string(body), 200},
		"a tampered body":            {ops.SignedHeader(&signer, now, body), strings.Replace(string(body), "0123", "1123", 1), 403},
		"a tampered time":            {map[string]string{"Chime-Signature": ops.SignedHeader(&signer, now, body)["Chime-Signature"], "Chime-Request-Timestamp": now.Add(time.Second).UTC().Format(time.RFC3339)}, string(body), 403},
		"an old timestamp":           {ops.SignedHeader(&signer, now.Add(-10*time.Minute), body), string(body), 403},
		"a timestamp to come":        {ops.SignedHeader(&signer, now.Add(10*time.Minute), body), string(body), 403},
		"another bot's signature":    {ops.SignedHeader(&chime.Bot{SecurityToken: "x"}, now, body), string(body), 403},
		"no signature":               {nil, string(body), 403},
		"a signature that is no one": {map[string]string{"Chime-Signature": "!", "Chime-Request-Timestamp": now.UTC().Format(time.RFC3339)}, string(body), 403},
	} {
		r, err := http.NewRequest(http.MethodPost, url, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range c.header {
			r.Header.Set(name, value)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		response.Body.Close()
		if response.StatusCode != c.want {
			t.Errorf("%s: %d, want %d", what, response.StatusCode, c.want)
		}
	}
}
