package ops_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops/opstest"
)

// registration returns where users of the caller's account stand, "gone" for those who are not there.
func registration(c *opstest.Caller, users ...string) []string {
	var all []string
	for _, id := range users {
		out, err := opstest.Do(c, api.Operations.GetUser, &api.GetUserInput{AccountID: c.Account, UserID: id})
		if err != nil {
			all = append(all, "gone")
			continue
		}
		all = append(all, out.User.UserRegistrationStatus)
	}
	return all
}

func TestBatchSuspendAndUnsuspend(t *testing.T) {
	t.Parallel()
	for _, accountType := range accountTypes {
		c := opstest.New(t)
		setType(c, accountType)
		jane, joe := c.CreateUser("jane@example.com").UserID, c.CreateUser("joe@example.com").UserID
		pending := invite(c, "pending@example.com")[0].InviteID
		users := []string{jane, joe, pending}
		suspend := func(ids ...string) []api.UserError {
			return opstest.Must(c, api.Operations.BatchSuspendUser, &api.BatchSuspendUserInput{AccountID: c.Account, UserIDList: ids}).UserErrors
		}
		if errs := suspend(jane, pending, strings.ToUpper(jane), jane); errs == nil || len(errs) != 0 {
			t.Errorf("%s: BatchSuspendUser: %#v, want an empty list", accountType, errs)
		}
		suspended := "Suspended"
		if accountType == "Team" {
			suspended = "gone"
		}
		if diff := cmp.Diff([]string{suspended, "Registered", "gone"}, registration(c, users...)); diff != "" {
			t.Errorf("%s, suspended (-want +got):\n%s", accountType, diff)
		}
		again := suspend(jane)
		if accountType == "Team" != (len(again) == 1) {
			t.Errorf("%s: suspended again: %+v", accountType, again)
		}
		errs := opstest.Must(c, api.Operations.BatchUnsuspendUser, &api.BatchUnsuspendUserInput{AccountID: c.Account, UserIDList: users}).UserErrors
		missing := map[string]int{"Team": 2}[accountType]
		if missing == 0 {
			missing = 1
		}
		if len(errs) != missing {
			t.Errorf("%s: BatchUnsuspendUser: %+v, want %d errors", accountType, errs, missing)
		}
		if accountType != "Team" {
			if diff := cmp.Diff([]string{"Registered", "Registered", "gone"}, registration(c, users...)); diff != "" {
				t.Errorf("%s, back again (-want +got):\n%s", accountType, diff)
			}
		}
	}
}

// TestBatchErrors puts items of all sorts into one call: the good ones are done, each bad one is named once, in the order of
// the request.
func TestBatchErrors(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	setType(c, "EnterpriseLWA")
	jane, joe := c.CreateUser("jane@example.com").UserID, c.CreateUser("joe@example.com").UserID
	pending := invite(c, "pending@example.com")[0].InviteID
	another := *c
	another.Account = c.NewAccount("Another")
	elsewhere := another.CreateUser("jack@example.com").UserID
	abroad := c.Of(999999999999).CreateUser("jane@example.com").UserID
	unknown := "01234567-89AB-7def-8123-456789abcdef"
	notIn := func(id string) string { return fmt.Sprintf("user %s is not in account %s", id, c.Account) }

	errs := opstest.Must(c, api.Operations.BatchSuspendUser, &api.BatchSuspendUserInput{
		AccountID: c.Account, UserIDList: []string{unknown, "x y", jane, elsewhere, abroad, "x y", strings.ToLower(unknown), joe},
	}).UserErrors
	want := []api.UserError{
		{UserID: unknown, ErrorCode: "NotFound", ErrorMessage: notIn(unknown)},
		{UserID: "x y", ErrorCode: "NotFound", ErrorMessage: notIn("x y")},
		{UserID: elsewhere, ErrorCode: "NotFound", ErrorMessage: notIn(elsewhere)},
		{UserID: abroad, ErrorCode: "NotFound", ErrorMessage: notIn(abroad)},
	}
	if diff := cmp.Diff(want, errs); diff != "" {
		t.Errorf("BatchSuspendUser (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Suspended", "Suspended"}, registration(c, jane, joe)); diff != "" {
		t.Errorf("the others (-want +got):\n%s", diff)
	}
	if got := registration(&another, elsewhere)[0]; got != "Registered" {
		t.Errorf("the user of another account is %s", got)
	}

	errs = opstest.Must(c, api.Operations.BatchUpdateUser, &api.BatchUpdateUserInput{AccountID: c.Account, UpdateUserRequestItems: []api.UpdateUserRequestItem{
		{UserID: pending, LicenseType: "Basic"},
		{UserID: jane, LicenseType: "Plus"},
		{UserID: joe, LicenseType: "Basic"},
		{UserID: elsewhere, LicenseType: "Basic"},
		{UserID: joe, LicenseType: "Pro", UserType: "SharedDevice"}, // counts the first time only
		{UserID: jane, UserType: "SharedDevice"},
	}}).UserErrors
	want = []api.UserError{
		{UserID: pending, ErrorCode: "BadRequest", ErrorMessage: "user " + pending + " has not registered yet"},
		{UserID: jane, ErrorCode: "BadRequest", ErrorMessage: "LicenseType must be one of the account's SupportedLicenses: Basic, Pro"},
		{UserID: elsewhere, ErrorCode: "NotFound", ErrorMessage: notIn(elsewhere)},
	}
	if diff := cmp.Diff(want, errs); diff != "" {
		t.Errorf("BatchUpdateUser (-want +got):\n%s", diff)
	}
	if j := getUser(c, joe); j.LicenseType != "Basic" || j.UserType != "PrivateUser" {
		t.Errorf("joe has %s and is a %s", j.LicenseType, j.UserType)
	}
	if j := getUser(c, jane); j.LicenseType != "Pro" || j.UserType != "PrivateUser" {
		t.Errorf("jane has %s and is a %s, want nothing changed", j.LicenseType, j.UserType)
	}
}

// TestBatchLimits decodes what a client sends, since the limits are the tables' to hold.
func TestBatchLimits(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ operation, query, list, item, max string }{
		{"BatchSuspendUser", "?operation=suspend", "UserIdList", `"x"`, "50"},
		{"BatchUnsuspendUser", "?operation=unsuspend", "UserIdList", `"x"`, "50"},
		{"BatchUpdateUser", "", "UpdateUserRequestItems", `{"UserId":"x"}`, "20"},
		{"InviteUsers", "?operation=add", "UserEmailList", `"a@b.c"`, "50"},
	} {
		var most int
		fmt.Sscan(test.max, &most)
		for n, wantError := range map[int]string{most: "", most + 1: "at most " + test.max} {
			route, err := api.Match("POST", "/accounts/x/users"+test.query)
			if err != nil || route.Op.Name != test.operation {
				t.Fatalf("%s: %v, %v", test.operation, route, err)
			}
			items := strings.TrimSuffix(strings.Repeat(test.item+",", n), ",")
			_, err = route.Op.Decode(route, []byte(`{"`+test.list+`":[`+items+`]}`))
			if (err == nil) != (wantError == "") || err != nil && !strings.Contains(err.Error(), wantError) {
				t.Errorf("%s with %d items: %v, want %q", test.operation, n, err, wantError)
			}
		}
	}
}

func TestBatchesInStrictMode(t *testing.T) {
	t.Parallel()
	c := opstest.New(t, opstest.Strict)
	for _, accountType := range accountTypes {
		setType(c, accountType)
		_, suspend := opstest.Do(c, api.Operations.BatchSuspendUser, &api.BatchSuspendUserInput{AccountID: c.Account, UserIDList: []string{"x"}})
		if accountType == "EnterpriseDirectory" || accountType == "EnterpriseOIDC" {
			asAmazon(t, "BatchSuspendUser in "+accountType, suspend)
		} else if suspend != nil {
			t.Errorf("BatchSuspendUser in %s: %v", accountType, suspend)
		}
		_, unsuspend := opstest.Do(c, api.Operations.BatchUnsuspendUser, &api.BatchUnsuspendUserInput{AccountID: c.Account, UserIDList: []string{"x"}})
		if accountType != "EnterpriseLWA" {
			asAmazon(t, "BatchUnsuspendUser in "+accountType, unsuspend)
		} else if unsuspend != nil {
			t.Errorf("BatchUnsuspendUser in %s: %v", accountType, unsuspend)
		}
	}
}

func TestBatchUpdateInStrictMode(t *testing.T) {
	t.Parallel()
	c := opstest.New(t, opstest.Strict)
	setType(c, "EnterpriseDirectory")
	opstest.Must(c, api.Operations.ClaimDomain, &api.ClaimDomainInput{AccountID: c.Account, DomainName: "example.com"})
	u := c.CreateUser("jane@example.com").UserID
	update := func(item api.UpdateUserRequestItem) []api.UserError {
		item.UserID = u
		in := &api.BatchUpdateUserInput{AccountID: c.Account, UpdateUserRequestItems: []api.UpdateUserRequestItem{item}}
		return opstest.Must(c, api.Operations.BatchUpdateUser, in).UserErrors
	}
	if errs := update(api.UpdateUserRequestItem{UserType: "SharedDevice"}); len(errs) != 0 {
		t.Errorf("a type: %+v", errs)
	}
	if errs := update(api.UpdateUserRequestItem{LicenseType: "Basic"}); len(errs) != 1 || errs[0].ErrorCode != "BadRequest" || errs[0].ErrorMessage != "Service received a bad request" {
		t.Errorf("a license, which the directory decides about: %+v", errs)
	}
	_, err := opstest.Do(c, api.Operations.UpdateUser, &api.UpdateUserInput{AccountID: c.Account, UserID: u, LicenseType: "Basic"})
	asAmazon(t, "UpdateUser with a license", err)
	refused(t, "an account that is not there", func() error {
		_, err := opstest.Do(c, api.Operations.BatchUpdateUser, &api.BatchUpdateUserInput{AccountID: "x", UpdateUserRequestItems: []api.UpdateUserRequestItem{{UserID: u}}})
		return err
	}(), chime.NotFound)
}
