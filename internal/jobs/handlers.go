package jobs

import (
	"context"

	"github.com/carillon-server/carillon/internal/mail"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/store"
)

// mail sends a mail: it looks what to send, hands it to the SMTP server with no transaction open, and records that it did.
func (r *Runner) mail(ctx context.Context, j *store.Job) error {
	var m *ops.Mail
	err := r.Gate.Look(ctx, j.Tenant, func(c *ops.Call) (err error) {
		m, err = c.WriteMail(j)
		return err
	})
	switch {
	case err != nil:
		return err
	case m == nil:
		return r.end(ctx, j, store.JobWithdrawn)
	case r.Send == nil: // it was enqueued when there was an SMTP server; in the mailbox it can be read
		return r.end(ctx, j, store.JobDone)
	}
	if err := r.Send(ctx, &mail.Message{ID: j.ID.String(), Date: j.QueuedAt, To: string(m.To), Letter: m.Letter}); err != nil {
		return err
	}
	return r.end(ctx, j, store.JobDone)
}

// sweep goes through another page of a sweep, which stays due until it has come to its end.
func (r *Runner) sweep(ctx context.Context, j *store.Job) error {
	return r.goOn(ctx, j, (*ops.Call).GoOnSweeping)
}

// order ends an order of phone numbers.
func (r *Runner) order(ctx context.Context, j *store.Job) error {
	return r.step(ctx, j, (*ops.Call).FinishOrder)
}

// number ends the deletion of a phone number.
func (r *Runner) number(ctx context.Context, j *store.Job) error {
	return r.step(ctx, j, (*ops.Call).LetGoOfNumber)
}

// goOnDeleting, goOnPurging and goOnForgetting do another step of what goes in steps.
func (r *Runner) goOnDeleting(ctx context.Context, j *store.Job) error {
	return r.goOn(ctx, j, (*ops.Call).GoOnDeleting)
}

func (r *Runner) goOnPurging(ctx context.Context, j *store.Job) error {
	return r.goOn(ctx, j, (*ops.Call).GoOnPurging)
}

func (r *Runner) goOnForgetting(ctx context.Context, j *store.Job) error {
	return r.goOn(ctx, j, (*ops.Call).GoOnForgetting)
}
