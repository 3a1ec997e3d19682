package ops

import (
	"context"
	"strings"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/store"
)

// CreateAccount makes a Team account. A repetition of the call gets the account that the first one made (decided).
func (c *Call) CreateAccount(_ context.Context, in *api.CreateAccountInput) (*api.CreateAccountOutput, error) {
	if c.Tx.Met() == store.MarkMade {
		first, err := c.firstAccount()
		if err != nil {
			return nil, err
		}
		if first != nil {
			return &api.CreateAccountOutput{Account: wireAccount(first)}, nil
		}
		c.Tx.DeleteMark(c.Mark)
	}
	a := chime.NewAccount(c.Source, c.Caller.Tenant, in.Name)
	c.Tx.InsertAccount(a)
	if !c.Mark.IsZero() {
		c.Tx.InsertMark(c.Mark, a.ID)
	}
	return &api.CreateAccountOutput{Account: wireAccount(a)}, nil
}

// firstAccount returns the account that an earlier attempt of this call made, nil if that is too long ago to count.
func (c *Call) firstAccount() (*chime.Account, error) {
	made, err := c.Tx.Made(c.Mark)
	if err != nil || made == nil || !c.repeats(*made, c.Mark) {
		return nil, err
	}
	return c.Tx.Account(*made)
}

// GetAccount returns an account (documented: model GetAccount); a deleted one is not there any more (inferred).
func (c *Call) GetAccount(_ context.Context, in *api.GetAccountInput) (*api.GetAccountOutput, error) {
	a, err := c.account(in.AccountID)
	if err != nil {
		return nil, err
	}
	return &api.GetAccountOutput{Account: wireAccount(a)}, nil
}

// ListAccounts lists the tenant's accounts: those whose name begins with Name, letter for letter (prefix documented, case
// inferred), and the one that the user with UserEmail belongs to (documented: model ListAccounts).
func (c *Call) ListAccounts(_ context.Context, in *api.ListAccountsInput) (*api.ListAccountsOutput, error) {
	p, err := c.page(in.NextToken, in.MaxResults, defaultProfilePage, "ListAccounts", in.Name, in.UserEmail)
	if err != nil {
		return nil, err
	}
	var found []*chime.Account
	if in.UserEmail != "" {
		found, err = c.accountsOfUser(in.UserEmail, in.Name)
	} else {
		found, err = c.Tx.Accounts(in.Name, p.after, p.limit+1)
	}
	if err != nil {
		return nil, err
	}
	out := &api.ListAccountsOutput{Accounts: []api.Account{}}
	found, out.NextToken = cut(p, found, func(a *chime.Account) chime.ID { return a.ID })
	for _, a := range found {
		out.Accounts = append(out.Accounts, *wireAccount(a))
	}
	return out, nil
}

func (c *Call) accountsOfUser(email, prefix string) ([]*chime.Account, error) {
	u, err := c.Tx.UserByEmail(chime.Email(email))
	if u == nil || err != nil {
		return nil, err
	}
	a, err := c.Tx.Account(u.AccountID)
	if err != nil {
		return nil, err
	}
	if a == nil || !strings.HasPrefix(a.Name, prefix) { // a deleted account keeps its users until they are swept away
		return nil, nil
	}
	return []*chime.Account{a}, nil
}

// UpdateAccount changes an account's name and default license where they are given (documented: model UpdateAccount). A
// license that the account does not support is a BadRequest; a call that changes nothing succeeds (both inferred).
func (c *Call) UpdateAccount(_ context.Context, in *api.UpdateAccountInput) (*api.UpdateAccountOutput, error) {
	a, err := c.account(in.AccountID)
	if err != nil {
		return nil, err
	}
	changed, err := a.Update(in.Name, chime.License(in.DefaultLicense))
	if err != nil {
		return nil, err
	}
	if changed {
		c.Tx.UpdateAccount(a)
	}
	return &api.UpdateAccountOutput{Account: wireAccount(a)}, nil
}

// UpdateAccountType makes an account of any type one of any other (decided: Amazon's console and support did, documented).
func (c *Call) UpdateAccountType(_ context.Context, in *api.UpdateAccountTypeInput) (*api.UpdateAccountTypeOutput, error) {
	a, err := c.account(in.AccountID)
	if err != nil {
		return nil, err
	}
	if t := chime.AccountType(in.AccountType); t != a.Type {
		a.Type = t
		c.Tx.UpdateAccount(a)
	}
	return &api.UpdateAccountTypeOutput{Account: wireAccount(a)}, nil
}

// UpdateSupportedLicenses replaces the licenses that users of an account may have (decided).
func (c *Call) UpdateSupportedLicenses(_ context.Context, in *api.UpdateSupportedLicensesInput) (*api.UpdateSupportedLicensesOutput, error) {
	a, err := c.account(in.AccountID)
	if err != nil {
		return nil, err
	}
	licenses := make([]chime.License, len(in.SupportedLicenses))
	for i, l := range in.SupportedLicenses {
		licenses[i] = chime.License(l)
	}
	if err := a.Support(licenses); err != nil {
		return nil, err
	}
	c.Tx.UpdateAccount(a)
	return &api.UpdateSupportedLicensesOutput{Account: wireAccount(a)}, nil
}

// account returns the tenant's account of that id, or NotFound.
func (c *Call) account(accountID string) (*chime.Account, error) {
	if id, ok := chime.ParseID(accountID); ok {
		a, err := c.Tx.Account(id)
		if a != nil || err != nil {
			return a, err
		}
	}
	return nil, errNoAccount(accountID)
}

// accountAndOwner returns the account as account does, and the account that claimed the domain, nil if none did.
func (c *Call) accountAndOwner(accountID, domain string) (*chime.Account, *chime.ID, error) {
	if id, ok := chime.ParseID(accountID); ok {
		a, owner, err := c.Tx.AccountAndOwner(id, domain)
		if a != nil || err != nil {
			return a, owner, err
		}
	}
	return nil, nil, errNoAccount(accountID)
}

func errNoAccount(accountID string) error {
	if _, ok := chime.ParseTenant(accountID); ok { // a mix-up that people were seen to make (observed)
		return chime.NotFound.Errorf("AccountId %s is an AWS account id; the id of a Chime account is wanted, as ListAccounts shows it", accountID)
	}
	return chime.NotFound.Errorf("account %s", accountID)
}
