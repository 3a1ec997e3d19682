package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/store"
)

const otherTenant chime.Tenant = 999999999999

func (s *suite) number(e164 chime.E164) *chime.Number {
	return &chime.Number{
		Tenant: tenant, Number: e164, Country: "US", Type: chime.Local, ProductType: chime.BusinessCalling,
		ProductTypes: []chime.ProductType{chime.BusinessCalling, chime.VoiceConnector}, Acquired: true,
		CreatedAt: chimetest.Start, UpdatedAt: chimetest.Start,
	}
}

// take puts the number into a tenant's inventory, and returns chime.Conflict if somebody has it.
func (s *suite) take(ctx context.Context, of chime.Tenant, n *chime.Number) error {
	return s.Update(ctx, of, func(tx *store.Tx) error {
		if tx.Met() != store.NoPromise {
			return chime.Conflict.Errorf("met %s", tx.Met())
		}
		tx.InsertNumber(n)
		return nil
	})
}

func (s *suite) viewAs(t *testing.T, of chime.Tenant, fn func(*store.Tx) error) {
	t.Helper()
	if err := s.View(t.Context(), of, fn); err != nil {
		t.Fatalf("View: %v", err)
	}
}

func numberRoundTrip(t *testing.T, s *suite) {
	bare, full := s.number("+12065550100"), s.number("+12065550101")
	full.Acquired = false
	full.DeletedAt, full.UpdatedAt = chimetest.Start.Add(time.Hour), chimetest.Start.Add(2*time.Hour)
	full.AccountID, full.UserID, full.AssociatedAt = s.account.ID, s.source.NewID(), chimetest.Start.Add(time.Minute)
	full.CallingName, full.NamedAt = "Example", chimetest.Start.Add(time.Second)
	for _, want := range []*chime.Number{bare, full} {
		if err := s.take(t.Context(), tenant, want); err != nil {
			t.Fatalf("InsertNumber: %v", err)
		}
	}
	check := func(want *chime.Number) {
		t.Helper()
		s.view(t, func(tx *store.Tx) error {
			got, err := tx.Number(want.Number)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Number (-want +got):\n%s", diff)
			}
			return err
		})
		s.viewAs(t, otherTenant, func(tx *store.Tx) error {
			got, err := tx.Number(want.Number)
			if got != nil {
				t.Errorf("another tenant sees %+v", got)
			}
			return err
		})
	}
	check(bare)
	check(full)
	full.Release(s.source)
	full.Acquire(s.source)
	full.DeletedAt, full.NamedAt = time.Time{}, time.Time{}
	full.ProductType = chime.VoiceConnector
	s.update(t, func(tx *store.Tx) error { tx.UpdateNumber(full); return nil })
	check(full)
	s.update(t, func(tx *store.Tx) error { tx.DeleteNumber(full); return nil })
	s.view(t, func(tx *store.Tx) error {
		got, err := tx.Number(full.Number)
		if got != nil {
			t.Errorf("a deleted number is there: %+v", got)
		}
		return err
	})
	if err := s.take(t.Context(), otherTenant, full); err != nil {
		t.Errorf("another tenant takes a number that was deleted: %v", err)
	}
}

// oneHolder lets tenants race for numbers: each has one holder, as the hold and the inventories say alike.
func oneHolder(t *testing.T, s *suite) {
	var all sync.WaitGroup
	var mu sync.Mutex
	won := map[chime.E164]int{}
	for i := range 60 {
		n := s.number(chime.E164(fmt.Sprintf("+1206555010%d", i%3)))
		of := chime.Tenant(i/3%4 + 1)
		all.Go(func() {
			err := s.take(t.Context(), of, n)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won[n.Number]++
			} else if !errors.Is(err, chime.Conflict) {
				t.Errorf("InsertNumber: %v", err)
			}
		})
	}
	all.Wait()
	for _, number := range []chime.E164{"+12065550100", "+12065550101", "+12065550102"} {
		has := 0
		for of := range chime.Tenant(5) {
			s.viewAs(t, of, func(tx *store.Tx) error {
				n, err := tx.Number(number)
				if n != nil {
					has++
				}
				return err
			})
		}
		if won[number] != 1 || has != 1 {
			t.Errorf("%d callers won %s and %d tenants have it, want 1 and 1", won[number], number, has)
		}
		s.viewAs(t, 7, func(tx *store.Tx) error {
			held, err := tx.IsHeld(number)
			if !held {
				t.Errorf("nobody holds %s", number)
			}
			return err
		})
	}
}

func userNumberUnique(t *testing.T, s *suite) {
	first, second := s.user(t, "a@example.com"), s.user(t, "b@example.com")
	first.Number = "+12065550100"
	for _, u := range []*chime.User{first, second} {
		if err := s.insert(t.Context(), tenant, u); err != nil {
			t.Fatal(err)
		}
	}
	s.view(t, func(tx *store.Tx) error {
		got, err := tx.User(s.account.ID, first.ID)
		if diff := cmp.Diff(first, got); diff != "" {
			t.Errorf("User (-want +got):\n%s", diff)
		}
		return err
	})
	give := func(u *chime.User, n chime.E164) (met store.Promise) {
		t.Helper()
		err := s.Update(t.Context(), tenant, func(tx *store.Tx) error {
			if met = tx.Met(); met != store.NoPromise {
				return chime.Conflict.Errorf("met %s", met)
			}
			u.Number = n
			tx.UpdateUser(u)
			return nil
		})
		if err != nil && !errors.Is(err, chime.Conflict) {
			t.Fatalf("UpdateUser: %v", err)
		}
		return met
	}
	if met := give(second, "+12065550100"); met != store.UserNumber {
		t.Errorf("a second user of a number meets %q", met)
	}
	if met := give(first, ""); met != store.NoPromise {
		t.Errorf("taking the number away meets %q", met)
	}
	if met := give(second, "+12065550100"); met != store.NoPromise {
		t.Errorf("the next user of the number meets %q", met)
	}
}

func numberPages(t *testing.T, s *suite) {
	user := s.source.NewID()
	for i := range 12 {
		n := s.number(chime.E164(fmt.Sprintf("+120655501%02d", i)))
		switch i % 4 {
		case 0:
			n.Acquired = false
		case 1:
			n.AccountID, n.UserID, n.AssociatedAt = s.account.ID, s.source.NewID(), chimetest.Start
			if i == 1 {
				n.UserID = user
			}
		case 2:
			n.DeletedAt = chimetest.Start.Add(time.Duration(i) * time.Hour)
			n.ProductType = chime.VoiceConnector
		}
		if err := s.take(t.Context(), tenant, n); err != nil {
			t.Fatal(err)
		}
	}
	unknown := s.source.NewID()
	for _, c := range []struct {
		name   string
		filter store.NumberFilter
		at     time.Duration
		want   []int
	}{
		{"all", store.NumberFilter{}, 0, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
		{"all, some gone", store.NumberFilter{}, chime.QueueTime + 6*time.Hour, []int{0, 1, 3, 4, 5, 7, 8, 9, 10, 11}},
		{"being acquired", store.NumberFilter{Status: chime.AcquireInProgress}, 0, []int{0, 4, 8}},
		{"assigned", store.NumberFilter{Status: chime.Assigned}, 0, []int{1, 5, 9}},
		{"in the queue", store.NumberFilter{Status: chime.ReleaseInProgress}, 0, []int{2, 6, 10}},
		{"unassigned", store.NumberFilter{Status: chime.Unassigned}, 0, []int{3, 7, 11}},
		{"product", store.NumberFilter{ProductType: chime.VoiceConnector}, 0, []int{2, 6, 10}},
		{"account", store.NumberFilter{AccountID: &s.account.ID, ProductType: chime.BusinessCalling}, 0, []int{1, 5, 9}},
		{"user", store.NumberFilter{UserID: &user}, 0, []int{1}},
		{"user of an account", store.NumberFilter{UserID: &user, AccountID: &s.account.ID, ProductType: chime.BusinessCalling, Status: chime.Assigned}, 0, []int{1}},
		{"unknown user", store.NumberFilter{UserID: &unknown}, 0, nil},
	} {
		for _, limit := range []int{1, 2, 100} {
			var got []int
			s.view(t, func(tx *store.Tx) error {
				for after := chime.E164(""); ; {
					page, err := tx.Numbers(c.filter, chimetest.Start.Add(c.at), after, limit)
					if err != nil || len(page) == 0 {
						return err
					}
					for _, n := range page {
						after = n.Number
						got = append(got, int(after[10]-'0')*10+int(after[11]-'0'))
					}
				}
			})
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s in pages of %d (-want +got):\n%s", c.name, limit, diff)
			}
		}
	}
	s.view(t, func(tx *store.Tx) error {
		all, err1 := tx.CountNumbers(100)
		some, err2 := tx.CountNumbers(5)
		if all != 9 || some != 5 {
			t.Errorf("CountNumbers = %d, and %d up to 5; want 9 and 5", all, some)
		}
		held, err3 := tx.HeldNumbers("+12065550102", "+12065550104")
		if len(held) != 3 || *held[0] != "+12065550102" || *held[2] != "+12065550104" {
			t.Errorf("HeldNumbers = %v", held)
		}
		return errors.Join(err1, err2, err3)
	})
}

func stockOf(t *testing.T, number, country, kind, city, state string) *chime.StockNumber {
	t.Helper()
	n, err := chime.NewStockNumber(number, country, kind, city, state, nil)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func numberStock(t *testing.T, s *suite) {
	var numbers []*chime.StockNumber
	for i := range 250 { // more than a statement takes
		city := "Seattle"
		if i%2 == 1 {
			city = "Tukwila"
		}
		numbers = append(numbers, stockOf(t, fmt.Sprintf("+12065551%03d", i), "US", "Local", city, "WA"))
	}
	numbers = append(numbers,
		stockOf(t, "+15095551000", "US", "Local", "", "WA"),
		stockOf(t, "+13125551000", "US", "Local", "Chicago", "IL"),
		stockOf(t, "+18885551000", "US", "TollFree", "", ""),
		stockOf(t, "+33123456789", "FR", "Local", "Paris", ""),
	)
	held := s.number("+12065551000")
	if err := s.take(t.Context(), otherTenant, held); err != nil {
		t.Fatal(err)
	}
	for range 2 { // an import can be made again
		s.update(t, func(tx *store.Tx) error { return tx.ImportNumbers(numbers) })
	}
	if err := s.take(t.Context(), tenant, s.number("+12065551002")); err != nil {
		t.Fatal(err)
	}
	search := func(q chime.NumberQuery) (found []chime.E164) {
		t.Helper()
		c, err := q.Search()
		if err != nil {
			t.Fatal(err)
		}
		s.view(t, func(tx *store.Tx) error {
			for after := chime.E164(""); ; {
				page, err := tx.SearchStock(c, after, 7)
				if err != nil || len(page) == 0 {
					return err
				}
				for _, n := range page {
					found = append(found, *n)
					after = *n
				}
			}
		})
		return found
	}
	for _, c := range []struct {
		query chime.NumberQuery
		count int
		first chime.E164
	}{
		{chime.NumberQuery{State: "WA"}, 249, "+12065551001"},
		{chime.NumberQuery{State: "wa", City: "seattle"}, 123, "+12065551004"},
		{chime.NumberQuery{State: "WA", City: "Tukwila", AreaCode: "206"}, 125, "+12065551001"},
		{chime.NumberQuery{State: "WA", AreaCode: "509"}, 1, "+15095551000"},
		{chime.NumberQuery{AreaCode: "206"}, 248, "+12065551001"},
		{chime.NumberQuery{AreaCode: "207"}, 0, ""},
		{chime.NumberQuery{TollFreePrefix: "888"}, 1, "+18885551000"},
		{chime.NumberQuery{Country: "FR", Type: "Local"}, 1, "+33123456789"},
		{chime.NumberQuery{Country: "FR", Type: "TollFree"}, 0, ""},
	} {
		found := search(c.query)
		if len(found) != c.count || c.count > 0 && found[0] != c.first || !slices.IsSorted(found) {
			t.Errorf("%+v: %d numbers %.2v, want %d from %s, in order", c.query, len(found), found, c.count, c.first)
		}
	}
	s.view(t, func(tx *store.Tx) error {
		countries, err1 := tx.StockCountries()
		want := []store.CountryType{{Country: "FR", Type: chime.Local}, {Country: "US", Type: chime.Local}, {Country: "US", Type: chime.TollFree}}
		if diff := cmp.Diff(want, countries); diff != "" {
			t.Errorf("StockCountries (-want +got):\n%s", diff)
		}
		got, err2 := tx.StockNumber("+12065551000")
		if got == nil || got.Available || got.City != "Seattle" || len(got.ProductTypes) != 3 {
			t.Errorf("a number that is held is %+v", got)
		}
		page, err3 := tx.Stock("+12065551248", 2)
		if len(page) != 2 || page[0].Number != "+12065551249" || !page[0].Available || page[1].Number != "+13125551000" {
			t.Errorf("Stock = %+v", page)
		}
		return errors.Join(err1, err2, err3)
	})
	if err := s.Update(t.Context(), otherTenant, func(tx *store.Tx) error { tx.DeleteNumber(held); return nil }); err != nil {
		t.Fatal(err)
	}
	if found := search(chime.NumberQuery{State: "WA"}); len(found) != 250 || found[0] != "+12065551000" {
		t.Errorf("once it is let go, the number is not to be had: %d, %.1v", len(found), found)
	}
	s.update(t, func(tx *store.Tx) error { tx.RemoveStock("+12065551000"); return nil })
	if found := search(chime.NumberQuery{State: "WA"}); len(found) != 249 {
		t.Errorf("once it is removed, the number is to be had: %d", len(found))
	}
}

func numberOrders(t *testing.T, s *suite) {
	var want []*chime.Order
	for i := range 3 {
		o := chime.NewOrder(s.source, tenant, chime.VoiceConnector)
		for j := range i + 1 {
			o.Lines = append(o.Lines, chime.OrderLine{Number: chime.E164(fmt.Sprintf("+1206555010%d", j)), Acquired: j%2 == 0})
		}
		want = append(want, o)
		s.update(t, func(tx *store.Tx) error { tx.InsertOrder(o); return nil })
	}
	want[1].Finish(s.source)
	s.update(t, func(tx *store.Tx) error { tx.UpdateOrder(want[1]); return nil })
	s.view(t, func(tx *store.Tx) error {
		all, err1 := tx.Orders(chime.ID{}, 10)
		if diff := cmp.Diff(want, all); diff != "" {
			t.Errorf("Orders (-want +got):\n%s", diff)
		}
		next, err2 := tx.Orders(want[0].ID, 1)
		if diff := cmp.Diff(want[1:2], next); diff != "" {
			t.Errorf("the second page (-want +got):\n%s", diff)
		}
		one, err3 := tx.Order(want[2].ID)
		if diff := cmp.Diff(want[2], one); diff != "" {
			t.Errorf("Order (-want +got):\n%s", diff)
		}
		return errors.Join(err1, err2, err3)
	})
	s.viewAs(t, otherTenant, func(tx *store.Tx) error {
		all, err1 := tx.Orders(chime.ID{}, 10)
		one, err2 := tx.Order(want[0].ID)
		if len(all) > 0 || one != nil {
			t.Errorf("another tenant sees %v %v", all, one)
		}
		return errors.Join(err1, err2)
	})
}

func numberSettings(t *testing.T, s *suite) {
	for _, want := range []chime.NumberSettings{{CallingName: "Example", UpdatedAt: chimetest.Start}, {UpdatedAt: chimetest.Start.Add(time.Hour)}} {
		s.update(t, func(tx *store.Tx) error { tx.PutNumberSettings(&want); return nil })
		s.view(t, func(tx *store.Tx) error {
			got, err := tx.NumberSettings()
			if got == nil || *got != want {
				t.Errorf("NumberSettings = %+v, want %+v", got, want)
			}
			return err
		})
	}
	s.viewAs(t, otherTenant, func(tx *store.Tx) error {
		got, err := tx.NumberSettings()
		if got == nil || *got != (chime.NumberSettings{}) {
			t.Errorf("another tenant's NumberSettings = %+v", got)
		}
		return err
	})
}

func dialOuts(t *testing.T, s *suite) {
	var want []*store.DialOut
	for range 3 {
		d := &store.DialOut{ID: s.source.NewID(), Meeting: "m", From: "+12065550100", To: "+12065550101", By: "arn", AskedAt: chimetest.Start}
		want = append(want, d)
		s.update(t, func(tx *store.Tx) error { tx.InsertDialOut(d); return nil })
	}
	s.view(t, func(tx *store.Tx) error {
		got, err := tx.DialOuts(want[0].ID, 10)
		if diff := cmp.Diff(want[1:], got); diff != "" {
			t.Errorf("DialOuts (-want +got):\n%s", diff)
		}
		return err
	})
	s.viewAs(t, otherTenant, func(tx *store.Tx) error {
		got, err := tx.DialOuts(chime.ID{}, 10)
		if len(got) > 0 {
			t.Errorf("another tenant sees %v", got)
		}
		return err
	})
}

func advance(t *testing.T, s *suite) {
	for _, want := range []time.Duration{0, time.Hour, 200 * 24 * time.Hour} {
		if want > 0 {
			s.update(t, func(tx *store.Tx) error { tx.SetAdvance(want); return nil })
		}
		got, err := s.Advance(t.Context())
		if got != want || err != nil {
			t.Errorf("Advance = %v, %v; want %v", got, err, want)
		}
	}
}
