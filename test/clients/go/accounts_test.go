package clients

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/chime"
	"github.com/aws/aws-sdk-go-v2/service/chime/types"
)

func createAccount(t *testing.T, c *chime.Client, name string) *types.Account {
	t.Helper()
	return do(t, c.CreateAccount, &chime.CreateAccountInput{Name: &name}).Account
}

func listAccounts(t *testing.T, c *chime.Client, in *chime.ListAccountsInput) []types.Account {
	t.Helper()
	return do(t, c.ListAccounts, in).Accounts
}

func TestCreateAccount(t *testing.T) {
	account := createAccount(t, connect(t), "Bell Ringers")
	matches(t, account.AccountId, uuid)
	recent(t, account.CreatedTimestamp)
	equal(t, *account, types.Account{
		AccountId:            account.AccountId,
		AwsAccountId:         aws.String("210987654321"),
		Name:                 aws.String("Bell Ringers"),
		AccountType:          types.AccountTypeTeam,
		AccountStatus:        types.AccountStatusActive,
		CreatedTimestamp:     account.CreatedTimestamp,
		DefaultLicense:       types.LicensePro,
		SupportedLicenses:    []types.License{types.LicenseBasic, types.LicensePro},
		SigninDelegateGroups: []types.SigninDelegateGroup{},
	})
}

func TestCreateAccountErrors(t *testing.T) {
	checkErrors(t, "CreateAccount", connect(t).CreateAccount, chime.CreateAccountInput{Name: aws.String("Errors")}, []cause[chime.CreateAccountInput]{
		{new(types.BadRequestException), func(in *chime.CreateAccountInput) { in.Name = aws.String(strings.Repeat("x", 101)) }},
	})
}

func TestGetAccount(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "鐘 Glockenspiel ♪")
	equal(t, *account.Name, "鐘 Glockenspiel ♪")
	equal(t, do(t, c.GetAccount, &chime.GetAccountInput{AccountId: account.AccountId}).Account, account)
}

func TestGetAccountErrors(t *testing.T) {
	c := connect(t)
	checkErrors(t, "GetAccount", c.GetAccount, chime.GetAccountInput{AccountId: createAccount(t, c, "Errors").AccountId}, []cause[chime.GetAccountInput]{
		{new(types.BadRequestException), func(in *chime.GetAccountInput) { in.AccountId = aws.String(" ") }},
		{new(types.NotFoundException), func(in *chime.GetAccountInput) { in.AccountId = aws.String(unknownID) }},
	})
}

func TestListAccountsByName(t *testing.T) {
	c := connect(t)
	made := []types.Account{*createAccount(t, c, "Prefix & Söhne"), *createAccount(t, c, "Prefix & Söhne 2")}
	createAccount(t, c, "Another Prefix & Söhne")
	equal(t, listAccounts(t, c, &chime.ListAccountsInput{Name: aws.String("Prefix & Sö")}), made)
	equal(t, listAccounts(t, c, &chime.ListAccountsInput{Name: aws.String("Prefix & Söhne ")}), made[1:])
}

func TestListAccountsByUserEmail(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Of One User")
	createUser(t, c, &chime.CreateUserInput{AccountId: account.AccountId, Email: aws.String("one+user@example.com")})
	equal(t, listAccounts(t, c, &chime.ListAccountsInput{UserEmail: aws.String("one+user@example.com")}), []types.Account{*account})
	equal(t, listAccounts(t, c, &chime.ListAccountsInput{UserEmail: aws.String("nobody@example.com")}), []types.Account{})
}

func TestListAccountsErrors(t *testing.T) {
	checkErrors(t, "ListAccounts", connect(t).ListAccounts, chime.ListAccountsInput{}, []cause[chime.ListAccountsInput]{
		{new(types.BadRequestException), func(in *chime.ListAccountsInput) { in.NextToken = aws.String("forged") }},
	})
}

func TestListAccountsPages(t *testing.T) {
	c := connect(t)
	var made, found []types.Account
	for n := range 5 {
		made = append(made, *createAccount(t, c, fmt.Sprint("Page ", n)))
	}
	var sizes []int
	pages := chime.NewListAccountsPaginator(c, &chime.ListAccountsInput{Name: aws.String("Page "), MaxResults: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(page.Accounts))
		found = append(found, page.Accounts...)
	}
	equal(t, sizes, []int{2, 2, 1})
	equal(t, found, made)
}

func TestUpdateAccount(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Old Name")
	account.Name, account.DefaultLicense = aws.String("New Name"), types.LicenseBasic
	equal(t, do(t, c.UpdateAccount, &chime.UpdateAccountInput{AccountId: account.AccountId, Name: account.Name, DefaultLicense: types.LicenseBasic}).Account, account)
	equal(t, do(t, c.UpdateAccount, &chime.UpdateAccountInput{AccountId: account.AccountId}).Account, account)
	equal(t, do(t, c.GetAccount, &chime.GetAccountInput{AccountId: account.AccountId}).Account, account)
}

func TestUpdateAccountErrors(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Errors").AccountId
	checkErrors(t, "UpdateAccount", c.UpdateAccount, chime.UpdateAccountInput{AccountId: account, Name: aws.String("Renamed")}, []cause[chime.UpdateAccountInput]{
		{new(types.BadRequestException), func(in *chime.UpdateAccountInput) { in.DefaultLicense = types.LicensePlus }},
		{new(types.NotFoundException), func(in *chime.UpdateAccountInput) { in.AccountId = aws.String(unknownID) }},
	})
}

func TestDeleteAccount(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "To Delete").AccountId
	user := createUser(t, c, &chime.CreateUserInput{AccountId: account, Email: aws.String("in.the.way@example.com")}).UserId
	refused := func(why string) {
		t.Helper()
		_, err := c.DeleteAccount(t.Context(), &chime.DeleteAccountInput{AccountId: account})
		checkError(t, err, new(types.UnprocessableEntityException))
		contains(t, err, why)
	}
	carillon(t, "ClaimDomain", "AccountId="+*account, "DomainName=delete.example.com")
	equal(t, do(t, c.GetAccount, &chime.GetAccountInput{AccountId: account}).Account.AccountType, types.AccountTypeEnterpriseLWA)
	refused("delete.example.com")
	carillon(t, "ReleaseDomain", "AccountId="+*account, "DomainName=delete.example.com")
	refused("BatchSuspendUser")
	do(t, c.BatchSuspendUser, &chime.BatchSuspendUserInput{AccountId: account, UserIdList: []string{*user}})
	do(t, c.DeleteAccount, &chime.DeleteAccountInput{AccountId: account})
	_, err := c.GetAccount(t.Context(), &chime.GetAccountInput{AccountId: account})
	checkError(t, err, new(types.NotFoundException))
	equal(t, listAccounts(t, c, &chime.ListAccountsInput{Name: aws.String("To Delete")}), []types.Account{})
}

func TestDeleteAccountErrors(t *testing.T) {
	c := connect(t)
	full := createAccount(t, c, "Errors").AccountId
	createUser(t, c, &chime.CreateUserInput{AccountId: full, Email: aws.String("in.the.way.of.errors@example.com")})
	checkErrors(t, "DeleteAccount", c.DeleteAccount, chime.DeleteAccountInput{AccountId: createAccount(t, c, "Errors").AccountId}, []cause[chime.DeleteAccountInput]{
		{new(types.BadRequestException), func(in *chime.DeleteAccountInput) { in.AccountId = aws.String(" ") }},
		{new(types.NotFoundException), func(in *chime.DeleteAccountInput) { in.AccountId = aws.String(unknownID) }},
		{new(types.UnprocessableEntityException), func(in *chime.DeleteAccountInput) { in.AccountId = full }},
	})
}

func TestSigninDelegateGroups(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Groups").AccountId
	groups := func() []types.SigninDelegateGroup {
		return do(t, c.GetAccount, &chime.GetAccountInput{AccountId: account}).Account.SigninDelegateGroups
	}
	both := []types.SigninDelegateGroup{{GroupName: aws.String("Ringers")}, {GroupName: aws.String("Glöckner & Söhne")}}
	for range 2 { // a group that is there already stays
		do(t, c.AssociateSigninDelegateGroupsWithAccount, &chime.AssociateSigninDelegateGroupsWithAccountInput{AccountId: account, SigninDelegateGroups: both})
		equal(t, groups(), both)
	}
	do(t, c.DisassociateSigninDelegateGroupsFromAccount, &chime.DisassociateSigninDelegateGroupsFromAccountInput{
		AccountId: account, GroupNames: []string{"Ringers", "Unknown"},
	})
	equal(t, groups(), both[1:])
}

func TestAssociateSigninDelegateGroupsErrors(t *testing.T) {
	type input = chime.AssociateSigninDelegateGroupsWithAccountInput
	c := connect(t)
	members := input{
		AccountId:            createAccount(t, c, "Errors").AccountId,
		SigninDelegateGroups: []types.SigninDelegateGroup{{GroupName: aws.String("Ringers")}},
	}
	checkErrors(t, "AssociateSigninDelegateGroupsWithAccount", c.AssociateSigninDelegateGroupsWithAccount, members, []cause[input]{
		{new(types.BadRequestException), func(in *input) { in.SigninDelegateGroups = []types.SigninDelegateGroup{{}} }},
		{new(types.NotFoundException), func(in *input) { in.AccountId = aws.String(unknownID) }},
	})
}

func TestDisassociateSigninDelegateGroupsErrors(t *testing.T) {
	type input = chime.DisassociateSigninDelegateGroupsFromAccountInput
	c := connect(t)
	members := input{AccountId: createAccount(t, c, "Errors").AccountId, GroupNames: []string{"Ringers"}}
	checkErrors(t, "DisassociateSigninDelegateGroupsFromAccount", c.DisassociateSigninDelegateGroupsFromAccount, members, []cause[input]{
		{new(types.BadRequestException), func(in *input) { in.AccountId = aws.String(" ") }},
		{new(types.NotFoundException), func(in *input) { in.AccountId = aws.String(unknownID) }},
	})
}
