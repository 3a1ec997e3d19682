package jobs

import (
	"context"
	"time"
)

// Pace sets how often the runner looks at least, and how long it waits for jobs when it stops.
func (r *Runner) Pace(look, grace time.Duration) { r.look, r.grace = look, grace }

// Elapse replaces the runner's own clock.
func (r *Runner) Elapse(elapsed func() time.Duration) { r.elapsed = elapsed }

// Beat raises the beat of the jobs under way.
func (r *Runner) Beat(ctx context.Context) error { return r.beat(ctx) }

// PaceDeliveries sets how long a bot's endpoint may take, and the pauses before each attempt to call it.
func (r *Runner) PaceDeliveries(answer time.Duration, pauses ...time.Duration) {
	r.answer, r.pauses = answer, pauses
}
