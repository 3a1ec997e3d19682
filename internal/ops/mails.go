package ops

import (
	"context"
	"strconv"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/audit"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/letter"
	"github.com/carillon-server/carillon/internal/store"
)

// MailJob is the kind of the jobs that send a mail. The job stays, as the record of the mail: it names the user and the
// generation of the invitation, and the mail is written from them whenever it is sent or shown. So neither an address nor
// a link is kept.
const MailJob = "mail"

// enqueueMail makes the mail of an invitation.
func (c *Call) enqueueMail(i *store.Invite) {
	u, now := i.User, c.Source.Now()
	j := &store.Job{
		Tenant: u.Tenant, ID: c.Source.NewID(), Kind: MailJob, Account: u.AccountID, Subject: u.ID,
		Payload: strconv.Itoa(i.Generation), State: store.JobQueued, QueuedAt: now, DueAt: now,
	}
	if c.Mailbox {
		j.State, j.FinishedAt = store.JobDone, now
	}
	c.Tx.InsertJob(j)
}

// Mail is a mail ready to be sent.
type Mail struct {
	To chime.Email
	letter.Letter
}

// WriteMail writes the mail of a job, or returns nil if what it was for is gone: the user, the account, or the invitation,
// which may have been accepted, declined or sent again.
func (c *Call) WriteMail(j *store.Job) (*Mail, error) {
	i, current, err := c.mailed(j)
	if !current || err != nil {
		return nil, err
	}
	if i.User.InvitationAt(c.Source.Now()) != chime.InvitationPending {
		return nil, nil
	}
	return c.mail(j, i)
}

// mailed returns whom a mail is about, nil if they are gone, and whether its invitation is the latest.
func (c *Call) mailed(j *store.Job) (_ *invited, current bool, err error) {
	a, err := c.Tx.Account(j.Account)
	if a == nil || err != nil {
		return nil, false, err
	}
	i, err := c.Tx.Invite(j.Account, j.Subject)
	if i == nil || err != nil {
		return nil, false, err
	}
	return &invited{a, i}, j.Payload == strconv.Itoa(i.Generation), nil
}

func (c *Call) mail(j *store.Job, i *invited) (*Mail, error) {
	generation, err := strconv.Atoi(j.Payload)
	if err != nil {
		return nil, err
	}
	l, err := c.Letters.Invitation(letter.Invitation{
		To:          string(i.User.Email),
		AccountName: i.account.Name,
		InvitedBy:   i.By,
		Link:        c.PublicURL + "/invites/" + c.linkToken(i.User, generation),
		Expires:     j.QueuedAt.Add(chime.InviteLife),
	})
	return &Mail{i.User.Email, l}, err
}

// GiveUpMail notes that a mail will not be sent any more. If its invitation is the latest and pending, that has failed
// (decided).
func (c *Call) GiveUpMail(j *store.Job) error {
	i, current, err := c.mailed(j)
	if err != nil {
		return err
	}
	if current && i.User.Undeliverable() == chime.Changed {
		c.Tx.UpdateUser(i.User)
		c.did("FailInvitation", i.User.AccountID, audit.Detail{Name: "userId", Value: i.User.ID.String()})
	}
	j.State, j.FinishedAt = store.JobParked, c.Source.Now()
	c.Tx.UpdateJob(j)
	return nil
}

// ListMail lists the tenant's mails (decided).
func (c *Call) ListMail(_ context.Context, in *api.ListMailInput) (*api.ListMailOutput, error) {
	p, err := c.page(in.NextToken, in.MaxResults, defaultProfilePage, "ListMail", in.Status)
	if err != nil {
		return nil, err
	}
	found, err := c.Tx.JobsOfKind(MailJob, mailStates[in.Status], p.after, p.limit+1)
	if err != nil {
		return nil, err
	}
	out := &api.ListMailOutput{Mail: []api.MailSummary{}}
	found, out.NextToken = cut(p, found, func(j *store.Job) chime.ID { return j.ID })
	for _, j := range found {
		i, _, err := c.mailed(j)
		if err != nil {
			return nil, err
		}
		m := wireMail(j, i)
		out.Mail = append(out.Mail, api.MailSummary{
			MailID: m.MailID, AccountID: m.AccountID, UserID: m.UserID, To: m.To, Status: m.Status, QueuedOn: m.QueuedOn,
			FinishedOn: m.FinishedOn, Attempts: m.Attempts, NextAttemptOn: m.NextAttemptOn, LastError: m.LastError,
		})
	}
	return out, nil
}

// GetMail shows a mail as it is sent (decided). Of a mail to a user who is gone, only the record is left.
func (c *Call) GetMail(_ context.Context, in *api.GetMailInput) (*api.GetMailOutput, error) {
	id, _ := chime.ParseID(in.MailID) // no mail has the zero ID
	j, err := c.Tx.Job(id)
	if err != nil {
		return nil, err
	}
	if j == nil || j.Kind != MailJob {
		return nil, chime.NotFound.Errorf("mail %s", in.MailID)
	}
	i, _, err := c.mailed(j)
	if err != nil {
		return nil, err
	}
	out := wireMail(j, i)
	if i != nil {
		m, err := c.mail(j, i)
		if err != nil {
			return nil, err
		}
		out.Subject, out.TextBody, out.HTMLBody = m.Subject, m.Text, m.HTML
	}
	return &api.GetMailOutput{Mail: out}, nil
}

// mailStates is what the wire calls the states of a mail's job.
var mailStates = map[string]store.JobState{
	api.MailStatusQueued:    store.JobQueued,
	api.MailStatusSent:      store.JobDone,
	api.MailStatusFailed:    store.JobParked,
	api.MailStatusWithdrawn: store.JobWithdrawn,
}

func wireMail(j *store.Job, i *invited) *api.Mail {
	m := &api.Mail{MailID: j.ID.String(), AccountID: j.Account.String(), QueuedOn: j.QueuedAt, FinishedOn: j.FinishedAt,
		Attempts: j.Attempts, LastError: j.Error}
	for status, state := range mailStates {
		if state == j.State {
			m.Status = status
		}
	}
	if j.State == store.JobQueued {
		m.NextAttemptOn = j.DueAt
	}
	if i != nil {
		m.UserID, m.To = i.User.ID.String(), string(i.User.Email)
	}
	return m
}
