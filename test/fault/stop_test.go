package fault

import (
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/test/harness"
)

// TestStopFinishesWhatIsUnderWay delays calls, so that they are all under way when the server is told to stop.
func TestStopFinishesWhatIsUnderWay(t *testing.T) {
	t.Setenv("CARILLON_FAULTS", "true")
	folder := t.TempDir()
	s := start(t, folder)
	account := s.account()
	call[api.PutFaultOutput](s, "PutFault", &api.PutFaultInput{Operation: "CreateUser", DelayMilliseconds: 1500})
	answers := make(chan error)
	for n := range uint64(writers) {
		go func() {
			_, err := tryCall[api.CreateUserOutput](s, "CreateUser", newCreation(account, "stop", n).in)
			answers <- err
		}()
	}
	s.waitForStrikes(writers)
	begun := time.Now()
	s.stop()
	t.Logf("stopped within %v", time.Since(begun).Round(time.Millisecond))
	for range writers {
		if err := <-answers; err != nil {
			t.Errorf("a call that was under way: %v", err)
		}
	}
	checkFile(t, folder, writers)
}

// waitForStrikes waits until so many calls are in the hands of the one fault.
func (s *server) waitForStrikes(n int) {
	s.t.Helper()
	for range 1000 {
		if call[api.ListFaultsOutput](s, "ListFaults", &api.ListFaultsInput{}).Faults[0].Struck == n {
			return
		}
	}
	s.t.Fatal("the calls do not arrive")
}

// TestStopUnderLoad stops a server whose clients go on: each answer is whole, and says the truth. A request that meets the end of
// an idle connection, as HTTP allows, was not carried out.
func TestStopUnderLoad(t *testing.T) {
	folder := t.TempDir()
	s := start(t, folder)
	account := s.account()
	var acknowledged, refused, unanswered atomic.Int64
	var wait sync.WaitGroup
	for w := range uint64(writers) {
		conn, err := s.dial()
		if err != nil {
			t.Fatal(err)
		}
		wait.Go(func() {
			defer conn.Close()
			for n := uint64(0); ; n++ {
				_, err := newCreation(account, "load", w<<32|n).attempt(s, conn)
				var status *harness.StatusError
				switch {
				case err == nil:
					acknowledged.Add(1)
				case errors.As(err, &status) && status.Status == http.StatusServiceUnavailable:
					refused.Add(1)
				case errors.As(err, &status):
					t.Error(err)
					return
				default:
					if conn.Begun() {
						t.Errorf("an answer broke off: %v", err)
					}
					unanswered.Add(1)
					return
				}
			}
		})
	}
	time.Sleep(300 * time.Millisecond)
	s.stop()
	wait.Wait()
	checkFile(t, folder, int(acknowledged.Load()))
	t.Logf("%d calls acknowledged, %d refused, %d met the end of their connection", acknowledged.Load(), refused.Load(), unanswered.Load())
}
