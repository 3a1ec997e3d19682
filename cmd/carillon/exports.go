package main

import (
	"context"

	"github.com/carillon-server/carillon/api"
)

type exportUsers struct {
	exportFlags

	Account string `placeholder:"ID|NAME" help:"The account. Default: the only one there is."`
	Type    string `enum:"PrivateUser,SharedDevice," default:"" placeholder:"TYPE" help:"Only users of this type: PrivateUser or SharedDevice."`
}

// Help is printed below the command's first line.
func (exportUsers) Help() string {
	return `The users are in the order in which they were made. What is written without --columns can be imported again.

    carillon export users --output users.csv
    carillon export users --account Demo --columns all --format jsonl
`
}

var userColumns = []column[api.User]{
	{name: "Email", value: func(u *api.User) any { return u.PrimaryEmail }},
	{name: "DisplayName", value: func(u *api.User) any { return u.DisplayName }},
	{name: "LicenseType", value: func(u *api.User) any { return u.LicenseType }},
	{name: "UserType", value: func(u *api.User) any { return u.UserType }},
	{name: "UserRegistrationStatus", value: func(u *api.User) any { return u.UserRegistrationStatus }},
	{name: "IsAlexaForBusinessEnabled", more: true, value: func(u *api.User) any {
		return u.AlexaForBusinessMetadata != nil && *u.AlexaForBusinessMetadata.IsAlexaForBusinessEnabled
	}},
	{name: "AlexaForBusinessRoomArn", more: true, value: func(u *api.User) any {
		if u.AlexaForBusinessMetadata == nil {
			return ""
		}
		return u.AlexaForBusinessMetadata.AlexaForBusinessRoomARN
	}},
	{name: "UserId", more: true, value: func(u *api.User) any { return u.UserID }},
	{name: "AccountId", more: true, value: func(u *api.User) any { return u.AccountID }},
	{name: "PrimaryProvisionedNumber", more: true, value: func(u *api.User) any { return u.PrimaryProvisionedNumber }},
	{name: "UserInvitationStatus", more: true, value: func(u *api.User) any { return u.UserInvitationStatus }},
	{name: "InvitedOn", more: true, value: func(u *api.User) any { return timeText(u.InvitedOn) }},
	{name: "RegisteredOn", more: true, value: func(u *api.User) any { return timeText(u.RegisteredOn) }},
}

// Run writes the users.
func (c *exportUsers) Run(ctx context.Context, p *process, g *globals) error {
	caller, err := c.caller(ctx, p, g)
	if err != nil {
		return err
	}
	account, err := caller.accountID(ctx, c.Account)
	if err != nil {
		return err
	}
	return export(ctx, p, &c.exportFlags, "users", userColumns, func(ctx context.Context, token string) ([]api.User, string, error) {
		in := &api.ListUsersInput{AccountID: account, UserType: c.Type, MaxResults: 200, NextToken: token}
		out, err := fetch[api.ListUsersOutput](ctx, caller, "ListUsers", in)
		if err != nil {
			return nil, "", err
		}
		return out.Users, out.NextToken, nil
	})
}

type exportAccounts struct{ exportFlags }

var accountColumns = []column[api.Account]{
	{name: "AccountId", value: func(a *api.Account) any { return a.AccountID }},
	{name: "Name", value: func(a *api.Account) any { return a.Name }},
	{name: "AccountType", value: func(a *api.Account) any { return a.AccountType }},
	{name: "AccountStatus", value: func(a *api.Account) any { return a.AccountStatus }},
	{name: "DefaultLicense", value: func(a *api.Account) any { return a.DefaultLicense }},
	{name: "SupportedLicenses", value: func(a *api.Account) any { return a.SupportedLicenses }},
	{name: "CreatedTimestamp", value: func(a *api.Account) any { return timeText(a.CreatedTimestamp) }},
	{name: "AwsAccountId", more: true, value: func(a *api.Account) any { return a.AWSAccountID }},
	{name: "SigninDelegateGroups", more: true, value: func(a *api.Account) any {
		groups := make([]string, len(a.SigninDelegateGroups))
		for i, g := range a.SigninDelegateGroups {
			groups[i] = g.GroupName
		}
		return groups
	}},
}

// Run writes the accounts.
func (c *exportAccounts) Run(ctx context.Context, p *process, g *globals) error {
	caller, err := c.caller(ctx, p, g)
	if err != nil {
		return err
	}
	return export(ctx, p, &c.exportFlags, "accounts", accountColumns, func(ctx context.Context, token string) ([]api.Account, string, error) {
		out, err := fetch[api.ListAccountsOutput](ctx, caller, "ListAccounts", &api.ListAccountsInput{MaxResults: 200, NextToken: token})
		if err != nil {
			return nil, "", err
		}
		return out.Accounts, out.NextToken, nil
	})
}

type exportRooms struct {
	exportFlags

	Account string `placeholder:"ID|NAME" help:"The account. Default: the only one there is."`
}

var roomColumns = []column[api.Room]{
	{name: "RoomId", value: func(r *api.Room) any { return r.RoomID }},
	{name: "Name", value: func(r *api.Room) any { return r.Name }},
	{name: "CreatedBy", value: func(r *api.Room) any { return r.CreatedBy }},
	{name: "CreatedTimestamp", value: func(r *api.Room) any { return timeText(r.CreatedTimestamp) }},
	{name: "UpdatedTimestamp", value: func(r *api.Room) any { return timeText(r.UpdatedTimestamp) }},
	{name: "AccountId", more: true, value: func(r *api.Room) any { return r.AccountID }},
}

// Run writes the rooms.
func (c *exportRooms) Run(ctx context.Context, p *process, g *globals) error {
	caller, err := c.caller(ctx, p, g)
	if err != nil {
		return err
	}
	account, err := caller.accountID(ctx, c.Account)
	if err != nil {
		return err
	}
	return export(ctx, p, &c.exportFlags, "rooms", roomColumns, func(ctx context.Context, token string) ([]api.Room, string, error) {
		out, err := fetch[api.ListRoomsOutput](ctx, caller, "ListRooms", &api.ListRoomsInput{AccountID: account, MaxResults: 99, NextToken: token})
		if err != nil {
			return nil, "", err
		}
		return out.Rooms, out.NextToken, nil
	})
}

type exportNumbers struct {
	exportFlags

	Stock bool `help:"The imported stock instead of the inventory: what numbers import takes."`
}

var numberColumns = []column[api.PhoneNumber]{
	{name: "E164PhoneNumber", value: func(n *api.PhoneNumber) any { return n.E164PhoneNumber }},
	{name: "Country", value: func(n *api.PhoneNumber) any { return n.Country }},
	{name: "Type", value: func(n *api.PhoneNumber) any { return n.Type }},
	{name: "ProductType", value: func(n *api.PhoneNumber) any { return n.ProductType }},
	{name: "Status", value: func(n *api.PhoneNumber) any { return n.Status }},
	{name: "CallingName", value: func(n *api.PhoneNumber) any { return n.CallingName }},
	{name: "AccountId", value: func(n *api.PhoneNumber) any { return associated(n, api.PhoneNumberAssociationNameAccountID) }},
	{name: "UserId", value: func(n *api.PhoneNumber) any { return associated(n, api.PhoneNumberAssociationNameUserID) }},
	{name: "PhoneNumberId", more: true, value: func(n *api.PhoneNumber) any { return n.PhoneNumberID }},
	{name: "CallingNameStatus", more: true, value: func(n *api.PhoneNumber) any { return n.CallingNameStatus }},
	{name: "CreatedTimestamp", more: true, value: func(n *api.PhoneNumber) any { return timeText(n.CreatedTimestamp) }},
	{name: "UpdatedTimestamp", more: true, value: func(n *api.PhoneNumber) any { return timeText(n.UpdatedTimestamp) }},
	{name: "DeletionTimestamp", more: true, value: func(n *api.PhoneNumber) any { return timeText(n.DeletionTimestamp) }},
}

// associated returns what a number is associated with under that name.
func associated(n *api.PhoneNumber, name string) string {
	for _, a := range n.Associations {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

var stockColumns = []column[api.StockNumber]{
	{name: "E164PhoneNumber", value: func(n *api.StockNumber) any { return n.E164PhoneNumber }},
	{name: "Country", value: func(n *api.StockNumber) any { return n.Country }},
	{name: "Type", value: func(n *api.StockNumber) any { return n.Type }},
	{name: "City", value: func(n *api.StockNumber) any { return n.City }},
	{name: "State", value: func(n *api.StockNumber) any { return n.State }},
	{name: "ProductTypes", value: func(n *api.StockNumber) any { return n.ProductTypes }},
	{name: "Available", more: true, value: func(n *api.StockNumber) any { return n.Available != nil && *n.Available }},
}

// Run writes the numbers.
func (c *exportNumbers) Run(ctx context.Context, p *process, g *globals) error {
	caller, err := c.caller(ctx, p, g)
	if err != nil {
		return err
	}
	if c.Stock {
		return export(ctx, p, &c.exportFlags, "numbers", stockColumns, func(ctx context.Context, token string) ([]api.StockNumber, string, error) {
			out, err := fetch[api.ListStockOutput](ctx, caller, "ListStock", &api.ListStockInput{MaxResults: 1000, NextToken: token})
			if err != nil {
				return nil, "", err
			}
			return out.PhoneNumbers, out.NextToken, nil
		})
	}
	return export(ctx, p, &c.exportFlags, "numbers", numberColumns, func(ctx context.Context, token string) ([]api.PhoneNumber, string, error) {
		out, err := fetch[api.ListPhoneNumbersOutput](ctx, caller, "ListPhoneNumbers", &api.ListPhoneNumbersInput{MaxResults: 99, NextToken: token})
		if err != nil {
			return nil, "", err
		}
		return out.PhoneNumbers, out.NextToken, nil
	})
}
