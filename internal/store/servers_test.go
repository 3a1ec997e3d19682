package store_test

import (
	"crypto/rand"
	"errors"
	"testing"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/seal/sealtest"
	"github.com/carillon-server/carillon/internal/store"
	"github.com/carillon-server/carillon/internal/store/pgtest"
)

// openTwice opens a new database as two servers do.
func openTwice(t *testing.T) [2]*troubled {
	t.Helper()
	dsn := pgtest.Database(t)
	source := chimetest.Source()
	account := chime.NewAccount(source, 1, "Example")
	var servers [2]*troubled
	for i := range servers {
		db, err := store.OpenPostgres(t.Context(), dsn, rand.Reader, sealtest.Keys)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		servers[i] = &troubled{DB: db, source: source, account: account}
	}
	if err := servers[0].Update(t.Context(), 1, func(tx *store.Tx) error { tx.InsertAccount(account); return nil }); err != nil {
		t.Fatal(err)
	}
	return servers
}

// TestServersSeeWhatOthersChange has one server remember an account, which another then changes.
func TestServersSeeWhatOthersChange(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*store.Tx, *chime.Account, chime.Source)
		check  func(*chime.Account, *chime.ID) error
	}{
		"its license": {
			func(tx *store.Tx, a *chime.Account, _ chime.Source) {
				a.DefaultLicense = chime.Basic
				tx.UpdateAccount(a)
			},
			func(a *chime.Account, _ *chime.ID) error {
				if a == nil || a.DefaultLicense != chime.Basic {
					return errors.New("the license is not the new one")
				}
				return nil
			},
		},
		"its end": {
			func(tx *store.Tx, a *chime.Account, s chime.Source) { a.DeletedAt = s.Now(); tx.UpdateAccount(a) },
			func(a *chime.Account, _ *chime.ID) error {
				if a != nil {
					return errors.New("the account is there")
				}
				return nil
			},
		},
		"a domain": {
			func(tx *store.Tx, _ *chime.Account, s chime.Source) {
				tx.InsertDomain(&chime.Domain{Tenant: 1, ID: s.NewID(), AccountID: chime.ID{1}, Name: "example.com", ClaimedAt: s.Now()})
			},
			func(_ *chime.Account, owner *chime.ID) error {
				if owner == nil || *owner != (chime.ID{1}) {
					return errors.New("the domain is not its new owner's")
				}
				return nil
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers := openTwice(t)
			for _, email := range []string{"a@example.com", "b@example.com"} { // the second finds it remembered
				if err := servers[0].create(t.Context(), email, false); err != nil {
					t.Fatal(err)
				}
			}
			err := servers[1].Update(t.Context(), 1, func(tx *store.Tx) error {
				a, err := tx.Account(servers[1].account.ID)
				c.change(tx, a, servers[1].source)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			var seen error // when it ran last
			err = servers[0].Update(t.Context(), 1, func(tx *store.Tx) error {
				a, owner, err := tx.AccountAndOwner(servers[0].account.ID, "example.com")
				if err != nil {
					return err
				}
				if seen = c.check(a, owner); a == nil {
					return chime.NotFound.Errorf("gone")
				}
				u, err := a.NewUser(servers[0].source, "", "c@example.com", "")
				if err != nil {
					return err
				}
				tx.InsertUser(u, store.Mark{})
				return nil
			})
			if seen != nil {
				t.Errorf("the other server does not see it: %v", seen)
			}
			if gone := errors.Is(err, chime.NotFound); err != nil && !gone || gone != (name == "its end") {
				t.Errorf("create: %v", err)
			}
		})
	}
}

// TestServersRefuseByWhatIs has one server remember that a call is to be refused for what another then changes.
func TestServersRefuseByWhatIs(t *testing.T) {
	t.Parallel()
	servers := openTwice(t)
	basic := func() error {
		return servers[0].Update(t.Context(), 1, func(tx *store.Tx) error {
			a, _, err := tx.AccountAndOwner(servers[0].account.ID, "example.com")
			if err != nil {
				return err
			}
			if a.DefaultLicense != chime.Basic {
				return chime.Forbidden.Errorf("only with %s", chime.Basic)
			}
			return nil
		})
	}
	if err := servers[0].create(t.Context(), "a@example.com", false); err != nil {
		t.Fatal(err)
	}
	if err := basic(); !errors.Is(err, chime.Forbidden) {
		t.Errorf("before: %v, want forbidden", err)
	}
	err := servers[1].Update(t.Context(), 1, func(tx *store.Tx) error {
		a, err := tx.Account(servers[1].account.ID)
		a.DefaultLicense = chime.Basic
		tx.UpdateAccount(a)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := basic(); err != nil {
		t.Errorf("after: %v, want nothing", err)
	}
}

// TestServersGivePINs has two servers give PINs, and a third after them.
func TestServersGivePINs(t *testing.T) {
	t.Parallel()
	servers := openTwice(t)
	given := map[chime.PIN]bool{}
	for range 3 {
		for _, s := range servers {
			var got chime.PIN
			err := s.Update(t.Context(), 1, func(tx *store.Tx) (err error) {
				var ordered bool
				if got, ordered, err = tx.NextPIN(); !ordered {
					t.Errorf("the PIN is to be drawn: %v", err)
				}
				return err
			})
			if err != nil || given[got] {
				t.Errorf("PIN %d, given before: %t, %v", got, given[got], err)
			}
			given[got] = true
		}
	}
}
