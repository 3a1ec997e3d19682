package ops_test

import (
	"fmt"
	"testing"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/ops/opstest"
)

// fill says something in a room many times, in few transactions.
func fill(tb testing.TB, c *opstest.Caller, room, sender string, n int) {
	tb.Helper()
	account, _ := chime.ParseID(c.Account)
	place, _ := chime.ParseID(room)
	by, _ := chime.ParseID(sender)
	const batch = 5000
	for done := 0; done < n; done += batch {
		err := c.Gate.Work(tb.Context(), c.Tenant, func(call *ops.Call) error {
			for i := range min(batch, n-done) {
				m, err := chime.NewMessage(call.Source, c.Tenant, account, place, by, chime.UserMember, fmt.Sprintf("message %d, about as long as people write to each other in a room", done+i))
				if err != nil {
					return err
				}
				call.Tx.InsertMessage(m)
			}
			return nil
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
}

// BenchmarkListRoomMessages reads a page of a hundred, the first one and one in the middle, of rooms of every size.
func BenchmarkListRoomMessages(b *testing.B) {
	for _, n := range []int{1000, 1_000_000} {
		c := opstest.New(b)
		r, jane := createRoom(c, "Room"), c.CreateUser("jane@example.com")
		fill(b, c, r.RoomID, jane.UserID, n)
		in := &api.ListRoomMessagesInput{AccountID: c.Account, RoomID: r.RoomID, MaxResults: 100}
		middle := *in
		for range min(n, 50_000) / 2 / 1000 {
			page := middle
			page.MaxResults = 1000
			middle.NextToken = opstest.Must(c, api.Operations.ListRoomMessages, &page).NextToken
		}
		for name, in := range map[string]*api.ListRoomMessagesInput{"first": in, "middle": &middle} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				for b.Loop() {
					if got := len(opstest.Must(c, api.Operations.ListRoomMessages, in).Messages); got != 100 {
						b.Fatalf("a page of %d", got)
					}
				}
			})
		}
	}
}
