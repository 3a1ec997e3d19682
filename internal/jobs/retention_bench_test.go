package jobs_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/jobs"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/ops/opstest"
)

// BenchmarkRetention deletes 200,000 old messages while sixteen callers create users, and reports how fast, and the 99th
// percentile of CreateUser before and meanwhile.
func BenchmarkRetention(b *testing.B) {
	for b.Loop() {
		c := opstest.New(b)
		const n = 200_000
		room := opstest.Must(c, api.Operations.CreateRoom, &api.CreateRoomInput{AccountID: c.Account, Name: "Room"}).Room
		account, _ := chime.ParseID(c.Account)
		place, _ := chime.ParseID(room.RoomID)
		for range n / 5000 {
			err := c.Gate.Work(b.Context(), c.Tenant, func(call *ops.Call) error {
				for range 5000 {
					m, err := chime.NewMessage(call.Source, c.Tenant, account, place, account, chime.UserMember, "about as long as people write to each other in a room")
					if err != nil {
						return err
					}
					call.Tx.InsertMessage(m)
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		quiet := createUsers(c, time.After(2*time.Second))
		opstest.Must(c, api.Operations.PutRetentionSettings, &api.PutRetentionSettingsInput{AccountID: c.Account,
			RetentionSettings: &api.RetentionSettings{RoomRetentionSettings: &api.RoomRetentionSettings{RetentionDays: 1}}})
		c.Clock.Move(31 * 24 * time.Hour)
		runner := jobs.New(jobs.Config{DB: c.DB, Gate: c.Gate, Source: c.Clock.Source(), Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
		done := make(chan time.Time)
		begun := time.Now()
		go func() {
			if err := runner.RunDue(context.Background()); err != nil {
				b.Error(err)
			}
			close(done)
		}()
		busy := createUsers(c, done)
		took := time.Since(begun)
		b.ReportMetric(n/took.Seconds(), "deleted/s")
		b.ReportMetric(float64(percentile(quiet).Microseconds()), "quiet-p99-µs")
		b.ReportMetric(float64(percentile(busy).Microseconds()), "busy-p99-µs")
		b.ReportMetric(float64(len(busy))/took.Seconds(), "busy-creates/s")
	}
}

var names atomic.Int64

// createUsers creates users by sixteen callers until it is told to stop, and returns how long each took.
func createUsers(c *opstest.Caller, stop <-chan time.Time) []time.Duration {
	var mu sync.Mutex
	var all []time.Duration
	var callers sync.WaitGroup
	var stopped atomic.Bool
	for range 16 {
		callers.Go(func() {
			var mine []time.Duration
			for !stopped.Load() {
				begun := time.Now()
				c.CreateUser(fmt.Sprintf("u%d@example.com", names.Add(1)))
				mine = append(mine, time.Since(begun))
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, mine...)
		})
	}
	<-stop
	stopped.Store(true)
	callers.Wait()
	return all
}

func percentile(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)*99/100]
}
