package ops

import (
	"context"
	"errors"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/store"
)

// CreateUser adds a registered user to an account of any type; in strict mode only to an EnterpriseDirectory account, as
// Amazon's service did (observed), and to that only with an address in a domain that it claimed (inferred). A domain that
// another account claimed is always refused (documented for invitations). A repetition of the call gets the user that the
// first one made (decided).
func (c *Call) CreateUser(_ context.Context, in *api.CreateUserInput) (*api.CreateUserOutput, error) {
	address, member := in.Email, "Email"
	if address == "" {
		address, member = in.Username, "Username" // which may be an address (decided)
	}
	a, owner, err := c.accountAndOwner(in.AccountID, chime.Email(address).Domain())
	if err != nil {
		return nil, err
	}
	if err := a.CheckCreateUser(c.Rules, in.Email); err != nil {
		return nil, err
	}
	u, err := a.NewUser(c.Source, in.Username, in.Email, chime.UserType(in.UserType))
	if err != nil {
		return nil, err
	}
	if err := a.CheckDomain(c.Rules, owner, member); err != nil {
		return nil, err
	}
	if c.Tx.Met() == store.UserEmail {
		if u, err = c.firstUser(u.Email); err != nil {
			return nil, err
		}
	} else {
		if err := c.givePIN(u); err != nil {
			return nil, err
		}
		c.Tx.InsertUser(u, c.Mark)
	}
	// The documented example of a shared device has no PIN, the documented response of the operation has one (decided).
	return &api.CreateUserOutput{User: c.wireUser(u, u.Type == chime.PrivateUser)}, nil
}

// givePIN replaces a PIN that was drawn by the next in order, where the store keeps an order: the index over PINs then
// grows at its end instead of all over.
func (c *Call) givePIN(u *chime.User) error {
	next, ordered, err := c.Tx.NextPIN()
	if ordered {
		u.PIN = next
	}
	return err
}

// firstUser returns the user with the address if an earlier attempt of this call made it, and a Conflict otherwise.
func (c *Call) firstUser(email chime.Email) (*chime.User, error) {
	u, err := c.Tx.UserByEmail(email)
	if err != nil {
		return nil, err
	}
	if u == nil {
		return nil, errors.New("the user whose e-mail address was taken is not there")
	}
	mark, err := c.Tx.UserMark(u)
	if err != nil {
		return nil, err
	}
	switch {
	case c.repeats(u.ID, mark):
		return u, nil
	case u.Registration == chime.Unregistered:
		return nil, chime.Conflict.Errorf("Email has an invitation, pending or failed; withdraw it with BatchSuspendUser, or wait until it is accepted")
	default:
		return nil, chime.Conflict.Errorf("Email belongs to another user of this AWS account")
	}
}

// GetUser returns a user with the PIN (documented: example of get-user).
func (c *Call) GetUser(_ context.Context, in *api.GetUserInput) (*api.GetUserOutput, error) {
	u, err := c.user(in.AccountID, in.UserID)
	if err != nil {
		return nil, err
	}
	return &api.GetUserOutput{User: c.wireUser(u, withPIN)}, nil
}

// ListUsers lists an account's users, those with UserEmail and of UserType where given (documented: model ListUsers),
// without their PINs (documented: example of list-users).
func (c *Call) ListUsers(_ context.Context, in *api.ListUsersInput) (*api.ListUsersOutput, error) {
	p, err := c.page(in.NextToken, in.MaxResults, defaultProfilePage, "ListUsers", in.AccountID, in.UserEmail, in.UserType)
	if err != nil {
		return nil, err
	}
	a, err := c.account(in.AccountID)
	if err != nil {
		return nil, err
	}
	var found []*chime.User
	if in.UserEmail != "" {
		found, err = c.usersWithEmail(a, in.UserEmail, chime.UserType(in.UserType))
	} else {
		found, err = c.Tx.Users(a.ID, chime.UserType(in.UserType), p.after, p.limit+1)
	}
	if err != nil {
		return nil, err
	}
	out := &api.ListUsersOutput{Users: make([]api.User, 0, len(found))}
	found, out.NextToken = cut(p, found, func(u *chime.User) chime.ID { return u.ID })
	for _, u := range found {
		out.Users = append(out.Users, *c.wireUser(u, withoutPIN))
	}
	return out, nil
}

func (c *Call) usersWithEmail(a *chime.Account, email string, t chime.UserType) ([]*chime.User, error) {
	u, err := c.Tx.UserByEmail(chime.Email(email))
	if err != nil || u == nil || u.AccountID != a.ID || t != "" && t != u.Type {
		return nil, err
	}
	return []*chime.User{u}, nil
}

// UpdateUser changes license, type and Alexa for Business metadata where they are given (documented: model UpdateUser), and
// answers the whole user (inferred: a superset of the example).
func (c *Call) UpdateUser(_ context.Context, in *api.UpdateUserInput) (*api.UpdateUserOutput, error) {
	a, u, err := c.accountAndUser(in.AccountID, in.UserID)
	if err != nil {
		return nil, err
	}
	outcome, err := u.Update(a, c.Rules, userChange(in.LicenseType, in.UserType, in.AlexaForBusinessMetadata))
	if err != nil {
		return nil, err
	}
	if outcome == chime.Changed {
		c.Tx.UpdateUser(u)
	}
	return &api.UpdateUserOutput{User: c.wireUser(u, withPIN)}, nil
}

// userChange puts the members of an update into the domain's words.
func userChange(license, userType string, alexa *api.AlexaForBusinessMetadata) chime.UserChange {
	change := chime.UserChange{License: chime.License(license), Type: chime.UserType(userType)}
	if alexa != nil {
		change.AlexaEnabled, change.AlexaRoomARN = alexa.IsAlexaForBusinessEnabled, alexa.AlexaForBusinessRoomARN
	}
	return change
}

// ResetPersonalPIN gives a user another PIN (documented: model ResetPersonalPIN).
func (c *Call) ResetPersonalPIN(_ context.Context, in *api.ResetPersonalPINInput) (*api.ResetPersonalPINOutput, error) {
	u, err := c.user(in.AccountID, in.UserID)
	if err != nil {
		return nil, err
	}
	if err := u.ResetPIN(c.Source); err != nil { // draws another one each time it is run, should one be taken
		return nil, err
	}
	if err := c.givePIN(u); err != nil {
		return nil, err
	}
	c.Tx.UpdateUser(u)
	return &api.ResetPersonalPINOutput{User: c.wireUser(u, withPIN)}, nil
}

// UpdateUserProfile corrects a user's address and name (decided: a typo must not block an address for good). The new
// address obeys the rules of CreateUser.
func (c *Call) UpdateUserProfile(_ context.Context, in *api.UpdateUserProfileInput) (*api.UpdateUserProfileOutput, error) {
	a, u, err := c.accountAndUser(in.AccountID, in.UserID)
	if err != nil {
		return nil, err
	}
	before := u.Email
	outcome, err := u.Correct(in.Email, in.DisplayName)
	if err != nil {
		return nil, err
	}
	if c.Tx.Met() == store.UserEmail {
		return nil, chime.Conflict.Errorf("Email belongs to another user of this AWS account")
	}
	if u.Email != before {
		if err := c.checkDomain(a, u.Email, "Email"); err != nil {
			return nil, err
		}
	}
	if outcome == chime.Changed {
		c.Tx.UpdateUser(u)
	}
	return &api.UpdateUserProfileOutput{User: c.wireUser(u, withPIN)}, nil
}

// checkDomain refuses an address in a domain that is not for this account.
func (c *Call) checkDomain(a *chime.Account, email chime.Email, member string) error {
	var owner *chime.ID
	d, err := c.Tx.Domain(email.Domain())
	if err != nil {
		return err
	}
	if d != nil {
		owner = &d.AccountID
	}
	return a.CheckDomain(c.Rules, owner, member)
}

// DeleteUser removes a user for good (decided; Amazon's API had no such operation).
func (c *Call) DeleteUser(_ context.Context, in *api.DeleteUserInput) (*api.DeleteUserOutput, error) {
	u, err := c.user(in.AccountID, in.UserID)
	if err != nil {
		return nil, err
	}
	return &api.DeleteUserOutput{}, c.removeUser(u)
}

// removeUser removes a user for good, and releases the phone number.
func (c *Call) removeUser(u *chime.User) error {
	if err := c.releaseNumber(u); err != nil {
		return err
	}
	c.Tx.DeleteUser(u)
	return nil
}

// user returns the account's user, or NotFound, which says whether it is the account that is missing.
func (c *Call) user(accountID, userID string) (*chime.User, error) {
	account, ok := chime.ParseID(accountID)
	if user, isID := chime.ParseID(userID); ok && isID {
		u, err := c.Tx.User(account, user)
		if u != nil || err != nil {
			return u, err
		}
	}
	if _, err := c.account(accountID); err != nil {
		return nil, err
	}
	return nil, errNoUser(accountID, userID)
}

func errNoUser(accountID, userID string) error {
	return chime.NotFound.Errorf("user %s is not in account %s", userID, accountID)
}

// accountAndUser returns the account and its user, or NotFound.
func (c *Call) accountAndUser(accountID, userID string) (*chime.Account, *chime.User, error) {
	a, err := c.account(accountID)
	if err != nil {
		return nil, nil, err
	}
	u, err := c.user(accountID, userID)
	return a, u, err
}
