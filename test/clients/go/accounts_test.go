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
