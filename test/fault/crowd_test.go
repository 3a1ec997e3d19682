package fault

import (
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/test/harness"
)

const (
	idlers     = 10_000
	slowOnes   = 1_000
	callers    = 16
	crowdTurns = 7
	perTurn    = 3_000 // calls at most
	turnTime   = 1500 * time.Millisecond
	mostRSS    = 400 << 20
)

// TestCrowd has 10,000 idle connections and 1,000 that send a header a byte at a time, without end. Meanwhile CreateUser's
// p99 is to stay within twice that of a server which is left in peace, and the memory within 400 MB. The two are measured in
// turns, so that what else the machine does slows both, and the medians over the turns are compared.
func TestCrowd(t *testing.T) {
	needFiles(t, idlers+slowOnes+1000)
	peaceful, crowded := start(t, t.TempDir()), start(t, t.TempDir())
	before := rss(t, crowded.PID)
	fillWithIdlers(t, crowded)
	idle := rss(t, crowded.PID)
	slow := newSlowOnes(crowded)
	defer slow.stop()

	quiet, loud := newCallers(t, peaceful), newCallers(t, crowded)
	var without, with []time.Duration
	for turn := range crowdTurns {
		slow.rest.Store(true)
		without = append(without, quiet.p99(turn))
		slow.rest.Store(false)
		with = append(with, loud.p99(turn))
	}
	slices.Sort(without)
	slices.Sort(with)
	was, is, most := without[crowdTurns/2], with[crowdTurns/2], peak(t, crowded.PID)
	t.Logf("p99 in peace %v, in the crowd %v (medians of %d turns); RSS %d MB before, %d MB with idle connections, at most %d MB; %d slow connections were closed",
		was, is, crowdTurns, before>>20, idle>>20, most>>20, slow.lost.Load())
	if is > 2*was {
		t.Errorf("the p99 is %v in the crowd and %v without: more than twice", is, was)
	}
	if most >= mostRSS {
		t.Errorf("the server held %d MB", most>>20)
	}
	if slow.sent.Load() < slowOnes {
		t.Errorf("only %d bytes were sent slowly", slow.sent.Load())
	}
}

// needFiles raises the limit of open files of this process and those that it starts.
func needFiles(t *testing.T, n uint64) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Cur >= n {
		return
	}
	raised := syscall.Rlimit{Cur: n, Max: max(limit.Max, n)}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &raised); err != nil {
		t.Skipf("%d open files are needed, %d are allowed: %v", n, limit.Max, err)
	}
}

// fillWithIdlers opens connections that make a call each and then nothing.
func fillWithIdlers(t *testing.T, s *server) {
	t.Helper()
	var all sync.WaitGroup
	var next atomic.Int64
	for range 8 {
		all.Go(func() {
			for next.Add(1) <= idlers {
				c, err := harness.Dial(s.Address)
				if err != nil {
					t.Error(err)
					return
				}
				t.Cleanup(func() { c.Close() })
				status, _, err := c.Do([]byte("GET /livez HTTP/1.1\r\nHost: h\r\n\r\n"))
				if err != nil || status != 200 {
					t.Errorf("/livez: %d, %v", status, err)
					return
				}
			}
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// slowLoris is connections that send a byte of a header each second. One that the server closes is opened again.
type slowLoris struct {
	rest       atomic.Bool // nothing is sent
	sent, lost atomic.Int64
	ended      chan struct{}
	all        sync.WaitGroup
}

func newSlowOnes(s *server) *slowLoris {
	l := &slowLoris{ended: make(chan struct{})}
	for range slowOnes {
		l.all.Go(func() {
			for {
				select {
				case <-l.ended:
					return
				default:
					l.attack(s.Address)
				}
			}
		})
	}
	return l
}

func (l *slowLoris) attack(address string) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer c.Close()
	if _, err := c.Write([]byte("GET /accounts HTTP/1.1\r\nHost: h\r\nX-Slow: ")); err != nil {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-l.ended:
			return
		case <-tick.C:
		}
		if l.rest.Load() {
			continue
		}
		if _, err := c.Write([]byte{'x'}); err != nil {
			l.lost.Add(1)
			return
		}
		l.sent.Add(1)
	}
}

func (l *slowLoris) stop() {
	close(l.ended)
	l.all.Wait()
}

// calling is connections over which users are created.
type calling struct {
	s       *server
	account string
	conns   []*harness.Conn
}

func newCallers(t *testing.T, s *server) *calling {
	t.Helper()
	c := &calling{s: s, account: s.account()}
	for range callers {
		conn, err := s.dial()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if err := conn.SetDeadline(time.Now().Add(5 * time.Minute)); err != nil {
			t.Fatal(err)
		}
		c.conns = append(c.conns, conn)
	}
	return c
}

// p99 creates users over all connections and returns what 99 of 100 calls took at most.
func (c *calling) p99(turn int) time.Duration {
	requests := make([][]byte, perTurn)
	for i := range requests {
		requests[i] = c.s.Request("CreateUser", &api.CreateUserInput{AccountID: c.account, Email: harness.Email("crowd", uint64(turn*perTurn+i))})
	}
	var next atomic.Int64
	var all sync.WaitGroup
	took := make([][]time.Duration, len(c.conns))
	end := time.Now().Add(turnTime)
	for i, conn := range c.conns {
		all.Go(func() {
			for n := next.Add(1) - 1; n < perTurn && time.Now().Before(end); n = next.Add(1) - 1 {
				begun := time.Now()
				if status, body, err := conn.Do(requests[n]); err != nil || status != 201 {
					c.s.t.Errorf("CreateUser: %d %s, %v", status, body, err)
					return
				}
				took[i] = append(took[i], time.Since(begun))
			}
		})
	}
	all.Wait()
	sorted := slices.Concat(took...)
	slices.Sort(sorted)
	if len(sorted) < 100 {
		c.s.t.Fatalf("only %d calls were made in %v", len(sorted), turnTime)
	}
	return sorted[len(sorted)*99/100]
}

// rss is the memory that a process holds, peak the most that it held, in bytes.
func rss(t *testing.T, pid int) int64  { return memory(t, pid, "VmRSS") }
func peak(t *testing.T, pid int) int64 { return memory(t, pid, "VmHWM") }

func memory(t *testing.T, pid int, figure string) int64 {
	t.Helper()
	n, err := harness.Memory(pid, figure)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
