package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/store"
)

func (s *suite) grant(p *chime.Principal, name, document string) *chime.Grant {
	return &chime.Grant{Tenant: p.Tenant, Principal: p.ID, Managed: document == "", Name: name, Document: document, ChangedAt: s.source.Now()}
}

// put gives a principal policies, each by a change of its own.
func (s *suite) put(t *testing.T, grants ...*chime.Grant) {
	t.Helper()
	for _, g := range grants {
		s.update(t, func(tx *store.Tx) error { tx.PutGrant(g, s.source.NewID()); return nil })
	}
}

func policies(t *testing.T, s *suite) {
	jane, john := s.principal(t, "jane"), s.principal(t, "john")
	own, replaced, managed := s.grant(jane, "b", "{1}"), s.grant(jane, "b", "{2}"), s.grant(jane, "b", "")
	other, johns := s.grant(jane, "a", "{3}"), s.grant(john, "b", "{4}")
	s.put(t, own, managed, replaced, other, johns, managed)
	has := func(p *chime.Principal, want ...*chime.Grant) {
		t.Helper()
		var got []*chime.Grant
		err := s.View(t.Context(), tenant, func(tx *store.Tx) (err error) { got, err = tx.Grants(p); return err })
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("policies of %s (-want +got):\n%s", p.Name, diff)
		}
	}
	has(jane, other, replaced, managed)
	s.update(t, func(tx *store.Tx) error { tx.DeleteGrant(own, s.source.NewID()); return nil })
	has(jane, other, managed)
	has(john, johns)
	s.update(t, func(tx *store.Tx) error { tx.DeletePrincipal(jane); return nil })
	has(jane)
	has(john, johns)
	s.update(t, func(tx *store.Tx) error { tx.DeleteTenancy(tenant); return nil })
	has(john)
}

// grantsAtOnce wants that whoever looks up a key after a change sees another change, and by it what the principal may do.
func grantsAtOnce(t *testing.T, s *suite) {
	jane := s.principal(t, "jane")
	key, _ := s.key(t, jane.ID)
	sees := func(want ...string) {
		t.Helper()
		granted, err := s.Granted(t.Context(), tenant, jane.ID)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, g := range granted.Grants {
			names = append(names, g.Name+g.Document)
		}
		if change := s.access(t, key.ID).Caller.Granted; change != granted.Change {
			t.Errorf("the key tells of the change %s, the policies of %s", change, granted.Change)
		}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("policies (-want +got):\n%s", diff)
		}
	}
	sees()
	if change := s.access(t, key.ID).Caller.Granted; change != (chime.ID{}) {
		t.Errorf("a principal that never had a policy: %s", change)
	}
	seen := map[chime.ID]bool{}
	for _, document := range []string{"{1}", "{2}", "{1}"} {
		g := s.grant(jane, "own", document)
		s.put(t, g)
		sees("own" + document)
		seen[s.access(t, key.ID).Caller.Granted] = true
		s.put(t, s.grant(jane, "managed", ""))
		sees("own"+document, "managed")
		seen[s.access(t, key.ID).Caller.Granted] = true
		s.update(t, func(tx *store.Tx) error {
			tx.DeleteGrant(g, s.source.NewID())
			tx.DeleteGrant(s.grant(jane, "managed", ""), s.source.NewID())
			return nil
		})
		sees()
		seen[s.access(t, key.ID).Caller.Granted] = true
	}
	if len(seen) != 9 {
		t.Errorf("9 changes look like %d", len(seen))
	}
	if gone, err := s.Granted(t.Context(), tenant, s.source.NewID()); err != nil || len(gone.Grants) > 0 || gone.Change != (chime.ID{}) {
		t.Errorf("what a principal that is none may do: %+v, %v", gone, err)
	}
}
