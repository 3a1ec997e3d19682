package ops

import (
	"encoding/json"
	"fmt"

	"github.com/carillon-server/carillon/internal/audit"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/store"
)

// SweepJob is the kind of the jobs that go on with a sweep.
const SweepJob = "sweep"

// sweepPage is how many users a transaction goes through, so that nobody waits long for the writer.
const sweepPage = 500

// sweep is a walk over an account's users that removes some: all of a deleted account, those of a domain that was released.
// The first page belongs to the call that begins it; the rest, if there is any, to jobs.
type sweep struct {
	Account chime.ID
	Until   chime.ID          // who comes later than this is not meant
	After   chime.ID          // how far it has come
	Domain  string            // empty: everybody
	Type    chime.AccountType // of the account when it released the domain

	removed int // by this page
}

// beginSweep goes through the first page.
func (c *Call) beginSweep(s sweep) error {
	more, err := c.sweepPage(&s)
	if err != nil || !more {
		return err
	}
	payload, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("write down a sweep: %w", err)
	}
	now := c.Source.Now()
	c.Tx.InsertJob(&store.Job{
		Tenant: c.Caller.Tenant, ID: c.Source.NewID(), Kind: SweepJob, Account: s.Account, Subject: s.Account,
		Payload: string(payload), State: store.JobQueued, QueuedAt: now, DueAt: now,
	})
	return nil
}

// GoOnSweeping goes through another page, and forgets the job after the last.
func (c *Call) GoOnSweeping(j *store.Job) error {
	var s sweep
	if err := json.Unmarshal([]byte(j.Payload), &s); err != nil {
		return fmt.Errorf("read a sweep: %w", err)
	}
	more, err := c.sweepPage(&s)
	if err != nil {
		return err
	}
	if s.removed > 0 {
		c.did("RemoveUsers", s.Account, audit.Count(s.removed))
	}
	if !more {
		c.Tx.DeleteJob(j)
		return nil
	}
	payload, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("write down a sweep: %w", err)
	}
	j.Payload = string(payload)
	c.Tx.UpdateJob(j)
	return nil
}

func (c *Call) sweepPage(s *sweep) (more bool, err error) {
	users, err := c.Tx.Users(s.Account, "", s.After, sweepPage)
	if err != nil {
		return false, err
	}
	for _, u := range users {
		if string(u.ID[:]) > string(s.Until[:]) {
			return false, nil
		}
		s.After = u.ID
		if s.Domain == "" || u.Email.Domain() == s.Domain && s.Type.ReleaseUser(u) {
			if err := c.removeUser(u); err != nil {
				return false, err
			}
			s.removed++
		}
	}
	return len(users) == sweepPage, nil
}
