package main

import (
	"context"
	"strings"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
)

// The fields of a user.
const (
	userEmail = iota
	userName
	userLicense
	userType
	userStatus
	userAlexa
	userAlexaRoom
	userGivenName
	userFamilyName
)

// userFields are what the columns of a file of users can be.
var userFields = []field{
	userEmail:      {name: "Email", aliases: []string{"emailaddress", "mail", "primaryemail", "primarysmtpaddress", "emailadresse", "userprincipalname", "upn"}},
	userName:       {name: "DisplayName", aliases: []string{"fullname", "name", "username", "commonname", "cn"}},
	userLicense:    {name: "LicenseType", aliases: []string{"license", "licence", "licencetype", "plan"}},
	userType:       {name: "UserType", aliases: []string{"type", "kind"}},
	userStatus:     {name: "UserRegistrationStatus", aliases: []string{"registrationstatus", "registration", "status"}},
	userAlexa:      {name: "IsAlexaForBusinessEnabled"},
	userAlexaRoom:  {name: "AlexaForBusinessRoomArn"},
	userGivenName:  {name: "GivenName", aliases: []string{"firstname", "forename", "vorname"}},
	userFamilyName: {name: "FamilyName", aliases: []string{"lastname", "surname", "sn", "nachname"}},
	{name: "UserId", exported: true}, {name: "AccountId", exported: true}, {name: "UserInvitationStatus", exported: true},
	{name: "RegisteredOn", exported: true}, {name: "InvitedOn", exported: true}, {name: "PrimaryProvisionedNumber", exported: true},
	{name: "#line", exported: true}, {name: "#column", exported: true}, {name: "#reason", exported: true}, {name: "#text", exported: true},
}

type importUsers struct {
	importFlags

	Account string `placeholder:"ID|NAME" help:"The account. Default: the only one there is."`
	Update  bool   `help:"Change users who are there to what the file says of them, but for what it leaves out."`
}

// Help is printed below the command's first line.
func (importUsers) Help() string {
	return `Each row is a user, who is registered at once, as by CreateUser; nobody gets a mail. Only the e-mail address must be there:

    Email,DisplayName,LicenseType,UserType
    jane@example.com,Jane Doe,Pro,PrivateUser

What directories and spreadsheets call these columns is known (E-Mail, mail, Name, First Name, ...). Rows that break a rule are
left out; they go into FILE.errors.csv, each with its line, column and reason, to be mended and imported in turn. After an
interruption, import the file again: users who are there are found and left alone.

    carillon import users users.csv --dry-run
    carillon import users users.csv --account Demo
    carillon import users people.csv --map 'Work address=Email' --ignore-unknown
`
}

// Run imports the file.
func (c *importUsers) Run(ctx context.Context, p *process, g *globals) error {
	caller, err := c.caller(ctx, p, g)
	if err != nil {
		return err
	}
	account, err := caller.accountID(ctx, c.Account)
	if err != nil {
		return err
	}
	c.fields = userFields
	return c.run(ctx, p, caller, &importKind{
		things: "users", operation: "ImportUsers", required: []int{userEmail},
		outcomes: []string{api.ImportOutcomeCreated, api.ImportOutcomeUpdated, api.ImportOutcomeExists, api.ImportOutcomeDiffers, api.ImportOutcomeRefused},
		verbs:    []string{"created", "updated", "there already", "there but different (--update changes them)", "refused"},
		read:     readUser, keyField: userEmail,
		key: func(item any) string { return strings.ToLower(item.(api.ImportUser).Email) },
		input: func(items []any, dryRun bool) any {
			in := &api.ImportUsersInput{AccountID: account, Users: make([]api.ImportUser, len(items))}
			for i, item := range items {
				in.Users[i] = item.(api.ImportUser)
			}
			if dryRun {
				in.DryRun = &dryRun
			}
			if c.Update {
				in.Update = &c.Update
			}
			return in
		},
		answer: func(out any, _ int) []rowOutcome {
			outcomes := make([]rowOutcome, len(out.(*api.ImportUsersOutput).Outcomes))
			for i, o := range out.(*api.ImportUsersOutput).Outcomes {
				outcomes[i] = rowOutcome{o.Outcome, o.Member, o.Message}
			}
			return outcomes
		},
	})
}

// readUser makes a user of a row.
func readUser(values []string) (item any, field int, problem string) {
	u := api.ImportUser{
		Email:                   values[userEmail],
		DisplayName:             values[userName],
		LicenseType:             spelled(values[userLicense], string(chime.Basic), string(chime.Plus), string(chime.Pro), string(chime.ProTrial)),
		UserType:                spelled(said(values[userType]), string(chime.PrivateUser), string(chime.SharedDevice)),
		UserRegistrationStatus:  spelled(said(values[userStatus]), string(chime.Registered), string(chime.Suspended), string(chime.Unregistered)),
		AlexaForBusinessRoomARN: values[userAlexaRoom],
	}
	if u.DisplayName == "" {
		u.DisplayName = strings.TrimSpace(values[userGivenName] + " " + values[userFamilyName])
	}
	switch strings.ToLower(values[userAlexa]) {
	case "":
	case "true", "yes", "1":
		u.IsAlexaForBusinessEnabled = new(bool)
		*u.IsAlexaForBusinessEnabled = true
	case "false", "no", "0":
		u.IsAlexaForBusinessEnabled = new(bool)
	default:
		return nil, userAlexa, "must be true or false"
	}
	return u, -1, ""
}

// saidOtherwise is what directories call the type and the status of users.
var saidOtherwise = map[string]string{
	"active": string(chime.Registered), "enabled": string(chime.Registered),
	"inactive": string(chime.Suspended), "disabled": string(chime.Suspended),
	"member": string(chime.PrivateUser),
}

// said returns what a directory means by a value, or the value.
func said(value string) string {
	if means, known := saidOtherwise[columnKey(value)]; known {
		return means
	}
	return value
}

// spelled returns the one of the words that a value means, whatever its case and spaces, or else the value.
func spelled(value string, words ...string) string {
	key := columnKey(value)
	for _, w := range words {
		if columnKey(w) == key {
			return w
		}
	}
	return value
}
