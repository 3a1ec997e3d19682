package ops

import (
	"context"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
)

// AssociateSigninDelegateGroupsWithAccount adds groups whose members may sign in on behalf of devices; it is idempotent
// (inferred), and refuses Team accounts in strict mode (inferred). GetAccount shows them (documented: model Account).
func (c *Call) AssociateSigninDelegateGroupsWithAccount(_ context.Context, in *api.AssociateSigninDelegateGroupsWithAccountInput) (*api.AssociateSigninDelegateGroupsWithAccountOutput, error) {
	a, err := c.account(in.AccountID)
	if err != nil {
		return nil, err
	}
	groups := make([]string, len(in.SigninDelegateGroups))
	for i, g := range in.SigninDelegateGroups {
		if g.GroupName == "" {
			return nil, chime.BadRequest.Errorf("SigninDelegateGroups[%d].GroupName is required", i)
		}
		groups[i] = g.GroupName
	}
	if err := a.Associate(c.Rules, groups); err != nil {
		return nil, err
	}
	c.Tx.UpdateAccount(a)
	return &api.AssociateSigninDelegateGroupsWithAccountOutput{}, nil
}

// DisassociateSigninDelegateGroupsFromAccount removes groups; those that are not there are ignored, and Team accounts are
// refused in strict mode (inferred).
func (c *Call) DisassociateSigninDelegateGroupsFromAccount(_ context.Context, in *api.DisassociateSigninDelegateGroupsFromAccountInput) (*api.DisassociateSigninDelegateGroupsFromAccountOutput, error) {
	a, err := c.account(in.AccountID)
	if err != nil {
		return nil, err
	}
	if err := a.Disassociate(c.Rules, in.GroupNames); err != nil {
		return nil, err
	}
	c.Tx.UpdateAccount(a)
	return &api.DisassociateSigninDelegateGroupsFromAccountOutput{}, nil
}
