package ops

import (
	"time"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/store"
)

// PurgeJob is the kind of the jobs that delete the messages of a room that is gone. ForgetJob is the kind of those that
// delete an account's rooms, conversations, bots and messages once it cannot be restored any more.
const (
	PurgeJob  = "purge"
	ForgetJob = "forget"
)

// beginPurge lets a job delete what was said in a room that is being deleted, if anything was.
func (c *Call) beginPurge(account, room chime.ID) error {
	said, err := c.Tx.Messages(account, room, chime.ID{}, 1)
	if len(said) == 0 || err != nil {
		return err
	}
	now := c.Source.Now()
	c.Tx.InsertJob(&store.Job{Tenant: c.Caller.Tenant, ID: c.Source.NewID(), Kind: PurgeJob, Account: account, Subject: room,
		State: store.JobQueued, QueuedAt: now, DueAt: now})
	return nil
}

// GoOnPurging deletes another page of messages, and forgets the job after the last.
func (c *Call) GoOnPurging(j *store.Job) error {
	n, err := c.Tx.DeleteMessages(j.Account, j.Subject, endOfTime, purgePage)
	if err != nil {
		return err
	}
	c.didDelete(j.Account, j.Subject, n)
	if n < purgePage {
		c.Tx.DeleteJob(j)
	} else {
		c.Tx.UpdateJob(j)
	}
	return nil
}

// endOfTime is later than anything was sent.
var endOfTime = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// scheduleForgetting lets a job forget what belongs to an account that was just deleted, when it cannot be restored any more.
func (c *Call) scheduleForgetting(a *chime.Account) {
	c.Tx.InsertJob(&store.Job{Tenant: a.Tenant, ID: c.Source.NewID(), Kind: ForgetJob, Account: a.ID, Subject: a.ID,
		State: store.JobQueued, QueuedAt: a.DeletedAt, DueAt: a.DeletedAt.Add(chime.RestoreLimit)})
}

// roomsPage is how many rooms with their members, or conversations, are forgotten at a time.
const roomsPage = 5

// GoOnForgetting forgets another page of what a deleted account has left, and the job after the last. An account that was
// restored keeps everything; if it was deleted again, a later job is for it.
func (c *Call) GoOnForgetting(j *store.Job) error {
	living, err := c.Tx.Account(j.Account)
	if err != nil {
		return err
	}
	deleted, err := c.Tx.DeletedAccount(j.Account)
	if err != nil {
		return err
	}
	if living != nil || deleted != nil && deleted.RestorableAt(c.Source.Now()) {
		c.Tx.DeleteJob(j)
		return nil
	}
	for _, forget := range []func(chime.ID) (bool, error){c.forgetMessages, c.forgetRooms, c.forgetConversations} {
		more, err := forget(j.Account)
		if err != nil {
			return err
		}
		if more {
			c.Tx.UpdateJob(j)
			return nil
		}
	}
	c.did("ForgetAccount", j.Account)
	c.Tx.DeleteBots(j.Account)
	c.Tx.DeleteRetention(j.Account)
	c.Tx.DeleteJob(j)
	return nil
}

func (c *Call) forgetMessages(account chime.ID) (more bool, err error) {
	place, err := c.Tx.NextPlace(account, chime.ID{})
	if place == nil || err != nil {
		return false, err
	}
	n, err := c.Tx.DeleteMessages(account, *place, endOfTime, purgePage)
	c.didDelete(account, *place, n)
	return true, err
}

func (c *Call) forgetRooms(account chime.ID) (more bool, err error) {
	rooms, err := c.Tx.Rooms(account, chime.ID{}, roomsPage)
	for _, r := range rooms {
		c.Tx.DeleteRoom(r)
	}
	return len(rooms) > 0, err
}

func (c *Call) forgetConversations(account chime.ID) (more bool, err error) {
	conversations, err := c.Tx.Conversations(account, chime.ID{}, roomsPage)
	for _, v := range conversations {
		c.Tx.DeleteConversation(v)
	}
	return len(conversations) > 0, err
}
