package ops

import (
	"context"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
)

// LogoutUser ends a user's sessions everywhere (documented: model LogoutUser). This server signs nobody in: a front end
// asks GetUserSession. A user who has not registered has none to end (decided: success).
func (c *Call) LogoutUser(_ context.Context, in *api.LogoutUserInput) (*api.LogoutUserOutput, error) {
	u, err := c.user(in.AccountID, in.UserID)
	if err != nil {
		return nil, err
	}
	c.Tx.EndSessions(u)
	return &api.LogoutUserOutput{}, nil
}

// GetUserSession tells a front end whether a session that it keeps is still good (decided).
func (c *Call) GetUserSession(_ context.Context, in *api.GetUserSessionInput) (*api.GetUserSessionOutput, error) {
	u, err := c.user(in.AccountID, in.UserID)
	if err != nil {
		return nil, err
	}
	epoch, err := c.Tx.SessionEpoch(u)
	if err != nil {
		return nil, err
	}
	if epoch == 0 { // removed by a neighbour since the last query
		return nil, errNoUser(in.AccountID, in.UserID)
	}
	active := u.Registration == chime.Registered
	return &api.GetUserSessionOutput{UserSession: &api.UserSession{UserID: u.ID.String(), Active: &active, SessionEpoch: epoch}}, nil
}
