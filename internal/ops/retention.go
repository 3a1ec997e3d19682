package ops

import (
	"context"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/store"
)

// PutRetentionSettings sets how many days messages are kept; to leave RetentionDays out keeps them for ever (documented:
// model). Older ones are out of sight at once, and deleted after 30 days in which another setting brings them back
// (documented: administration guide; the moments are inferred). It answers 204 without a body (decided: the model's two
// halves exclude each other). In strict mode Team accounts have no retention (documented; class inferred).
func (c *Call) PutRetentionSettings(_ context.Context, in *api.PutRetentionSettingsInput) (*api.PutRetentionSettingsOutput, error) {
	a, err := c.enterprise(in.AccountID)
	if err != nil {
		return nil, err
	}
	before, err := c.Tx.Retention(a.ID)
	if err != nil {
		return nil, err
	}
	rooms, conversations := 0, 0
	if s := in.RetentionSettings.RoomRetentionSettings; s != nil {
		rooms = s.RetentionDays
	}
	if s := in.RetentionSettings.ConversationRetentionSettings; s != nil {
		conversations = s.RetentionDays
	}
	r := before.Set(c.Source, rooms, conversations)
	c.Tx.PutRetention(a.ID, r)
	return &api.PutRetentionSettingsOutput{}, c.scheduleRetention(a, r)
}

// GetRetentionSettings returns how many days messages are kept, both members also where nothing was set (inferred), and when
// the deletion of older ones begins.
func (c *Call) GetRetentionSettings(_ context.Context, in *api.GetRetentionSettingsInput) (*api.GetRetentionSettingsOutput, error) {
	a, err := c.enterprise(in.AccountID)
	if err != nil {
		return nil, err
	}
	r, err := c.Tx.Retention(a.ID)
	if err != nil {
		return nil, err
	}
	return &api.GetRetentionSettingsOutput{
		RetentionSettings: &api.RetentionSettings{
			ConversationRetentionSettings: &api.ConversationRetentionSettings{RetentionDays: r.ConversationDays},
			RoomRetentionSettings:         &api.RoomRetentionSettings{RetentionDays: r.RoomDays},
		},
		InitiateDeletionTimestamp: r.DeletionAt,
	}, nil
}

// RetentionJob is the kind of the jobs that delete old messages: an account has one, under its own id, while messages are
// not kept for ever.
const RetentionJob = "retention"

// retentionPause lies between two walks over an account's messages (decided).
const retentionPause = 24 * time.Hour

// A step of a job deletes so many messages, or looks into so many places: nobody waits long for the writer.
const (
	purgePage   = 250
	purgePlaces = 50
)

// scheduleRetention makes the account's job begin when the settings say.
func (c *Call) scheduleRetention(a *chime.Account, r chime.Retention) error {
	j, err := c.Tx.Job(a.ID)
	switch {
	case err != nil:
		return err
	case r.DeletionAt.IsZero():
		if j != nil {
			c.Tx.DeleteJob(j)
		}
	case j == nil:
		c.Tx.InsertJob(&store.Job{Tenant: a.Tenant, ID: a.ID, Kind: RetentionJob, Account: a.ID, Subject: a.ID,
			State: store.JobQueued, QueuedAt: c.Source.Now(), DueAt: r.DeletionAt})
	default:
		j.Payload, j.DueAt = "", r.DeletionAt
		c.Tx.UpdateJob(j)
	}
	return nil
}

// GoOnDeleting goes another step through an account's messages and deletes what is past its days. The payload says which
// room or conversation it has done; after the last it begins again another day.
func (c *Call) GoOnDeleting(j *store.Job) error {
	r, err := c.Tx.Retention(j.Account)
	if err != nil {
		return err
	}
	now := c.Source.Now()
	if !r.Deletable(now) { // the settings changed, and with them the job
		c.Tx.DeleteJob(j)
		return nil
	}
	done, _ := chime.ParseID(j.Payload) // empty at the beginning
	left := purgePage
	for range purgePlaces {
		place, err := c.Tx.NextPlace(j.Account, done)
		if err != nil {
			return err
		}
		if place == nil {
			j.Payload, j.DueAt = "", now.Add(retentionPause)
			c.Tx.UpdateJob(j)
			return nil
		}
		n, err := c.deleteOld(j.Account, *place, r, now, left)
		if err != nil {
			return err
		}
		c.didDelete(j.Account, *place, n)
		if left -= n; left == 0 {
			break // there may be more here
		}
		done = *place
	}
	j.Payload = done.String()
	c.Tx.UpdateJob(j)
	return nil
}

// deleteOld deletes the old messages of a place, at most limit.
func (c *Call) deleteOld(account, place chime.ID, r chime.Retention, now time.Time, limit int) (int, error) {
	v, err := c.Tx.Conversation(account, place)
	if err != nil {
		return 0, err
	}
	return c.Tx.DeleteMessages(account, place, chime.HiddenBefore(now, r.Days(v != nil)), limit)
}
