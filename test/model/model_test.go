package model

import (
	"flag"
	"os"
	"testing"

	"pgregory.net/rapid"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/gate"
	"github.com/carillon-server/carillon/internal/letter"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/ops/opstest"
	"github.com/carillon-server/carillon/internal/seal/sealtest"
	"github.com/carillon-server/carillon/internal/store"
	"github.com/carillon-server/carillon/internal/store/pgtest"
)

// TestMain makes sequences long, since much happens late in a life. The command line may say otherwise.
func TestMain(m *testing.M) {
	for name, value := range map[string]string{"rapid.checks": "30", "rapid.steps": "100"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(pgtest.Stop(m.Run()))
}

func TestModelOnSQLite(t *testing.T) {
	folder := t.TempDir()
	run(t, 1, func(source chime.Source) (*store.DB, error) {
		return store.Open(t.Context(), folder, source.Random, sealtest.Keys)
	})
}

// TestModelOnPostgres takes one sequence of four, since what is looked at after each step takes longer there.
func TestModelOnPostgres(t *testing.T) {
	database := pgtest.Database(t)
	run(t, 4, func(source chime.Source) (*store.DB, error) {
		return store.OpenPostgres(t.Context(), database, source.Random, sealtest.Keys)
	})
}

// run runs every one of so many sequences on the store that open opens, again and again: a restart closes it first. Each
// sequence has a tenant of its own.
func run(t *testing.T, every chime.Tenant, open func(chime.Source) (*store.DB, error)) {
	clock := chimetest.NewClock()
	source := clock.Source()
	letters, err := letter.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	db, err := open(source)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	}()
	steps, tenant := 0, chime.Tenant(100000000000)
	rapid.Check(t, func(t *rapid.T) {
		if tenant++; tenant%every != 0 {
			return
		}
		rules := rapid.SampledFrom([]chime.Rules{chime.Practical, chime.Practical, chime.Strict}).Draw(t, "rules")
		m := &machine{
			world: &world{strict: rules == chime.Strict, now: clock.Now, tenant: tenant.String()},
			call:  opstest.Caller{Clock: clock, Tenant: tenant},
		}
		start := func() {
			m.call.Gate = gate.New(db, source, ops.Settings{Rules: rules, Letters: letters, PublicURL: "https://chime.example.com", Mailbox: true})
		}
		start()
		m.restart = func() {
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			var err error
			if db, err = open(source); err != nil {
				t.Fatal(err)
			}
			start()
		}
		m.createAccount(t)
		actions := m.actions()
		actions[""] = func(t *rapid.T) { steps++; m.look(t) }
		t.Repeat(actions)
	})
	t.Logf("%d steps", steps)
}

// actions are the steps. After one that changes something, the last create is not repeated any more: what it made may have
// changed.
func (m *machine) actions() map[string]func(*rapid.T) {
	actions := map[string]func(*rapid.T){
		"restart":       func(*rapid.T) { m.restart() },
		"repeat create": m.repeatCreate,
	}
	for name, action := range map[string]func(*rapid.T){
		"CreateAccount":           m.createAccount,
		"UpdateAccount":           m.updateAccount,
		"UpdateAccountType":       m.updateAccountType,
		"UpdateSupportedLicenses": m.updateSupportedLicenses,
		"delegate groups":         m.delegateGroups,
		"CreateUser":              m.createUser,
		"CreateUser ":             m.createUser, // thrice, so that there are users
		"CreateUser  ":            m.createUser,
		"InviteUsers":             m.inviteUsers,
		"InviteUsers ":            m.inviteUsers,
		"AcceptInvite":            m.acceptInvite,
		"DeclineInvite":           m.declineInvite,
		"BatchSuspendUser":        m.suspendUsers,
		"BatchUnsuspendUser":      m.unsuspendUsers,
		"BatchUpdateUser":         m.batchUpdateUser,
		"UpdateUser":              m.updateUser,
		"UpdateUserProfile":       m.updateProfile,
		"UpdateUserSettings":      m.updateSettings,
		"ResetPersonalPIN":        m.resetPIN,
		"LogoutUser":              m.logoutUser,
		"DeleteUser":              m.deleteUser,
		"ClaimDomain":             m.claimDomain,
		"ReleaseDomain":           m.releaseDomain,
		"DeleteAccount":           m.deleteAccount,
		"clean up":                m.cleanUp,
		"RestoreAccount":          m.restoreAccount,
		"move the clock":          m.moveClock,
	} {
		actions[name] = func(t *rapid.T) {
			m.again = nil
			action(t)
		}
	}
	return actions
}

// look compares all that can be seen.
func (m *machine) look(t *rapid.T) {
	living, deleted := []api.Account{}, []api.DeletedAccount{}
	for _, a := range m.accounts {
		if a.lives() {
			living = append(living, a.shown)
		} else if m.restorable(a) {
			deleted = append(deleted, api.DeletedAccount{Account: &a.shown, DeletedOn: a.deleted, RestorableUntil: a.deleted.AddDate(0, 0, 90)})
		}
		m.lookInto(t, a)
	}
	same(t, "ListAccounts", living, m.listAccounts(t, ""))
	for _, address := range addresses {
		of := []api.Account{}
		if u := m.userBy(address.email); u != nil {
			of = append(of, u.account.shown)
		}
		same(t, "ListAccounts by "+address.email, of, m.listAccounts(t, address.email))
	}
	out, err := opstest.Do(&m.call, api.Operations.ListDeletedAccounts, &api.ListDeletedAccountsInput{})
	agree(t, err, nil)
	same(t, "ListDeletedAccounts", deleted, out.DeletedAccounts)
	same(t, "ListDomains", shownDomains(m.domains), m.listDomains(t, ""))
	for _, u := range m.users {
		m.lookAt(t, u)
	}
	for _, u := range m.gone {
		_, err := opstest.Do(&m.call, api.Operations.GetUser, &api.GetUserInput{AccountID: u.shown.AccountID, UserID: u.shown.UserID})
		agree(t, err, chime.NotFound)
	}
}

func (m *machine) listAccounts(t *rapid.T, email string) []api.Account {
	in, all := &api.ListAccountsInput{UserEmail: email, MaxResults: 2}, []api.Account{}
	for {
		out, err := opstest.Do(&m.call, api.Operations.ListAccounts, in)
		agree(t, err, nil)
		all = append(all, out.Accounts...)
		if in.NextToken = out.NextToken; in.NextToken == "" {
			return all
		}
	}
}

func (m *machine) listDomains(t *rapid.T, account string) []api.Domain {
	out, err := opstest.Do(&m.call, api.Operations.ListDomains, &api.ListDomainsInput{AccountID: account})
	agree(t, err, nil)
	return out.Domains
}

func shownDomains(domains []*domain) []api.Domain {
	all := []api.Domain{}
	for _, d := range domains {
		all = append(all, d.shown)
	}
	return all
}

// lookInto compares an account and its lists.
func (m *machine) lookInto(t *rapid.T, a *account) {
	id := a.shown.AccountID
	out, err := opstest.Do(&m.call, api.Operations.GetAccount, &api.GetAccountInput{AccountID: id})
	if !a.lives() {
		agree(t, err, chime.NotFound)
		_, err = opstest.Do(&m.call, api.Operations.ListUsers, &api.ListUsersInput{AccountID: id})
		agree(t, err, chime.NotFound)
		return
	}
	agree(t, err, nil)
	same(t, "GetAccount", &a.shown, out.Account)
	same(t, "ListDomains of an account", shownDomains(m.domainsOf(a)), m.listDomains(t, id))

	users, devices, invitations := []api.User{}, []api.User{}, []api.Invitation{}
	for _, u := range m.usersOf(a) {
		shown := *m.seen(u)
		shown.PersonalPIN = ""
		users = append(users, shown)
		if shown.UserType == "SharedDevice" {
			devices = append(devices, shown)
		}
		if shown.UserRegistrationStatus == "Unregistered" {
			invitations = append(invitations, api.Invitation{
				InviteID: shown.UserID, UserID: shown.UserID, AccountID: id, AccountName: a.shown.Name, EmailAddress: shown.PrimaryEmail,
				Status: shown.UserInvitationStatus, InvitedBy: "arn:aws:iam::" + m.tenant + ":root", InvitedOn: shown.InvitedOn,
				ExpiresOn: shown.InvitedOn.AddDate(0, 0, 30),
			})
		}
	}
	same(t, "ListUsers", users, m.listUsers(t, id, ""))
	same(t, "ListUsers of devices", devices, m.listUsers(t, id, "SharedDevice"))
	invites, err := opstest.Do(&m.call, api.Operations.ListInvites, &api.ListInvitesInput{AccountID: id})
	agree(t, err, nil)
	same(t, "ListInvites", invitations, invites.Invitations)
}

func (m *machine) listUsers(t *rapid.T, account, userType string) []api.User {
	in, all := &api.ListUsersInput{AccountID: account, UserType: userType, MaxResults: 3}, []api.User{}
	for {
		out, err := opstest.Do(&m.call, api.Operations.ListUsers, in)
		agree(t, err, nil)
		all = append(all, out.Users...)
		if in.NextToken = out.NextToken; in.NextToken == "" {
			return all
		}
	}
}

// lookAt compares a user.
func (m *machine) lookAt(t *rapid.T, u *user) {
	account, id := u.shown.AccountID, u.shown.UserID
	out, err := opstest.Do(&m.call, api.Operations.GetUser, &api.GetUserInput{AccountID: account, UserID: id})
	agree(t, err, nil)
	same(t, "GetUser", m.seen(u), out.User)
	session, err := opstest.Do(&m.call, api.Operations.GetUserSession, &api.GetUserSessionInput{AccountID: account, UserID: id})
	agree(t, err, nil)
	active := u.shown.UserRegistrationStatus == "Registered"
	same(t, "GetUserSession", &api.UserSession{UserID: id, Active: &active, SessionEpoch: u.epoch}, session.UserSession)
	settings, err := opstest.Do(&m.call, api.Operations.GetUserSettings, &api.GetUserSettingsInput{AccountID: account, UserID: id})
	agree(t, err, nil)
	same(t, "GetUserSettings", &u.telephony, settings.UserSettings.Telephony)
	_, err = opstest.Do(&m.call, api.Operations.GetInvite, &api.GetInviteInput{AccountID: account, InviteID: id})
	if u.wasInvited {
		agree(t, err, nil)
	} else {
		agree(t, err, chime.NotFound)
	}
}
