package main

import (
	"context"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
)

// accountID returns the id of the account that is meant by an id or a name, or of the only one there is if nothing is said.
func (c *caller) accountID(ctx context.Context, account string) (string, error) {
	if _, isID := chime.ParseID(account); isID {
		return account, nil
	}
	var found []api.Account
	for in := (&api.ListAccountsInput{Name: account}); ; {
		page, err := fetch[api.ListAccountsOutput](ctx, c, "ListAccounts", in)
		if err != nil {
			return "", err
		}
		for _, a := range page.Accounts {
			if account == "" || a.Name == account { // the list has all whose name begins so
				found = append(found, a)
			}
		}
		if in.NextToken = page.NextToken; in.NextToken == "" || len(found) > 1 {
			break
		}
	}
	switch {
	case len(found) == 1:
		return found[0].AccountID, nil
	case account == "" && len(found) == 0:
		return "", usagef("there is no account; make one with carillon call CreateAccount Name=...")
	case account == "":
		return "", usagef("there is more than one account; say which is meant with --account, by its id or its name")
	case len(found) == 0:
		return "", usagef("--account %s: no account has this name; carillon export accounts lists them", account)
	}
	return "", usagef("--account %s: more than one account has this name; give its id, such as %s", account, found[0].AccountID)
}
