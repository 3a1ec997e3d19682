package ops_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops/opstest"
)

func claim(c *opstest.Caller, name string) error {
	_, err := opstest.Do(c, api.Operations.ClaimDomain, &api.ClaimDomainInput{AccountID: c.Account, DomainName: name})
	return err
}

// domains lists the names of the domains of an account, of all if it is empty, in pages of one.
func domains(c *opstest.Caller, account string) (names []string) {
	in := &api.ListDomainsInput{AccountID: account, MaxResults: 1}
	for {
		out := opstest.Must(c, api.Operations.ListDomains, in)
		for _, d := range out.Domains {
			names = append(names, d.DomainName)
		}
		if in.NextToken = out.NextToken; in.NextToken == "" {
			return names
		}
	}
}

func TestDomains(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	another := *c
	another.Account = c.NewAccount("Another")
	out := opstest.Must(c, api.Operations.ClaimDomain, &api.ClaimDomainInput{AccountID: c.Account, DomainName: "Example.COM"})
	want := &api.Domain{DomainName: "example.com", AccountID: c.Account, ClaimedOn: c.Clock.Now()}
	if diff := cmp.Diff(want, out.Domain); diff != "" {
		t.Errorf("ClaimDomain (-want +got):\n%s", diff)
	}
	if got := getAccount(c).AccountType; got != "EnterpriseLWA" {
		t.Errorf("the account that claimed is of type %s", got)
	}
	if err := claim(c, "example.com"); err != nil {
		t.Errorf("its own domain again: %v", err)
	}
	refused(t, "another account's domain", claim(&another, "EXAMPLE.com"), chime.Conflict, "claimed by another account", "ReleaseDomain")
	refused(t, "what is no domain", claim(c, "jane@example.com"), chime.BadRequest, "DomainName must be the name of a mail domain")
	if got := getAccount(&another).AccountType; got != "Team" {
		t.Errorf("after refusals the account is of type %s", got)
	}
	if err := claim(c.Of(999999999999), "example.com"); err != nil {
		t.Errorf("another tenant claims it: %v", err)
	}
	for _, err := range []error{claim(&another, "example.org"), claim(c, "example.net")} {
		if err != nil {
			t.Error(err)
		}
	}
	for account, want := range map[string][]string{
		"":              {"example.com", "example.org", "example.net"},
		c.Account:       {"example.com", "example.net"},
		another.Account: {"example.org"},
	} {
		if diff := cmp.Diff(want, domains(c, account)); diff != "" {
			t.Errorf("ListDomains of %q (-want +got):\n%s", account, diff)
		}
	}
	_, err := opstest.Do(c, api.Operations.CreateUser, &api.CreateUserInput{AccountID: another.Account, Email: "jane@Example.com"})
	refused(t, "CreateUser in another account's domain", err, chime.BadRequest, "Email: another account of this AWS account has claimed the domain")
	_, err = opstest.Do(c, api.Operations.CreateUser, &api.CreateUserInput{AccountID: another.Account, Username: "jane@example.com"})
	refused(t, "CreateUser by Username in another account's domain", err, chime.BadRequest, "Username: another account")
	c.CreateUser("jane@example.com")
	another.CreateUser("jane@sub.example.com") // a domain's subdomains are not claimed with it
}

// TestReleaseDomain releases domains of accounts of every type. Who has an address in it is gone, but for those who are
// suspended where no directory decides.
func TestReleaseDomain(t *testing.T) {
	t.Parallel()
	for _, accountType := range accountTypes {
		c := opstest.New(t)
		for _, name := range []string{"example.com", "example.org"} {
			if err := claim(c, name); err != nil {
				t.Fatal(err)
			}
		}
		setType(c, accountType)
		registered, elsewhere := c.CreateUser("r@Example.com").UserID, c.CreateUser("e@example.org").UserID
		suspended := c.CreateUser("s@example.com").UserID
		invited := invite(c, "i@example.com")[0].InviteID
		setType(c, "EnterpriseLWA") // since a Team account removes who is suspended
		opstest.Must(c, api.Operations.BatchSuspendUser, &api.BatchSuspendUserInput{AccountID: c.Account, UserIDList: []string{suspended}})
		setType(c, accountType)
		release := func(name string) (*api.ReleaseDomainOutput, error) {
			return opstest.Do(c, api.Operations.ReleaseDomain, &api.ReleaseDomainInput{AccountID: c.Account, DomainName: name})
		}
		out, err := release("EXAMPLE.com")
		if err != nil || out.Account.AccountType != accountType {
			t.Fatalf("%s: ReleaseDomain: %+v, %v", accountType, out, err)
		}
		kept := "Suspended"
		if accountType == "EnterpriseDirectory" || accountType == "EnterpriseOIDC" {
			kept = "gone"
		}
		if diff := cmp.Diff([]string{"gone", kept, "gone", "Registered"}, registration(c, registered, suspended, invited, elsewhere)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", accountType, diff)
		}
		_, err = release("example.com")
		refused(t, "ReleaseDomain a second time", err, chime.NotFound, "domain example.com is not claimed by account "+c.Account)
		_, err = release("x")
		refused(t, "ReleaseDomain of what is none", err, chime.BadRequest, "DomainName must be")
		out, err = release("example.org")
		if err != nil || out.Account.AccountType != "Team" || getAccount(c).AccountType != "Team" {
			t.Errorf("%s: ReleaseDomain of the last one: %+v, %v", accountType, out, err)
		}
		another := *c
		another.Account = c.NewAccount("Another")
		if err := claim(&another, "example.com"); err != nil {
			t.Errorf("%s: the released domain is not free: %v", accountType, err)
		}
		another.CreateUser("r@example.com")
	}
}

func TestDomainsAreBounded(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	for i := range 100 {
		if err := claim(c, fmt.Sprintf("d%d.example.com", i)); err != nil {
			t.Fatal(err)
		}
	}
	refused(t, "the 101st domain", claim(c, "one-more.example.com"), chime.BadRequest, "at most 100 domains")
	if err := claim(c, "d7.example.com"); err != nil {
		t.Errorf("its own domain again: %v", err)
	}
	refused(t, "DeleteAccount", deleteAccount(c), chime.Unprocessable, "d0.example.com, d1.example.com", "d99.example.com")
}
