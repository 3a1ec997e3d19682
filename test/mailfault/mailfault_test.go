// Package mailfault kills the server with kill -9 between an invitation and the delivery of its mail.
package mailfault

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/mail/mailtest"
	"github.com/carillon-server/carillon/test/harness"
)

const (
	rounds = 16
	each   = 6 // invitations
)

// TestKill invites, kills the server somewhere between the call and the delivery, starts it again, and so on. In the end
// every mail of a call that was answered has come. One comes twice only from two runs of the server, of which the first was
// killed before it had noted that the mail was sent; then both have the same Message-ID.
func TestKill(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	folder := t.TempDir()
	program, err := harness.Build(folder)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, program: program, data: filepath.Join(folder, "data"), smtp: mailtest.Start(t), runs: map[string][]int{}}
	if err := os.Mkdir(f.data, 0o700); err != nil {
		t.Fatal(err)
	}
	f.log, err = os.Create(filepath.Join(folder, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.log.Close()
	f.start()
	account, err := harness.Call[api.CreateAccountOutput](f.server, f.dial(), "CreateAccount", &api.CreateAccountInput{Name: "Example"})
	if err != nil {
		t.Fatal(err)
	}

	answered := map[string]bool{}
	for round := range rounds {
		var emails []string
		for i := range each {
			emails = append(emails, fmt.Sprintf("u%d@round%d.example.com", i, round))
		}
		killed := f.arrange(random, []string{"time", "mail", "rcpt", "data"}[round%4])
		_, err := harness.Call[api.InviteUsersOutput](f.server, f.dial(), "InviteUsers", &api.InviteUsersInput{AccountID: account.Account.AccountID, UserEmailList: emails})
		for _, email := range emails {
			answered[email] = err == nil
		}
		<-killed
		f.settle()
		f.start()
	}
	f.smtp.Behave(f.note)
	f.drain()
	f.check(answered)
	if err := f.server.Stop(); err != nil {
		t.Error(err)
	}
}

type fixture struct {
	t             *testing.T
	program, data string
	log           *os.File
	smtp          *mailtest.Server
	server        *harness.Server

	mu   sync.Mutex
	run  int              // counts the starts of the server
	runs map[string][]int // by address: from which runs mails came
}

func (f *fixture) start() {
	f.t.Helper()
	f.mu.Lock()
	f.run++
	f.mu.Unlock()
	var err error
	f.server, err = harness.Start(f.program, f.data, harness.Options{Log: f.log, Env: []string{
		"CARILLON_SMTP_URL=smtp://" + f.smtp.Address, "CARILLON_SMTP_FROM=carillon@example.org",
		"CARILLON_PUBLIC_URL=https://chime.example.com",
	}})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { f.server.Kill() })
}

func (f *fixture) dial() *harness.Conn {
	f.t.Helper()
	c, err := harness.Dial(f.server.Address)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { c.Close() })
	return c
}

// note notes from which run of the server a mail comes.
func (f *fixture) note(at mailtest.Step) error {
	if at.Name == "data" {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.runs[at.To] = append(f.runs[at.To], f.run)
	}
	return nil
}

// arrange has the server killed: after some time, or at some step of some conversation, of which "data" is just before the
// SMTP server says that it has taken the mail. What it returns is closed once the server is gone.
func (f *fixture) arrange(random *rand.Rand, step string) (killed chan struct{}) {
	killed = make(chan struct{})
	server := f.server
	var once sync.Once
	kill := func() {
		once.Do(func() {
			if err := server.Kill(); err != nil {
				f.t.Error(err)
			}
			close(killed)
		})
	}
	countdown, dawdle := random.IntN(each), time.Duration(random.IntN(8))*time.Millisecond
	var mu sync.Mutex
	f.smtp.Behave(func(at mailtest.Step) error {
		time.Sleep(dawdle)
		if err := f.note(at); err != nil || at.Name != step {
			return err
		}
		mu.Lock()
		countdown--
		now := countdown < 0
		mu.Unlock()
		if now {
			kill()
		}
		return nil
	})
	delay := 5 * time.Second // should the step never come, because the mails of this round are fewer
	if step == "time" {
		delay = time.Duration(random.IntN(60)) * time.Millisecond
	}
	time.AfterFunc(delay, kill)
	return killed
}

// settle waits until the SMTP server has dealt with what the killed server had said.
func (f *fixture) settle() {
	f.until("the conversations have ended", f.smtp.Idle)
}

// drain waits until nothing is queued any more.
func (f *fixture) drain() {
	c := f.dial()
	f.until("no mail is queued", func() bool {
		out, err := harness.Call[api.ListMailOutput](f.server, c, "ListMail", &api.ListMailInput{Status: api.MailStatusQueued})
		if err != nil {
			f.t.Fatal(err)
		}
		return len(out.Mail) == 0
	})
}

func (f *fixture) until(what string, reached func() bool) {
	f.t.Helper()
	for limit := time.Now().Add(20 * time.Second); !reached(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(limit) {
			f.t.Fatalf("20 s went by before %s", what)
		}
	}
}

func (f *fixture) check(answered map[string]bool) {
	ids, copies := map[string]string{}, map[string]int{}
	for _, m := range f.smtp.Mails() {
		id := m.Header.Get("Message-Id")
		if before, again := ids[m.To]; again && before != id {
			f.t.Errorf("%s got the Message-IDs %s and %s", m.To, before, id)
		}
		ids[m.To] = id
		copies[m.To]++
	}
	lost, twice := 0, 0
	for email, answered := range answered {
		if answered && copies[email] == 0 {
			f.t.Errorf("%s got no mail", email)
		}
		if !answered {
			lost++
		}
		if copies[email] > 1 {
			twice++
		}
		seen := map[int]bool{}
		for _, run := range f.runs[email] {
			if seen[run] {
				f.t.Errorf("%s got two mails from the same run of the server", email)
			}
			seen[run] = true
		}
	}
	f.t.Logf("%d mails to %d addresses, %d of them more than once; %d invitations were cut off before their answer",
		len(f.smtp.Mails()), len(copies), twice, lost)
	if len(copies) == 0 || twice == 0 {
		f.t.Error("no mail came twice: the kills missed the conversations")
	}
}
