package jobs

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/carillon-server/carillon/internal/store"
)

// claim begins what is due, as far as there is room, and returns how many jobs it began. ctx is for the looking, under for
// the jobs.
func (r *Runner) claim(ctx, under context.Context) (begun int, err error) {
	for _, l := range r.lanes {
		n, err := r.claimFor(ctx, under, l)
		if err != nil {
			return begun, fmt.Errorf("claim %s jobs: %w", l.kind, err)
		}
		begun += n
	}
	return begun, nil
}

func (r *Runner) claimFor(ctx, under context.Context, l *lane) (begun int, err error) {
	room := r.roomIn(l)
	if room == 0 {
		return 0, nil // whoever ends next makes the runner look again
	}
	now, err := r.Gate.Now(ctx)
	if err != nil {
		return 0, err
	}
	due, err := r.DB.DueJobs(ctx, l.kind, now, lookAhead*l.room)
	if err != nil {
		return 0, err
	}
	free := r.free(l, due)
	if len(free) == 0 {
		return 0, nil
	}
	held, err := r.DB.HoldJobs(ctx, r.id, free[:min(room, len(free))])
	if err != nil {
		return 0, err
	}
	for _, j := range held {
		r.begin(under, l, j)
	}
	return len(held), nil
}

func (r *Runner) roomIn(l *lane) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return l.room - l.busy
}

// free returns the jobs that nobody works on: nobody holds them, or their beat stands still.
func (r *Runner) free(l *lane, due []*store.Job) (free []*store.Job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, seen := r.elapsed(), map[key]heldByOther{}
	for _, j := range due {
		if r.running[keyOf(j)] != nil {
			continue
		}
		if j.Holder == nil {
			free = append(free, j)
			continue
		}
		before, known := l.seen[keyOf(j)]
		if !known || before.beat != j.Beat {
			before = heldByOther{j.Beat, now}
		}
		seen[keyOf(j)] = before
		if now-before.since >= leftAfter {
			free = append(free, j)
		}
	}
	l.seen = seen
	return free
}

// begin does a job that this process holds, beside the others.
func (r *Runner) begin(under context.Context, l *lane, j *store.Job) {
	ctx, stop := context.WithCancel(under)
	r.mu.Lock()
	defer r.mu.Unlock()
	l.busy++
	r.running[keyOf(j)] = &work{held: *j, stop: stop}
	r.workers.Go(func() {
		defer stop()
		r.do(ctx, under, l, j)
		r.ended(l, j)
	})
}

// do does a job and records what became of it, also when it was stopped.
func (r *Runner) do(ctx, under context.Context, l *lane, j *store.Job) {
	err := protect(func() error { return l.do(ctx, j) })
	switch {
	case err == nil, errors.Is(err, errNotOurs):
		return
	case ctx.Err() != nil:
		err = r.release(j)
	default:
		cause := err
		err = protect(func() error { return r.failed(under, l, j, cause) })
	}
	if err != nil && !errors.Is(err, errNotOurs) {
		r.note("record what became of a job", err)
	}
}

// protect makes an error of a panic: it is a bug, and the other jobs are to go on.
func protect(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return fn()
}

func (r *Runner) ended(l *lane, j *store.Job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l.busy--
	delete(r.running, keyOf(j))
	r.wake()
}

// beat raises the beat of the jobs under way, and stops those that another process has taken over.
func (r *Runner) beat(ctx context.Context) error {
	held := r.underWay()
	if len(held) == 0 {
		return nil
	}
	raised, err := r.DB.HoldJobs(ctx, r.id, held)
	if err != nil {
		return fmt.Errorf("raise the beat of %d jobs: %w", len(held), err)
	}
	beats := map[key]*store.Job{}
	for _, j := range raised {
		beats[keyOf(j)] = j
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, j := range held {
		w := r.running[keyOf(j)]
		switch now := beats[keyOf(j)]; {
		case w == nil || w.held.Beat != j.Beat:
			// It ended meanwhile. If that left it queued, this has taken hold of it again, which lapses like any hold.
		case now == nil:
			w.stop()
		default:
			w.held.Beat = now.Beat
		}
	}
	return nil
}

func (r *Runner) underWay() []*store.Job {
	r.mu.Lock()
	defer r.mu.Unlock()
	var held []*store.Job
	for _, w := range r.running {
		j := w.held
		held = append(held, &j)
	}
	return held
}

func isEnd(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
