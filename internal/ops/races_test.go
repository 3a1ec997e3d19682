package ops_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops/opstest"
)

// TestReadsWhileUsersGo reads, in several queries, what a neighbour removes between them: that is not found, and nothing
// worse.
func TestReadsWhileUsersGo(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	invite := func() string {
		in := &api.InviteUsersInput{AccountID: c.Account, UserEmailList: []string{"jane@example.com"}}
		return opstest.Must(c, api.Operations.InviteUsers, in).Invites[0].InviteID
	}
	for round := range 50 {
		id, removed := invite(), make(chan struct{})
		go func() {
			defer close(removed)
			opstest.Must(c, api.Operations.DeleteUser, &api.DeleteUserInput{AccountID: c.Account, UserID: id})
		}()
		read := func(name string, fn func() error) {
			defer func() {
				if v := recover(); v != nil {
					t.Errorf("round %d, %s: panic: %v", round, name, v)
				}
			}()
			if err := fn(); err != nil && !errors.Is(err, chime.NotFound) {
				t.Errorf("round %d, %s: %v", round, name, err)
			}
		}
		for gone := false; !gone; {
			select {
			case <-removed:
				gone = true
			default:
			}
			read("GetUserSettings", func() error {
				_, err := opstest.Do(c, api.Operations.GetUserSettings, &api.GetUserSettingsInput{AccountID: c.Account, UserID: id})
				return err
			})
			read("GetUserSession", func() error {
				out, err := opstest.Do(c, api.Operations.GetUserSession, &api.GetUserSessionInput{AccountID: c.Account, UserID: id})
				if err == nil && out.UserSession.SessionEpoch == 0 {
					return fmt.Errorf("answered %+v", out.UserSession)
				}
				return err
			})
			read("GetInvite", func() error {
				_, err := opstest.Do(c, api.Operations.GetInvite, &api.GetInviteInput{AccountID: c.Account, InviteID: id})
				return err
			})
			read("ListInvites", func() error {
				_, err := opstest.Do(c, api.Operations.ListInvites, &api.ListInvitesInput{AccountID: c.Account})
				return err
			})
			read("ListMail", func() error {
				_, err := opstest.Do(c, api.Operations.ListMail, &api.ListMailInput{MaxResults: 1})
				return err
			})
		}
		if t.Failed() {
			return
		}
	}
}
