package ops

import (
	"context"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
)

// maxDomains bounds the domains of an account (decided), so that all of them can be named.
const maxDomains = 100

// DeleteAccount deletes an account that has neither claimed domains nor users who are not suspended; it answers
// Unprocessable otherwise (preconditions documented: model DeleteAccount; class inferred). The account is gone at once and
// can be restored for 90 days (documented: model DeleteAccount; the door is decided); suspended users go for good, rooms and
// bots when it cannot be restored any more (decided).
func (c *Call) DeleteAccount(_ context.Context, in *api.DeleteAccountInput) (*api.DeleteAccountOutput, error) {
	a, err := c.account(in.AccountID)
	if err != nil {
		return nil, err
	}
	var o chime.Obstacles
	if o.Users, err = c.Tx.UsersInTheWay(a.ID, chime.MaxObstacles); err != nil {
		return nil, err
	}
	domains, err := c.Tx.DomainsOfAccount(a.ID, chime.ID{}, maxDomains)
	if err != nil {
		return nil, err
	}
	for _, d := range domains {
		o.Domains = append(o.Domains, d.Name)
	}
	if err := a.Delete(c.Source, o); err != nil {
		return nil, err
	}
	c.Tx.UpdateAccount(a)
	c.scheduleForgetting(a)
	return &api.DeleteAccountOutput{}, c.beginSweep(sweep{Account: a.ID, Until: c.Source.NewID()})
}

// ListDeletedAccounts lists the tenant's deleted accounts that can be restored (decided).
func (c *Call) ListDeletedAccounts(_ context.Context, in *api.ListDeletedAccountsInput) (*api.ListDeletedAccountsOutput, error) {
	p, err := c.page(in.NextToken, in.MaxResults, defaultProfilePage, "ListDeletedAccounts")
	if err != nil {
		return nil, err
	}
	found, err := c.Tx.DeletedAccounts(c.Source.Now().Add(-chime.RestoreLimit), p.after, p.limit+1)
	if err != nil {
		return nil, err
	}
	out := &api.ListDeletedAccountsOutput{DeletedAccounts: []api.DeletedAccount{}}
	found, out.NextToken = cut(p, found, func(a *chime.Account) chime.ID { return a.ID })
	for _, a := range found {
		out.DeletedAccounts = append(out.DeletedAccounts, api.DeletedAccount{
			Account: wireAccount(a), DeletedOn: a.DeletedAt, RestorableUntil: a.DeletedAt.Add(chime.RestoreLimit),
		})
	}
	return out, nil
}

// RestoreAccount brings a deleted account back within 90 days (documented: model DeleteAccount, there by Amazon's support).
func (c *Call) RestoreAccount(_ context.Context, in *api.RestoreAccountInput) (*api.RestoreAccountOutput, error) {
	id, _ := chime.ParseID(in.AccountID) // no account has the zero ID
	a, err := c.Tx.DeletedAccount(id)
	if err != nil {
		return nil, err
	}
	if a == nil || !a.RestorableAt(c.Source.Now()) {
		return nil, chime.NotFound.Errorf("account %s is not among the deleted accounts that can be restored, as ListDeletedAccounts shows them", in.AccountID)
	}
	left, err := c.Tx.Users(a.ID, "", chime.ID{}, 1)
	if err != nil {
		return nil, err
	}
	if len(left) > 0 { // the sweep that removes them is a moment's work for jobs, which would meet a living account
		return nil, chime.Unavailable.Errorf("the users of account %s are still being removed; try again", a.ID)
	}
	a.Restore()
	c.Tx.UpdateAccount(a)
	return &api.RestoreAccountOutput{Account: wireAccount(a)}, nil
}
