package fault

import (
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestHangUps lets half of the clients close their connections while the server works for them, which must not cost the others
// their users: they share transactions.
func TestHangUps(t *testing.T) {
	folder := t.TempDir()
	s := start(t, folder)
	account := s.account()
	const rounds = 40
	var wait sync.WaitGroup
	var rude, polite ledger
	for w := range uint64(writers) {
		wait.Go(func() {
			if w%2 == 0 {
				for n := range uint64(rounds) {
					rude.lose(s.hangUpRudely(newCreation(account, "rude", w<<32|n)))
				}
				return
			}
			conn, err := s.dial()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			for n := range uint64(rounds) {
				u, err := newCreation(account, "polite", w<<32|n).attempt(s, conn)
				if err != nil {
					t.Error(err)
					return
				}
				polite.acknowledge(u)
			}
		})
	}
	wait.Wait()
	s.checkThere(account, polite.users)
	before := s.users(account)
	if len(before) <= len(polite.users) {
		t.Errorf("%d users are there, %d of them of clients who waited: no call of a client who had gone was carried out", len(before), len(polite.users))
	}

	// Those who come back get the user whom they did not wait for, or a new one.
	conn, err := s.dial()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, c := range rude.lost {
		u, err := c.attempt(s, conn)
		if err != nil {
			t.Fatalf("after a hang-up: %v", err)
		}
		if earlier, ok := before[u.UserID]; ok {
			earlier.PersonalPIN = u.PersonalPIN // lists do not show it
			if diff := cmp.Diff(&earlier, u); diff != "" {
				t.Errorf("after a hang-up (-there +answered):\n%s", diff)
			}
		}
	}
	s.stop()
	checkFile(t, folder, len(polite.users)+len(rude.lost))
	t.Logf("%d of the %d calls of clients who had gone were carried out", len(before)-len(polite.users), len(rude.lost))
}

// hangUpRudely sends a call and closes or resets the connection soon, one time in four after a part of the
// request.
func (s *server) hangUpRudely(c *creation) *creation {
	conn, err := s.dial()
	if err != nil {
		s.t.Error(err)
		return c
	}
	defer conn.Close()
	if rand.N(2) == 0 {
		if err := conn.Conn.(*net.TCPConn).SetLinger(0); err != nil { // closing resets the connection
			s.t.Error(err)
		}
	}
	request := c.request(s)
	if rand.N(4) == 0 {
		request = request[:rand.N(len(request))]
	}
	if _, err := conn.Write(request); err != nil {
		s.t.Error(err)
	}
	time.Sleep(rand.N(10 * time.Millisecond)) // about as long as a call takes here
	return c
}
