package ops

import (
	"context"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/store"
)

// InviteUsers invites addresses to an account: one Invite for each, in the order of the request (documented: example). The
// mails go out once the call is committed, so EmailStatus is Sent (decided). An address that is pending, or whose
// invitation failed, is invited again with the same InviteId, and its earlier links end; a member of the account is
// Accepted and gets no mail (inferred); an address that belongs to another account, or to a suspended user, is Failed
// (decided: no Conflict is declared). In strict mode only Team accounts invite (documented: model InviteUsers).
func (c *Call) InviteUsers(_ context.Context, in *api.InviteUsersInput) (*api.InviteUsersOutput, error) {
	a, err := c.account(in.AccountID)
	if err != nil {
		return nil, err
	}
	if err := a.CheckInvite(c.Rules); err != nil {
		return nil, err
	}
	emails, err := parseEmails(in.UserEmailList)
	if err != nil {
		return nil, err
	}
	repeated, err := c.repeatsInvite()
	if err != nil {
		return nil, err
	}
	if !repeated && !c.Mark.IsZero() {
		c.Tx.InsertMark(c.Mark, c.Source.NewID())
	}
	inviting := inviting{Call: c, account: a, userType: chime.UserType(in.UserType), onlyLook: repeated,
		owners: map[string]error{}, done: map[string]api.Invite{}}
	out := &api.InviteUsersOutput{Invites: make([]api.Invite, 0, len(emails))}
	for _, email := range emails {
		invite, err := inviting.invite(email)
		if err != nil {
			return nil, err
		}
		out.Invites = append(out.Invites, invite)
	}
	return out, nil
}

// parseEmails reads the addresses of an InviteUsers; one that is none spoils the call (inferred).
func parseEmails(list []string) ([]chime.Email, error) {
	if len(list) == 0 {
		return nil, chime.BadRequest.Errorf("UserEmailList must have at least 1 item")
	}
	emails := make([]chime.Email, len(list))
	for i, s := range list {
		email, err := chime.ParseEmail(s)
		if err != nil {
			return nil, chime.BadRequest.Errorf("UserEmailList[%d] must be an e-mail address like name@example.com, of at most 254 bytes", i)
		}
		emails[i] = email
	}
	return emails, nil
}

// repeatsInvite reports whether an earlier attempt of this call has done its work, and makes room for its mark where that
// is too long ago to count.
func (c *Call) repeatsInvite() (bool, error) {
	if c.Tx.Met() != store.MarkMade {
		return false, nil
	}
	made, err := c.Tx.Made(c.Mark)
	if err != nil || made == nil {
		return false, err
	}
	if c.repeats(*made, c.Mark) {
		return true, nil
	}
	c.Tx.DeleteMark(c.Mark)
	return false, nil
}

// inviting is an InviteUsers under way.
type inviting struct {
	*Call
	account  *chime.Account
	userType chime.UserType
	onlyLook bool // the call was done before: answer from what it did
	owners   map[string]error
	done     map[string]api.Invite // by folded address: an address that is given twice is invited once
}

func (c *inviting) invite(email chime.Email) (api.Invite, error) {
	if invite, done := c.done[email.Fold()]; done {
		return invite, nil
	}
	if err := c.checkOwner(email); err != nil {
		return api.Invite{}, err
	}
	u, err := c.Tx.UserByEmail(email)
	if err != nil {
		return api.Invite{}, err
	}
	invite := api.Invite{EmailAddress: string(email), Status: api.InviteStatusPending, EmailStatus: api.EmailStatusSent}
	switch {
	case u == nil:
		u = c.account.Invite(c.Source, email, c.userType)
		c.Tx.InsertInvitedUser(u, store.Invite{Generation: 1, By: c.Caller.ARN})
		c.enqueueMail(u, 1)
	case u.AccountID != c.account.ID || u.Registration == chime.Suspended:
		invite.Status, invite.EmailStatus = api.InviteStatusFailed, api.EmailStatusNotSent
		c.done[email.Fold()] = invite
		return invite, nil
	case u.Registration == chime.Registered:
		invite.Status, invite.EmailStatus = api.InviteStatusAccepted, api.EmailStatusNotSent
	case !c.onlyLook:
		if err := c.inviteAgain(u); err != nil {
			return api.Invite{}, err
		}
	}
	invite.InviteID = u.ID.String() // an invitation is a state of its user (decided)
	c.done[email.Fold()] = invite
	return invite, nil
}

// checkOwner looks each domain up once.
func (c *inviting) checkOwner(email chime.Email) error {
	domain := email.Domain()
	refused, known := c.owners[domain]
	if !known {
		refused = c.checkDomain(c.account, email, "UserEmailList")
		c.owners[domain] = refused
	}
	return refused
}

func (c *inviting) inviteAgain(u *chime.User) error {
	earlier, err := c.Tx.Invite(u)
	if err != nil {
		return err
	}
	u.InviteAgain(c.Source, c.userType)
	c.Tx.UpdateUser(u)
	c.Tx.UpdateInvite(u, store.Invite{Generation: earlier.Generation + 1, By: c.Caller.ARN})
	c.enqueueMail(u, earlier.Generation+1)
	return nil
}

// ListInvites lists an account's open and failed invitations (decided).
func (c *Call) ListInvites(_ context.Context, in *api.ListInvitesInput) (*api.ListInvitesOutput, error) {
	p, err := c.page(in.NextToken, in.MaxResults, defaultProfilePage, "ListInvites", in.AccountID)
	if err != nil {
		return nil, err
	}
	a, err := c.account(in.AccountID)
	if err != nil {
		return nil, err
	}
	found, err := c.Tx.UnregisteredUsers(a.ID, p.after, p.limit+1)
	if err != nil {
		return nil, err
	}
	out := &api.ListInvitesOutput{Invitations: []api.Invitation{}}
	found, out.NextToken = cut(p, found, func(u *chime.User) chime.ID { return u.ID })
	for _, u := range found {
		invite, err := c.Tx.Invite(u)
		if err != nil {
			return nil, err
		}
		out.Invitations = append(out.Invitations, *c.wireInvitation(a, u, invite))
	}
	return out, nil
}

// GetInvite describes an invitation; the page behind a link shows it (decided).
func (c *Call) GetInvite(_ context.Context, in *api.GetInviteInput) (*api.GetInviteOutput, error) {
	i, err := c.invited(in.InviteToken, in.AccountID, in.InviteID)
	if err != nil {
		return nil, err
	}
	return &api.GetInviteOutput{Invitation: c.wireInvitation(i.account, i.user, i.invite)}, nil
}

// AcceptInvite registers an invited user, once (decided: Amazon had it behind the link of a mail, documented).
func (c *Call) AcceptInvite(_ context.Context, in *api.AcceptInviteInput) (*api.AcceptInviteOutput, error) {
	i, err := c.invited(in.InviteToken, in.AccountID, in.InviteID)
	if err != nil {
		return nil, err
	}
	if err := i.user.Accept(i.account, c.Source, in.DisplayName); err != nil {
		return nil, err
	}
	c.Tx.UpdateUser(i.user)
	return &api.AcceptInviteOutput{User: c.wireUser(i.user, withPIN)}, nil
}

// DeclineInvite ends an invitation: it has failed (decided).
func (c *Call) DeclineInvite(_ context.Context, in *api.DeclineInviteInput) (*api.DeclineInviteOutput, error) {
	i, err := c.invited(in.InviteToken, in.AccountID, in.InviteID)
	if err != nil {
		return nil, err
	}
	if err := i.user.Decline(c.Source.Now()); err != nil {
		return nil, err
	}
	c.Tx.UpdateUser(i.user)
	return &api.DeclineInviteOutput{Invitation: c.wireInvitation(i.account, i.user, i.invite)}, nil
}

// invited is an invitation with all that belongs to it.
type invited struct {
	account *chime.Account
	user    *chime.User
	invite  *store.Invite
}

// invited finds an invitation by the token of its link, or by its account and id.
func (c *Call) invited(token, accountID, inviteID string) (*invited, error) {
	if (token == "") == (accountID == "" || inviteID == "") {
		return nil, chime.BadRequest.Errorf("either InviteToken is required, or AccountId and InviteId are")
	}
	if token != "" {
		return c.invitedByLink(token)
	}
	a, u, err := c.accountAndUser(accountID, inviteID)
	if err != nil {
		return nil, err
	}
	return c.withInvite(a, u)
}

func (c *Call) withInvite(a *chime.Account, u *chime.User) (*invited, error) {
	invite, err := c.Tx.Invite(u)
	if err != nil {
		return nil, err
	}
	if invite.Generation == 0 {
		return nil, chime.NotFound.Errorf("user %s was never invited", u.ID)
	}
	return &invited{a, u, invite}, nil
}

var errWrongLink = chime.NotFound.Errorf("InviteToken belongs to no invitation; copy the whole link from the mail, or ask to be invited again")

func (c *Call) invitedByLink(token string) (*invited, error) {
	l, ok := parseLink(token)
	if !ok || l.tenant != c.Caller.Tenant {
		return nil, errWrongLink
	}
	a, err := c.Tx.Account(l.account)
	if a == nil || err != nil {
		return nil, orWrongLink(err)
	}
	u, err := c.Tx.User(l.account, l.user)
	if u == nil || err != nil {
		return nil, orWrongLink(err)
	}
	i, err := c.withInvite(a, u)
	if err != nil {
		return nil, err
	}
	if c.matches(l, i.invite.Generation) {
		return i, nil
	}
	for earlier := i.invite.Generation - 1; earlier > 0 && earlier > i.invite.Generation-100; earlier-- {
		if c.matches(l, earlier) {
			return nil, chime.BadRequest.Errorf("the invitation was sent again, which ended this link; use the one in the latest mail")
		}
	}
	return nil, errWrongLink
}

func orWrongLink(err error) error {
	if err != nil {
		return err
	}
	return errWrongLink
}

func (c *Call) wireInvitation(a *chime.Account, u *chime.User, i *store.Invite) *api.Invitation {
	return &api.Invitation{
		InviteID:     u.ID.String(),
		AccountID:    a.ID.String(),
		AccountName:  a.Name,
		UserID:       u.ID.String(),
		EmailAddress: string(u.Email),
		Status:       string(u.InvitationAt(c.Source.Now())),
		InvitedBy:    i.By,
		InvitedOn:    u.InvitedAt,
		ExpiresOn:    u.InvitedAt.Add(chime.InviteLife),
	}
}
