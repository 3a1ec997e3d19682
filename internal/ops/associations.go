package ops

import (
	"context"
	"fmt"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
)

// AssociatePhoneNumberWithUser gives a number of the inventory to a user, whose PrimaryProvisionedNumber it becomes
// (documented: model). It must be a BusinessCalling number (documented: administration guide). A number that another user
// has, a user who has another number and one who has not registered are a BadRequest; the same pair again succeeds (inferred,
// decided for registration).
func (c *Call) AssociatePhoneNumberWithUser(_ context.Context, in *api.AssociatePhoneNumberWithUserInput) (*api.AssociatePhoneNumberWithUserOutput, error) {
	u, err := c.user(in.AccountID, in.UserID)
	if err != nil {
		return nil, err
	}
	e164, _ := chime.ParseE164(in.E164PhoneNumber) // no number is empty
	n, err := c.inventory(e164)
	if err != nil {
		return nil, err
	}
	if n == nil {
		return nil, chime.NotFound.Errorf("E164PhoneNumber is not in the inventory of this AWS account")
	}
	outcome, err := n.Associate(c.Source, u)
	if err != nil {
		return nil, err
	}
	if outcome == chime.Changed {
		c.Tx.UpdateNumber(n)
		c.Tx.UpdateUser(u)
	}
	return &api.AssociatePhoneNumberWithUserOutput{}, nil
}

// DisassociatePhoneNumberFromUser takes a user's number away (documented: model). A user who has none is a NotFound
// (decided).
func (c *Call) DisassociatePhoneNumberFromUser(_ context.Context, in *api.DisassociatePhoneNumberFromUserInput) (*api.DisassociatePhoneNumberFromUserOutput, error) {
	u, err := c.user(in.AccountID, in.UserID)
	if err != nil {
		return nil, err
	}
	if u.Number == "" {
		return nil, chime.NotFound.Errorf("user %s has no phone number", in.UserID)
	}
	if err := c.releaseNumber(u); err != nil {
		return nil, err
	}
	c.Tx.UpdateUser(u)
	return &api.DisassociatePhoneNumberFromUserOutput{}, nil
}

// releaseNumber takes the number, if there is one, from a user who is to be written or removed.
func (c *Call) releaseNumber(u *chime.User) error {
	if u.Number == "" {
		return nil
	}
	n, err := c.Tx.Number(u.Number)
	if err != nil {
		return err
	}
	if n == nil || n.UserID != u.ID {
		return fmt.Errorf("the phone number of user %s is not theirs in the inventory", u.ID)
	}
	n.Release(c.Source)
	c.Tx.UpdateNumber(n)
	u.Number = ""
	return nil
}
