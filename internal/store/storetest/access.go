package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/store"
)

// principal adds a principal.
func (s *suite) principal(t *testing.T, name string) *chime.Principal {
	t.Helper()
	p, err := chime.NewPrincipal(s.source, tenant, name)
	if err != nil {
		t.Fatal(err)
	}
	s.update(t, func(tx *store.Tx) error { tx.InsertPrincipal(p); return nil })
	return p
}

// key adds an access key of a principal, or of the root if that is the zero ID, and returns it with its secret.
func (s *suite) key(t *testing.T, principal chime.ID) (k *chime.AccessKey, secret string) {
	t.Helper()
	s.update(t, func(tx *store.Tx) error {
		have, err := tx.AccessKeys(tenant, principal)
		if err != nil {
			return err
		}
		if k, secret, err = chime.NewAccessKey(s.source, tenant, principal, have); err != nil {
			return err
		}
		return tx.InsertAccessKey(k, secret)
	})
	return k, secret
}

// access looks an access key up.
func (s *suite) access(t *testing.T, id string) *store.Access {
	t.Helper()
	a, _, err := s.Access(t.Context(), id)
	if err != nil {
		t.Fatalf("Access: %v", err)
	}
	return a
}

func tenancies(t *testing.T, s *suite) {
	y, err := chime.NewTenancy(s.source, 7, "Seven")
	if err != nil {
		t.Fatal(err)
	}
	insert := func() error {
		return s.Update(t.Context(), tenant, func(tx *store.Tx) error {
			if met := tx.Met(); met != store.NoPromise {
				return chime.Conflict.Errorf("met %s", met)
			}
			tx.InsertTenancy(y)
			return nil
		})
	}
	if err := insert(); err != nil {
		t.Fatal(err)
	}
	if err := insert(); !errors.Is(err, chime.Conflict) {
		t.Errorf("the same tenant: %v, want conflict", err)
	}
	y.Suspended, y.Name = true, "Sieben"
	s.update(t, func(tx *store.Tx) error { tx.UpdateTenancy(y); return nil })
	s.view(t, func(tx *store.Tx) error {
		got, err := tx.Tenancy(7)
		none, err2 := tx.Tenancy(8)
		page, err3 := tx.Tenancies(6, 10)
		after, err4 := tx.Tenancies(7, 10)
		if diff := cmp.Diff(y, got); diff != "" || got.Version != 2 || none != nil || !cmp.Equal(page, []*chime.Tenancy{y}) || len(after) != 0 {
			t.Errorf("Tenancy: %+v and %+v, pages %v and %v", got, none, page, after)
		}
		return errors.Join(err, err2, err3, err4)
	})
}

func principals(t *testing.T, s *suite) {
	alice, bob := s.principal(t, "Alice"), s.principal(t, "bob")
	twin, err := chime.NewPrincipal(s.source, tenant, "ALICE")
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(t.Context(), tenant, func(tx *store.Tx) error {
		if met := tx.Met(); met != store.NoPromise {
			return chime.Conflict.Errorf("met %s", met)
		}
		tx.InsertPrincipal(twin)
		return nil
	})
	if !errors.Is(err, chime.Conflict) {
		t.Errorf("the same name: %v, want conflict", err)
	}
	k, _ := s.key(t, alice.ID)
	kept, _ := s.key(t, bob.ID)
	s.view(t, func(tx *store.Tx) error {
		got, err := tx.Principal(tenant, "aLICE")
		byID, err2 := tx.PrincipalByID(tenant, bob.ID)
		page, err3 := tx.Principals(tenant, chime.ID{}, 1)
		elsewhere, err4 := tx.Principal(tenant+1, "alice")
		if !cmp.Equal(got, alice) || !cmp.Equal(byID, bob) || !cmp.Equal(page, []*chime.Principal{alice}) || elsewhere != nil {
			t.Errorf("Principal: %+v, %+v, page %v, elsewhere %v", got, byID, page, elsewhere)
		}
		return errors.Join(err, err2, err3, err4)
	})
	s.update(t, func(tx *store.Tx) error { tx.DeletePrincipal(alice); return nil })
	if s.access(t, k.ID) != nil || s.access(t, kept.ID) == nil {
		t.Error("with a principal its keys are deleted, and no others")
	}
}

func accessKeys(t *testing.T, s *suite) {
	alice := s.principal(t, "alice")
	k, secret := s.key(t, alice.ID)
	root, rootSecret := s.key(t, chime.ID{})
	want := &store.Access{Key: *k, Secret: secret, Caller: alice.Caller(k.ID)}
	want.Caller.KeptKey = true
	if diff := cmp.Diff(want, s.access(t, k.ID)); diff != "" {
		t.Errorf("Access (-want +got):\n%s", diff)
	}
	want = &store.Access{Key: *root, Secret: rootSecret, Caller: tenant.Root(chime.TenantRoot, root.ID)}
	want.Caller.KeptKey = true
	if diff := cmp.Diff(want, s.access(t, root.ID)); diff != "" {
		t.Errorf("Access of the root (-want +got):\n%s", diff)
	}
	if a := s.access(t, "AKIANOBODYHASTHISKEY"); a != nil {
		t.Errorf("Access of nobody: %+v", a)
	}
	s.view(t, func(tx *store.Tx) error {
		got, err := tx.AccessKey(tenant, k.ID)
		elsewhere, err2 := tx.AccessKey(tenant+1, k.ID)
		all, err3 := tx.AccessKeys(tenant, alice.ID)
		if !cmp.Equal(got, k) || elsewhere != nil || !cmp.Equal(all, []*chime.AccessKey{k}) {
			t.Errorf("AccessKey: %+v, of another tenant %+v, all %v", got, elsewhere, all)
		}
		return errors.Join(err, err2, err3)
	})
}

// accessChanges looks a key up before and after each change that it depends on.
func accessChanges(t *testing.T, s *suite) {
	y, err := chime.NewTenancy(s.source, tenant, "")
	if err != nil {
		t.Fatal(err)
	}
	s.update(t, func(tx *store.Tx) error { tx.InsertTenancy(y); return nil })
	alice := s.principal(t, "alice")
	k, _ := s.key(t, alice.ID)
	if a := s.access(t, k.ID); a == nil || a.Key.Inactive || a.Suspended {
		t.Fatalf("at first: %+v", a)
	}
	k.Inactive = true
	s.update(t, func(tx *store.Tx) error { tx.UpdateAccessKey(k); return nil })
	if a := s.access(t, k.ID); !a.Key.Inactive {
		t.Error("inactive: it is active")
	}
	y.Suspended = true
	s.update(t, func(tx *store.Tx) error { tx.UpdateTenancy(y); return nil })
	if a := s.access(t, k.ID); !a.Suspended {
		t.Error("suspended: its tenant is not")
	}
	s.update(t, func(tx *store.Tx) error { tx.DeleteAccessKey(k); return nil })
	if a := s.access(t, k.ID); a != nil {
		t.Errorf("deleted: %+v", a)
	}
	again, _ := s.key(t, alice.ID)
	s.access(t, again.ID)
	s.update(t, func(tx *store.Tx) error { tx.DeleteTenancy(tenant); return nil })
	if a := s.access(t, again.ID); a != nil {
		t.Errorf("of a deleted tenant: %+v", a)
	}
}

// keySlots makes many keys of one principal at the same time.
func keySlots(t *testing.T, s *suite) {
	alice := s.principal(t, "alice")
	made := make([]error, 8)
	var all sync.WaitGroup
	for i := range made {
		all.Go(func() {
			made[i] = s.Update(t.Context(), tenant, func(tx *store.Tx) error {
				have, err := tx.AccessKeys(tenant, alice.ID)
				if err != nil {
					return err
				}
				k, secret, err := chime.NewAccessKey(s.source, tenant, alice.ID, have)
				if err != nil {
					return err
				}
				return tx.InsertAccessKey(k, secret)
			})
		})
	}
	all.Wait()
	n := 0
	for _, err := range made {
		switch {
		case err == nil:
			n++
		case !errors.Is(err, chime.LimitExceeded):
			t.Errorf("a key too many: %v, want limit exceeded", err)
		}
	}
	if n != 2 {
		t.Errorf("%d keys were made, want 2", n)
	}
	// Also where nobody looks first.
	k, secret, err := chime.NewAccessKey(s.source, tenant, alice.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(t.Context(), tenant, func(tx *store.Tx) error {
		if tx.Met() == store.KeySlot {
			return chime.Conflict.Errorf("taken")
		}
		return tx.InsertAccessKey(k, secret)
	})
	if !errors.Is(err, chime.Conflict) {
		t.Errorf("a slot that is taken: %v, want conflict", err)
	}
}

func keyUses(t *testing.T, s *suite) {
	k, _ := s.key(t, chime.ID{})
	used := func() time.Time {
		t.Helper()
		if err := s.WriteUses(t.Context()); err != nil {
			t.Fatalf("WriteUses: %v", err)
		}
		var at time.Time
		s.view(t, func(tx *store.Tx) error {
			k, err := tx.AccessKey(tenant, k.ID)
			at = k.LastUsedAt
			return err
		})
		return at
	}
	if at := used(); !at.IsZero() {
		t.Errorf("never used: %v", at)
	}
	a := s.access(t, k.ID)
	s.NoteUse(a, chimetest.Start)
	s.NoteUse(a, chimetest.Start.Add(time.Second))
	if at := used(); !at.Equal(chimetest.Start.Add(time.Second)) {
		t.Errorf("used: %v", at)
	}
	s.NoteUse(a, chimetest.Start) // as another server has it
	if at := used(); !at.Equal(chimetest.Start.Add(time.Second)) {
		t.Errorf("used, told late: %v", at)
	}
}

// rewrapped walks everything that is sealed in steps of a few rows.
func rewrapped(t *testing.T, s *suite) {
	secrets := map[string]string{}
	for i := range 7 {
		k, secret := s.key(t, s.principal(t, fmt.Sprint("p", i)).ID)
		secrets[k.ID] = secret
	}
	tokens := map[chime.ID]string{}
	for i := range 5 {
		b := s.bot(t, fmt.Sprint("Bot ", i))
		tokens[b.ID] = b.SecurityToken
		s.update(t, func(tx *store.Tx) error { return tx.InsertBot(b) })
	}
	steps, sealed := 0, 0
	for cursor := []byte{}; cursor != nil; steps++ {
		s.update(t, func(tx *store.Tx) error {
			next, n, err := tx.Rewrap(cursor, 2)
			cursor, sealed = next, sealed+n
			return err
		})
	}
	if steps != 8 || sealed != 0 { // 4 for the keys, 3 for the bots, 1 for the secrets
		t.Errorf("%d steps sealed %d secrets anew that had the right key", steps, sealed)
	}
	for id, secret := range secrets {
		if a := s.access(t, id); a == nil || a.Secret != secret {
			t.Error("an access key has another secret")
		}
	}
	s.view(t, func(tx *store.Tx) error {
		bots, err := tx.Bots(s.account.ID, chime.ID{}, 10)
		for _, b := range bots {
			if b.SecurityToken != tokens[b.ID] {
				t.Error("a bot has another token")
			}
		}
		return err
	})
}
