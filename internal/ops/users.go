package ops

import (
	"context"
	"errors"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/store"
)

// CreateUser adds a registered user to an account of any type (decided; Amazon's service refused all but
// EnterpriseDirectory, observed). A repetition of the call gets the user that the first one made (decided).
func (c *Call) CreateUser(_ context.Context, in *api.CreateUserInput) (*api.CreateUserOutput, error) {
	a, err := c.account(in.AccountID)
	if err != nil {
		return nil, err
	}
	u, err := a.NewUser(c.Source, in.Username, in.Email, chime.UserType(in.UserType))
	if err != nil {
		return nil, err
	}
	if c.Tx.Met() == store.UserEmail {
		if u, err = c.firstUser(u.Email); err != nil {
			return nil, err
		}
	} else {
		c.Tx.InsertUser(u, c.Mark)
	}
	// The documented example of a shared device has no PIN, the documented response of the operation has one (decided).
	return &api.CreateUserOutput{User: wireUser(u, u.Type == chime.PrivateUser)}, nil
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
	case u.Invitation == chime.InvitationPending:
		return nil, chime.Conflict.Errorf("Email has a pending invitation; withdraw it with BatchSuspendUser, or wait until it is accepted")
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
	return &api.GetUserOutput{User: wireUser(u, withPIN)}, nil
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
		out.Users = append(out.Users, *wireUser(u, withoutPIN))
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
	return nil, chime.NotFound.Errorf("user %s is not in account %s", userID, accountID)
}
