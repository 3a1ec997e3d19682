// Package storetest holds the promises of a store as tests, to be run on every engine.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/store"
)

const tenant chime.Tenant = 123456789012

// Run tests the promises. open returns a new, empty store.
func Run(t *testing.T, open func(*testing.T) *store.DB) {
	for name, test := range map[string]func(*testing.T, *suite){
		"round trip":                 roundTrip,
		"updates":                    updates,
		"account updates":            accountUpdates,
		"user updates":               userUpdates,
		"deleted accounts":           deletedAccounts,
		"users in the way":           usersInTheWay,
		"domains":                    domains,
		"a domain is unique":         domainUnique,
		"invitations":                invitations,
		"sessions":                   sessions,
		"settings":                   settings,
		"a refusal leaves no job":    refusedJob,
		"tenants' lives are apart":   livesApart,
		"account pages":              accountPages,
		"user pages":                 userPages,
		"email is unique":            emailUnique,
		"PIN is unique":              pinUnique,
		"tenants are apart":          tenantsApart,
		"all writes or none":         allOrNone,
		"neighbours in a batch":      neighbours,
		"a call that has gone":       gone,
		"reads do not see the queue": queueUnseen,
		"marks":                      marks,
		"racing for one address":     race,
		"users in bulk":              bulk,
		"order of PINs":              pinOrder,
		"reads follow writes":        readsFollowWrites,
		"jobs":                       jobs,
		"jobs that are held":         heldJobs,
		"jobs that ended":            endedJobs,
		"purged accounts":            purgedAccounts,
		"number round trip":          numberRoundTrip,
		"a number has one holder":    oneHolder,
		"a number has one user":      userNumberUnique,
		"number pages":               numberPages,
		"number stock":               numberStock,
		"number orders":              numberOrders,
		"number settings":            numberSettings,
		"dial-outs":                  dialOuts,
		"the clock of tests":         advance,
		"rooms":                      rooms,
		"a request makes one room":   roomRequest,
		"memberships":                memberships,
		"bots":                       bots,
		"events of bots":             events,
		"messages":                   messages,
		"webhooks":                   webhooks,
		"conversations":              conversations,
		"retention":                  retention,
		"rooms of tenants are apart": roomsApart,
		"policies":                   policies,
		"policies count at once":     grantsAtOnce,
		"tenancies":                  tenancies,
		"principals":                 principals,
		"access keys":                accessKeys,
		"changes of access":          accessChanges,
		"two keys at most":           keySlots,
		"uses of keys":               keyUses,
		"secrets sealed anew":        rewrapped,
		"audit records":              auditRecords,
		"racing with records":        auditRace,
		"seals":                      auditSeals,
		"more than a seal covers":    manySealed,
		"audit records end":          auditRetention,
		"what a watch is told":       watched,
		"contents":                   contents,
		"contents of all tenants":    cleared,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &suite{DB: open(t), source: chimetest.Source()}
			s.account = chime.NewAccount(s.source, tenant, "Example")
			s.update(t, func(tx *store.Tx) error { tx.InsertAccount(s.account); return nil })
			test(t, s)
		})
	}
}

type suite struct {
	*store.DB
	source  chime.Source
	account *chime.Account
}

func (s *suite) update(t *testing.T, fn func(*store.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), tenant, fn); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

func (s *suite) user(t *testing.T, email string) *chime.User {
	t.Helper()
	u, err := s.account.NewUser(s.source, "", email, "")
	if err != nil {
		t.Fatalf("NewUser(%q): %v", email, err)
	}
	return u
}

// insert adds the user, and returns chime.Conflict if its address or PIN is taken.
func (s *suite) insert(ctx context.Context, of chime.Tenant, u *chime.User) error {
	return s.Update(ctx, of, func(tx *store.Tx) error {
		if met := tx.Met(); met != store.NoPromise {
			return chime.Conflict.Errorf("met %s", met)
		}
		tx.InsertUser(u, store.Mark{})
		return nil
	})
}

// emails returns the addresses of the account's users in the order of their IDs.
func (s *suite) emails(t *testing.T) []string {
	t.Helper()
	var got []string
	err := s.View(t.Context(), tenant, func(tx *store.Tx) error {
		users, err := tx.Users(s.account.ID, "", chime.ID{}, 1000)
		for _, u := range users {
			got = append(got, string(u.Email))
		}
		return err
	})
	if err != nil {
		t.Fatalf("Users: %v", err)
	}
	return got
}

func roundTrip(t *testing.T, s *suite) {
	bare := s.user(t, "Bare@Example.com")
	full := s.user(t, "full@example.com")
	full.Type, full.License, full.Registration, full.Invitation = chime.SharedDevice, chime.ProTrial, chime.Suspended, chime.InvitationAccepted
	full.InvitedAt = chimetest.Start.Add(-time.Hour)
	full.Alexa = chime.Alexa{Enabled: true, RoomARN: "arn:aws:a4b:us-east-1:123456789012:room/x"}
	full.DisplayName, full.Version = "Zoë 🎈", 7
	invited := s.user(t, "invited@example.com")
	invited.Registration, invited.Invitation, invited.PIN, invited.RegisteredAt = chime.Unregistered, chime.InvitationPending, 0, time.Time{}
	for _, want := range []*chime.User{bare, full, invited} {
		if err := s.insert(t.Context(), tenant, want); err != nil {
			t.Fatalf("insert: %v", err)
		}
		err := s.View(t.Context(), tenant, func(tx *store.Tx) error {
			got, err := tx.User(s.account.ID, want.ID)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("User (-want +got):\n%s", diff)
			}
			return err
		})
		if err != nil {
			t.Fatalf("View: %v", err)
		}
	}
	err := s.View(t.Context(), tenant, func(tx *store.Tx) error {
		got, err := tx.Account(s.account.ID)
		if diff := cmp.Diff(s.account, got); diff != "" {
			t.Errorf("Account (-want +got):\n%s", diff)
		}
		return err
	})
	if err != nil {
		t.Fatalf("View: %v", err)
	}
}

// updates changes things by statements whose parameters do not come in their order.
func updates(t *testing.T, s *suite) {
	u := s.user(t, "jane@example.com")
	if err := s.insert(t.Context(), tenant, u); err != nil {
		t.Fatalf("insert: %v", err)
	}
	u.DisplayName, u.Registration, s.account.Name = "Jane", chime.Suspended, "Renamed"
	s.update(t, func(tx *store.Tx) error {
		tx.UpdateUser(u)
		tx.UpdateAccount(s.account)
		return nil
	})
	err := s.View(t.Context(), tenant, func(tx *store.Tx) error {
		user, err := tx.User(s.account.ID, u.ID)
		account, err2 := tx.Account(s.account.ID)
		if diff := cmp.Diff(u, user) + cmp.Diff(s.account, account); diff != "" {
			t.Errorf("after the update (-want +got):\n%s", diff)
		}
		return errors.Join(err, err2)
	})
	if err != nil {
		t.Fatalf("View: %v", err)
	}
}

func accountPages(t *testing.T, s *suite) {
	s.update(t, func(tx *store.Tx) error {
		for _, name := range []string{"Sales", "sales", "Sales East", "Éclair", "100%_"} {
			tx.InsertAccount(chime.NewAccount(s.source, tenant, name))
		}
		return nil
	})
	names := func(prefix string, limit int) (all []string) {
		err := s.View(t.Context(), tenant, func(tx *store.Tx) error {
			for after := (chime.ID{}); ; {
				page, err := tx.Accounts(prefix, after, limit)
				if err != nil || len(page) == 0 {
					return err
				}
				for _, a := range page {
					all, after = append(all, a.Name), a.ID
				}
			}
		})
		if err != nil {
			t.Fatalf("Accounts: %v", err)
		}
		return all
	}
	for _, c := range []struct {
		prefix string
		want   []string
	}{
		{"", []string{"Example", "Sales", "sales", "Sales East", "Éclair", "100%_"}},
		{"Sales", []string{"Sales", "Sales East"}},
		{"É", []string{"Éclair"}},
		{"%", nil},
		{"100%_", []string{"100%_"}},
	} {
		for _, limit := range []int{1, 2, 100} {
			if diff := cmp.Diff(c.want, names(c.prefix, limit)); diff != "" {
				t.Errorf("prefix %q in pages of %d (-want +got):\n%s", c.prefix, limit, diff)
			}
		}
	}
}

func userPages(t *testing.T, s *suite) {
	var people, devices []string
	for i := range 20 {
		u := s.user(t, fmt.Sprintf("u%02d@example.com", i))
		if i%5 == 0 {
			u.Type = chime.SharedDevice
			devices = append(devices, string(u.Email))
		} else {
			people = append(people, string(u.Email))
		}
		if err := s.insert(t.Context(), tenant, u); err != nil {
			t.Fatalf("insert: %v", err)
		}
	}
	for only, want := range map[chime.UserType][]string{chime.PrivateUser: people, chime.SharedDevice: devices} {
		var got []string
		err := s.View(t.Context(), tenant, func(tx *store.Tx) error {
			for after := (chime.ID{}); ; {
				page, err := tx.Users(s.account.ID, only, after, 3)
				if err != nil || len(page) == 0 {
					return err
				}
				for _, u := range page {
					got, after = append(got, string(u.Email)), u.ID
				}
			}
		})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("users of type %s: %v (-want +got):\n%s", only, err, diff)
		}
	}
}

func emailUnique(t *testing.T, s *suite) {
	if err := s.insert(t.Context(), tenant, s.user(t, "Jane@Example.com")); err != nil {
		t.Fatalf("first insert: %v", err)
	}
	if err := s.insert(t.Context(), tenant, s.user(t, "jANE@example.COM")); !errors.Is(err, chime.Conflict) {
		t.Errorf("second insert: %v, want conflict", err)
	}
	if got, want := s.emails(t), []string{"Jane@Example.com"}; !cmp.Equal(got, want) {
		t.Errorf("users = %q, want %q", got, want)
	}
}

func pinUnique(t *testing.T, s *suite) {
	first, second := s.user(t, "a@example.com"), s.user(t, "b@example.com")
	taken := first.PIN
	if err := s.insert(t.Context(), tenant, first); err != nil {
		t.Fatalf("first insert: %v", err)
	}
	runs := 0
	err := s.Update(t.Context(), tenant, func(tx *store.Tx) error {
		runs++
		if second.PIN = taken; tx.Met() == store.UserPIN {
			second.PIN++
		}
		tx.InsertUser(second, store.Mark{})
		return nil
	})
	if err != nil || runs != 2 {
		t.Errorf("second insert: %v after %d runs, want success after 2", err, runs)
	}
	runs = 0
	err = s.Update(t.Context(), tenant, func(tx *store.Tx) error {
		runs++
		third := *second
		third.ID, third.Email, third.PIN = s.source.NewID(), "c@example.com", taken
		tx.InsertUser(&third, store.Mark{})
		return nil
	})
	if err == nil || errors.Is(err, chime.Conflict) || runs != 8 {
		t.Errorf("insert that always draws a taken PIN: %v after %d runs, want an internal error after 8", err, runs)
	}
}

func tenantsApart(t *testing.T, s *suite) {
	const other chime.Tenant = 999999999999
	u := s.user(t, "jane@example.com")
	if err := s.insert(t.Context(), tenant, u); err != nil {
		t.Fatalf("insert: %v", err)
	}
	err := s.View(t.Context(), other, func(tx *store.Tx) error {
		a, err1 := tx.Account(s.account.ID)
		byID, err2 := tx.User(s.account.ID, u.ID)
		byEmail, err3 := tx.UserByEmail(u.Email)
		accounts, err4 := tx.Accounts("", chime.ID{}, 10)
		users, err5 := tx.Users(s.account.ID, "", chime.ID{}, 10)
		if a != nil || byID != nil || byEmail != nil || len(accounts) > 0 || len(users) > 0 {
			t.Errorf("another tenant sees %v %v %v %v %v", a, byID, byEmail, accounts, users)
		}
		return errors.Join(err1, err2, err3, err4, err5)
	})
	if err != nil {
		t.Fatalf("View: %v", err)
	}
	same := s.user(t, "jane@example.com")
	same.Tenant, same.PIN = other, u.PIN
	if err := s.insert(t.Context(), other, same); err != nil {
		t.Errorf("the same address and PIN in another tenant: %v", err)
	}
}

func allOrNone(t *testing.T, s *suite) {
	if err := s.insert(t.Context(), tenant, s.user(t, "taken@example.com")); err != nil {
		t.Fatalf("insert: %v", err)
	}
	err := s.Update(t.Context(), tenant, func(tx *store.Tx) error {
		if tx.Met() != store.NoPromise {
			return chime.Conflict.Errorf("met %s", tx.Met())
		}
		tx.InsertUser(s.user(t, "before@example.com"), store.Mark{})
		tx.InsertUser(s.user(t, "taken@example.com"), store.Mark{})
		tx.InsertUser(s.user(t, "after@example.com"), store.Mark{})
		return nil
	})
	if !errors.Is(err, chime.Conflict) {
		t.Errorf("Update: %v, want conflict", err)
	}
	if got, want := s.emails(t), []string{"taken@example.com"}; !cmp.Equal(got, want) {
		t.Errorf("users = %q, want %q", got, want)
	}
}

// neighbours puts operations of all sorts into one batch: the writer is kept busy until all of them wait.
func neighbours(t *testing.T, s *suite) {
	if err := s.insert(t.Context(), tenant, s.user(t, "taken@example.com")); err != nil {
		t.Fatalf("insert: %v", err)
	}
	refusal := chime.Unprocessable.Errorf("no")
	busy, resume := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		s.update(t, func(*store.Tx) error { close(busy); <-resume; return nil })
	})
	<-busy
	for i := range 60 {
		ok := s.user(t, fmt.Sprintf("ok%02d@example.com", i))
		clash := s.user(t, "taken@example.com")
		all.Go(func() {
			switch i % 4 {
			case 0:
				if err := s.insert(t.Context(), tenant, clash); !errors.Is(err, chime.Conflict) {
					t.Errorf("duplicate: %v, want conflict", err)
				}
			case 1:
				err := s.Update(t.Context(), tenant, func(tx *store.Tx) error {
					tx.InsertUser(ok, store.Mark{})
					return refusal
				})
				if !errors.Is(err, refusal) {
					t.Errorf("refusal: %v, want %v", err, refusal)
				}
			case 2:
				defer func() {
					if recover() == nil {
						t.Error("the panic did not reach its caller")
					}
				}()
				s.Update(t.Context(), tenant, func(tx *store.Tx) error {
					tx.InsertUser(ok, store.Mark{})
					panic("a bug")
				})
			case 3:
				if err := s.insert(t.Context(), tenant, ok); err != nil {
					t.Errorf("insert: %v", err)
				}
			}
		})
	}
	close(resume)
	all.Wait()
	if got, want := len(s.emails(t)), 1+60/4; got != want {
		t.Errorf("%d users, want %d", got, want)
	}
}

func gone(t *testing.T, s *suite) {
	busy, resume := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		s.update(t, func(*store.Tx) error { close(busy); <-resume; return nil })
	})
	<-busy
	ctx, cancel := context.WithCancel(t.Context())
	u := s.user(t, "gone@example.com")
	if s.Broken() == nil { // on PostgreSQL a call waits for no other, and is brought to its end once it has begun
		cancel()
	}
	left := make(chan error)
	go func() { left <- s.insert(ctx, tenant, u) }()
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled insert: %v, want %v", err, context.Canceled)
	}
	close(resume)
	all.Wait()
	if err := s.insert(t.Context(), tenant, s.user(t, "here@example.com")); err != nil {
		t.Errorf("insert after it: %v", err)
	}
	if got, want := s.emails(t), []string{"here@example.com"}; !cmp.Equal(got, want) {
		t.Errorf("users = %q, want %q", got, want)
	}
}

func queueUnseen(t *testing.T, s *suite) {
	s.update(t, func(tx *store.Tx) error {
		u := s.user(t, "jane@example.com")
		tx.InsertUser(u, store.Mark{})
		got, err := tx.User(s.account.ID, u.ID)
		if got != nil {
			t.Errorf("the operation reads %v, which it has only queued", got)
		}
		return err
	})
}

func marks(t *testing.T, s *suite) {
	first, second := store.Mark{1}, store.Mark{2}
	made := s.source.NewID()
	mark := func(m store.Mark) error {
		return s.Update(t.Context(), tenant, func(tx *store.Tx) error {
			if tx.Met() == store.MarkMade {
				return chime.Conflict.Errorf("met")
			}
			tx.InsertMark(m, made)
			return nil
		})
	}
	if err := mark(first); err != nil {
		t.Fatalf("first mark: %v", err)
	}
	if err := mark(first); !errors.Is(err, chime.Conflict) {
		t.Errorf("the same mark again: %v, want conflict", err)
	}
	known := func(m store.Mark) (found bool) {
		err := s.View(t.Context(), tenant, func(tx *store.Tx) error {
			got, err := tx.Made(m)
			found = got != nil && *got == made
			return err
		})
		if err != nil {
			t.Fatalf("Made: %v", err)
		}
		return found
	}
	if !known(first) || known(second) {
		t.Errorf("marks known: %t %t, want the first only", known(first), known(second))
	}
	if err := s.ClearMarks(t.Context(), chimetest.Start.Add(store.MarkLife)); err != nil || !known(first) {
		t.Errorf("cleared at the end of its life: %v, known %t; want it known", err, known(first))
	}
	if err := s.ClearMarks(t.Context(), chimetest.Start.Add(store.MarkLife+time.Millisecond)); err != nil || known(first) {
		t.Errorf("cleared after its life: %v, known %t; want it gone", err, known(first))
	}
	u := s.user(t, "marked@example.com")
	s.update(t, func(tx *store.Tx) error { tx.InsertUser(u, second); return nil })
	err := s.View(t.Context(), tenant, func(tx *store.Tx) error {
		got, err := tx.UserMark(u)
		if got != second {
			t.Errorf("UserMark = %v, want %v", got, second)
		}
		return err
	})
	if err != nil {
		t.Fatalf("View: %v", err)
	}
}

func race(t *testing.T, s *suite) {
	var all sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for range 50 {
		u := s.user(t, "one@example.com")
		all.Go(func() {
			err := s.insert(t.Context(), tenant, u)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if !errors.Is(err, chime.Conflict) {
				t.Errorf("insert: %v", err)
			}
		})
	}
	all.Wait()
	if won != 1 || len(s.emails(t)) != 1 {
		t.Errorf("%d callers won and %d users are there, want 1 and 1", won, len(s.emails(t)))
	}
}

// readsFollowWrites has readers look at a user while the name is changed: who begins to read after a change was
// acknowledged sees it, or a later one.
func readsFollowWrites(t *testing.T, s *suite) {
	u := s.user(t, "jane@example.com")
	if err := s.insert(t.Context(), tenant, u); err != nil {
		t.Fatalf("insert: %v", err)
	}
	read := func() (version int64) {
		err := s.View(t.Context(), tenant, func(tx *store.Tx) error {
			got, err := tx.User(s.account.ID, u.ID)
			if got != nil {
				version = got.Version
				got.DisplayName = "scribbled" // on a copy: nobody else may see it
			}
			return err
		})
		if err != nil {
			t.Errorf("User: %v", err)
		}
		return version
	}
	const changes = 200
	var acknowledged atomic.Int64
	acknowledged.Store(u.Version)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for acknowledged.Load() < changes {
				atLeast := acknowledged.Load()
				if got := read(); got < atLeast {
					t.Errorf("a read after version %d sees version %d", atLeast, got)
				}
			}
		})
	}
	for range changes {
		s.update(t, func(tx *store.Tx) error {
			now, err := tx.User(s.account.ID, u.ID)
			if err != nil {
				return err
			}
			if now.DisplayName == "scribbled" {
				t.Error("a reader's copy is shared")
			}
			tx.UpdateUser(now)
			u.Version = now.Version
			return nil
		})
		acknowledged.Store(u.Version)
	}
	all.Wait()
	s.update(t, func(tx *store.Tx) error { tx.DeleteUser(u); return nil })
	if got := read(); got != 0 {
		t.Errorf("a deleted user is still read, version %d", got)
	}
}
