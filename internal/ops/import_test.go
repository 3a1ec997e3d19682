package ops_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops/opstest"
	"github.com/carillon-server/carillon/internal/store"
)

// outcomes imports rows into the caller's account and says what became of each: its outcome and the member.
func outcomes(c *opstest.Caller, change func(*api.ImportUsersInput), rows ...api.ImportUser) []string {
	in := &api.ImportUsersInput{AccountID: c.Account, Users: rows}
	if change != nil {
		change(in)
	}
	var all []string
	for _, o := range opstest.Must(c, api.Operations.ImportUsers, in).Outcomes {
		all = append(all, strings.TrimSpace(o.Outcome+" "+o.Member))
	}
	return all
}

func same(t *testing.T, what string, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func dryRun(in *api.ImportUsersInput) { in.DryRun = new(bool); *in.DryRun = true }
func update(in *api.ImportUsersInput) { in.Update = new(bool); *in.Update = true }

// everybody shows the users of the caller's account in their order.
func everybody(c *opstest.Caller) []string {
	var all []string
	for _, u := range opstest.Must(c, api.Operations.ListUsers, &api.ListUsersInput{AccountID: c.Account}).Users {
		all = append(all, strings.Join([]string{u.PrimaryEmail, u.DisplayName, u.LicenseType, u.UserType, u.UserRegistrationStatus}, "|"))
	}
	return all
}

func TestImportUsers(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	setType(c, "EnterpriseLWA")
	yes := true
	rows := []api.ImportUser{
		{Email: "jane.doe@example.com"},
		{Email: "room7@example.com", DisplayName: " Room 7 ", LicenseType: "Basic", UserType: "SharedDevice", UserRegistrationStatus: "Suspended", IsAlexaForBusinessEnabled: &yes},
		{Email: "nonsense", DisplayName: "X"},
		{Email: "long@example.com", DisplayName: strings.Repeat("x", 257)},
		{Email: "plus@example.com", LicenseType: "Plus"},
		{Email: "robot@example.com", UserType: "Robot"},
		{Email: "invited@example.com", UserRegistrationStatus: "Unregistered"},
		{Email: "gone@example.com", UserRegistrationStatus: "Gone"},
		{Email: "JANE.DOE@example.com", DisplayName: "Again"},
		{},
	}
	want := []string{"Created", "Created", "Refused Email", "Refused DisplayName", "Refused LicenseType", "Refused UserType",
		"Refused UserRegistrationStatus", "Refused UserRegistrationStatus", "Refused Email", "Refused Email"}
	same(t, "a dry run", want, outcomes(c, dryRun, rows...))
	same(t, "users after a dry run", nil, everybody(c))
	same(t, "an import", want, outcomes(c, nil, rows...))
	there := []string{"jane.doe@example.com|Jane Doe|Pro|PrivateUser|Registered", "room7@example.com|Room 7|Basic|SharedDevice|Suspended"}
	same(t, "users", there, everybody(c))
	want[0], want[1] = "Exists", "Exists"
	same(t, "the same again", want, outcomes(c, nil, rows...))
	same(t, "users after the same again", there, everybody(c))

	out := opstest.Must(c, api.Operations.ImportUsers, &api.ImportUsersInput{AccountID: c.Account, Users: rows[:1]}).Outcomes[0]
	u := opstest.Must(c, api.Operations.GetUser, &api.GetUserInput{AccountID: c.Account, UserID: out.UserID}).User
	if u.PrimaryEmail != "jane.doe@example.com" || len(u.PersonalPIN) != 10 || u.RegisteredOn.IsZero() {
		t.Errorf("an imported user is %+v", u)
	}
}

func TestImportUsersWhoDiffer(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	jane := c.CreateUser("jane@example.com")
	rows := []api.ImportUser{{Email: "Jane@Example.com", DisplayName: "Jane D.", LicenseType: "Basic", UserType: "SharedDevice"}}
	same(t, "without Update", []string{"Differs DisplayName"}, outcomes(c, nil, rows...))
	same(t, "a dry run of Update", []string{"Updated"}, outcomes(c, func(in *api.ImportUsersInput) { update(in); dryRun(in) }, rows...))
	same(t, "users", []string{"jane@example.com|Jane|Pro|PrivateUser|Registered"}, everybody(c))
	same(t, "Update", []string{"Updated"}, outcomes(c, update, rows...))
	same(t, "users after Update", []string{"jane@example.com|Jane D.|Basic|SharedDevice|Registered"}, everybody(c))
	same(t, "Update again", []string{"Exists"}, outcomes(c, update, rows...))
	same(t, "what is left out stays", []string{"Exists"}, outcomes(c, update, api.ImportUser{Email: "jane@example.com"}))
	same(t, "to suspend", []string{"Refused UserRegistrationStatus"}, outcomes(c, update, api.ImportUser{Email: "jane@example.com", UserRegistrationStatus: "Suspended"}))
	if u := opstest.Must(c, api.Operations.GetUser, &api.GetUserInput{AccountID: c.Account, UserID: jane.UserID}).User; u.PersonalPIN != jane.PersonalPIN {
		t.Errorf("the PIN changed")
	}
}

func TestImportUsersRefused(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	same(t, "a Team account", []string{"Refused UserRegistrationStatus"}, outcomes(c, nil, api.ImportUser{Email: "s@example.com", UserRegistrationStatus: "Suspended"}))
	invite(c, "pending@example.com")
	same(t, "an invitation", []string{"Refused Email"}, outcomes(c, nil, api.ImportUser{Email: "pending@example.com"}))
	other := *c
	other.Account = c.NewAccount("Other")
	other.CreateUser("joe@example.com")
	opstest.Must(c, api.Operations.ClaimDomain, &api.ClaimDomainInput{AccountID: other.Account, DomainName: "claimed.example"})
	same(t, "another account's address and domain", []string{"Refused Email", "Refused Email", "Created"}, outcomes(c, nil,
		api.ImportUser{Email: "joe@example.com"}, api.ImportUser{Email: "x@claimed.example"}, api.ImportUser{Email: "y@example.com"}))

	_, err := opstest.Do(c, api.Operations.ImportUsers, &api.ImportUsersInput{AccountID: "x", Users: []api.ImportUser{{Email: "a@example.com"}}})
	refused(t, "an unknown account", err, chime.NotFound, "x")
	strict := opstest.New(t, opstest.Strict)
	_, err = opstest.Do(strict, api.Operations.ImportUsers, &api.ImportUsersInput{AccountID: strict.Account, Users: []api.ImportUser{{Email: "a@example.com"}}})
	asAmazon(t, "a Team account in strict mode", err)
	setType(strict, "EnterpriseDirectory")
	opstest.Must(strict, api.Operations.ClaimDomain, &api.ClaimDomainInput{AccountID: strict.Account, DomainName: "example.com"})
	same(t, "a directory in strict mode", []string{"Created", "Refused LicenseType", "Refused Email"}, outcomes(strict, nil,
		api.ImportUser{Email: "a@example.com", LicenseType: "Pro"}, api.ImportUser{Email: "b@example.com", LicenseType: "Basic"}, api.ImportUser{Email: "c@example.org"}))
}

// TestImportUsersRepeated repeats a call whose answer was lost: it is told what the first attempt did. A quarter of an hour
// later it is another call.
func TestImportUsersRepeated(t *testing.T) {
	t.Parallel()
	c := opstest.New(t).Attempt("one")
	row := api.ImportUser{Email: "jane@example.com"}
	same(t, "the first attempt", []string{"Created"}, outcomes(c, nil, row))
	same(t, "the second attempt", []string{"Created"}, outcomes(c, nil, row))
	same(t, "another call", []string{"Exists"}, outcomes(c.Attempt("two"), nil, row))
	c.Clock.Move(store.MarkLife + time.Second)
	same(t, "a late attempt", []string{"Exists"}, outcomes(c, nil, row))
}

// BenchmarkImportUsers imports a thousand users with each call.
func BenchmarkImportUsers(b *testing.B) {
	c := opstest.New(b)
	n := 0
	for b.Loop() {
		rows := make([]api.ImportUser, 1000)
		for i := range rows {
			n++
			rows[i] = api.ImportUser{Email: fmt.Sprintf("%08x.user@example.com", uint32(n)*2654435761), DisplayName: "A Name", LicenseType: "Pro"}
		}
		opstest.Must(c, api.Operations.ImportUsers, &api.ImportUsersInput{AccountID: c.Account, Users: rows})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/row")
}
