package ops_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops/opstest"
)

func TestCreateAccountRepeated(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	in := &api.CreateAccountInput{Name: "Sales"}
	create := func(c *opstest.Caller) string {
		t.Helper()
		return opstest.Must(c, api.Operations.CreateAccount, in).Account.AccountID
	}
	first := create(c.Attempt("one"))
	c.Clock.Move(15*time.Minute - time.Second)
	if got := create(c.Attempt("one")); got != first {
		t.Errorf("a repetition made %s, want %s again", got, first)
	}
	if got := create(c.Attempt("two")); got == first {
		t.Error("another call got the first account")
	}
	if got := create(c); got == first {
		t.Error("a call without an invocation got the first account")
	}
	if got := create(c.Attempt("one").Of(999999999999)); got == first {
		t.Error("another tenant got the first account")
	}
	c.Clock.Move(2 * time.Second)
	second := create(c.Attempt("one"))
	if second == first {
		t.Error("a repetition after fifteen minutes got the first account")
	}
	if got := create(c.Attempt("one")); got != second {
		t.Errorf("a repetition of the later call made %s, want %s again", got, second)
	}
}

func TestGetAccount(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	for _, id := range []string{c.Account, strings.ToUpper(c.Account)} {
		got := opstest.Must(c, api.Operations.GetAccount, &api.GetAccountInput{AccountID: id}).Account
		if got.AccountID != c.Account || got.AWSAccountID != opstest.Tenant.String() || got.DefaultLicense != "Pro" {
			t.Errorf("GetAccount(%s) = %+v", id, got)
		}
	}
	other := c.Of(999999999999)
	for id, want := range map[string]string{
		other.Account:                          "account " + other.Account,
		"01234567-89ab-7def-8123-456789abcdef": "account 01234567",
		"x y/z":                                "account x y/z",
		"123456789012":                         "is an AWS account id; the id of a Chime account is wanted, as ListAccounts shows it",
		"1234567890123":                        "account 1234567890123",
	} {
		_, err := opstest.Do(c, api.Operations.GetAccount, &api.GetAccountInput{AccountID: id})
		if !errors.Is(err, chime.NotFound) || !strings.Contains(err.Error(), want) {
			t.Errorf("GetAccount(%s): %v, want not found with %q", id, err, want)
		}
	}
}

func TestListAccounts(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	for _, name := range []string{"Sales", "sales", "Sales East", "Éclair", "100%_"} {
		c.NewAccount(name)
	}
	c.CreateUser("Jane@example.com")
	other := c.Of(999999999999)
	other.CreateUser("joe@example.com")
	for _, test := range []struct {
		name, email string
		want        []string
	}{
		{"", "", []string{"Example", "Sales", "sales", "Sales East", "Éclair", "100%_"}},
		{"Sales", "", []string{"Sales", "Sales East"}},
		{"Sales ", "", []string{"Sales East"}},
		{"É", "", []string{"Éclair"}},
		{"%", "", nil},
		{"100%_", "", []string{"100%_"}},
		{"", "jANE@EXAMPLE.COM", []string{"Example"}},
		{"Exam", "jane@example.com", []string{"Example"}},
		{"exam", "jane@example.com", nil},
		{"", "joe@example.com", nil}, // another tenant's
		{"", "jane@example.co", nil},
	} {
		var got []string
		for _, a := range opstest.Must(c, api.Operations.ListAccounts, &api.ListAccountsInput{Name: test.name, UserEmail: test.email}).Accounts {
			got = append(got, a.Name)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("Name %q, UserEmail %q (-want +got):\n%s", test.name, test.email, diff)
		}
	}
}
