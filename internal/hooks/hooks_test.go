package hooks_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/hooks"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/ops/opstest"
	"github.com/carillon-server/carillon/internal/server"
	"github.com/carillon-server/carillon/test/logs"
)

// fixture is a room with a webhook, served over HTTP.
type fixture struct {
	*opstest.Caller
	room, webhook, url string
	server             *httptest.Server
	log                *bytes.Buffer // to be read once the server is closed
}

func start(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{log: &bytes.Buffer{}}
	log := logs.Logger(t, f.log)
	var handler http.Handler
	f.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(f.server.Close)
	f.Caller = opstest.New(t, func(s *ops.Settings) { s.PublicURL = f.server.URL })
	handler = server.New(server.Config{Gate: f.Gate, DB: f.DB, Log: log, Source: f.Clock.Source(), Hooks: hooks.New(f.Gate, log)})
	f.room = opstest.Must(f.Caller, api.Operations.CreateRoom, &api.CreateRoomInput{AccountID: f.Account, Name: "Room"}).Room.RoomID
	made := opstest.Must(f.Caller, api.Operations.CreateRoomWebhook, &api.CreateRoomWebhookInput{AccountID: f.Account, RoomID: f.room, Name: "Alerts"})
	f.webhook, f.url = made.Webhook.WebhookID, made.URL
	return f
}

// send makes a request and checks what holds for every answer.
func (f *fixture) send(t *testing.T, method, url, body string) (*http.Response, map[string]string) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", "https://example.com")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	answer := map[string]string{}
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Errorf("%s %.40s: %d %s: %v", method, body, response.StatusCode, text, err)
	}
	if len(response.Header.Get("x-amzn-RequestId")) != 36 || response.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%s %.40s: headers %v", method, body, response.Header)
	}
	return response, answer
}

func (f *fixture) messages() []api.ChatMessage {
	return opstest.Must(f.Caller, api.Operations.ListRoomMessages, &api.ListRoomMessagesInput{AccountID: f.Account, RoomID: f.room}).Messages
}

func TestPost(t *testing.T) {
	t.Parallel()
	f := start(t)
	response, answer := f.send(t, "POST", f.url, `{"Content": "the disk \u0026 the \ud83c\udf88", "text": "other tools send more"}`)
	said := f.messages()
	if response.StatusCode != 200 || len(said) != 1 || said[0].Content != "the disk & the 🎈" || said[0].SenderType != "Webhook" {
		t.Fatalf("%d %v, the room has %+v", response.StatusCode, answer, said)
	}
	if answer["MessageId"] != said[0].MessageID || answer["RoomId"] != f.room {
		t.Errorf("answer %v, want the message %s in the room %s", answer, said[0].MessageID, f.room)
	}
	found := opstest.Must(f.Caller, api.Operations.LookupEvents, &api.LookupEventsInput{EventName: "PostWebhookMessage"}).Events
	if len(found) != 1 || !strings.Contains(found[0].CloudTrailEvent, `"sourceIPAddress":"127.0.0.1"`) ||
		!strings.Contains(found[0].CloudTrailEvent, `"requestID":"`+response.Header.Get("x-amzn-RequestId")+`"`) {
		t.Errorf("recorded %+v, want one PostWebhookMessage from 127.0.0.1", found)
	}
}

func TestCodes(t *testing.T) {
	t.Parallel()
	f := start(t)
	const hello = `{"Content":"hello"}`
	old := f.url
	f.url = opstest.Must(f.Caller, api.Operations.RegenerateRoomWebhook, &api.RegenerateRoomWebhookInput{AccountID: f.Account, RoomID: f.room, WebhookID: f.webhook}).URL
	for _, c := range []struct {
		what, method, url, body string
		status                  int
		message                 string
	}{
		{"well", "POST", f.url, hello, 200, ""},
		{"a second time at once", "POST", f.url, hello, 429, "once a second"},
		{"the old URL", "POST", old, hello, 404, "has ended"},
		{"no token", "POST", f.url[:strings.Index(f.url, "?")], hello, 403, "not valid"},
		{"no id", "POST", f.server.URL + ops.InboundPath + f.url[strings.Index(f.url, "?"):], hello, 403, "not valid"},
		{"a shorter token", "POST", f.url[:len(f.url)-1], hello, 403, "not valid"},
		{"a changed token", "POST", f.url[:len(f.url)-4] + "AAAA", hello, 403, "not valid"},
		{"another id", "POST", strings.Replace(f.url, f.webhook, f.room, 1), hello, 403, "not valid"},
		{"a path below", "POST", strings.Replace(f.url, "?", "/x?", 1), hello, 403, "not valid"},
		{"GET", "GET", f.url, "", 405, "POST"},
		{"OPTIONS", "OPTIONS", f.url, "", 405, "POST"},
		{"no body", "POST", f.url, "", 400, "JSON"},
		{"no JSON", "POST", f.url, "payload=hello", 400, "JSON"},
		{"no object", "POST", f.url, `"hello"`, 400, "JSON"},
		{"no content", "POST", f.url, `{"text":"hello"}`, 400, "JSON"},
		{"a null", "POST", f.url, `{"Content":null}`, 400, "JSON"},
		{"a number", "POST", f.url, `{"Content":1}`, 400, "JSON"},
		{"two objects", "POST", f.url, hello + hello, 400, "JSON"},
		{"4 KB and a byte", "POST", f.url, `{"Content":"` + strings.Repeat("x", 4097) + `"}`, 413, "4096"},
		{"far too much", "POST", f.url, `{"Content":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "4096"},
	} {
		response, answer := f.send(t, c.method, c.url, c.body)
		if response.StatusCode != c.status || !strings.Contains(answer["Message"], c.message) {
			t.Errorf("%s: %d %v, want %d with %q", c.what, response.StatusCode, answer, c.status, c.message)
		}
		if (c.status == 429) != (response.Header.Get("Retry-After") == "1") {
			t.Errorf("%s: Retry-After %q", c.what, response.Header.Get("Retry-After"))
		}
	}
	f.Clock.Move(time.Second)
	for what, body := range map[string]string{
		"blank":            `{"Content":" "}`,
		"4 KB":             `{"Content":"` + strings.Repeat("x", 4096) + `"}`,
		"4 KB of emphasis": `{"Content":"` + strings.Repeat(`\u0021`, 4096) + `"}`,
	} {
		want := 200
		if what == "blank" {
			want = 400
		}
		if response, answer := f.send(t, "POST", f.url, body); response.StatusCode != want {
			t.Errorf("%s: %d %v, want %d", what, response.StatusCode, answer, want)
		}
		f.Clock.Move(time.Second)
	}
}

// TestUnavailable posts while the store is closed.
func TestUnavailable(t *testing.T) {
	t.Parallel()
	f := start(t)
	if err := f.DB.Close(); err != nil {
		t.Fatal(err)
	}
	if response, answer := f.send(t, "POST", f.url, `{"Content":"hello"}`); response.StatusCode != 503 {
		t.Errorf("%d %v, want 503", response.StatusCode, answer)
	}
}

// TestForgedURLs posts to URLs of the right form while the store is closed: those that were not made here are refused without
// a look at it.
func TestForgedURLs(t *testing.T) {
	t.Parallel()
	f := start(t)
	before, encoded, _ := strings.Cut(f.url, "token=")
	token, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.DB.Close(); err != nil {
		t.Fatal(err)
	}
	forge := func(change func(token []byte)) string {
		forged := bytes.Clone(token)
		change(forged)
		return before + "token=" + base64.RawURLEncoding.EncodeToString(forged)
	}
	for what, c := range map[string]struct {
		url    string
		status int
	}{
		"its own":           {f.url, 503},
		"another tenant":    {forge(func(b []byte) { b[8]++ }), 403},
		"another account":   {forge(func(b []byte) { b[9]++ }), 403},
		"other randomness":  {forge(func(b []byte) { b[30]++ }), 403},
		"another hash":      {forge(func(b []byte) { b[64]++ }), 403},
		"a bot's instead":   {forge(func(b []byte) { b[0] = 2 }), 403},
		"of no kind at all": {forge(func(b []byte) { b[0] = 9 }), 403},
		"with a line break": {f.url + "%0A", 403},
		"another's id":      {strings.Replace(f.url, f.webhook, f.room, 1), 403},
	} {
		if response, answer := f.send(t, "POST", c.url, `{"Content":"hello"}`); response.StatusCode != c.status {
			t.Errorf("%s: %d %v, want %d", what, response.StatusCode, answer, c.status)
		}
	}
}

// TestEndedURLs calls a URL that has ended again and again: soon the store is asked no more for it, while the new URL goes on.
func TestEndedURLs(t *testing.T) {
	t.Parallel()
	f := start(t)
	again := opstest.Must(f.Caller, api.Operations.RegenerateRoomWebhook, &api.RegenerateRoomWebhookInput{AccountID: f.Account, RoomID: f.room, WebhookID: f.webhook})
	for i := range 8 {
		response, answer := f.send(t, "POST", f.url, `{"Content":"hello"}`)
		want := 404
		if i >= 5 {
			want = 429
		}
		if response.StatusCode != want || (want == 429) != (response.Header.Get("Retry-After") != "") || !strings.Contains(answer["Message"], "has ended") {
			t.Errorf("call %d: %d %v, want %d", i, response.StatusCode, answer, want)
		}
	}
	if response, answer := f.send(t, "POST", again.URL, `{"Content":"hello"}`); response.StatusCode != 200 {
		t.Errorf("the new URL: %d %v", response.StatusCode, answer)
	}
}

// TestNothingSecretIsLogged looks for the token and for what was said in the log.
func TestNothingSecretIsLogged(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.send(t, "POST", f.url, `{"Content":"a confidential word"}`)
	f.send(t, "POST", f.url, `{"Content":"a confidential word"}`)
	f.send(t, "POST", f.url+"x", `{"Content":"a confidential word"}`)
	f.server.Close()
	log := f.log.String()
	if strings.Count(log, "operation=webhook") != 3 || !strings.Contains(log, "status=429") {
		t.Errorf("log: %s", log)
	}
	_, token, _ := strings.Cut(f.url, "token=")
	for _, secret := range []string{token[:20], "token", "confidential"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log has %q: %s", secret, log)
		}
	}
}
