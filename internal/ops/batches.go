package ops

import (
	"context"
	"errors"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
)

// BatchSuspendUser suspends users; in a Team account it removes them, and it withdraws invitations everywhere (documented:
// model BatchSuspendUser; inferred for invitations). Their sessions end, and their phone numbers are released (decided). In
// strict mode an account whose users a directory manages is refused (inferred).
func (c *Call) BatchSuspendUser(_ context.Context, in *api.BatchSuspendUserInput) (*api.BatchSuspendUserOutput, error) {
	a, err := c.account(in.AccountID)
	if err != nil {
		return nil, err
	}
	if err := a.CheckSuspend(c.Rules); err != nil {
		return nil, err
	}
	failed, err := c.eachUser(a, in.UserIDList, func(_ int, u *chime.User) error {
		switch a.Suspend(u) {
		case chime.Gone:
			return c.removeUser(u)
		case chime.Changed:
			if err := c.releaseNumber(u); err != nil {
				return err
			}
			c.Tx.UpdateUser(u)
			c.Tx.EndSessions(u)
		}
		return nil
	})
	return &api.BatchSuspendUserOutput{UserErrors: failed}, err
}

// BatchUnsuspendUser lets suspended users in again; others are ignored (documented: model BatchUnsuspendUser). In strict
// mode only an EnterpriseLWA account takes it (documented; class inferred).
func (c *Call) BatchUnsuspendUser(_ context.Context, in *api.BatchUnsuspendUserInput) (*api.BatchUnsuspendUserOutput, error) {
	a, err := c.account(in.AccountID)
	if err != nil {
		return nil, err
	}
	if err := a.CheckUnsuspend(c.Rules); err != nil {
		return nil, err
	}
	failed, err := c.eachUser(a, in.UserIDList, func(_ int, u *chime.User) error {
		if u.Unsuspend() == chime.Changed {
			c.Tx.UpdateUser(u)
		}
		return nil
	})
	return &api.BatchUnsuspendUserOutput{UserErrors: failed}, err
}

// BatchUpdateUser updates users as UpdateUser does (documented: model BatchUpdateUser).
func (c *Call) BatchUpdateUser(_ context.Context, in *api.BatchUpdateUserInput) (*api.BatchUpdateUserOutput, error) {
	a, err := c.account(in.AccountID)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(in.UpdateUserRequestItems))
	for i, item := range in.UpdateUserRequestItems {
		ids[i] = item.UserID
	}
	failed, err := c.eachUser(a, ids, func(i int, u *chime.User) error {
		item := &in.UpdateUserRequestItems[i]
		outcome, err := u.Update(a, c.Rules, userChange(item.LicenseType, item.UserType, item.AlexaForBusinessMetadata))
		if outcome == chime.Changed {
			c.Tx.UpdateUser(u)
		}
		return err
	})
	return &api.BatchUpdateUserOutput{UserErrors: failed}, err
}

// eachUser does something with each of the account's users and returns what was refused, in the order of the request. An
// id that is given twice counts once, the first time; an unknown one is NotFound (both inferred). An error that is no
// refusal ends the whole batch.
func (c *Call) eachUser(a *chime.Account, ids []string, do func(i int, u *chime.User) error) ([]api.UserError, error) {
	failed := []api.UserError{} // shown although empty (documented: every example)
	seen := make(map[string]bool, len(ids))
	for i, userID := range ids {
		id, _ := chime.ParseID(userID) // no user has the zero ID
		key := userID
		if id != (chime.ID{}) {
			key = id.String()
		}
		if seen[key] {
			continue
		}
		seen[key] = true
		u, err := c.Tx.User(a.ID, id)
		if err == nil && u == nil {
			err = errNoUser(a.ID.String(), userID)
		}
		if err == nil {
			err = do(i, u)
		}
		if refused := (*chime.Error)(nil); errors.As(err, &refused) {
			failed = append(failed, itemError(userID, refused))
		} else if err != nil {
			return nil, err
		}
	}
	return failed, nil
}
