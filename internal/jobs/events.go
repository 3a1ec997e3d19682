package jobs

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/carillon-server/carillon/internal/callout"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/store"
)

// answerTime is how long a bot's endpoint may take. attemptPauses lie before each attempt: two follow the first where the
// endpoint did not answer in time or failed (documented: developer guide).
const answerTime = 2 * time.Second

var attemptPauses = []time.Duration{0, 200 * time.Millisecond, 400 * time.Millisecond}

// eventRoom is how many bots are told something at once. More bots than these may hang: each gives its place up after an
// event that was parked, and comes behind the others.
const eventRoom = 100

// eventLife is how long the record of an event is kept once it has ended (decided). clearPage bounds how many are forgotten
// at a time.
const (
	eventLife = 7 * 24 * time.Hour
	clearPage = 1000
)

// events tells a bot what waits for it, in order.
func (r *Runner) events(ctx context.Context, j *store.Job) error {
	var next []*ops.Delivery
	err := r.Gate.Look(ctx, j.Tenant, func(c *ops.Call) (err error) {
		next, err = c.NextDeliveries(j)
		return err
	})
	if err != nil {
		return err
	}
	var ended []*chime.Event
	for _, d := range next {
		if !r.deliver(ctx, d) {
			break
		}
		ended = append(ended, d.Event)
		if d.Event.State == chime.EventParked {
			break
		}
	}
	if len(ended) == 0 && ctx.Err() != nil {
		return ctx.Err()
	}
	return r.record(ctx, j, func(c *ops.Call, now *store.Job) error { return c.RecordDeliveries(now, ended) })
}

// deliver sends an event until it has ended, and reports whether it has: not if ctx ended before.
func (r *Runner) deliver(ctx context.Context, d *ops.Delivery) bool {
	e := d.Event
	if e.State != chime.EventQueued {
		return true
	}
	var failure error
	for _, pause := range r.pauses {
		if !wait(ctx, pause) {
			return false
		}
		var again bool
		again, failure = r.attempt(ctx, d)
		if failure != nil && ctx.Err() != nil {
			return false
		}
		e.Attempts++
		if !again {
			break
		}
	}
	if failure == nil {
		e.End(r.Source, chime.EventDelivered, "")
	} else {
		e.End(r.Source, chime.EventParked, failure.Error())
	}
	return true
}

// attempt sends an event once. Each attempt has a signature of its own (documented: developer guide); the event's id tells a
// repetition (decided). Answers of 4xx are final: bots answer so to what they do not care for (observed).
func (r *Runner) attempt(ctx context.Context, d *ops.Delivery) (again bool, failure error) {
	ctx, cancel := context.WithTimeout(ctx, r.answer)
	defer cancel()
	header := ops.SignedHeader(d.Bot, r.Source.Now(), d.Body)
	header["Carillon-Event-Id"] = d.Event.ID.String()
	answer, err := r.Endpoints.Post(ctx, d.Bot.Endpoint, header, d.Body)
	var refused *callout.RefusedError
	switch {
	case errors.As(err, &refused):
		return false, err
	case err != nil:
		return true, err
	case answer.Status == http.StatusOK:
		return false, nil
	}
	return answer.Status >= 500, fmt.Errorf("the endpoint answered %d, and 200 is wanted", answer.Status)
}

// wait waits, and reports false if ctx ended before.
func wait(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
