package jobs

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/mail"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/store"
)

// errNotOurs is the error of a job that has ended or was taken over by another process: what becomes of it is not for this
// one to say.
var errNotOurs = errors.New("the job is not this process's any more")

// step runs a step of a job in a transaction, with the job as it stands there.
func (r *Runner) step(ctx context.Context, j *store.Job, fn func(*ops.Call, *store.Job) error) error {
	return r.Gate.Work(ctx, j.Tenant, func(c *ops.Call) error {
		now, err := c.Tx.Job(j.ID)
		if err != nil {
			return err
		}
		if now == nil || now.State != store.JobQueued || now.Holder == nil || *now.Holder != r.id {
			return errNotOurs
		}
		return fn(c, now)
	})
}

// goOn runs a step of a job that goes on afterwards. A step that is done ends what failed before it.
func (r *Runner) goOn(ctx context.Context, j *store.Job, fn func(*ops.Call, *store.Job) error) error {
	return r.step(ctx, j, func(c *ops.Call, now *store.Job) error {
		now.Attempts, now.Error = 0, ""
		return fn(c, now)
	})
}

// recordTime is how long to try to record what became of a job, recordEvery how often. Without a record the job would be
// done again.
const (
	recordTime  = time.Minute
	recordEvery = time.Second
)

// record writes what became of a job, also when it was stopped. While the store cannot write, it tries again until ctx ends.
func (r *Runner) record(ctx context.Context, j *store.Job, fn func(*ops.Call, *store.Job) error) error {
	limit := time.NewTimer(recordTime)
	defer limit.Stop()
	pause := time.NewTicker(recordEvery)
	defer pause.Stop()
	for {
		err := r.step(context.WithoutCancel(ctx), j, fn)
		if !errors.Is(err, chime.Unavailable) {
			return err
		}
		select {
		case <-pause.C:
		case <-limit.C:
			return err
		case <-ctx.Done():
			return err
		}
	}
}

// end records that a job is over after another attempt, or before one if it was withdrawn.
func (r *Runner) end(ctx context.Context, j *store.Job, state store.JobState) error {
	return r.record(ctx, j, func(c *ops.Call, now *store.Job) error {
		now.State, now.FinishedAt = state, c.Source.Now()
		if state == store.JobDone {
			now.Attempts, now.Error = now.Attempts+1, ""
		}
		c.Tx.UpdateJob(now)
		return nil
	})
}

// release lets go of a job that was stopped halfway. That was no attempt.
func (r *Runner) release(j *store.Job) error {
	ctx, cancel := context.WithTimeout(context.Background(), recordEvery)
	defer cancel()
	return r.step(ctx, j, func(c *ops.Call, now *store.Job) error {
		c.Tx.UpdateJob(now)
		return nil
	})
}

// failed records an attempt that failed, and when to try again, if at all. The log gets a line.
func (r *Runner) failed(ctx context.Context, l *lane, j *store.Job, cause error) error {
	var refused *mail.Error
	permanent := errors.As(cause, &refused) && refused.Permanent
	var next time.Time
	attempts := 0
	err := r.record(ctx, j, func(c *ops.Call, now *store.Job) error {
		now.Attempts++
		now.Error, _, _ = strings.Cut(cause.Error(), "\n")
		if attempts = now.Attempts; l.giveUp != nil && (permanent || attempts >= l.limit) {
			next = time.Time{}
			return l.giveUp(c, now)
		}
		next = c.Source.Now().Add(pauseAfter(attempts, c.Source))
		now.DueAt = next
		c.Tx.UpdateJob(now)
		return nil
	})
	if err != nil {
		return errors.Join(cause, err)
	}
	if next.IsZero() {
		r.Log.Error("job given up", "kind", j.Kind, "job", j.ID.String(), "attempts", attempts, "error", cause)
	} else {
		r.Log.Warn("job failed", "kind", j.Kind, "job", j.ID.String(), "attempts", attempts, "next", next, "error", cause)
	}
	return nil
}

// mailAttempts is how often a mail is tried: for about two days, since from the tenth time on an hour lies between (decided).
const mailAttempts = 56

// The pauses between attempts double from the first to the longest.
const (
	firstPause   = 10 * time.Second
	longestPause = time.Hour
)

// pauseAfter returns how long to wait after so many attempts: up to a fifth more or less, so that what failed together does
// not come back together.
func pauseAfter(attempts int, src chime.Source) time.Duration {
	pause := firstPause
	for range attempts - 1 {
		if pause *= 2; pause >= longestPause {
			pause = longestPause
			break
		}
	}
	var b [8]byte
	if _, err := io.ReadFull(src.Random, b[:]); err != nil {
		panic(fmt.Errorf("read randomness: %w", err))
	}
	spread := pause * 2 / 5
	return pause - spread/2 + time.Duration(binary.BigEndian.Uint64(b[:])%uint64(spread))
}
