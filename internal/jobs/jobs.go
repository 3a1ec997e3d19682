// Package jobs does what operations have enqueued: it sends the mails and the events of bots, goes on with the sweeps, ends
// orders and deletions of phone numbers, and deletes messages. It also forgets what nobody needs any more.
//
// A job is done at least once. The store keeps who holds it; the holder raises the job's beat while it works, and a job whose
// beat stands still is taken over, so several processes may work on one store. What a job is for is looked at when it is
// done, not when it was enqueued; the world outside is spoken to with no transaction open.
package jobs

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/carillon-server/carillon/internal/audit"
	"github.com/carillon-server/carillon/internal/callout"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/gate"
	"github.com/carillon-server/carillon/internal/mail"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/store"
)

// These are measured by this process's own clock, which goes on evenly whatever the clock says that users see.
const (
	lookEvery  = 5 * time.Second  // at least, so that a clock that was moved is noticed
	beatEvery  = 10 * time.Second // two beats may be late
	leftAfter  = 30 * time.Second // a job whose beat stands still this long has been left
	cleanEvery = time.Minute
	graceTime  = 10 * time.Second // how long jobs under way may go on when the runner stops
)

// lookAhead is how many jobs that are due are looked at for each that is done at once: more than others can hold.
const lookAhead = 8

// Config is what a runner is made of.
type Config struct {
	DB     *store.DB
	Gate   *gate.Gate
	Source chime.Source
	Log    *slog.Logger
	// Send hands a mail to the SMTP server. It is nil where there is none: then the mailbox delivers.
	Send func(context.Context, *mail.Message) error
	// Endpoints calls the endpoints of bots.
	Endpoints *callout.Client
	// Audit is off where nothing is recorded. Records are kept for AuditKeep, 0 for ever.
	Audit     audit.Level
	AuditKeep time.Duration
}

// Runner runs jobs.
type Runner struct {
	Config
	id      chime.ID // of this process, as the holder of jobs
	lanes   []*lane
	elapsed func() time.Duration // since the runner was made
	look    time.Duration
	grace   time.Duration
	answer  time.Duration   // how long an endpoint may take
	pauses  []time.Duration // before each attempt to call it
	workers sync.WaitGroup
	freed   chan struct{} // holds one when a job has ended and nobody has taken notice

	mu      sync.Mutex
	running map[key]*work
}

// lane is a kind of jobs with room of its own, so that a slow kind holds up no other.
type lane struct {
	kind   string
	room   int // how many of its jobs are done at once
	do     func(context.Context, *store.Job) error
	limit  int                               // of attempts, after which giveUp is called
	giveUp func(*ops.Call, *store.Job) error // nil: its jobs are tried for ever

	busy int                 // guarded by the runner's mu
	seen map[key]heldByOther // only the runner's loop uses it
}

// key names a job.
type key struct {
	tenant chime.Tenant
	id     chime.ID
}

func keyOf(j *store.Job) key { return key{j.Tenant, j.ID} }

// heldByOther is what was seen of a job that another process holds, or that this one held and lost sight of.
type heldByOther struct {
	beat  int
	since time.Duration // by elapsed
}

// work is a job under way.
type work struct {
	held store.Job // as the store has it, with its latest beat
	stop context.CancelFunc
}

// New returns a runner.
func New(c Config) *Runner {
	begun := time.Now()
	r := &Runner{
		Config:  c,
		id:      c.Source.NewID(),
		elapsed: func() time.Duration { return time.Since(begun) },
		look:    lookEvery,
		grace:   graceTime,
		answer:  answerTime,
		pauses:  attemptPauses,
		freed:   make(chan struct{}, 1),
		running: map[key]*work{},
	}
	r.lanes = []*lane{
		{kind: ops.MailJob, room: 8, do: r.mail, limit: mailAttempts, giveUp: (*ops.Call).GiveUpMail},
		{kind: ops.SweepJob, room: 1, do: r.sweep},
		{kind: ops.OrderJob, room: 4, do: r.order},
		{kind: ops.NumberJob, room: 4, do: r.number},
		{kind: ops.EventsJob, room: eventRoom, do: r.events},
		{kind: ops.RetentionJob, room: 1, do: r.goOnDeleting},
		{kind: ops.PurgeJob, room: 1, do: r.goOnPurging},
		{kind: ops.ForgetJob, room: 1, do: r.goOnForgetting},
	}
	return r
}

// Run does jobs as they fall due until ctx ends. Then it begins no more, gives those under way a little time, and returns
// when they have ended; what could not end is done by the next process.
func (r *Runner) Run(ctx context.Context) {
	under, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var helpers sync.WaitGroup
	helpers.Go(func() { every(ctx, cleanEvery, func() { r.note("clean up", r.Clean(ctx)) }) })
	beating, stopBeating := context.WithCancel(under)
	helpers.Go(func() { r.audit(ctx) })
	helpers.Go(func() { every(beating, beatEvery, func() { r.note("raise the beat of jobs", r.beat(beating)) }) })

	for ctx.Err() == nil {
		_, err := r.claim(ctx, under)
		r.note("look for jobs", err)
		r.wait(ctx)
	}
	defer time.AfterFunc(r.grace, stop).Stop()
	r.workers.Wait()
	stopBeating()
	helpers.Wait()
}

// RunDue does the jobs that are due, also those that fall due while it works, and returns when they have ended. It is for
// tests, which move the clock, and not for a runner that runs.
func (r *Runner) RunDue(ctx context.Context) error {
	for {
		begun, err := r.claim(ctx, ctx)
		r.workers.Wait()
		if begun == 0 || err != nil {
			return err
		}
	}
}

// settleEvery is how often Settle looks.
const settleEvery = 5 * time.Millisecond

// Settle returns when no job is due any more, whoever does them. It needs a runner that runs, here or in another process.
func (r *Runner) Settle(ctx context.Context) error {
	tick := time.NewTicker(settleEvery)
	defer tick.Stop()
	for {
		due, err := r.isAnyDue(ctx)
		if !due || err != nil {
			return err
		}
		r.wake()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (r *Runner) isAnyDue(ctx context.Context) (bool, error) {
	now, err := r.Gate.Now(ctx)
	if err != nil {
		return false, err
	}
	for _, l := range r.lanes {
		due, err := r.DB.DueJobs(ctx, l.kind, now, 1)
		if len(due) > 0 || err != nil {
			return true, err
		}
	}
	return false, nil
}

// wake makes the loop look for jobs.
func (r *Runner) wake() {
	select {
	case r.freed <- struct{}{}:
	default: // the runner looks at everything
	}
}

// every calls fn at intervals until ctx ends.
func every(ctx context.Context, interval time.Duration, fn func()) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			fn()
		case <-ctx.Done():
			return
		}
	}
}

// wait returns when there may be something to do: a job was enqueued or ended, one falls due, or it is time to look.
func (r *Runner) wait(ctx context.Context) {
	until := time.NewTimer(r.untilNext(ctx))
	defer until.Stop()
	select {
	case <-r.DB.Jobs():
	case <-r.freed:
	case <-until.C:
	case <-ctx.Done():
	}
}

// untilNext returns how long it takes until the next job falls due, bounded by when to look anyway.
func (r *Runner) untilNext(ctx context.Context) time.Duration {
	now, err := r.Gate.Now(ctx)
	if err != nil {
		return r.look
	}
	shortest := r.look
	for _, l := range r.lanes {
		due, err := r.DB.NextJob(ctx, l.kind, now)
		if err == nil && !due.IsZero() { // after an error the next look finds out
			shortest = min(shortest, due.Sub(now))
		}
	}
	return shortest
}

// note logs an error of the runner itself. One that comes because it stops is none.
func (r *Runner) note(what string, err error) {
	if err != nil && !isEnd(err) {
		r.Log.Error(what, "error", err)
	}
}

// Clean writes when access keys were used last. It forgets the marks of creates that cannot be repeated any more, jobs that
// ended long ago, events that ended a while ago, accounts that cannot be restored any more, and audit records that have been kept
// long enough. Marks and records live by real time, as IDs do.
func (r *Runner) Clean(ctx context.Context) error {
	if err := r.DB.WriteUses(ctx); err != nil {
		return err
	}
	if err := r.DB.ClearMarks(ctx, r.Source.NewID().Time()); err != nil {
		return err
	}
	now, err := r.Gate.Now(ctx)
	if err != nil {
		return err
	}
	if err := r.DB.ClearJobs(ctx, now.Add(-jobLife)); err != nil {
		return err
	}
	if err := r.DB.ClearEvents(ctx, now.Add(-eventLife), clearPage); err != nil {
		return err
	}
	if err := r.DB.PurgeAccounts(ctx, now.Add(-chime.RestoreLimit)); err != nil || r.AuditKeep == 0 {
		return err
	}
	today := r.Gate.RealNow()
	return r.DB.RetireAudit(ctx, today.Add(-r.AuditKeep), today)
}

// jobLife is how long the record of a job is kept once it has ended (decided).
const jobLife = 90 * 24 * time.Hour
