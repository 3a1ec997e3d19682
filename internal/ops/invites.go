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
		first := &store.Invite{User: c.account.Invite(c.Source, email, c.userType), Generation: 1, By: c.Caller.ARN}
		c.Tx.InsertInvite(first)
		c.enqueueMail(first)
		u = first.User
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
	i, err := c.Tx.Invite(u.AccountID, u.ID)
	if err != nil {
		return err
	}
	i.User.InviteAgain(c.Source, c.userType)
	i.Generation, i.By = i.Generation+1, c.Caller.ARN
	c.Tx.UpdateInvite(i)
	c.enqueueMail(i)
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
	found, err := c.Tx.Invites(a.ID, p.after, p.limit+1)
	if err != nil {
		return nil, err
	}
	out := &api.ListInvitesOutput{Invitations: []api.Invitation{}}
	found, out.NextToken = cut(p, found, func(i *store.Invite) chime.ID { return i.User.ID })
	for _, i := range found {
		out.Invitations = append(out.Invitations, *c.wireInvitation(&invited{a, i}))
	}
	return out, nil
}

// GetInvite describes an invitation; the page behind a link shows it (decided).
func (c *Call) GetInvite(_ context.Context, in *api.GetInviteInput) (*api.GetInviteOutput, error) {
	i, err := c.invited(in.InviteToken, in.AccountID, in.InviteID)
	if err != nil {
		return nil, err
	}
	return &api.GetInviteOutput{Invitation: c.wireInvitation(i)}, nil
}

// AcceptInvite registers an invited user, once (decided: Amazon had it behind the link of a mail, documented). An address in
// a domain that another account has claimed since is refused (decided: it can join that account only).
func (c *Call) AcceptInvite(_ context.Context, in *api.AcceptInviteInput) (*api.AcceptInviteOutput, error) {
	i, err := c.invited(in.InviteToken, in.AccountID, in.InviteID)
	if err != nil {
		return nil, err
	}
	if err := i.User.Accept(i.account, c.Source, in.DisplayName); err != nil {
		return nil, err
	}
	if err := c.checkDomain(i.account, i.User.Email, "EmailAddress"); err != nil {
		return nil, err
	}
	if err := c.givePIN(i.User); err != nil {
		return nil, err
	}
	c.Tx.UpdateUser(i.User)
	return &api.AcceptInviteOutput{User: c.wireUser(i.User, withPIN)}, nil
}

// DeclineInvite ends an invitation: it has failed (decided).
func (c *Call) DeclineInvite(_ context.Context, in *api.DeclineInviteInput) (*api.DeclineInviteOutput, error) {
	i, err := c.invited(in.InviteToken, in.AccountID, in.InviteID)
	if err != nil {
		return nil, err
	}
	if err := i.User.Decline(c.Source.Now()); err != nil {
		return nil, err
	}
	c.Tx.UpdateUser(i.User)
	return &api.DeclineInviteOutput{Invitation: c.wireInvitation(i)}, nil
}

// invited is an invitation with all that belongs to it.
type invited struct {
	account *chime.Account
	*store.Invite
}

// invited finds an invitation by the token of its link, or by its account and id.
func (c *Call) invited(token, accountID, inviteID string) (*invited, error) {
	if (token == "") == (accountID == "" || inviteID == "") {
		return nil, chime.BadRequest.Errorf("either InviteToken is required, or AccountId and InviteId are")
	}
	if token != "" {
		return c.invitedByLink(token)
	}
	a, err := c.account(accountID)
	if err != nil {
		return nil, err
	}
	id, _ := chime.ParseID(inviteID) // no invitation has the zero ID
	i, err := c.Tx.Invite(a.ID, id)
	if err != nil {
		return nil, err
	}
	if i == nil || i.Generation == 0 {
		return nil, chime.NotFound.Errorf("invitation %s is not in account %s", inviteID, a.ID)
	}
	return &invited{a, i}, nil
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
	i, err := c.Tx.Invite(l.account, l.user)
	if i == nil || err != nil {
		return nil, orWrongLink(err)
	}
	if i.Generation > 0 && c.matches(l, i.Generation) {
		return &invited{a, i}, nil
	}
	for earlier := i.Generation - 1; earlier > 0 && earlier > i.Generation-100; earlier-- {
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

func (c *Call) wireInvitation(i *invited) *api.Invitation {
	u := i.User
	return &api.Invitation{
		InviteID:     u.ID.String(),
		AccountID:    i.account.ID.String(),
		AccountName:  i.account.Name,
		UserID:       u.ID.String(),
		EmailAddress: string(u.Email),
		Status:       string(u.InvitationAt(c.Source.Now())),
		InvitedBy:    i.By,
		InvitedOn:    u.InvitedAt,
		ExpiresOn:    u.InvitedAt.Add(chime.InviteLife),
	}
}
