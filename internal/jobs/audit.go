package jobs

import (
	"context"
	"time"

	"github.com/carillon-server/carillon/internal/audit"
)

const (
	// sealEvery is how often records are sealed and late ones written. The next time comes well before two seconds are over.
	sealEvery = 500 * time.Millisecond
	// sealAllEvery is how often the records of all tenants are looked at: other servers may have left some behind.
	sealAllEvery = time.Minute
	// lastSeal bounds the last time, when the runner stops.
	lastSeal = 5 * time.Second
)

// audit writes the late records and seals all until ctx ends, and once more then.
func (r *Runner) audit(ctx context.Context) {
	if r.Audit == audit.Off {
		return
	}
	allAt := r.elapsed() + sealAllEvery // what was there at the start, the store knows
	every(ctx, sealEvery, func() {
		all := r.elapsed() >= allAt
		if all {
			allAt = r.elapsed() + sealAllEvery
		}
		r.note("seal audit records", r.SealAudit(ctx, all))
	})
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSeal)
	defer cancel()
	r.note("seal audit records", r.SealAudit(last, false))
}

// SealAudit writes the late records and seals what is settled, of the tenants that have anything new or of all.
func (r *Runner) SealAudit(ctx context.Context, all bool) error {
	dropped, err := r.Gate.WriteLate(ctx)
	if dropped > 0 {
		r.Log.Warn("audit records of refused calls or reads were dropped: too many came at once", "count", dropped)
	}
	if err != nil {
		return err
	}
	return r.DB.SealAudit(ctx, r.Gate.RealNow(), all)
}
