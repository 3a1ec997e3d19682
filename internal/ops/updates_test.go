package ops_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops/opstest"
)

// listed returns the user as ListUsers shows it.
func listed(c *opstest.Caller, email string) *api.User {
	return &opstest.Must(c, api.Operations.ListUsers, &api.ListUsersInput{AccountID: c.Account, UserEmail: email}).Users[0]
}

// withoutPIN returns the user as operations show it that do not show PINs.
func withoutPIN(u *api.User) *api.User {
	w := *u
	w.PersonalPIN = ""
	return &w
}

// TestEveryReadShowsTheSame changes a user in every way, and looks at the user through every operation after each.
func TestEveryReadShowsTheSame(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	setType(c, "EnterpriseLWA")
	want := c.CreateUser("jane@example.com")
	user := want.UserID
	same := func(after string, got *api.User) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("after %s (-want +got):\n%s", after, diff)
		}
		if diff := cmp.Diff(want, getUser(c, user)); diff != "" {
			t.Errorf("GetUser after %s (-want +got):\n%s", after, diff)
		}
		if diff := cmp.Diff(withoutPIN(want), listed(c, want.PrimaryEmail)); diff != "" {
			t.Errorf("ListUsers after %s (-want +got):\n%s", after, diff)
		}
	}
	update := func(in api.UpdateUserInput) *api.User {
		in.AccountID, in.UserID = c.Account, user
		return opstest.Must(c, api.Operations.UpdateUser, &in).User
	}
	batch := func(item api.UpdateUserRequestItem) *api.User {
		item.UserID = user
		in := &api.BatchUpdateUserInput{AccountID: c.Account, UpdateUserRequestItems: []api.UpdateUserRequestItem{item}}
		if errs := opstest.Must(c, api.Operations.BatchUpdateUser, in).UserErrors; len(errs) != 0 {
			t.Errorf("BatchUpdateUser: %+v", errs)
		}
		return getUser(c, user)
	}
	on, off := true, false
	same("nothing", update(api.UpdateUserInput{}))

	want.AlexaForBusinessMetadata = &api.AlexaForBusinessMetadata{IsAlexaForBusinessEnabled: &on, AlexaForBusinessRoomARN: "arn:1"}
	same("Alexa", update(api.UpdateUserInput{AlexaForBusinessMetadata: want.AlexaForBusinessMetadata}))
	want.UserType = "SharedDevice"
	same("a type", update(api.UpdateUserInput{UserType: "SharedDevice"}))
	want.LicenseType = "Basic"
	same("a license", update(api.UpdateUserInput{LicenseType: "Basic"}))
	want.AlexaForBusinessMetadata = &api.AlexaForBusinessMetadata{IsAlexaForBusinessEnabled: &off, AlexaForBusinessRoomARN: "arn:1"}
	same("Alexa off", batch(api.UpdateUserRequestItem{AlexaForBusinessMetadata: &api.AlexaForBusinessMetadata{IsAlexaForBusinessEnabled: &off}}))
	want.AlexaForBusinessMetadata.AlexaForBusinessRoomARN = "arn:2"
	same("another room", batch(api.UpdateUserRequestItem{AlexaForBusinessMetadata: &api.AlexaForBusinessMetadata{AlexaForBusinessRoomARN: "arn:2"}}))
	want.LicenseType, want.UserType = "Pro", "PrivateUser"
	same("a license and a type", batch(api.UpdateUserRequestItem{LicenseType: "Pro", UserType: "PrivateUser"}))

	got := opstest.Must(c, api.Operations.ResetPersonalPIN, &api.ResetPersonalPINInput{AccountID: c.Account, UserID: user}).User
	if got.PersonalPIN == want.PersonalPIN || len(got.PersonalPIN) != 10 {
		t.Errorf("ResetPersonalPIN gave %q after %q", got.PersonalPIN, want.PersonalPIN)
	}
	want.PersonalPIN = got.PersonalPIN
	same("another PIN", got)

	want.PrimaryEmail, want.DisplayName = "Jane@example.org", "Jane D."
	in := &api.UpdateUserProfileInput{AccountID: c.Account, UserID: user, Email: "Jane@example.org", DisplayName: " Jane D. "}
	same("another name", opstest.Must(c, api.Operations.UpdateUserProfile, in).User)

	suspendAll(t, c)
	want.UserRegistrationStatus = "Suspended"
	same("suspension", getUser(c, user))
	want.LicenseType = "Basic"
	same("a license for who is suspended", update(api.UpdateUserInput{LicenseType: "Basic"}))
	opstest.Must(c, api.Operations.BatchUnsuspendUser, &api.BatchUnsuspendUserInput{AccountID: c.Account, UserIDList: []string{user}})
	want.UserRegistrationStatus = "Registered"
	same("return", getUser(c, user))
}

// TestLicenses gives each license to a user: as the account's default to a new one, and to one who is there.
func TestLicenses(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	support := func(licenses ...string) error {
		_, err := opstest.Do(c, api.Operations.UpdateSupportedLicenses, &api.UpdateSupportedLicensesInput{AccountID: c.Account, SupportedLicenses: licenses})
		return err
	}
	setDefault := func(license string) error {
		_, err := opstest.Do(c, api.Operations.UpdateAccount, &api.UpdateAccountInput{AccountID: c.Account, DefaultLicense: license})
		return err
	}
	jane := c.CreateUser("jane@example.com")
	all := []string{"Basic", "Plus", "Pro", "ProTrial"}
	refused(t, "a default that is not supported", setDefault("Plus"), chime.BadRequest, "DefaultLicense must be one of", "Basic, Pro")
	_, err := opstest.Do(c, api.Operations.UpdateUser, &api.UpdateUserInput{AccountID: c.Account, UserID: jane.UserID, LicenseType: "ProTrial"})
	refused(t, "a license that is not supported", err, chime.BadRequest, "LicenseType must be one of", "Basic, Pro")
	refused(t, "licenses without the default", support("Basic"), chime.BadRequest, "must contain the default license, Pro")
	if err := support(all...); err != nil {
		t.Fatalf("UpdateSupportedLicenses: %v", err)
	}
	for _, license := range all {
		if err := setDefault(license); err != nil {
			t.Fatalf("UpdateAccount to %s: %v", license, err)
		}
		if a := getAccount(c); a.DefaultLicense != license || !cmp.Equal(a.SupportedLicenses, all) {
			t.Errorf("the account is %+v", a)
		}
		if got := c.CreateUser(license + "@example.com").LicenseType; got != license {
			t.Errorf("a new user has %s, want %s", got, license)
		}
		id := invite(c, "invited-"+license+"@example.com")[0].InviteID
		opstest.Must(c, api.Operations.AcceptInvite, &api.AcceptInviteInput{AccountID: c.Account, InviteID: id})
		if got := getUser(c, id).LicenseType; got != license {
			t.Errorf("who accepts an invitation has %s, want %s", got, license)
		}
		opstest.Must(c, api.Operations.UpdateUser, &api.UpdateUserInput{AccountID: c.Account, UserID: jane.UserID, LicenseType: license})
		if got := getUser(c, jane.UserID).LicenseType; got != license {
			t.Errorf("an updated user has %s, want %s", got, license)
		}
	}
	if err := support("ProTrial"); err != nil {
		t.Fatalf("UpdateSupportedLicenses: %v", err)
	}
	if got := listed(c, "basic@example.com").LicenseType; got != "Basic" {
		t.Errorf("who had a license that is supported no more has %s, want Basic still", got)
	}
}

func TestUpdateUserRefusals(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	jane, joe := c.CreateUser("jane@example.com").UserID, c.CreateUser("joe@example.com").UserID
	pending := invite(c, "pending@example.com")[0].InviteID
	another := c.NewAccount("Another")
	opstest.Must(c, api.Operations.ClaimDomain, &api.ClaimDomainInput{AccountID: another, DomainName: "example.org"})
	for name, in := range map[string]*api.UpdateUserInput{
		"who is invited":     {AccountID: c.Account, UserID: pending, LicenseType: "Basic"},
		"nobody":             {AccountID: c.Account, UserID: "x", LicenseType: "Basic"},
		"in another account": {AccountID: another, UserID: jane, LicenseType: "Basic"},
	} {
		kind := chime.NotFound
		if name == "who is invited" {
			kind = chime.BadRequest
		}
		_, err := opstest.Do(c, api.Operations.UpdateUser, in)
		refused(t, "UpdateUser, "+name, err, kind)
		_, err = opstest.Do(c, api.Operations.ResetPersonalPIN, &api.ResetPersonalPINInput{AccountID: in.AccountID, UserID: in.UserID})
		refused(t, "ResetPersonalPIN, "+name, err, kind)
		_, err = opstest.Do(c, api.Operations.UpdateUserProfile, &api.UpdateUserProfileInput{AccountID: in.AccountID, UserID: in.UserID, DisplayName: "X"})
		refused(t, "UpdateUserProfile, "+name, err, kind)
	}
	for email, want := range map[string]struct {
		kind chime.Kind
		text string
	}{
		"JOE@example.com":     {chime.Conflict, "Email belongs to another user of this AWS account"},
		"pending@example.com": {chime.Conflict, "Email belongs to another user"},
		"jane@example.org":    {chime.BadRequest, "Email: another account of this AWS account has claimed the domain"},
		"jane":                {chime.BadRequest, "Email must be an e-mail address"},
	} {
		_, err := opstest.Do(c, api.Operations.UpdateUserProfile, &api.UpdateUserProfileInput{AccountID: c.Account, UserID: jane, Email: email})
		refused(t, "UpdateUserProfile to "+email, err, want.kind, want.text)
	}
	if got := getUser(c, jane).PrimaryEmail; got != "jane@example.com" {
		t.Errorf("after refusals the address is %s", got)
	}
	opstest.Must(c, api.Operations.UpdateUserProfile, &api.UpdateUserProfileInput{AccountID: c.Account, UserID: joe, Email: "joseph@example.com"})
	c.CreateUser("joe@example.com") // the wrong address is free
}

func TestDeleteUser(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	jane := c.CreateUser("jane@example.com")
	c.CreateUser("joe@example.com") // or DeleteAccount would delete the account
	opstest.Must(c, api.Operations.DeleteUser, &api.DeleteUserInput{AccountID: c.Account, UserID: jane.UserID})
	for name, err := range useEverything(c, jane.UserID) {
		switch name {
		case "DeleteUser", "GetUser", "UpdateUser", "UpdateUserProfile", "ResetPersonalPIN", "LogoutUser", "GetUserSession", "GetUserSettings", "UpdateUserSettings":
			refused(t, name, err, chime.NotFound, "user "+jane.UserID+" is not in account")
		}
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	setType(c, "EnterpriseLWA")
	jane := c.CreateUser("jane@example.com").UserID
	session := func(user string, active bool, epoch int) {
		t.Helper()
		got := opstest.Must(c, api.Operations.GetUserSession, &api.GetUserSessionInput{AccountID: c.Account, UserID: user}).UserSession
		if diff := cmp.Diff(&api.UserSession{UserID: user, Active: &active, SessionEpoch: epoch}, got); diff != "" {
			t.Errorf("GetUserSession (-want +got):\n%s", diff)
		}
	}
	logout := func(user string) {
		opstest.Must(c, api.Operations.LogoutUser, &api.LogoutUserInput{AccountID: c.Account, UserID: user})
	}
	session(jane, true, 1)
	logout(jane)
	session(jane, true, 2)
	suspendAll(t, c)
	session(jane, false, 3)
	suspendAll(t, c)
	session(jane, false, 3)
	opstest.Must(c, api.Operations.BatchUnsuspendUser, &api.BatchUnsuspendUserInput{AccountID: c.Account, UserIDList: []string{jane}})
	session(jane, true, 3)
	pending := invite(c, "pending@example.com")[0].InviteID
	session(pending, false, 1)
	logout(pending)
	opstest.Must(c, api.Operations.AcceptInvite, &api.AcceptInviteInput{AccountID: c.Account, InviteID: pending})
	session(pending, true, 2)
}

// TestStrictCreateUser holds the one refusal of Amazon's that was seen in public, and those that follow from it.
func TestStrictCreateUser(t *testing.T) {
	t.Parallel()
	c := opstest.New(t, opstest.Strict)
	create := func(in api.CreateUserInput) error {
		in.AccountID = c.Account
		_, err := opstest.Do(c, api.Operations.CreateUser, &in)
		return err
	}
	jane := api.CreateUserInput{Email: "jane@example.com"}
	for _, accountType := range []string{"Team", "EnterpriseLWA", "EnterpriseOIDC"} {
		setType(c, accountType)
		asAmazon(t, "CreateUser in "+accountType, create(jane))
	}
	setType(c, "EnterpriseDirectory")
	asAmazon(t, "CreateUser in a domain that nobody claimed", create(jane))
	opstest.Must(c, api.Operations.ClaimDomain, &api.ClaimDomainInput{AccountID: c.Account, DomainName: "Example.com"})
	refused(t, "CreateUser without Email", create(api.CreateUserInput{Username: "jane@example.com"}), chime.BadRequest, "Email is required")
	if err := create(jane); err != nil {
		t.Errorf("CreateUser in its own domain: %v", err)
	}
	another := c.NewAccount("Another")
	opstest.Must(c, api.Operations.ClaimDomain, &api.ClaimDomainInput{AccountID: another, DomainName: "example.org"})
	refused(t, "CreateUser in another account's domain", create(api.CreateUserInput{Email: "joe@example.org"}), chime.BadRequest, "another account of this AWS account has claimed")
	_, err := opstest.Do(c, api.Operations.UpdateUserProfile, &api.UpdateUserProfileInput{AccountID: c.Account, UserID: listed(c, "jane@example.com").UserID, Email: "jane@example.net"})
	asAmazon(t, "UpdateUserProfile into a domain that nobody claimed", err)
}
