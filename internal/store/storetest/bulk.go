package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/store"
)

// bulk adds so many users at once that both kinds of statements are used, and finds them again.
func bulk(t *testing.T, s *suite) {
	const count = 203
	var users []*chime.User
	var folded []string
	for i := range count {
		u := s.user(t, fmt.Sprintf("User%03d@Example.com", i))
		u.PIN = chime.PIN(1000 + i)
		users = append(users, u)
		folded = append(folded, u.Email.Fold())
	}
	users[1].License, users[1].Registration, users[1].Type = chime.Basic, chime.Suspended, chime.SharedDevice
	users[1].Alexa = chime.Alexa{Enabled: true, RoomARN: "arn:aws:a4b:us-east-1:123456789012:room/x"}
	mark := store.Mark{1, 2, 3}
	insert := func() store.Promise {
		var met store.Promise
		s.update(t, func(tx *store.Tx) error {
			if met = tx.Met(); met == store.NoPromise {
				tx.InsertUsers(users, mark)
			}
			return nil
		})
		return met
	}
	if met := insert(); met != store.NoPromise {
		t.Fatalf("InsertUsers met %s", met)
	}
	s.view(t, func(tx *store.Tx) error {
		found, err := tx.UsersByEmail(append(folded, "nobody@example.com"))
		if err != nil {
			return err
		}
		slices.SortFunc(found, func(a, b *store.MadeUser) int { return slices.Compare(a.ID[:], b.ID[:]) })
		if len(found) != count {
			t.Fatalf("%d users found, want %d", len(found), count)
		}
		for i, u := range found {
			if diff := cmp.Diff(*users[i], u.User); diff != "" || u.Mark != mark {
				t.Fatalf("user %d with mark %x (-want +got):\n%s", i, u.Mark, diff)
			}
		}
		taken, err := tx.TakenPINs([]chime.PIN{999, 1000, 1202, 1203})
		if diff := cmp.Diff(map[chime.PIN]bool{1000: true, 1202: true}, taken); diff != "" || err != nil {
			t.Errorf("TakenPINs: %v (-want +got):\n%s", err, diff)
		}
		return nil
	})
	s.viewAs(t, tenant+1, func(tx *store.Tx) error {
		found, err := tx.UsersByEmail(folded)
		if len(found) > 0 {
			t.Errorf("another tenant finds %d users", len(found))
		}
		return err
	})

	// One address that is taken keeps all others out, and one PIN.
	again := func(email string, pin chime.PIN) {
		for i := range users {
			users[i] = s.user(t, fmt.Sprintf("more%03d@example.com", i))
			users[i].PIN = chime.PIN(5000 + i)
		}
		users[count-2].Email, users[count-2].PIN = chime.Email(email), pin
	}
	again("USER007@example.com", 4999)
	if met := insert(); met != store.UserEmail {
		t.Errorf("a taken address met %q", met)
	}
	again("other@example.com", 1007)
	if met := insert(); met != store.UserPIN {
		t.Errorf("a taken PIN met %q", met)
	}
	if n := len(s.emails(t)); n != count {
		t.Errorf("%d users afterwards, want %d", n, count)
	}
}
