package ops_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/ops/opstest"
	"github.com/carillon-server/carillon/internal/store"
)

func deleteAccount(c *opstest.Caller) error {
	_, err := opstest.Do(c, api.Operations.DeleteAccount, &api.DeleteAccountInput{AccountID: c.Account})
	return err
}

func TestDeleteAccountSaysWhatIsInTheWay(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	refused(t, "an unknown account", deleteAccount(&opstest.Caller{Gate: c.Gate, Tenant: c.Tenant, Account: "x"}), chime.NotFound, "account x")
	jane := c.CreateUser("jane@example.com")
	refused(t, "with a user", deleteAccount(c), chime.Unprocessable, "a user that is not suspended", "BatchSuspendUser")
	invite(c, "joe@example.com")
	refused(t, "with a user and an invitation", deleteAccount(c), chime.Unprocessable, "2 users that are not suspended")
	for _, name := range []string{"example.com", "example.org"} {
		opstest.Must(c, api.Operations.ClaimDomain, &api.ClaimDomainInput{AccountID: c.Account, DomainName: name})
	}
	refused(t, "with domains", deleteAccount(c), chime.Unprocessable, "has claimed example.com, example.org", "ReleaseDomain")
	for _, name := range []string{"example.com", "example.org"} {
		opstest.Must(c, api.Operations.ReleaseDomain, &api.ReleaseDomainInput{AccountID: c.Account, DomainName: name})
	}
	if ids := userIDs(c); len(ids) != 0 {
		t.Errorf("%v are there although their domain was released", ids)
	}
	_, err := opstest.Do(c, api.Operations.GetUser, &api.GetUserInput{AccountID: c.Account, UserID: jane.UserID})
	refused(t, "GetUser after the domain's release", err, chime.NotFound)
	if err := deleteAccount(c); err != nil {
		t.Errorf("with nothing in the way: %v", err)
	}
	refused(t, "a second time", deleteAccount(c), chime.NotFound)
}

// TestCleanUpScript is a public script: for each account, suspend its users in groups of 50, then delete it.
func TestCleanUpScript(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	for _, accountType := range accountTypes[1:] {
		other := *c
		other.Account = c.NewAccount(accountType)
		setType(&other, accountType)
		for i := range 3 {
			other.CreateUser(fmt.Sprintf("%s%d@example.com", accountType, i))
		}
	}
	for i := range 11 {
		for j := range 10 {
			c.CreateUser(fmt.Sprintf("u%d-%d@example.com", i, j))
		}
	}
	invite(c, "pending@example.com")
	for _, a := range opstest.Must(c, api.Operations.ListAccounts, &api.ListAccountsInput{}).Accounts {
		c.Account = a.AccountID
		suspendAll(t, c)
		left := len(userIDs(c))
		if a.AccountType == "Team" && left != 0 || a.AccountType != "Team" && left != 3 {
			t.Errorf("%d suspended users are listed in a %s account", left, a.AccountType)
		}
		if err := deleteAccount(c); err != nil {
			t.Errorf("delete a %s account: %v", a.AccountType, err)
		}
	}
	if left := opstest.Must(c, api.Operations.ListAccounts, &api.ListAccountsInput{}).Accounts; len(left) != 0 {
		t.Errorf("%+v are left", left)
	}
}

func TestDeletedAccounts(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	setType(c, "EnterpriseLWA")
	jane := c.CreateUser("jane@example.com")
	before := getAccount(c)
	suspendAll(t, c)
	if err := deleteAccount(c); err != nil {
		t.Fatal(err)
	}
	for name, err := range useEverything(c, jane.UserID) {
		refused(t, name+" in a deleted account", err, chime.NotFound)
	}
	deleted := opstest.Must(c, api.Operations.ListDeletedAccounts, &api.ListDeletedAccountsInput{}).DeletedAccounts
	want := []api.DeletedAccount{{Account: before, DeletedOn: c.Clock.Now(), RestorableUntil: c.Clock.Now().Add(90 * 24 * time.Hour)}}
	if diff := cmp.Diff(want, deleted); diff != "" {
		t.Errorf("ListDeletedAccounts (-want +got):\n%s", diff)
	}
	restore := func(c *opstest.Caller, id string) error {
		_, err := opstest.Do(c, api.Operations.RestoreAccount, &api.RestoreAccountInput{AccountID: id})
		return err
	}
	other := c.Of(999999999999)
	refused(t, "another tenant's RestoreAccount", restore(other, c.Account), chime.NotFound, "ListDeletedAccounts")
	if list := opstest.Must(other, api.Operations.ListDeletedAccounts, &api.ListDeletedAccountsInput{}).DeletedAccounts; len(list) != 0 {
		t.Errorf("another tenant sees the deleted accounts %+v", list)
	}
	refused(t, "RestoreAccount of what is no id", restore(c, "x"), chime.NotFound)
	if err := restore(c, c.Account); err != nil {
		t.Fatalf("RestoreAccount: %v", err)
	}
	refused(t, "RestoreAccount of a living account", restore(c, c.Account), chime.NotFound)
	if diff := cmp.Diff(before, getAccount(c)); diff != "" {
		t.Errorf("the restored account (-before +after):\n%s", diff)
	}
	if ids := userIDs(c); len(ids) != 0 {
		t.Errorf("the restored account has users %v", ids)
	}
	c.CreateUser("jane@example.com") // the address is free

	suspendAll(t, c)
	if err := deleteAccount(c); err != nil {
		t.Fatal(err)
	}
	c.Clock.Move(90*24*time.Hour - time.Millisecond)
	if list := opstest.Must(c, api.Operations.ListDeletedAccounts, &api.ListDeletedAccountsInput{}).DeletedAccounts; len(list) != 1 {
		t.Errorf("just before its end the deleted account is not listed: %+v", list)
	}
	c.Clock.Move(time.Millisecond)
	if list := opstest.Must(c, api.Operations.ListDeletedAccounts, &api.ListDeletedAccountsInput{}).DeletedAccounts; len(list) != 0 {
		t.Errorf("after 90 days %+v are listed", list)
	}
	refused(t, "RestoreAccount after 90 days", restore(c, c.Account), chime.NotFound)
}

// useEverything calls every operation that names an account or a user of it, and returns their errors.
func useEverything(c *opstest.Caller, user string) map[string]error {
	a, errs := c.Account, map[string]error{}
	no := false
	_, errs["GetAccount"] = opstest.Do(c, api.Operations.GetAccount, &api.GetAccountInput{AccountID: a})
	_, errs["UpdateAccount"] = opstest.Do(c, api.Operations.UpdateAccount, &api.UpdateAccountInput{AccountID: a, Name: "New"})
	_, errs["DeleteAccount"] = opstest.Do(c, api.Operations.DeleteAccount, &api.DeleteAccountInput{AccountID: a})
	_, errs["UpdateAccountType"] = opstest.Do(c, api.Operations.UpdateAccountType, &api.UpdateAccountTypeInput{AccountID: a, AccountType: "Team"})
	_, errs["UpdateSupportedLicenses"] = opstest.Do(c, api.Operations.UpdateSupportedLicenses, &api.UpdateSupportedLicensesInput{AccountID: a, SupportedLicenses: []string{"Pro"}})
	_, errs["GetAccountSettings"] = opstest.Do(c, api.Operations.GetAccountSettings, &api.GetAccountSettingsInput{AccountID: a})
	_, errs["UpdateAccountSettings"] = opstest.Do(c, api.Operations.UpdateAccountSettings, &api.UpdateAccountSettingsInput{AccountID: a, AccountSettings: &api.AccountSettings{EnableDialOut: &no}})
	_, errs["Associate"] = opstest.Do(c, api.Operations.AssociateSigninDelegateGroupsWithAccount, &api.AssociateSigninDelegateGroupsWithAccountInput{AccountID: a, SigninDelegateGroups: []api.SigninDelegateGroup{{GroupName: "g"}}})
	_, errs["Disassociate"] = opstest.Do(c, api.Operations.DisassociateSigninDelegateGroupsFromAccount, &api.DisassociateSigninDelegateGroupsFromAccountInput{AccountID: a, GroupNames: []string{"g"}})
	_, errs["ClaimDomain"] = opstest.Do(c, api.Operations.ClaimDomain, &api.ClaimDomainInput{AccountID: a, DomainName: "example.com"})
	_, errs["ReleaseDomain"] = opstest.Do(c, api.Operations.ReleaseDomain, &api.ReleaseDomainInput{AccountID: a, DomainName: "example.com"})
	_, errs["ListDomains"] = opstest.Do(c, api.Operations.ListDomains, &api.ListDomainsInput{AccountID: a})
	_, errs["ListUsers"] = opstest.Do(c, api.Operations.ListUsers, &api.ListUsersInput{AccountID: a})
	_, errs["CreateUser"] = opstest.Do(c, api.Operations.CreateUser, &api.CreateUserInput{AccountID: a, Email: "new@example.com"})
	_, errs["InviteUsers"] = opstest.Do(c, api.Operations.InviteUsers, &api.InviteUsersInput{AccountID: a, UserEmailList: []string{"new@example.com"}})
	_, errs["ListInvites"] = opstest.Do(c, api.Operations.ListInvites, &api.ListInvitesInput{AccountID: a})
	_, errs["GetInvite"] = opstest.Do(c, api.Operations.GetInvite, &api.GetInviteInput{AccountID: a, InviteID: user})
	_, errs["AcceptInvite"] = opstest.Do(c, api.Operations.AcceptInvite, &api.AcceptInviteInput{AccountID: a, InviteID: user})
	_, errs["DeclineInvite"] = opstest.Do(c, api.Operations.DeclineInvite, &api.DeclineInviteInput{AccountID: a, InviteID: user})
	_, errs["BatchSuspendUser"] = opstest.Do(c, api.Operations.BatchSuspendUser, &api.BatchSuspendUserInput{AccountID: a, UserIDList: []string{user}})
	_, errs["BatchUnsuspendUser"] = opstest.Do(c, api.Operations.BatchUnsuspendUser, &api.BatchUnsuspendUserInput{AccountID: a, UserIDList: []string{user}})
	_, errs["BatchUpdateUser"] = opstest.Do(c, api.Operations.BatchUpdateUser, &api.BatchUpdateUserInput{AccountID: a, UpdateUserRequestItems: []api.UpdateUserRequestItem{{UserID: user, LicenseType: "Basic"}}})
	_, errs["GetUser"] = opstest.Do(c, api.Operations.GetUser, &api.GetUserInput{AccountID: a, UserID: user})
	_, errs["UpdateUser"] = opstest.Do(c, api.Operations.UpdateUser, &api.UpdateUserInput{AccountID: a, UserID: user, LicenseType: "Basic"})
	_, errs["UpdateUserProfile"] = opstest.Do(c, api.Operations.UpdateUserProfile, &api.UpdateUserProfileInput{AccountID: a, UserID: user, DisplayName: "New"})
	_, errs["ResetPersonalPIN"] = opstest.Do(c, api.Operations.ResetPersonalPIN, &api.ResetPersonalPINInput{AccountID: a, UserID: user})
	_, errs["GetUserSettings"] = opstest.Do(c, api.Operations.GetUserSettings, &api.GetUserSettingsInput{AccountID: a, UserID: user})
	_, errs["UpdateUserSettings"] = opstest.Do(c, api.Operations.UpdateUserSettings, &api.UpdateUserSettingsInput{AccountID: a, UserID: user, UserSettings: &api.UserSettings{Telephony: &api.TelephonySettings{}}})
	_, errs["LogoutUser"] = opstest.Do(c, api.Operations.LogoutUser, &api.LogoutUserInput{AccountID: a, UserID: user})
	_, errs["GetUserSession"] = opstest.Do(c, api.Operations.GetUserSession, &api.GetUserSessionInput{AccountID: a, UserID: user})
	_, errs["DeleteUser"] = opstest.Do(c, api.Operations.DeleteUser, &api.DeleteUserInput{AccountID: a, UserID: user})
	return errs
}

func TestAnotherTenantsThingsAreNotThere(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	u := c.CreateUser("jane@example.com")
	other := *c.Of(999999999999)
	other.Account = c.Account
	for name, err := range useEverything(&other, u.UserID) {
		refused(t, name+" by another tenant", err, chime.NotFound)
	}
}

// manyUsers adds more users to the caller's account than a sweep goes through at a time, and returns one of the last.
func manyUsers(c *opstest.Caller) (last string) {
	var all sync.WaitGroup
	for i := range 600 {
		all.Go(func() { c.CreateUser(fmt.Sprintf("u%d@example.com", i)) })
	}
	all.Wait()
	ids := userIDs(c)
	return ids[len(ids)-1]
}

// queued returns the tenant's jobs of a kind that wait to be done.
func queued(t *testing.T, c *opstest.Caller, kind string) (jobs []*store.Job) {
	t.Helper()
	err := c.Gate.Look(t.Context(), c.Tenant, func(call *ops.Call) (err error) {
		jobs, err = call.Tx.JobsOfKind(kind, store.JobQueued, chime.ID{}, 100)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}

// sweep does the jobs of sweeps as the runner does, and returns how many steps that took.
func sweep(t *testing.T, c *opstest.Caller) (steps int) {
	t.Helper()
	for ; ; steps++ {
		jobs := queued(t, c, ops.SweepJob)
		if len(jobs) == 0 {
			return steps
		}
		if err := c.Gate.Work(t.Context(), c.Tenant, func(call *ops.Call) error { return call.GoOnSweeping(jobs[0]) }); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDeletedAccountIsSwept deletes an account with so many suspended users that jobs remove the last of them. Nobody sees
// those in the meantime.
func TestDeletedAccountIsSwept(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	setType(c, "EnterpriseLWA")
	last := manyUsers(c)
	email := getUser(c, last).PrimaryEmail
	suspendAll(t, c)
	if err := deleteAccount(c); err != nil {
		t.Fatal(err)
	}
	for name, err := range useEverything(c, last) {
		refused(t, name+" before the sweep", err, chime.NotFound)
	}
	found := opstest.Must(c, api.Operations.ListAccounts, &api.ListAccountsInput{UserEmail: email}).Accounts
	if len(found) != 0 {
		t.Errorf("the deleted account is found by its user: %+v", found)
	}
	restore := &api.RestoreAccountInput{AccountID: c.Account}
	_, err := opstest.Do(c, api.Operations.RestoreAccount, restore)
	refused(t, "RestoreAccount before the sweep", err, chime.Unavailable, "try again")
	if steps := sweep(t, c); steps != 1 {
		t.Errorf("the sweep took %d jobs, want 1", steps)
	}
	opstest.Must(c, api.Operations.RestoreAccount, restore)
	if ids := userIDs(c); len(ids) != 0 {
		t.Errorf("%d users are left", len(ids))
	}
	c.CreateUser(email)
}

// TestReleasedDomainIsSwept releases the domain of so many users that jobs remove the last of them. Who comes later is not
// meant.
func TestReleasedDomainIsSwept(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	opstest.Must(c, api.Operations.ClaimDomain, &api.ClaimDomainInput{AccountID: c.Account, DomainName: "example.com"})
	elsewhere := c.CreateUser("jane@example.org")
	last := manyUsers(c)
	opstest.Must(c, api.Operations.BatchSuspendUser, &api.BatchSuspendUserInput{AccountID: c.Account, UserIDList: []string{last}})
	out := opstest.Must(c, api.Operations.ReleaseDomain, &api.ReleaseDomainInput{AccountID: c.Account, DomainName: "Example.com"})
	if out.Account.AccountType != "Team" {
		t.Errorf("with its last domain gone the account is of type %s", out.Account.AccountType)
	}
	late := c.CreateUser("late@example.com")
	if steps := sweep(t, c); steps != 1 {
		t.Errorf("the sweep took %d jobs, want 1", steps)
	}
	if diff := cmp.Diff([]string{elsewhere.UserID, last, late.UserID}, userIDs(c)); diff != "" {
		t.Errorf("who is left (-want +got):\n%s", diff)
	}
	if got := getUser(c, last).UserRegistrationStatus; got != "Suspended" {
		t.Errorf("the suspended user is %s", got)
	}
}
