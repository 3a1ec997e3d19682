package jobs_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/gate"
	"github.com/carillon-server/carillon/internal/jobs"
	"github.com/carillon-server/carillon/internal/letter"
	"github.com/carillon-server/carillon/internal/mail"
	"github.com/carillon-server/carillon/internal/mail/mailtest"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/store"
	"github.com/carillon-server/carillon/internal/store/storetest"
	"github.com/carillon-server/carillon/test/logs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const tenant chime.Tenant = 123456789012

type fixture struct {
	*jobs.Runner
	clock   *chimetest.Clock
	source  chime.Source // of the clock
	db      *store.DB
	gate    *gate.Gate
	smtp    *mailtest.Server
	log     *syncBuffer
	logger  *slog.Logger // into log
	account string
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start makes a store with an account, a runner, and an SMTP server that takes everything.
func start(t *testing.T) *fixture {
	t.Helper()
	db := storetest.Open(t, rand.Reader)
	letters, err := letter.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{clock: chimetest.NewClock(), db: db, smtp: mailtest.Start(t), log: &syncBuffer{}}
	f.logger = logs.Logger(t, f.log)
	f.source = f.clock.Source()
	f.gate = gate.New(db, f.source, ops.Settings{Letters: letters, PublicURL: "https://chime.example.com"})
	server, err := mail.ParseServer("smtp://"+f.smtp.Address, "")
	if err != nil {
		t.Fatal(err)
	}
	sender, err := mail.NewSender(server, "carillon@example.org", nil)
	if err != nil {
		t.Fatal(err)
	}
	f.Runner = f.runner(sender.Send)
	f.account = call[api.CreateAccountOutput](t, f, "CreateAccount", &api.CreateAccountInput{Name: "Sales"}).Account.AccountID
	return f
}

// runner returns another runner on the store, as another process has it.
func (f *fixture) runner(send func(context.Context, *mail.Message) error) *jobs.Runner {
	return jobs.New(jobs.Config{DB: f.db, Gate: f.gate, Source: f.source, Log: f.logger, Send: send})
}

func call[Out any](t *testing.T, f *fixture, operation string, in any) *Out {
	t.Helper()
	out, err := f.gate.Do(t.Context(), &gate.Request{
		Operation: api.ByName(operation), Input: in,
		Caller: tenant.Root(chime.InstallationRoot, ""),
	})
	if err != nil {
		t.Fatalf("%s: %v", operation, err)
	}
	return out.(*Out)
}

func (f *fixture) invite(t *testing.T, emails ...string) []api.Invite {
	t.Helper()
	return call[api.InviteUsersOutput](t, f, "InviteUsers", &api.InviteUsersInput{AccountID: f.account, UserEmailList: emails}).Invites
}

func (f *fixture) runDue(t *testing.T) {
	t.Helper()
	if err := f.RunDue(t.Context()); err != nil {
		t.Fatalf("RunDue: %v", err)
	}
}

func (f *fixture) mails(t *testing.T) []api.MailSummary {
	t.Helper()
	return call[api.ListMailOutput](t, f, "ListMail", &api.ListMailInput{}).Mail
}

func (f *fixture) user(t *testing.T, id string) *api.User {
	t.Helper()
	return call[api.GetUserOutput](t, f, "GetUser", &api.GetUserInput{AccountID: f.account, UserID: id}).User
}

var link = regexp.MustCompile(`https://chime\.example\.com/invites/([A-Za-z0-9_-]+)`)

func token(t *testing.T, text string) string {
	t.Helper()
	m := link.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no link in %q", text)
	}
	return m[1]
}

func TestMailIsSent(t *testing.T) {
	t.Parallel()
	f := start(t)
	invited := f.invite(t, "Jane@example.com")[0]
	f.runDue(t)
	f.runDue(t)
	got, listed := f.smtp.Mails(), f.mails(t)
	if len(got) != 1 || len(listed) != 1 {
		t.Fatalf("%d mails came and %d are listed, want 1 and 1", len(got), len(listed))
	}
	if want := "<" + listed[0].MailID + "@example.org>"; got[0].To != "Jane@example.com" || got[0].Header.Get("Message-Id") != want {
		t.Errorf("to %q with Message-ID %q, want %q", got[0].To, got[0].Header.Get("Message-Id"), want)
	}
	if l := listed[0]; l.Status != api.MailStatusSent || l.Attempts != 1 || l.LastError != "" || !l.FinishedOn.Equal(chimetest.Start) {
		t.Errorf("listed %+v, want it sent at the first attempt", l)
	}
	for _, text := range []string{got[0].Text, got[0].HTML} {
		i := call[api.GetInviteOutput](t, f, "GetInvite", &api.GetInviteInput{InviteToken: token(t, text)}).Invitation
		if i.InviteID != invited.InviteID {
			t.Errorf("the link is for %s, want %s", i.InviteID, invited.InviteID)
		}
	}
}

// TestServerIsDown shows why a mail waits, and that it comes when the server is back.
func TestServerIsDown(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.smtp.Down(t)
	f.invite(t, "jane@example.com")
	f.runDue(t)
	waiting := f.mails(t)[0]
	pause := waiting.NextAttemptOn.Sub(chimetest.Start)
	if waiting.Status != api.MailStatusQueued || waiting.Attempts != 1 || !strings.Contains(waiting.LastError, "connection refused") ||
		pause < 8*time.Second || pause > 12*time.Second {
		t.Errorf("listed %+v, want it queued for about 10 s because the connection was refused", waiting)
	}
	f.smtp.Up(t)
	f.runDue(t)
	if n := len(f.smtp.Mails()); n != 0 {
		t.Errorf("%d mails came before the next attempt was due", n)
	}
	f.clock.Move(12 * time.Second)
	f.runDue(t)
	if sent := f.mails(t)[0]; len(f.smtp.Mails()) != 1 || sent.Status != api.MailStatusSent || sent.Attempts != 2 || sent.LastError != "" {
		t.Errorf("%d mails came, listed %+v, want it sent", len(f.smtp.Mails()), sent)
	}
	if log := f.log.String(); strings.Count(log, "job failed") != 1 || strings.Contains(log, "jane") {
		t.Errorf("log = %q, want one line without the address", log)
	}
}

func TestGivesUp(t *testing.T) {
	t.Parallel()
	f := start(t)
	attempts := 0
	f.smtp.Behave(func(mailtest.Step) error { attempts++; return mailtest.Refuse(451, "not now") })
	invited := f.invite(t, "jane@example.com")[0]
	var last api.MailSummary
	for last = f.mails(t)[0]; last.Status == api.MailStatusQueued; last = f.mails(t)[0] {
		f.clock.Move(last.NextAttemptOn.Sub(f.clock.Now()))
		f.runDue(t)
	}
	if took := f.clock.Now().Sub(chimetest.Start); attempts != 56 || took < 40*time.Hour || took > 56*time.Hour {
		t.Errorf("gave up after %d attempts in %v, want 56 in about two days", attempts, took)
	}
	if last.Status != api.MailStatusFailed || last.Attempts != 56 || !last.FinishedOn.Equal(f.clock.Now()) {
		t.Errorf("listed %+v, want it failed", last)
	}
	if got := f.user(t, invited.InviteID).UserInvitationStatus; got != api.InviteStatusFailed {
		t.Errorf("UserInvitationStatus = %q, want Failed", got)
	}
}

func TestRefusedForGood(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.smtp.Behave(func(at mailtest.Step) error {
		if at.To != "" {
			return mailtest.Refuse(550, "there is no "+at.To)
		}
		return nil
	})
	invited := f.invite(t, "jane@example.com")[0]
	f.runDue(t)
	failed := f.mails(t)[0]
	if failed.Status != api.MailStatusFailed || failed.Attempts != 1 || !strings.Contains(failed.LastError, "there is no <recipient>") {
		t.Errorf("listed %+v, want it failed at once", failed)
	}
	if got := f.user(t, invited.InviteID).UserInvitationStatus; got != api.InviteStatusFailed {
		t.Errorf("UserInvitationStatus = %q, want Failed", got)
	}
	if log := f.log.String(); !strings.Contains(log, "job given up") || strings.Contains(log, "jane") {
		t.Errorf("log = %q, want a line without the address", log)
	}
	f.smtp.Behave(nil)
	f.invite(t, "jane@example.com")
	f.runDue(t)
	if got := f.user(t, invited.InviteID).UserInvitationStatus; got != api.InviteStatusPending || len(f.smtp.Mails()) != 1 {
		t.Errorf("invited again: UserInvitationStatus = %q and %d mails, want Pending and 1", got, len(f.smtp.Mails()))
	}
}

// TestWithdrawn ends what a mail was for before it is sent.
func TestWithdrawn(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *fixture, api.Invite){
		"suspended": func(t *testing.T, f *fixture, i api.Invite) {
			call[api.BatchSuspendUserOutput](t, f, "BatchSuspendUser", &api.BatchSuspendUserInput{AccountID: f.account, UserIDList: []string{i.InviteID}})
		},
		"accepted": func(t *testing.T, f *fixture, i api.Invite) {
			call[api.AcceptInviteOutput](t, f, "AcceptInvite", &api.AcceptInviteInput{AccountID: f.account, InviteID: i.InviteID})
		},
		"declined": func(t *testing.T, f *fixture, i api.Invite) {
			call[api.DeclineInviteOutput](t, f, "DeclineInvite", &api.DeclineInviteInput{AccountID: f.account, InviteID: i.InviteID})
		},
		"too late": func(_ *testing.T, f *fixture, _ api.Invite) { f.clock.Move(chime.InviteLife) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t)
			end(t, f, f.invite(t, "jane@example.com")[0])
			f.runDue(t)
			if got := f.mails(t)[0]; len(f.smtp.Mails()) != 0 || got.Status != api.MailStatusWithdrawn {
				t.Errorf("%d mails came, listed %+v, want none and withdrawn", len(f.smtp.Mails()), got)
			}
		})
	}
	t.Run("invited again", func(t *testing.T) {
		t.Parallel()
		f := start(t)
		f.invite(t, "jane@example.com")
		f.invite(t, "jane@example.com")
		f.runDue(t)
		got := f.mails(t)
		if len(f.smtp.Mails()) != 1 || got[0].Status != api.MailStatusWithdrawn || got[1].Status != api.MailStatusSent {
			t.Errorf("%d mails came, listed %+v, want the second alone", len(f.smtp.Mails()), got)
		}
		token(t, f.smtp.Mails()[0].Text)
	})
}

// TestWithoutServer leaves mails that were enqueued when there was an SMTP server to the mailbox.
func TestWithoutServer(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.invite(t, "jane@example.com")
	if err := f.runner(nil).RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := f.mails(t)[0]; got.Status != api.MailStatusSent {
		t.Errorf("listed %+v, want it sent", got)
	}
}

// TestSlowServer lets mails wait for a server that says nothing: calls go on, and so do other jobs.
func TestSlowServer(t *testing.T) {
	t.Parallel()
	f := start(t)
	var talking, most atomic.Int32
	resume := make(chan struct{})
	f.smtp.Behave(func(at mailtest.Step) error {
		if at.Name == "data" {
			n := talking.Add(1)
			defer talking.Add(-1)
			for seen := most.Load(); n > seen && !most.CompareAndSwap(seen, n); seen = most.Load() {
			}
			<-resume
		}
		return nil
	})
	stop := f.run(t)
	defer stop()
	var emails []string
	for i := range 20 {
		emails = append(emails, fmt.Sprintf("u%d@example.com", i))
	}
	f.invite(t, emails...)
	eventually(t, "the server talks to 8", func() bool { return talking.Load() == 8 })
	f.deleteBigAccount(t)
	eventually(t, "the sweep ends", func() bool { return f.usersLeft(t) == 0 })
	if n := len(f.smtp.Mails()); n != 0 {
		t.Errorf("%d mails came, want none yet", n)
	}
	close(resume)
	f.smtp.Wait(t, 20)
	if most.Load() != 8 {
		t.Errorf("at most %d conversations at once, want 8", most.Load())
	}
}

// run lets the runner run, and returns what stops it and waits for its end.
func (f *fixture) run(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { f.Run(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}

// eventually waits for what the runner does by itself.
func eventually(t *testing.T, what string, reached func() bool) {
	t.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for limit := time.Now().Add(time.Minute); !reached(); <-look.C {
		if time.Now().After(limit) {
			t.Fatalf("a minute went by before %s", what)
		}
	}
}

var big = chime.ID{15: 1}

// deleteBigAccount makes an account with more users than a call goes through, and deletes it.
func (f *fixture) deleteBigAccount(t *testing.T) {
	t.Helper()
	a := chime.NewAccount(f.source, tenant, "Big")
	a.ID = big
	a.Type = chime.EnterpriseLWA
	err := f.db.Update(t.Context(), tenant, func(tx *store.Tx) error {
		tx.InsertAccount(a)
		for i := range 1010 {
			u, err := a.NewUser(f.source, "", fmt.Sprintf("big%d@example.com", i), "")
			if err != nil {
				return err
			}
			u.Registration = chime.Suspended
			tx.InsertUser(u, store.Mark{})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	call[api.DeleteAccountOutput](t, f, "DeleteAccount", &api.DeleteAccountInput{AccountID: big.String()})
}

func (f *fixture) usersLeft(t *testing.T) (left int) {
	t.Helper()
	err := f.db.View(t.Context(), tenant, func(tx *store.Tx) error {
		users, err := tx.Users(big, "", chime.ID{}, 2000)
		left = len(users)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return left
}

func TestSweep(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.deleteBigAccount(t)
	if left := f.usersLeft(t); left != 510 {
		t.Errorf("%d users are left after the call, want 510", left)
	}
	f.runDue(t)
	if left := f.usersLeft(t); left != 0 {
		t.Errorf("%d users are left after the jobs, want none", left)
	}
}

// TestClockIsMoved finds jobs that fall due because the clock was moved.
func TestClockIsMoved(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.Pace(10*time.Millisecond, time.Second)
	f.smtp.Behave(func(mailtest.Step) error { return mailtest.Refuse(451, "not now") })
	f.invite(t, "jane@example.com")
	stop := f.run(t)
	defer stop()
	eventually(t, "the first attempt fails", func() bool { return f.mails(t)[0].Attempts == 1 })
	f.smtp.Behave(nil)
	f.clock.Move(12 * time.Second)
	f.smtp.Wait(t, 1)
}

// TestTakeOver has jobs that another process holds: they are left alone while their beat goes on.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	f := start(t)
	var elapsed time.Duration
	f.Elapse(func() time.Duration { return elapsed })
	f.invite(t, "jane@example.com")
	other := f.source.NewID()
	hold := func() {
		due, err := f.db.DueJobs(t.Context(), ops.MailJob, f.clock.Now(), 10)
		if err != nil {
			t.Fatal(err)
		}
		if held, err := f.db.HoldJobs(t.Context(), other, due); err != nil || len(held) != 1 {
			t.Fatalf("HoldJobs: %v, %v", held, err)
		}
	}
	hold()
	for _, at := range []struct {
		elapsed time.Duration
		beats   bool
		want    int
	}{
		{0, false, 0}, {29 * time.Second, true, 0}, {30 * time.Second, false, 0}, {58 * time.Second, false, 0}, {59 * time.Second, false, 1},
	} {
		elapsed = at.elapsed
		if at.beats {
			hold()
		}
		f.runDue(t)
		if got := len(f.smtp.Mails()); got != at.want {
			t.Errorf("after %v: %d mails, want %d", at.elapsed, got, at.want)
		}
	}
}

// TestBeat raises the beat of a job under way, and stops one that another process has taken.
func TestBeat(t *testing.T) {
	t.Parallel()
	f := start(t)
	talks := make(chan struct{})
	slow := f.runner(func(ctx context.Context, _ *mail.Message) error {
		talks <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	})
	f.invite(t, "jane@example.com")
	ended := make(chan error)
	go func() { ended <- slow.RunDue(t.Context()) }()
	<-talks
	read := func() *store.Job {
		due, err := f.db.DueJobs(t.Context(), ops.MailJob, f.clock.Now(), 10)
		if err != nil || len(due) != 1 {
			t.Fatalf("DueJobs: %v, %v", due, err)
		}
		return due[0]
	}
	for want := 2; want < 5; want++ {
		if err := slow.Beat(t.Context()); err != nil || read().Beat != want {
			t.Errorf("beat %d, %v, want %d", read().Beat, err, want)
		}
	}
	f.Elapse(func() time.Duration { return 0 })
	f.runDue(t)
	if n := len(f.smtp.Mails()); n != 0 {
		t.Errorf("%d mails came while the beat goes on", n)
	}
	other := f.source.NewID()
	if held, err := f.db.HoldJobs(t.Context(), other, []*store.Job{read()}); err != nil || len(held) != 1 {
		t.Fatalf("HoldJobs: %v, %v", held, err)
	}
	if err := slow.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if j := read(); j.Holder == nil || *j.Holder != other || j.Attempts != 0 {
		t.Errorf("the job is %+v, want it left to its new holder", j)
	}
}

// TestStop stops the runner while a mail is under way: it is sent to its end, or if that takes too long it is free for the
// next process at once and no attempt is counted.
func TestStop(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		grace    time.Duration
		resumes  bool
		status   string
		attempts int
	}{
		"in time": {20 * time.Second, true, api.MailStatusSent, 1},
		"cut":     {time.Millisecond, false, api.MailStatusQueued, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t)
			talks, resume := make(chan struct{}), make(chan struct{})
			f.Runner = f.runner(func(ctx context.Context, _ *mail.Message) error {
				close(talks)
				select {
				case <-resume:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			})
			f.Pace(time.Second, c.grace)
			f.invite(t, "jane@example.com")
			stop := f.run(t)
			<-talks
			if c.resumes {
				time.AfterFunc(10*time.Millisecond, func() { close(resume) })
			}
			stop()
			if got := f.mails(t)[0]; got.Status != c.status || got.Attempts != c.attempts || got.LastError != "" {
				t.Errorf("listed %+v, want %s after %d attempts", got, c.status, c.attempts)
			}
			due, err := f.db.DueJobs(t.Context(), ops.MailJob, f.clock.Now(), 10)
			if err != nil || len(due) == 1 && due[0].Holder != nil {
				t.Errorf("still held: %+v, %v", due, err)
			}
		})
	}
}

// TestPanic has a bug in a job: it counts as a failed attempt, and the others go on.
func TestPanic(t *testing.T) {
	t.Parallel()
	f := start(t)
	buggy := f.runner(func(_ context.Context, m *mail.Message) error {
		if m.To == "bug@example.com" {
			panic("a bug")
		}
		return nil
	})
	f.invite(t, "bug@example.com", "jane@example.com")
	if err := buggy.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := f.mails(t); got[0].Status != api.MailStatusQueued || got[0].LastError != "panic: a bug" || got[1].Status != api.MailStatusSent {
		t.Errorf("listed %+v, want the first to wait and the second sent", got)
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.invite(t, "jane@example.com")
	f.runDue(t)
	call[api.BatchSuspendUserOutput](t, f, "BatchSuspendUser", &api.BatchSuspendUserInput{AccountID: f.account, UserIDList: []string{f.mails(t)[0].UserID}})
	call[api.DeleteAccountOutput](t, f, "DeleteAccount", &api.DeleteAccountInput{AccountID: f.account})
	id, _ := chime.ParseID(f.account)
	there := func() (mails, accounts int) {
		err := f.db.View(t.Context(), tenant, func(tx *store.Tx) error {
			a, err := tx.DeletedAccount(id)
			if a != nil {
				accounts = 1
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return len(f.mails(t)), accounts
	}
	f.clock.Move(chime.RestoreLimit - time.Millisecond)
	if err := f.Clean(t.Context()); err != nil {
		t.Fatal(err)
	}
	if m, a := there(); m != 1 || a != 1 {
		t.Errorf("before 90 days are over: %d mails and %d accounts, want 1 and 1", m, a)
	}
	f.clock.Move(2 * time.Millisecond)
	if err := f.Clean(t.Context()); err != nil {
		t.Fatal(err)
	}
	if m, a := there(); m != 0 || a != 0 {
		t.Errorf("after 90 days: %d mails and %d accounts, want none", m, a)
	}
}

func TestStoreIsClosed(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.invite(t, "jane@example.com")
	if err := f.db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.RunDue(t.Context()); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("RunDue on a closed store: %v, want an error", err)
	}
}
