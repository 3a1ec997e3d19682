package store

import (
	"context"
	"time"

	"github.com/carillon-server/carillon/internal/chime"
)

// Job is something to be done outside a transaction. It is enqueued within one, and so exists if and only if what it
// belongs to does; it is done at least once.
type Job struct {
	Tenant     chime.Tenant
	ID         chime.ID // tells a repetition: the idempotency key
	Kind       string
	Account    chime.ID // whom it is about
	Subject    chime.ID
	Payload    string // what else its handler needs to know
	State      JobState
	QueuedAt   time.Time
	DueAt      time.Time
	FinishedAt time.Time // zero until it is done, parked or withdrawn
	Attempts   int
	Error      string // of the last attempt

	Holder *chime.ID // the process that works on it, nil for none
	Beat   int       // the holder raises it; one that stands still has been left
}

// JobState is where a job stands.
type JobState string

// The states of a job.
const (
	JobQueued    JobState = "queued"
	JobDone      JobState = "done"
	JobParked    JobState = "parked"    // given up: it failed too often, or for good
	JobWithdrawn JobState = "withdrawn" // what it was for is gone
)

const jobColumns = `tenant, id, kind, account, subject, payload, state, queued_at, due_at, finished_at, attempts, error, holder, beat`

func scanJob(_ *Tx, row scanner) (*Job, error) {
	var j Job
	var holder []byte
	err := row.Scan(&j.Tenant, (*id)(&j.ID), &j.Kind, (*id)(&j.Account), (*id)(&j.Subject), &j.Payload, &j.State,
		millis{&j.QueuedAt}, millis{&j.DueAt}, millis{&j.FinishedAt}, &j.Attempts, &j.Error, &holder, &j.Beat)
	if holder != nil {
		j.Holder = new(chime.ID)
		copy(j.Holder[:], holder)
	}
	return &j, err
}

// InsertJob enqueues a job. If it is queued, Jobs is told once it is committed.
func (t *Tx) InsertJob(j *Job) {
	t.enqueued = t.enqueued || j.State == JobQueued
	t.queue(`
		insert into jobs (`+jobColumns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, null, 0)`,
		t.tenant, j.ID[:], j.Kind, j.Account[:], j.Subject[:], j.Payload, string(j.State), toMillis(j.QueuedAt),
		toMillis(j.DueAt), toMillis(j.FinishedAt), j.Attempts, j.Error)
}

// UpdateJob writes what became of a job of the transaction's tenant, and lets go of it: a beat that is under way misses it.
func (t *Tx) UpdateJob(j *Job) {
	t.queue(`
		update jobs
		set payload = $3, state = $4, due_at = $5, finished_at = $6, attempts = $7, error = $8, holder = null, beat = beat + 1
		where tenant = $1 and id = $2`,
		t.tenant, j.ID[:], j.Payload, string(j.State), toMillis(j.DueAt), toMillis(j.FinishedAt), j.Attempts, j.Error)
}

// DeleteJob forgets a job.
func (t *Tx) DeleteJob(j *Job) {
	t.queue(`
		delete from jobs
		where tenant = $1 and id = $2`,
		t.tenant, j.ID[:])
}

// Job returns the tenant's job, or nil.
func (t *Tx) Job(job chime.ID) (*Job, error) {
	return queryRow(t, scanJob, `
		select `+jobColumns+` from jobs
		where tenant = $1 and id = $2`,
		t.tenant, job[:])
}

// JobsOfKind returns at most limit jobs of the tenant in the order of their IDs and after the given one: those of a kind,
// and in a state if one is given.
func (t *Tx) JobsOfKind(kind string, state JobState, after chime.ID, limit int) ([]*Job, error) {
	return query(t, scanJob, `
		select `+jobColumns+` from jobs
		where tenant = $1 and id > $2 and kind = $3 and (state = $4 or $4 = '')
		order by id limit $5`,
		t.tenant, after[:], kind, string(state), limit)
}

// Jobs is told, without waiting, whenever a transaction that enqueued a job was committed.
func (db *DB) Jobs() <-chan struct{} { return db.enqueued }

// DueJobs returns at most limit queued jobs of a kind, of all tenants, that are due, the earliest first, held or not.
func (db *DB) DueJobs(ctx context.Context, kind string, now time.Time, limit int) (jobs []*Job, err error) {
	err = db.View(ctx, 0, func(t *Tx) error {
		jobs, err = query(t, scanJob, `
			select `+jobColumns+` from jobs
			where state = 'queued' and kind = $1 and due_at <= $2
			order by due_at limit $3`,
			kind, now.UnixMilli(), limit)
		return err
	})
	return jobs, err
}

// NextJob returns when the first queued job of a kind is due that is not due yet, the zero time if there is none.
func (db *DB) NextJob(ctx context.Context, kind string, now time.Time) (due time.Time, err error) {
	err = db.View(ctx, 0, func(t *Tx) error {
		next, err := queryRow(t, scanTime, `
			select due_at from jobs
			where state = 'queued' and kind = $1 and due_at > $2
			order by due_at limit 1`,
			kind, now.UnixMilli())
		if next != nil {
			due = *next
		}
		return err
	})
	return due, err
}

func scanTime(_ *Tx, row scanner) (*time.Time, error) {
	var at time.Time
	err := row.Scan(millis{&at})
	return &at, err
}

// HoldJobs makes holder the one that works on the jobs, and returns those that nobody else has taken or changed since they
// were read.
func (db *DB) HoldJobs(ctx context.Context, holder chime.ID, jobs []*Job) ([]*Job, error) {
	var held []*Job // not a result of the function: returning would write to it while the closure may still be running
	err := db.Update(ctx, 0, func(t *Tx) error {
		held = held[:0]
		for _, j := range jobs {
			now, err := queryRow(t, scanJob, `
				select `+jobColumns+` from jobs
				where tenant = $1 and id = $2 and state = 'queued' and beat = $3`,
				j.Tenant, j.ID[:], j.Beat)
			if err != nil {
				return err
			}
			if now == nil {
				continue
			}
			now.Holder, now.Beat = &holder, now.Beat+1
			t.queue(`
				update jobs
				set holder = $3, beat = $4
				where tenant = $1 and id = $2`,
				now.Tenant, now.ID[:], holder[:], now.Beat)
			held = append(held, now)
		}
		return nil
	})
	if err != nil {
		return nil, err // without reading held, if ctx has ended
	}
	return held, nil
}

// releaseJobs lets go of all jobs. Only one process has a SQLite store open, so those that held them are gone.
func releaseJobs(ctx context.Context, db *DB) error {
	return db.Update(ctx, 0, func(t *Tx) error {
		t.queue(`update jobs set holder = null where state = 'queued' and holder is not null`)
		return nil
	})
}

// ClearJobs forgets jobs of all tenants that ended before the given time.
func (db *DB) ClearJobs(ctx context.Context, before time.Time) error {
	return db.Update(ctx, 0, func(t *Tx) error {
		t.queue(`delete from jobs where finished_at < $1`, before.UnixMilli())
		return nil
	})
}
