package jobs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/ops/opstest"
)

// BenchmarkEvents sends a thousand events a second to 200 bots, of which 20 hang, for five seconds, and reports how long
// it took until the others had theirs, the call that caused the event included.
func BenchmarkEvents(b *testing.B) {
	const bots, hanging, rate, seconds = 200, 20, 1000, 5
	for b.Loop() {
		r := newRobots(b)
		r.runner.PaceDeliveries(2*time.Second, 0, 200*time.Millisecond, 400*time.Millisecond)
		resume := make(chan struct{})
		var mu sync.Mutex
		sent, took, answered := map[string]time.Time{}, []time.Duration{}, []time.Duration{}
		endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			body, _ := io.ReadAll(q.Body)
			var event struct{ Challenge, Message string }
			if json.Unmarshal(body, &event); event.Challenge != "" {
				w.Write(body)
				return
			}
			if event.Message != "" && q.URL.Path == "/hang" {
				<-resume
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if at, known := sent[event.Message]; known {
				took = append(took, time.Since(at))
			}
		}))
		var ids []string
		for i := range bots {
			bot := opstest.Must(r.Caller, api.Operations.CreateBot, &api.CreateBotInput{AccountID: r.Account, DisplayName: fmt.Sprint("bot", i), Domain: "example.com"}).Bot
			path := "/well"
			if i < hanging {
				path = "/hang"
			}
			opstest.Must(r.Caller, api.Operations.PutEventsConfiguration, &api.PutEventsConfigurationInput{AccountID: r.Account, BotID: bot.BotID, OutboundEventsHTTPSEndpoint: endpoint.URL + path})
			r.join(bot.BotID)
			ids = append(ids, bot.BotID)
		}
		if err := r.runner.RunDue(b.Context()); err != nil {
			b.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { defer close(ended); r.runner.Run(ctx) }()
		var senders sync.WaitGroup
		begun := time.Now()
		for i := range rate * seconds {
			time.Sleep(time.Until(begun.Add(time.Duration(i) * time.Second / rate)))
			senders.Go(func() {
				content := fmt.Sprint(i)
				called := time.Now()
				mu.Lock()
				sent["@x "+content] = called
				mu.Unlock()
				opstest.Must(r.Caller, api.Operations.SendRoomMessage, &api.SendRoomMessageInput{AccountID: r.Account, RoomID: r.room, SenderID: r.jane, Content: "<@" + ids[i%bots] + "|x> " + content})
				mu.Lock()
				defer mu.Unlock()
				answered = append(answered, time.Since(called))
			})
		}
		senders.Wait()
		accepted := time.Since(begun)
		want := rate * seconds / bots * (bots - hanging)
		for until := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
			mu.Lock()
			n := len(took)
			mu.Unlock()
			if n >= want {
				break
			}
			if time.Now().After(until) {
				b.Fatalf("%d of %d events were delivered", n, want)
			}
		}
		close(resume)
		stop()
		<-ended
		endpoint.Close()
		slices.Sort(took)
		b.ReportMetric(float64(percentile(answered).Milliseconds()), "accept-p99-ms")
		b.ReportMetric(rate*seconds/accepted.Seconds(), "accepted/s")
		b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "p50-ms")
		b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "p99-ms")
	}
}
