package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops/opstest"
)

// machine does the same to the server and to the world.
type machine struct {
	*world
	call    opstest.Caller
	restart func() // of the server
	again   func(*rapid.T)
	calls   int
}

const nowhere = "01234567-89ab-7def-8123-456789abcdef"

// seldom is true once in twenty times.
func seldom(t *rapid.T, what string) bool { return rapid.IntRange(0, 19).Draw(t, what) == 19 }

// drawAccount draws an account, deleted ones too; seldom one that never was.
func (m *machine) drawAccount(t *rapid.T) (*account, string) {
	if seldom(t, "no account") {
		return nil, nowhere
	}
	a := rapid.SampledFrom(m.accounts).Draw(t, "account")
	return a, a.shown.AccountID
}

// drawUser draws somebody with the account; seldom somebody who is gone or never was, or another account.
func (m *machine) drawUser(t *rapid.T) (*account, *user, string, string) {
	from := m.users
	if len(m.gone) > 0 && seldom(t, "gone") {
		from = m.gone
	}
	if len(from) == 0 || seldom(t, "no user") {
		a, id := m.drawAccount(t)
		return a, nil, id, nowhere
	}
	u := rapid.SampledFrom(from).Draw(t, "user")
	a, id := u.account, u.account.shown.AccountID
	if seldom(t, "elsewhere") {
		a, id = m.drawAccount(t)
	}
	return a, u, id, u.shown.UserID
}

// drawUsers draws some users, perhaps one twice, with the account of the first.
func (m *machine) drawUsers(t *rapid.T) (*account, string, []*user, []string) {
	a, u, account, id := m.drawUser(t)
	users, ids := []*user{u}, []string{id}
	for range rapid.IntRange(0, 2).Draw(t, "more") {
		_, u, _, id := m.drawUser(t)
		users, ids = append(users, u), append(ids, id)
	}
	return a, account, users, ids
}

func sample(t *rapid.T, label string, from ...string) string {
	return rapid.SampledFrom(from).Draw(t, label)
}

func drawAddress(t *rapid.T) address { return rapid.SampledFrom(addresses).Draw(t, "address") }

// agree fails the test unless the server answered as the world did, and reports whether that was success.
func agree(t *rapid.T, got, want error) bool {
	t.Helper()
	if !errors.Is(got, want) && !(got == nil && want == nil) {
		t.Fatalf("the server answers %v, the model %v", got, want)
	}
	return want == nil
}

func same(t *rapid.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s (-model +server):\n%s", what, diff)
	}
}

// invocation returns who makes one attempt after another at the same call, also when the server was restarted between them.
func (m *machine) invocation() func() *opstest.Caller {
	m.calls++
	name := fmt.Sprint(m.call.Tenant, m.calls)
	return func() *opstest.Caller { return m.call.Attempt(name) }
}

func (m *machine) createAccount(t *rapid.T) {
	if len(m.accounts) == 4 {
		t.Skip("enough accounts")
	}
	name := sample(t, "name", "Sales", "sales", "Zoë")
	attempt := m.invocation()
	do := func() *api.Account {
		out, err := opstest.Do(attempt(), api.Operations.CreateAccount, &api.CreateAccountInput{Name: name})
		agree(t, err, nil)
		return out.Account
	}
	got := do()
	a := &account{shown: api.Account{
		AccountID: got.AccountID, AWSAccountID: m.tenant, Name: name, AccountType: "Team", AccountStatus: "Active", CreatedTimestamp: m.now(),
		DefaultLicense: "Pro", SupportedLicenses: []string{"Basic", "Pro"}, SigninDelegateGroups: []api.SigninDelegateGroup{},
	}}
	same(t, "CreateAccount", &a.shown, got)
	m.accounts = append(m.accounts, a)
	m.again = func(t *rapid.T) { same(t, "CreateAccount again", got, do()) }
}

func (m *machine) updateAccount(t *rapid.T) {
	a, id := m.drawAccount(t)
	in := &api.UpdateAccountInput{AccountID: id, Name: sample(t, "name", "", "New"), DefaultLicense: sample(t, "license", "", "Basic", "Plus", "Pro")}
	out, err := opstest.Do(&m.call, api.Operations.UpdateAccount, in)
	want := error(nil)
	switch {
	case !a.lives():
		want = chime.NotFound
	case in.DefaultLicense != "" && !slices.Contains(a.shown.SupportedLicenses, in.DefaultLicense):
		want = chime.BadRequest
	}
	if !agree(t, err, want) {
		return
	}
	if in.Name != "" {
		a.shown.Name = in.Name
	}
	if in.DefaultLicense != "" {
		a.shown.DefaultLicense = in.DefaultLicense
	}
	same(t, "UpdateAccount", &a.shown, out.Account)
}

func (m *machine) updateAccountType(t *rapid.T) {
	a, id := m.drawAccount(t)
	accountType := sample(t, "type", accountTypes...)
	out, err := opstest.Do(&m.call, api.Operations.UpdateAccountType, &api.UpdateAccountTypeInput{AccountID: id, AccountType: accountType})
	if !a.lives() {
		agree(t, err, chime.NotFound)
		return
	}
	agree(t, err, nil)
	a.shown.AccountType = accountType
	same(t, "UpdateAccountType", &a.shown, out.Account)
}

func (m *machine) updateSupportedLicenses(t *rapid.T) {
	a, id := m.drawAccount(t)
	licenses := rapid.Permutation([]string{"Basic", "Plus", "Pro", "ProTrial"}).Draw(t, "licenses")[:rapid.IntRange(1, 4).Draw(t, "how many")]
	_, err := opstest.Do(&m.call, api.Operations.UpdateSupportedLicenses, &api.UpdateSupportedLicensesInput{AccountID: id, SupportedLicenses: licenses})
	switch {
	case !a.lives():
		agree(t, err, chime.NotFound)
	case !slices.Contains(licenses, a.shown.DefaultLicense):
		agree(t, err, chime.BadRequest)
	default:
		agree(t, err, nil)
		a.shown.SupportedLicenses = licenses
	}
}

func (m *machine) delegateGroups(t *rapid.T) {
	a, id := m.drawAccount(t)
	name, group := "", sample(t, "group", "g1", "g2")
	var err error
	if rapid.Bool().Draw(t, "associate") {
		name = "associate"
		_, err = opstest.Do(&m.call, api.Operations.AssociateSigninDelegateGroupsWithAccount,
			&api.AssociateSigninDelegateGroupsWithAccountInput{AccountID: id, SigninDelegateGroups: []api.SigninDelegateGroup{{GroupName: group}}})
	} else {
		_, err = opstest.Do(&m.call, api.Operations.DisassociateSigninDelegateGroupsFromAccount,
			&api.DisassociateSigninDelegateGroupsFromAccountInput{AccountID: id, GroupNames: []string{group}})
	}
	switch {
	case !a.lives():
		agree(t, err, chime.NotFound)
		return
	case m.strict && a.is("Team"):
		agree(t, err, chime.BadRequest)
		return
	}
	agree(t, err, nil)
	without := slices.DeleteFunc(slices.Clone(a.shown.SigninDelegateGroups), func(g api.SigninDelegateGroup) bool { return g.GroupName == group })
	switch there := len(without) < len(a.shown.SigninDelegateGroups); {
	case name == "":
		a.shown.SigninDelegateGroups = without
	case !there:
		a.shown.SigninDelegateGroups = append(without, api.SigninDelegateGroup{GroupName: group})
	}
}

func (m *machine) createUser(t *rapid.T) {
	a, id := m.drawAccount(t)
	from := drawAddress(t)
	in := &api.CreateUserInput{AccountID: id, Email: from.email, UserType: sample(t, "type", "", "PrivateUser", "SharedDevice")}
	if seldom(t, "no address") {
		in.Email = ""
	}
	in.Username = sample(t, "username", "", "", " Z. Ö ", from.email)
	attempt := m.invocation()
	do := func() (*api.User, error) {
		out, err := opstest.Do(attempt(), api.Operations.CreateUser, in)
		if err != nil {
			return nil, err
		}
		return out.User, nil
	}
	email, want := m.create(a, in.Email, in.Username)
	got, err := do()
	if !agree(t, err, want) {
		return
	}
	off := false
	u := &user{account: a, epoch: 1, shown: api.User{
		UserID: got.UserID, AccountID: id, PrimaryEmail: email, DisplayName: strings.TrimSpace(in.Username), LicenseType: a.shown.DefaultLicense,
		UserType: in.UserType, UserRegistrationStatus: "Registered", RegisteredOn: m.now(), PersonalPIN: got.PersonalPIN,
		AlexaForBusinessMetadata: &api.AlexaForBusinessMetadata{IsAlexaForBusinessEnabled: &off},
	}}
	if u.shown.DisplayName == "" {
		u.shown.DisplayName = from.name
	}
	if in.UserType == "" {
		u.shown.UserType = "PrivateUser"
	}
	same(t, "CreateUser", &u.shown, got)
	if hidden := u.shown.UserType == "SharedDevice"; hidden != (got.PersonalPIN == "") {
		t.Fatalf("CreateUser of a %s shows the PIN %q", u.shown.UserType, got.PersonalPIN)
	}
	m.learnPIN(t, u)
	m.users = append(m.users, u)
	m.again = func(t *rapid.T) {
		repeated, err := do()
		agree(t, err, nil)
		same(t, "CreateUser again", got, repeated)
	}
}

// learnPIN takes over a PIN, which chance drew.
func (m *machine) learnPIN(t *rapid.T, u *user) {
	out, err := opstest.Do(&m.call, api.Operations.GetUser, &api.GetUserInput{AccountID: u.shown.AccountID, UserID: u.shown.UserID})
	agree(t, err, nil)
	pin := out.User.PersonalPIN
	if len(pin) != 10 || strings.Trim(pin, "0123456789") != "" {
		t.Fatalf("the PIN is %q", pin)
	}
	for _, other := range m.users {
		if other != u && other.shown.PersonalPIN == pin {
			t.Fatalf("two users have the PIN %s", pin)
		}
	}
	u.shown.PersonalPIN = pin
}

func (m *machine) inviteUsers(t *rapid.T) {
	a, id := m.drawAccount(t)
	in := &api.InviteUsersInput{AccountID: id, UserType: sample(t, "type", "", "SharedDevice")}
	for range rapid.IntRange(1, 3).Draw(t, "how many") {
		in.UserEmailList = append(in.UserEmailList, drawAddress(t).email)
	}
	attempt := m.invocation()
	do := func() ([]api.Invite, error) {
		out, err := opstest.Do(attempt(), api.Operations.InviteUsers, in)
		if err != nil {
			return nil, err
		}
		return out.Invites, nil
	}
	want := error(nil)
	switch {
	case !a.lives():
		want = chime.NotFound
	case m.strict && !a.is("Team"):
		want = chime.BadRequest
	case slices.ContainsFunc(in.UserEmailList, func(email string) bool { return !m.mayJoin(a, email) }):
		want = chime.BadRequest
	}
	got, err := do()
	if !agree(t, err, want) {
		return
	}
	m.again = func(t *rapid.T) {
		repeated, err := do()
		agree(t, err, nil)
		same(t, "InviteUsers again", got, repeated)
	}
	if len(got) != len(in.UserEmailList) {
		t.Fatalf("%d addresses have %d invites", len(in.UserEmailList), len(got))
	}
	first := map[string]api.Invite{}
	for i, email := range in.UserEmailList {
		if earlier, twice := first[strings.ToLower(email)]; twice {
			same(t, "Invite of an address that is given twice", earlier, got[i])
			continue
		}
		first[strings.ToLower(email)] = got[i]
		m.invited(t, a, email, in.UserType, got[i])
	}
}

func (m *machine) invited(t *rapid.T, a *account, email, userType string, got api.Invite) {
	status, emailStatus := m.invite(a, email)
	want := api.Invite{EmailAddress: email, Status: status, EmailStatus: emailStatus, InviteID: got.InviteID}
	u := m.userBy(email)
	switch {
	case status == "Failed":
		want.InviteID = ""
	case u != nil:
		want.InviteID = u.shown.UserID
	}
	same(t, "Invite", want, got)
	if status != "Pending" {
		return
	}
	if u == nil {
		off := false
		u = &user{account: a, epoch: 1, shown: api.User{
			UserID: got.InviteID, AccountID: a.shown.AccountID, PrimaryEmail: email, UserType: "PrivateUser", UserRegistrationStatus: "Unregistered",
			AlexaForBusinessMetadata: &api.AlexaForBusinessMetadata{IsAlexaForBusinessEnabled: &off},
		}}
		m.users = append(m.users, u)
	}
	if userType != "" {
		u.shown.UserType = userType
	}
	u.wasInvited, u.shown.UserInvitationStatus, u.shown.InvitedOn = true, "Pending", m.now()
}

func (m *machine) acceptInvite(t *rapid.T) {
	a, u, account, id := m.drawUser(t)
	in := &api.AcceptInviteInput{AccountID: account, InviteID: id, DisplayName: sample(t, "name", "", "Z. Ö")}
	want := m.open(a, u)
	if want == nil && !m.mayJoin(a, u.shown.PrimaryEmail) {
		want = chime.BadRequest
	}
	out, err := opstest.Do(&m.call, api.Operations.AcceptInvite, in)
	if !agree(t, err, want) {
		return
	}
	u.shown.UserRegistrationStatus, u.shown.UserInvitationStatus, u.shown.RegisteredOn = "Registered", "Accepted", m.now()
	u.shown.LicenseType, u.shown.DisplayName = a.shown.DefaultLicense, in.DisplayName
	if in.DisplayName == "" {
		i := slices.IndexFunc(addresses, func(a address) bool { return a.email == u.shown.PrimaryEmail })
		u.shown.DisplayName = addresses[i].name
	}
	m.learnPIN(t, u)
	same(t, "AcceptInvite", &u.shown, out.User)
}

func (m *machine) declineInvite(t *rapid.T) {
	a, u, account, id := m.drawUser(t)
	want := m.open(a, u)
	_, err := opstest.Do(&m.call, api.Operations.DeclineInvite, &api.DeclineInviteInput{AccountID: account, InviteID: id})
	if agree(t, err, want) {
		u.shown.UserInvitationStatus = "Failed"
	}
}

// batch does something to each user once, and compares what was refused.
func (m *machine) batch(t *rapid.T, users []*user, ids []string, do func(i int, u *user) (code string), call func() ([]api.UserError, error), refused error) {
	got, err := call()
	if !agree(t, err, refused) {
		return
	}
	want := [][2]string{}
	for i, id := range ids {
		if slices.Index(ids, id) < i {
			continue
		}
		if code := do(i, users[i]); code != "" {
			want = append(want, [2]string{id, code})
		}
	}
	failed := [][2]string{}
	for _, e := range got {
		failed = append(failed, [2]string{e.UserID, e.ErrorCode})
		if e.ErrorMessage == "" {
			t.Fatalf("an item's error has no message: %+v", e)
		}
	}
	same(t, "UserErrors", want, failed)
}

func (m *machine) suspendUsers(t *rapid.T) {
	a, account, users, ids := m.drawUsers(t)
	refused := error(nil)
	switch {
	case !a.lives():
		refused = chime.NotFound
	case m.strict && a.managed():
		refused = chime.BadRequest
	}
	m.batch(t, users, ids, func(_ int, u *user) string { return m.suspend(a, u) }, func() ([]api.UserError, error) {
		out, err := opstest.Do(&m.call, api.Operations.BatchSuspendUser, &api.BatchSuspendUserInput{AccountID: account, UserIDList: ids})
		if err != nil {
			return nil, err
		}
		return out.UserErrors, nil
	}, refused)
}

func (m *machine) unsuspendUsers(t *rapid.T) {
	a, account, users, ids := m.drawUsers(t)
	refused := error(nil)
	switch {
	case !a.lives():
		refused = chime.NotFound
	case m.strict && !a.is("EnterpriseLWA"):
		refused = chime.BadRequest
	}
	m.batch(t, users, ids, func(_ int, u *user) string { return m.unsuspend(a, u) }, func() ([]api.UserError, error) {
		out, err := opstest.Do(&m.call, api.Operations.BatchUnsuspendUser, &api.BatchUnsuspendUserInput{AccountID: account, UserIDList: ids})
		if err != nil {
			return nil, err
		}
		return out.UserErrors, nil
	}, refused)
}

func drawChange(t *rapid.T) change {
	c := change{license: sample(t, "license", "", "Basic", "Plus", "Pro"), userType: sample(t, "type", "", "PrivateUser", "SharedDevice")}
	if rapid.Bool().Draw(t, "Alexa") {
		on := rapid.Bool().Draw(t, "on")
		c.alexa = &api.AlexaForBusinessMetadata{AlexaForBusinessRoomARN: sample(t, "room", "", "arn:1", "arn:2")}
		if rapid.Bool().Draw(t, "switched") {
			c.alexa.IsAlexaForBusinessEnabled = &on
		}
	}
	return c
}

func (m *machine) updateUser(t *rapid.T) {
	a, u, account, id := m.drawUser(t)
	c := drawChange(t)
	out, err := opstest.Do(&m.call, api.Operations.UpdateUser, &api.UpdateUserInput{
		AccountID: account, UserID: id, LicenseType: c.license, UserType: c.userType, AlexaForBusinessMetadata: c.alexa,
	})
	if agree(t, err, m.update(a, u, c)) {
		same(t, "UpdateUser", m.seen(u), out.User)
	}
}

func (m *machine) batchUpdateUser(t *rapid.T) {
	a, account, users, ids := m.drawUsers(t)
	in := &api.BatchUpdateUserInput{AccountID: account}
	var changes []change
	for _, id := range ids {
		c := drawChange(t)
		changes = append(changes, c)
		in.UpdateUserRequestItems = append(in.UpdateUserRequestItems, api.UpdateUserRequestItem{
			UserID: id, LicenseType: c.license, UserType: c.userType, AlexaForBusinessMetadata: c.alexa,
		})
	}
	refused := error(nil)
	if !a.lives() {
		refused = chime.NotFound
	}
	m.batch(t, users, ids, func(i int, u *user) string {
		switch err := m.update(a, u, changes[i]); {
		case errors.Is(err, chime.NotFound):
			return "NotFound"
		case err != nil:
			return "BadRequest"
		}
		return ""
	}, func() ([]api.UserError, error) {
		out, err := opstest.Do(&m.call, api.Operations.BatchUpdateUser, in)
		if err != nil {
			return nil, err
		}
		return out.UserErrors, nil
	}, refused)
}

func (m *machine) resetPIN(t *rapid.T) {
	a, u, account, id := m.drawUser(t)
	_, err := opstest.Do(&m.call, api.Operations.ResetPersonalPIN, &api.ResetPersonalPINInput{AccountID: account, UserID: id})
	if agree(t, err, m.registered(a, u)) {
		before := u.shown.PersonalPIN
		if m.learnPIN(t, u); u.shown.PersonalPIN == before {
			t.Fatalf("the PIN is %s as before", before)
		}
	}
}

func (m *machine) updateProfile(t *rapid.T) {
	a, u, account, id := m.drawUser(t)
	in := &api.UpdateUserProfileInput{AccountID: account, UserID: id, DisplayName: sample(t, "name", "", "Other")}
	if rapid.Bool().Draw(t, "move") {
		in.Email = drawAddress(t).email
	}
	want := m.registered(a, u)
	if want == nil && in.Email != "" && in.Email != u.shown.PrimaryEmail {
		if other := m.userBy(in.Email); !m.mayJoin(a, in.Email) {
			want = chime.BadRequest
		} else if other != nil && other != u {
			want = chime.Conflict
		}
	}
	out, err := opstest.Do(&m.call, api.Operations.UpdateUserProfile, in)
	if !agree(t, err, want) {
		return
	}
	if in.Email != "" {
		u.shown.PrimaryEmail = in.Email
	}
	if in.DisplayName != "" {
		u.shown.DisplayName = in.DisplayName
	}
	same(t, "UpdateUserProfile", &u.shown, out.User)
}

func (m *machine) updateSettings(t *rapid.T) {
	a, u, account, id := m.drawUser(t)
	s := api.TelephonySettings{InboundCalling: rapid.Bool().Draw(t, "in"), OutboundCalling: rapid.Bool().Draw(t, "out"), SMS: rapid.Bool().Draw(t, "SMS")}
	_, err := opstest.Do(&m.call, api.Operations.UpdateUserSettings, &api.UpdateUserSettingsInput{
		AccountID: account, UserID: id, UserSettings: &api.UserSettings{Telephony: &s},
	})
	if agree(t, err, m.find(a, u)) {
		u.telephony = s
	}
}

func (m *machine) logoutUser(t *rapid.T) {
	a, u, account, id := m.drawUser(t)
	_, err := opstest.Do(&m.call, api.Operations.LogoutUser, &api.LogoutUserInput{AccountID: account, UserID: id})
	if agree(t, err, m.find(a, u)) {
		u.epoch++
	}
}

func (m *machine) deleteUser(t *rapid.T) {
	a, u, account, id := m.drawUser(t)
	want := m.find(a, u)
	_, err := opstest.Do(&m.call, api.Operations.DeleteUser, &api.DeleteUserInput{AccountID: account, UserID: id})
	if agree(t, err, want) {
		m.remove(u)
	}
}

func (m *machine) claimDomain(t *rapid.T) {
	a, id := m.drawAccount(t)
	name := sample(t, "domain", domainNames...)
	out, err := opstest.Do(&m.call, api.Operations.ClaimDomain, &api.ClaimDomainInput{AccountID: id, DomainName: name})
	d := m.domainBy(name)
	switch {
	case !a.lives():
		agree(t, err, chime.NotFound)
		return
	case d != nil && d.account != a:
		agree(t, err, chime.Conflict)
		return
	}
	agree(t, err, nil)
	if d == nil {
		d = &domain{account: a, shown: api.Domain{DomainName: strings.ToLower(name), AccountID: id, ClaimedOn: m.now()}}
		m.domains = append(m.domains, d)
		if a.is("Team") {
			a.shown.AccountType = "EnterpriseLWA"
		}
	}
	same(t, "ClaimDomain", &d.shown, out.Domain)
}

func (m *machine) releaseDomain(t *rapid.T) {
	a, id := m.drawAccount(t)
	name := sample(t, "domain", domainNames...)
	out, err := opstest.Do(&m.call, api.Operations.ReleaseDomain, &api.ReleaseDomainInput{AccountID: id, DomainName: name})
	d := m.domainBy(name)
	if !a.lives() || d == nil || d.account != a {
		agree(t, err, chime.NotFound)
		return
	}
	agree(t, err, nil)
	m.release(d)
	same(t, "ReleaseDomain", &a.shown, out.Account)
}

func (m *machine) deleteAccount(t *rapid.T) {
	a, id := m.drawAccount(t)
	_, err := opstest.Do(&m.call, api.Operations.DeleteAccount, &api.DeleteAccountInput{AccountID: id})
	agree(t, err, m.delete(a))
}

// cleanUp is what leads to releases and deletions more often than chance: release every domain, suspend everybody, delete.
func (m *machine) cleanUp(t *rapid.T) {
	a, id := m.drawAccount(t)
	if !a.lives() {
		t.Skip("no account")
	}
	suspend := func() {
		for _, u := range m.usersOf(a) {
			_, err := opstest.Do(&m.call, api.Operations.BatchSuspendUser, &api.BatchSuspendUserInput{AccountID: id, UserIDList: []string{u.shown.UserID}})
			if m.strict && a.managed() {
				agree(t, err, chime.BadRequest)
				continue
			}
			agree(t, err, nil)
			m.suspend(a, u)
		}
	}
	if rapid.Bool().Draw(t, "suspend first") {
		suspend()
	}
	for _, d := range m.domainsOf(a) {
		_, err := opstest.Do(&m.call, api.Operations.ReleaseDomain, &api.ReleaseDomainInput{AccountID: id, DomainName: d.shown.DomainName})
		agree(t, err, nil)
		m.release(d)
	}
	if rapid.Bool().Draw(t, "stay") {
		return
	}
	suspend()
	_, err := opstest.Do(&m.call, api.Operations.DeleteAccount, &api.DeleteAccountInput{AccountID: id})
	agree(t, err, m.delete(a))
}

func (m *machine) restoreAccount(t *rapid.T) {
	a, id := m.drawAccount(t)
	out, err := opstest.Do(&m.call, api.Operations.RestoreAccount, &api.RestoreAccountInput{AccountID: id})
	if !m.restorable(a) {
		agree(t, err, chime.NotFound)
		return
	}
	agree(t, err, nil)
	a.deleted = time.Time{}
	same(t, "RestoreAccount", &a.shown, out.Account)
}

// moveClock moves it by a while, or to the moment before or at which an invitation or a deleted account ends.
func (m *machine) moveClock(t *rapid.T) {
	const day = 24 * time.Hour
	to := []time.Time{m.now().Add(time.Minute), m.now().Add(day), m.now().Add(60 * day)}
	for _, u := range m.users {
		if end := u.shown.InvitedOn.Add(30 * day); m.invitation(u) == "Pending" {
			to = append(to, end.Add(-time.Millisecond), end)
		}
	}
	for _, a := range m.accounts {
		if end := a.deleted.Add(90 * day); m.restorable(a) {
			to = append(to, end.Add(-time.Millisecond), end)
		}
	}
	m.call.Clock.Move(rapid.SampledFrom(to).Draw(t, "to").Sub(m.now()))
}

// repeatCreate repeats the last create, as a client does that got no answer; it gets the first answer.
func (m *machine) repeatCreate(t *rapid.T) {
	if m.again == nil {
		t.Skip("nothing to repeat")
	}
	m.again(t)
}
