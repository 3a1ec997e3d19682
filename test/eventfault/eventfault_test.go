// Package eventfault kills the server with kill -9 between a message and the delivery of its events to bots.
package eventfault

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/test/harness"
)

const (
	bots   = 4
	rounds = 8
	each   = 12 // messages of a round
)

// endpoints is the bots' side: bot 0 is honest, bot 1 slow, bot 2 fails now and then, bot 3 hangs up now and then.
type endpoints struct {
	mu       sync.Mutex
	random   *rand.Rand
	came     [bots][]int     // the numbers of the messages that were taken, in the order in which they came
	events   map[string]bool // the ids of events that were taken
	repeated int
}

var numbered = regexp.MustCompile(`message (\d+)`)

func (e *endpoints) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	bot, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the server was killed
	}
	var event struct{ EventType, Challenge, Message string }
	if err := json.Unmarshal(body, &event); err != nil {
		http.Error(w, "no event", http.StatusBadRequest)
		return
	}
	if event.Challenge != "" {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]string{"Challenge": event.Challenge})
		return
	}
	number := numbered.FindStringSubmatch(event.Message)
	if number == nil {
		return // an invitation to the room
	}
	e.mu.Lock()
	trouble := e.random.IntN(4) == 0
	e.mu.Unlock()
	switch {
	case bot == 1:
		time.Sleep(20 * time.Millisecond)
	case bot == 2 && trouble:
		http.Error(w, "busy", http.StatusServiceUnavailable)
		return
	case bot == 3 && trouble:
		panic(http.ErrAbortHandler)
	}
	n, _ := strconv.Atoi(number[1]) // digits alone
	e.mu.Lock()
	defer e.mu.Unlock()
	id := r.Header.Get("Carillon-Event-Id")
	if e.events[id] {
		e.repeated++
		return
	}
	e.events[id] = true
	e.came[bot] = append(e.came[bot], n)
}

// TestKill has messages mention all bots, kills the server meanwhile, starts it again, and so on. In the end each event of a
// message that was acknowledged was delivered, or parked where all can see it; each bot got its events in order, and can tell
// the ones that came twice.
func TestKill(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	folder := t.TempDir()
	program, err := harness.Build(folder)
	if err != nil {
		t.Fatal(err)
	}
	e := &endpoints{random: rand.New(rand.NewPCG(seed, 1)), events: map[string]bool{}}
	web := httptest.NewServer(e)
	t.Cleanup(web.Close)
	log, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	data := filepath.Join(folder, "data")
	start := func() *harness.Server {
		s, err := harness.Start(program, data, harness.Options{Log: log, Env: []string{
			"CARILLON_ALLOW_PLAIN_ENDPOINTS=true", "CARILLON_ALLOW_PRIVATE_ENDPOINTS=127.0.0.0/8",
		}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Kill() }) // it may have been killed already
		return s
	}
	s := start()
	r := newRoom(t, s, web.URL)

	acknowledged := map[int]bool{}
	sent := 0
	for range rounds {
		killed := make(chan struct{})
		victim := s
		time.AfterFunc(time.Duration(random.IntN(120))*time.Millisecond, func() {
			defer close(killed)
			if err := victim.Kill(); err != nil {
				t.Error(err)
			}
		})
		conn := dial(t, s)
		for range each {
			sent++
			content := fmt.Sprintf("message %d", sent)
			for _, id := range r.bots {
				content += " <@" + id + "|Bot>"
			}
			_, err := harness.Call[api.SendRoomMessageOutput](s, conn, "SendRoomMessage",
				&api.SendRoomMessageInput{AccountID: r.account, RoomID: r.room, SenderID: r.user, Content: content})
			if acknowledged[sent] = err == nil; err != nil {
				break // the server is gone
			}
		}
		<-killed
		s = start()
	}
	parked := r.drain(t, s)
	if err := s.Stop(); err != nil {
		t.Error(err)
	}

	e.mu.Lock()
	defer e.mu.Unlock()
	delivered := 0
	for bot, came := range e.came {
		seen := map[int]bool{}
		last := 0
		for _, n := range came {
			if n <= last {
				t.Errorf("bot %d got message %d after message %d", bot, n, last)
			}
			last = n
			seen[n] = true
		}
		missing := 0
		for n, told := range acknowledged {
			if told && !seen[n] {
				missing++
			}
		}
		if missing > parked[bot] {
			t.Errorf("bot %d did not get %d messages, and %d events are parked", bot, missing, parked[bot])
		}
		delivered += len(came)
	}
	t.Logf("%d messages to %d bots: %d events delivered, %d of them more than once, parked %v", sent, bots, delivered, e.repeated, parked)
}

// room is a room with a user and all bots.
type room struct {
	account, room, user string
	bots                []string
}

func newRoom(t *testing.T, s *harness.Server, url string) *room {
	t.Helper()
	c := dial(t, s)
	account := must(harness.Call[api.CreateAccountOutput](s, c, "CreateAccount", &api.CreateAccountInput{Name: "Example"}))(t).Account.AccountID
	r := &room{account: account}
	must(harness.Call[api.ClaimDomainOutput](s, c, "ClaimDomain", &api.ClaimDomainInput{AccountID: account, DomainName: "example.com"}))(t)
	r.user = must(harness.Call[api.CreateUserOutput](s, c, "CreateUser", &api.CreateUserInput{AccountID: account, Email: "jane@example.com"}))(t).User.UserID
	r.room = must(harness.Call[api.CreateRoomOutput](s, c, "CreateRoom", &api.CreateRoomInput{AccountID: account, Name: "Room", ClientRequestToken: "room"}))(t).Room.RoomID
	members := []string{r.user}
	for i := range bots {
		bot := must(harness.Call[api.CreateBotOutput](s, c, "CreateBot", &api.CreateBotInput{AccountID: account, DisplayName: fmt.Sprintf("bot%d", i)}))(t).Bot.BotID
		must(harness.Call[api.PutEventsConfigurationOutput](s, c, "PutEventsConfiguration",
			&api.PutEventsConfigurationInput{AccountID: account, BotID: bot, OutboundEventsHTTPSEndpoint: fmt.Sprintf("%s/%d", url, i)}))(t)
		r.bots = append(r.bots, bot)
		members = append(members, bot)
	}
	for _, id := range members {
		must(harness.Call[api.CreateRoomMembershipOutput](s, c, "CreateRoomMembership",
			&api.CreateRoomMembershipInput{AccountID: account, RoomID: r.room, MemberID: id}))(t)
	}
	return r
}

// drain waits until no event is queued any more, and returns how many of each bot are parked.
func (r *room) drain(t *testing.T, s *harness.Server) (parked [bots]int) {
	t.Helper()
	c := dial(t, s)
	for i, bot := range r.bots {
		count := func(status string) int {
			return len(must(harness.Call[api.ListEventDeliveriesOutput](s, c, "ListEventDeliveries",
				&api.ListEventDeliveriesInput{AccountID: r.account, BotID: bot, Status: status, MaxResults: 1000}))(t).EventDeliveries)
		}
		for limit := time.Now().Add(30 * time.Second); count(api.EventStatusQueued) > 0; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(limit) {
				t.Fatalf("30 s went by before the events of bot %d were delivered or parked", i)
			}
		}
		parked[i] = count(api.EventStatusParked)
	}
	return parked
}

func dial(t *testing.T, s *harness.Server) *harness.Conn {
	t.Helper()
	c, err := harness.Dial(s.Address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func must[T any](out *T, err error) func(*testing.T) *T {
	return func(t *testing.T) *T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}
