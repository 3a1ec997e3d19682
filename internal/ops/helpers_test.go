package ops_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops/opstest"
)

// refused checks that an operation was refused in this way, in words that have all of these in them.
func refused(t *testing.T, what string, err error, kind chime.Kind, words ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%s: %v, want %v", what, err, kind)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s: refused with %q, want %q in it", what, err, w)
		}
	}
}

// asAmazon checks that an operation was refused in Amazon's words, to which nothing is added.
func asAmazon(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, chime.BadRequest) || err.Error() != "" {
		t.Errorf("%s: %v, want a bad request without a detail", what, err)
	}
}

// setType makes the caller's account one of that type.
func setType(c *opstest.Caller, accountType string) {
	opstest.Must(c, api.Operations.UpdateAccountType, &api.UpdateAccountTypeInput{AccountID: c.Account, AccountType: accountType})
}

var accountTypes = []string{"Team", "EnterpriseDirectory", "EnterpriseLWA", "EnterpriseOIDC"}

// invite invites addresses to the caller's account.
func invite(c *opstest.Caller, emails ...string) []api.Invite {
	return opstest.Must(c, api.Operations.InviteUsers, &api.InviteUsersInput{AccountID: c.Account, UserEmailList: emails}).Invites
}

func getUser(c *opstest.Caller, userID string) *api.User {
	return opstest.Must(c, api.Operations.GetUser, &api.GetUserInput{AccountID: c.Account, UserID: userID}).User
}

func getAccount(c *opstest.Caller) *api.Account {
	return opstest.Must(c, api.Operations.GetAccount, &api.GetAccountInput{AccountID: c.Account}).Account
}

// userIDs lists the users of the caller's account.
func userIDs(c *opstest.Caller) []string {
	var ids []string
	in := &api.ListUsersInput{AccountID: c.Account}
	for {
		out := opstest.Must(c, api.Operations.ListUsers, in)
		for _, u := range out.Users {
			ids = append(ids, u.UserID)
		}
		if in.NextToken = out.NextToken; in.NextToken == "" {
			return ids
		}
	}
}

// suspendAll suspends all users of the caller's account, in groups of 50 as the public clean-up script does.
func suspendAll(t *testing.T, c *opstest.Caller) {
	t.Helper()
	for ids := userIDs(c); len(ids) > 0; {
		group := ids[:min(50, len(ids))]
		ids = ids[len(group):]
		out := opstest.Must(c, api.Operations.BatchSuspendUser, &api.BatchSuspendUserInput{AccountID: c.Account, UserIDList: group})
		if len(out.UserErrors) != 0 {
			t.Errorf("BatchSuspendUser: %+v", out.UserErrors)
		}
	}
}
