package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/store"
)

func (s *suite) view(t *testing.T, fn func(*store.Tx) error) {
	t.Helper()
	if err := s.View(t.Context(), tenant, fn); err != nil {
		t.Fatalf("View: %v", err)
	}
}

// is checks what a query found.
func is(t *testing.T, what string, want, got any, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func accountUpdates(t *testing.T, s *suite) {
	other := chime.NewAccount(s.source, tenant, "Other")
	s.update(t, func(tx *store.Tx) error { tx.InsertAccount(other); return nil })
	a := s.account
	a.Name, a.Type, a.Status = "Zoë 🎈", chime.EnterpriseOIDC, chime.AccountSuspended
	a.DefaultLicense, a.SupportedLicenses = chime.Plus, []chime.License{chime.ProTrial, chime.Plus}
	a.DelegateGroups = []string{"b, with a comma", "a"}
	a.Settings = chime.AccountSettings{DisableRemoteControl: true}
	s.update(t, func(tx *store.Tx) error { tx.UpdateAccount(a); return nil })
	if a.Version != 2 {
		t.Errorf("after an update the version is %d, want 2", a.Version)
	}
	s.view(t, func(tx *store.Tx) error {
		got, err := tx.Account(a.ID)
		is(t, "Account", a, got, err)
		got, err = tx.Account(other.ID)
		is(t, "the other account", other, got, err)
		return nil
	})
	a.DelegateGroups, a.Settings = nil, chime.AccountSettings{EnableDialOut: true}
	s.update(t, func(tx *store.Tx) error { tx.UpdateAccount(a); return nil })
	s.view(t, func(tx *store.Tx) error {
		got, err := tx.Account(a.ID)
		is(t, "Account without groups", a, got, err)
		return nil
	})
}

func userUpdates(t *testing.T, s *suite) {
	jane, joe := s.user(t, "jane@example.com"), s.user(t, "joe@example.com")
	for _, u := range []*chime.User{jane, joe} {
		if err := s.insert(t.Context(), tenant, u); err != nil {
			t.Fatalf("insert: %v", err)
		}
	}
	update := func(u *chime.User) error {
		return s.Update(t.Context(), tenant, func(tx *store.Tx) error {
			if met := tx.Met(); met != store.NoPromise {
				return chime.Conflict.Errorf("met %s", met)
			}
			w := *u
			tx.UpdateUser(&w)
			return nil
		})
	}
	changed := *jane
	changed.Email, changed.DisplayName, changed.License, changed.Type = "Jane@Example.org", "Zoë 🎈", chime.Plus, chime.SharedDevice
	changed.Registration, changed.Invitation, changed.PIN = chime.Suspended, chime.InvitationAccepted, jane.PIN+1
	changed.InvitedAt, changed.RegisteredAt = chimetest.Start.Add(time.Hour), chimetest.Start.Add(2*time.Hour)
	changed.Alexa = chime.Alexa{Enabled: true, RoomARN: "arn:x"}
	if err := update(&changed); err != nil {
		t.Fatalf("UpdateUser: %v", err)
	}
	changed.Version++
	s.view(t, func(tx *store.Tx) error {
		got, err := tx.User(s.account.ID, jane.ID)
		is(t, "User", &changed, got, err)
		got, err = tx.UserByEmail("jane@example.ORG")
		is(t, "UserByEmail", &changed, got, err)
		got, err = tx.UserByEmail("jane@example.com")
		is(t, "UserByEmail of the address before", (*chime.User)(nil), got, err)
		got, err = tx.User(s.account.ID, joe.ID)
		is(t, "the other user", joe, got, err)
		return nil
	})
	clash := *joe
	clash.Email = "JANE@example.org"
	if err := update(&clash); !errors.Is(err, chime.Conflict) {
		t.Errorf("another user's address: %v, want conflict", err)
	}
	clash = *joe
	clash.PIN = changed.PIN
	if err := update(&clash); !errors.Is(err, chime.Conflict) {
		t.Errorf("another user's PIN: %v, want conflict", err)
	}
	s.update(t, func(tx *store.Tx) error { tx.DeleteUser(&changed); return nil })
	s.view(t, func(tx *store.Tx) error {
		got, err := tx.User(s.account.ID, jane.ID)
		is(t, "User after DeleteUser", (*chime.User)(nil), got, err)
		return nil
	})
	if err := update(&clash); err != nil {
		t.Errorf("a deleted user's PIN: %v", err)
	}
}

func deletedAccounts(t *testing.T, s *suite) {
	a, u := s.account, s.user(t, "jane@example.com")
	if err := s.insert(t.Context(), tenant, u); err != nil {
		t.Fatalf("insert: %v", err)
	}
	found := func(since time.Time) (there bool, deleted []string) {
		s.view(t, func(tx *store.Tx) error {
			account, err1 := tx.Account(a.ID)
			withOwner, _, err2 := tx.AccountAndOwner(a.ID, "example.com")
			user, err3 := tx.User(a.ID, u.ID)
			invite, err4 := tx.Invite(a.ID, u.ID)
			all, err5 := tx.Accounts("", chime.ID{}, 10)
			byName, err6 := tx.Accounts("Exa", chime.ID{}, 10)
			gone, err7 := tx.DeletedAccount(a.ID)
			list, err8 := tx.DeletedAccounts(since, chime.ID{}, 10)
			there = account != nil
			for what, seen := range map[string]bool{
				"AccountAndOwner": withOwner != nil, "User": user != nil, "Invite": invite != nil, "Accounts": len(all) == 1,
				"Accounts by name": len(byName) == 1, "DeletedAccount": gone == nil,
			} {
				if seen != there {
					t.Errorf("Account finds it: %t, and %s does not agree", there, what)
				}
			}
			for _, d := range list {
				deleted = append(deleted, d.Name)
			}
			return errors.Join(err1, err2, err3, err4, err5, err6, err7, err8)
		})
		return there, deleted
	}
	if there, deleted := found(time.Time{}); !there || deleted != nil {
		t.Errorf("a living account: there %t, deleted %v", there, deleted)
	}
	a.DeletedAt = chimetest.Start
	s.update(t, func(tx *store.Tx) error { tx.UpdateAccount(a); return nil })
	if there, deleted := found(chimetest.Start.Add(-time.Millisecond)); there || !cmp.Equal(deleted, []string{"Example"}) {
		t.Errorf("a deleted account: there %t, deleted %v", there, deleted)
	}
	if _, deleted := found(chimetest.Start); deleted != nil {
		t.Errorf("deleted after the moment of its deletion: %v", deleted)
	}
	s.view(t, func(tx *store.Tx) error {
		got, err := tx.DeletedAccount(a.ID)
		is(t, "DeletedAccount", a, got, err)
		users, err := tx.Users(a.ID, "", chime.ID{}, 10)
		is(t, "Users of a deleted account, for who removes them", []*chime.User{u}, users, err)
		return nil
	})
	if err := s.insert(t.Context(), tenant, s.user(t, "JANE@example.com")); !errors.Is(err, chime.Conflict) {
		t.Errorf("the address of a user who is still to be removed: %v, want conflict", err)
	}
	a.DeletedAt = time.Time{}
	s.update(t, func(tx *store.Tx) error { tx.UpdateAccount(a); return nil })
	if there, deleted := found(time.Time{}); !there || deleted != nil {
		t.Errorf("a restored account: there %t, deleted %v", there, deleted)
	}
}

func usersInTheWay(t *testing.T, s *suite) {
	other := chime.NewAccount(s.source, tenant, "Other")
	s.update(t, func(tx *store.Tx) error { tx.InsertAccount(other); return nil })
	for i, registration := range []chime.Registration{chime.Registered, chime.Suspended, chime.Unregistered, chime.Suspended, chime.Registered} {
		u := s.user(t, fmt.Sprintf("u%d@example.com", i))
		u.Registration = registration
		if err := s.insert(t.Context(), tenant, u); err != nil {
			t.Fatalf("insert: %v", err)
		}
	}
	s.view(t, func(tx *store.Tx) error {
		for limit, want := range map[int]int{1: 1, 2: 2, 3: 3, 1000: 3} {
			n, err := tx.UsersInTheWay(s.account.ID, limit)
			is(t, fmt.Sprintf("UsersInTheWay up to %d", limit), want, n, err)
		}
		n, err := tx.UsersInTheWay(other.ID, 10)
		is(t, "UsersInTheWay of another account", 0, n, err)
		return nil
	})
}

func (s *suite) domain(a *chime.Account, name string) *chime.Domain {
	return &chime.Domain{Tenant: a.Tenant, ID: s.source.NewID(), AccountID: a.ID, Name: name, ClaimedAt: chimetest.Start}
}

// claim adds a domain to an account, and returns chime.Conflict if it is taken.
func (s *suite) claim(t *testing.T, of chime.Tenant, d *chime.Domain) error {
	return s.Update(t.Context(), of, func(tx *store.Tx) error {
		if met := tx.Met(); met != store.NoPromise {
			return chime.Conflict.Errorf("met %s", met)
		}
		tx.InsertDomain(d)
		return nil
	})
}

func domains(t *testing.T, s *suite) {
	other := chime.NewAccount(s.source, tenant, "Other")
	s.update(t, func(tx *store.Tx) error { tx.InsertAccount(other); return nil })
	first, second, third := s.domain(s.account, "b.example"), s.domain(other, "münchen.example"), s.domain(s.account, "a.example")
	for _, d := range []*chime.Domain{first, second, third} {
		if err := s.claim(t, tenant, d); err != nil {
			t.Fatalf("InsertDomain: %v", err)
		}
	}
	s.view(t, func(tx *store.Tx) error {
		d, err := tx.Domain("münchen.example")
		is(t, "Domain", second, d, err)
		d, err = tx.Domain("c.example")
		is(t, "Domain of nobody", (*chime.Domain)(nil), d, err)
		all, err := tx.Domains(chime.ID{}, 10)
		is(t, "Domains", []*chime.Domain{first, second, third}, all, err)
		all, err = tx.Domains(first.ID, 1)
		is(t, "Domains, a page", []*chime.Domain{second}, all, err)
		all, err = tx.DomainsOfAccount(s.account.ID, chime.ID{}, 10)
		is(t, "DomainsOfAccount", []*chime.Domain{first, third}, all, err)
		all, err = tx.DomainsOfAccount(s.account.ID, first.ID, 1)
		is(t, "DomainsOfAccount, a page", []*chime.Domain{third}, all, err)
		for domain, want := range map[string]*chime.ID{"a.example": &s.account.ID, "münchen.example": &other.ID, "c.example": nil} {
			a, owner, err := tx.AccountAndOwner(other.ID, domain)
			is(t, "AccountAndOwner, the account", other, a, err)
			is(t, "AccountAndOwner, who owns "+domain, want, owner, err)
		}
		a, owner, err := tx.AccountAndOwner(s.source.NewID(), "a.example")
		is(t, "AccountAndOwner of no account", (*chime.Account)(nil), a, err)
		is(t, "AccountAndOwner of no account, the owner", (*chime.ID)(nil), owner, err)
		return nil
	})
	s.update(t, func(tx *store.Tx) error { tx.DeleteDomain(first); return nil })
	s.view(t, func(tx *store.Tx) error {
		all, err := tx.Domains(chime.ID{}, 10)
		is(t, "Domains after DeleteDomain", []*chime.Domain{second, third}, all, err)
		return nil
	})
}

func domainUnique(t *testing.T, s *suite) {
	other := chime.NewAccount(s.source, tenant, "Other")
	s.update(t, func(tx *store.Tx) error { tx.InsertAccount(other); return nil })
	first := s.domain(s.account, "example.com")
	if err := s.claim(t, tenant, first); err != nil {
		t.Fatalf("InsertDomain: %v", err)
	}
	for _, a := range []*chime.Account{s.account, other} {
		if err := s.claim(t, tenant, s.domain(a, "example.com")); !errors.Is(err, chime.Conflict) {
			t.Errorf("claimed twice, by %s: %v, want conflict", a.Name, err)
		}
	}
	if err := s.claim(t, 999999999999, s.domain(other, "example.com")); err != nil {
		t.Errorf("claimed in another tenant: %v", err)
	}
	s.update(t, func(tx *store.Tx) error { tx.DeleteDomain(first); return nil })
	if err := s.claim(t, tenant, s.domain(other, "example.com")); err != nil {
		t.Errorf("claimed after its release: %v", err)
	}
}

func invitations(t *testing.T, s *suite) {
	member := s.user(t, "member@example.com")
	if err := s.insert(t.Context(), tenant, member); err != nil {
		t.Fatalf("insert: %v", err)
	}
	jane := &store.Invite{User: s.account.Invite(s.source, "Jane@example.com", ""), Generation: 1, By: "arn:1"}
	joe := &store.Invite{User: s.account.Invite(s.source, "joe@example.com", ""), Generation: 1, By: "arn:1"}
	joe.User.Invitation = chime.InvitationFailed
	insert := func(i *store.Invite) error {
		return s.Update(t.Context(), tenant, func(tx *store.Tx) error {
			if met := tx.Met(); met != store.NoPromise {
				return chime.Conflict.Errorf("met %s", met)
			}
			tx.InsertInvite(i)
			return nil
		})
	}
	for _, i := range []*store.Invite{jane, joe} {
		if err := insert(i); err != nil {
			t.Fatalf("InsertInvite: %v", err)
		}
	}
	taken := &store.Invite{User: s.account.Invite(s.source, "MEMBER@example.com", ""), Generation: 1}
	if err := insert(taken); !errors.Is(err, chime.Conflict) {
		t.Errorf("InsertInvite with an address that is taken: %v, want conflict", err)
	}
	s.view(t, func(tx *store.Tx) error {
		got, err := tx.Invite(s.account.ID, jane.User.ID)
		is(t, "Invite", jane, got, err)
		got, err = tx.Invite(s.account.ID, member.ID)
		is(t, "Invite of who never was", &store.Invite{User: member}, got, err)
		got, err = tx.Invite(s.account.ID, s.source.NewID())
		is(t, "Invite of nobody", (*store.Invite)(nil), got, err)
		all, err := tx.Invites(s.account.ID, chime.ID{}, 10)
		is(t, "Invites", []*store.Invite{jane, joe}, all, err)
		all, err = tx.Invites(s.account.ID, jane.User.ID, 1)
		is(t, "Invites, a page", []*store.Invite{joe}, all, err)
		return nil
	})
	jane.Generation, jane.By, jane.User.InvitedAt = 2, "arn:2", chimetest.Start.Add(time.Hour)
	s.update(t, func(tx *store.Tx) error { tx.UpdateInvite(jane); return nil })
	s.view(t, func(tx *store.Tx) error {
		got, err := tx.Invite(s.account.ID, jane.User.ID)
		is(t, "Invite after UpdateInvite", jane, got, err)
		got, err = tx.Invite(s.account.ID, joe.User.ID)
		is(t, "the other Invite", joe, got, err)
		return nil
	})
	if err := jane.User.Accept(s.account, s.source, ""); err != nil {
		t.Fatal(err)
	}
	s.update(t, func(tx *store.Tx) error { tx.UpdateUser(jane.User); return nil })
	s.view(t, func(tx *store.Tx) error {
		all, err := tx.Invites(s.account.ID, chime.ID{}, 10)
		is(t, "Invites after one was accepted", []*store.Invite{joe}, all, err)
		got, err := tx.Invite(s.account.ID, jane.User.ID)
		is(t, "Invite after it was accepted", jane, got, err)
		return nil
	})
}

func sessions(t *testing.T, s *suite) {
	jane, joe := s.user(t, "jane@example.com"), s.user(t, "joe@example.com")
	for _, u := range []*chime.User{jane, joe} {
		if err := s.insert(t.Context(), tenant, u); err != nil {
			t.Fatalf("insert: %v", err)
		}
	}
	epochs := func(want ...int) {
		t.Helper()
		s.view(t, func(tx *store.Tx) error {
			for i, u := range []*chime.User{jane, joe} {
				n, err := tx.SessionEpoch(u)
				is(t, "SessionEpoch", want[i], n, err)
			}
			return nil
		})
	}
	epochs(1, 1)
	for range 2 {
		s.update(t, func(tx *store.Tx) error { tx.EndSessions(jane); return nil })
	}
	epochs(3, 1)
	s.update(t, func(tx *store.Tx) error { tx.UpdateUser(jane); return nil })
	epochs(3, 1)
	s.update(t, func(tx *store.Tx) error { tx.DeleteUser(joe); return nil })
	epochs(3, 0)
}

func settings(t *testing.T, s *suite) {
	jane, joe := s.user(t, "jane@example.com"), s.user(t, "joe@example.com")
	for _, u := range []*chime.User{jane, joe} {
		if err := s.insert(t.Context(), tenant, u); err != nil {
			t.Fatalf("insert: %v", err)
		}
	}
	for _, want := range []chime.Telephony{{InboundCalling: true}, {OutboundCalling: true}, {SMS: true}, {}} {
		s.update(t, func(tx *store.Tx) error { tx.UpdateTelephony(jane, want); return nil })
		s.update(t, func(tx *store.Tx) error { tx.UpdateUser(jane); return nil }) // which leaves them alone
		s.view(t, func(tx *store.Tx) error {
			got, err := tx.Telephony(jane)
			is(t, "Telephony", &want, got, err)
			got, err = tx.Telephony(joe)
			is(t, "the other user's Telephony", &chime.Telephony{}, got, err)
			return nil
		})
	}
	s.update(t, func(tx *store.Tx) error { tx.DeleteUser(joe); return nil })
	bucket, empty := "b", ""
	for _, want := range []*store.GlobalSettings{{}, {BusinessCallingBucket: &bucket}, {VoiceConnectorBucket: &bucket}, {BusinessCallingBucket: &empty}, {}} {
		s.update(t, func(tx *store.Tx) error {
			if *want != (store.GlobalSettings{}) { // which is what there is at first
				tx.PutGlobalSettings(want)
			}
			return nil
		})
		s.view(t, func(tx *store.Tx) error {
			got, err := tx.GlobalSettings()
			is(t, "GlobalSettings", want, got, err)
			none, err := tx.Telephony(joe)
			is(t, "Telephony of who is gone", (*chime.Telephony)(nil), none, err)
			return nil
		})
		s.update(t, func(tx *store.Tx) error { tx.PutGlobalSettings(&store.GlobalSettings{}); return nil })
	}
}

// refusedJob enqueues a job in a transaction that is refused, one that meets a promise, and one that panics.
func refusedJob(t *testing.T, s *suite) {
	if err := s.insert(t.Context(), tenant, s.user(t, "taken@example.com")); err != nil {
		t.Fatalf("insert: %v", err)
	}
	enqueue := func(tx *store.Tx) {
		tx.InsertJob(&store.Job{Tenant: tenant, ID: s.source.NewID(), Kind: "never", State: store.JobQueued, QueuedAt: chimetest.Start, DueAt: chimetest.Start})
	}
	refusal := chime.Unprocessable.Errorf("no")
	err := s.Update(t.Context(), tenant, func(tx *store.Tx) error { enqueue(tx); return refusal })
	if !errors.Is(err, refusal) {
		t.Errorf("Update: %v, want %v", err, refusal)
	}
	s.update(t, func(tx *store.Tx) error {
		if tx.Met() == store.NoPromise {
			enqueue(tx)
			tx.InsertUser(s.user(t, "taken@example.com"), store.Mark{})
		}
		return nil
	})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic did not reach its caller")
			}
		}()
		s.Update(t.Context(), tenant, func(tx *store.Tx) error { enqueue(tx); panic("a bug") })
	}()
	select {
	case <-s.Jobs():
		t.Error("Jobs was told of a job that is not there")
	default:
	}
	s.view(t, func(tx *store.Tx) error {
		jobs, err := tx.JobsOfKind("never", "", chime.ID{}, 10)
		is(t, "JobsOfKind", []*store.Job(nil), jobs, err)
		return nil
	})
}

// livesApart asks as one tenant for everything that belongs to another, and changes it, which must have no effect.
func livesApart(t *testing.T, s *suite) {
	const other chime.Tenant = 999999999999
	a := s.account
	gone := chime.NewAccount(s.source, tenant, "Gone")
	gone.DeletedAt = chimetest.Start
	d := s.domain(a, "example.com")
	i := &store.Invite{User: a.Invite(s.source, "jane@example.com", ""), Generation: 1, By: "arn:1"}
	j := &store.Job{Tenant: tenant, ID: s.source.NewID(), Kind: "mail", Account: a.ID, Subject: i.User.ID, State: store.JobDone,
		QueuedAt: chimetest.Start, DueAt: chimetest.Start, FinishedAt: chimetest.Start}
	bucket := "b"
	s.update(t, func(tx *store.Tx) error {
		tx.InsertAccount(gone)
		tx.InsertDomain(d)
		tx.InsertInvite(i)
		tx.InsertJob(j)
		tx.PutGlobalSettings(&store.GlobalSettings{BusinessCallingBucket: &bucket})
		return nil
	})
	err := s.Update(t.Context(), other, func(tx *store.Tx) error {
		account, owner, err := tx.AccountAndOwner(a.ID, "example.com")
		is(t, "AccountAndOwner", (*chime.Account)(nil), account, err)
		is(t, "AccountAndOwner, the owner", (*chime.ID)(nil), owner, err)
		account, err = tx.DeletedAccount(gone.ID)
		is(t, "DeletedAccount", (*chime.Account)(nil), account, err)
		accounts, err := tx.DeletedAccounts(time.Time{}, chime.ID{}, 10)
		is(t, "DeletedAccounts", 0, len(accounts), err)
		n, err := tx.UsersInTheWay(a.ID, 10)
		is(t, "UsersInTheWay", 0, n, err)
		domain, err := tx.Domain("example.com")
		is(t, "Domain", (*chime.Domain)(nil), domain, err)
		domains, err := tx.Domains(chime.ID{}, 10)
		is(t, "Domains", 0, len(domains), err)
		domains, err = tx.DomainsOfAccount(a.ID, chime.ID{}, 10)
		is(t, "DomainsOfAccount", 0, len(domains), err)
		invite, err := tx.Invite(a.ID, i.User.ID)
		is(t, "Invite", (*store.Invite)(nil), invite, err)
		invites, err := tx.Invites(a.ID, chime.ID{}, 10)
		is(t, "Invites", 0, len(invites), err)
		epoch, err := tx.SessionEpoch(i.User)
		is(t, "SessionEpoch", 0, epoch, err)
		telephony, err := tx.Telephony(i.User)
		is(t, "Telephony", (*chime.Telephony)(nil), telephony, err)
		global, err := tx.GlobalSettings()
		is(t, "GlobalSettings", &store.GlobalSettings{}, global, err)
		job, err := tx.Job(j.ID)
		is(t, "Job", (*store.Job)(nil), job, err)
		jobs, err := tx.JobsOfKind("mail", "", chime.ID{}, 10)
		is(t, "JobsOfKind", 0, len(jobs), err)

		changed, user, invite := *a, *i.User, &store.Invite{Generation: 9, By: "arn:9"}
		changed.Name, user.DisplayName, invite.User = "Stolen", "Stolen", &user
		tx.UpdateAccount(&changed)
		tx.UpdateInvite(invite)
		tx.EndSessions(&user)
		tx.UpdateTelephony(&user, chime.Telephony{SMS: true})
		tx.DeleteUser(&user)
		tx.DeleteDomain(d)
		tx.DeleteJob(j)
		tx.PutGlobalSettings(&store.GlobalSettings{})
		return nil
	})
	if err != nil {
		t.Fatalf("Update: %v", err)
	}
	s.view(t, func(tx *store.Tx) error {
		account, err := tx.Account(a.ID)
		is(t, "the account afterwards", a, account, err)
		invite, err := tx.Invite(a.ID, i.User.ID)
		is(t, "the invitation afterwards", i, invite, err)
		epoch, err := tx.SessionEpoch(i.User)
		is(t, "the session epoch afterwards", 1, epoch, err)
		telephony, err := tx.Telephony(i.User)
		is(t, "the telephony settings afterwards", &chime.Telephony{}, telephony, err)
		domain, err := tx.Domain("example.com")
		is(t, "the domain afterwards", d, domain, err)
		job, err := tx.Job(j.ID)
		is(t, "the job afterwards", j, job, err)
		global, err := tx.GlobalSettings()
		is(t, "the global settings afterwards", &store.GlobalSettings{BusinessCallingBucket: &bucket}, global, err)
		return nil
	})
}

// pinOrder asks for PINs where the store keeps an order of them.
func pinOrder(t *testing.T, s *suite) {
	next := func() (got chime.PIN, ordered bool) {
		s.update(t, func(tx *store.Tx) (err error) {
			got, ordered, err = tx.NextPIN()
			return err
		})
		return got, ordered
	}
	first, ordered := next()
	if second, _ := next(); !ordered || first != 0 || second != 1 {
		t.Errorf("the first PINs are %d and %d, want 0 and 1", first, second)
	}
	s.update(t, func(tx *store.Tx) error {
		if got, _, err := tx.NextPINs(4); got != 2 || err != nil {
			t.Errorf("the next four PINs begin with %d, %v; want 2", got, err)
		}
		return nil
	})
	if got, _ := next(); got != 6 {
		t.Errorf("after them comes %d, want 6", got)
	}
	u := s.user(t, "ahead@example.com")
	u.PIN = 7
	if err := s.insert(t.Context(), tenant, u); err != nil {
		t.Fatalf("insert: %v", err)
	}
	runs := 0
	clash := s.user(t, "behind@example.com")
	s.update(t, func(tx *store.Tx) error {
		runs++
		got, _, err := tx.NextPIN()
		if clash.PIN = got; runs == 1 {
			clash.PIN = u.PIN
		}
		tx.InsertUser(clash, store.Mark{})
		return err
	})
	if clash.PIN <= u.PIN || runs < 2 {
		t.Errorf("after a PIN that was taken comes %d in run %d, want one behind it in a later run", clash.PIN, runs)
	}
	s.update(t, func(tx *store.Tx) error {
		last := s.user(t, "last@example.com")
		last.PIN = 9_999_999_999
		tx.InsertUser(last, store.Mark{})
		return nil
	})
	s.update(t, func(tx *store.Tx) error {
		if tx.Met() == store.NoPromise {
			again := s.user(t, "again@example.com")
			again.PIN = u.PIN
			tx.InsertUser(again, store.Mark{})
			return nil
		}
		got, ordered, err := tx.NextPIN()
		if ordered {
			t.Errorf("after the last PIN comes %d", got)
		}
		return err
	})
}
