// Package ops holds the API's operations, a method each on [Call].
//
// An operation loads, lets the domain decide, queues its writes and answers. The gate opens its transaction and
// commits what it did; nothing here touches the world outside the transaction.
package ops

import (
	"context"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/audit"
	"github.com/carillon-server/carillon/internal/backup"
	"github.com/carillon-server/carillon/internal/callout"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/letter"
	"github.com/carillon-server/carillon/internal/store"
)

// Settings are the same for every call of a server.
type Settings struct {
	Rules     chime.Rules
	Faults    *Faults           // nil where faults are not allowed
	Snapshots *Snapshots        // nil where the data does not end with the server
	Letters   *letter.Templates // of the mails
	PublicURL string            // where people find this server's pages, without a slash at the end
	Mailbox   bool              // there is no SMTP server: a mail is delivered once it can be read with GetMail

	OrderDelay  time.Duration // how long an order of phone numbers is Processing
	NumberQuota int           // how many phone numbers a tenant can have, 0 for any number
	TestClock   bool          // AdvanceClock is allowed, and the clock is before the time by what the store says
	// RunDue runs the jobs that are due and returns when none is left. The gate calls it after an operation that set
	// Call.Due.
	RunDue func(context.Context) error

	Audit audit.Level

	Quotas    chime.Quotas
	Endpoints *callout.Client // calls the endpoints of bots

	// SourceOf returns where the calls of a tenant get what varies, if not all get it from the gate's source.
	SourceOf func(chime.Tenant) chime.Source

	Backups *backup.Keeper // nil where there are none

	TokenKey []byte     // the secret under which page tokens are made
	LinkKey  []byte     // the secret under which invitation links and reply endpoints are made
	PINs     chime.PINs // the digits of PINs

	LoadKeys func() error // reads the keys that seal secrets anew
}

// Call is one call under way: who calls, and what the operation may use. It lives as long as its transaction.
type Call struct {
	*Settings

	Caller chime.Caller
	Source chime.Source
	Tx     *store.Tx
	Mark   store.Mark   // of this call; zero where a repetition cannot be told from a new call
	Due    bool         // once this is committed, what is due is to be done before the answer
	Did    []audit.Work // what the server's own work changes, for those who read of it later
}

var _ api.Operations = (*Call)(nil)

// madeBefore returns the ID of what an earlier attempt of this call made, nil if there is none or that is too long ago to count.
// It is for calls whose marks are kept in the table for them.
func (c *Call) madeBefore() (*chime.ID, error) {
	if c.Mark.IsZero() {
		return nil, nil
	}
	made, err := c.Tx.Made(c.Mark)
	if made == nil || err != nil || c.repeats(*made, c.Mark) {
		return made, err
	}
	c.Tx.DeleteMark(c.Mark)
	return nil, nil
}

// repeats reports whether this call is a repetition of the one that made the thing of that ID: it has the same mark and
// comes within its life. IDs tell real time, whatever the clock says that users see.
func (c *Call) repeats(made chime.ID, mark store.Mark) bool {
	return !mark.IsZero() && mark == c.Mark && c.Source.NewID().Time().Sub(made.Time()) < store.MarkLife
}
