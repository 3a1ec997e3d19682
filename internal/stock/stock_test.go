package stock_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/stock"
)

// all returns the numbers that a query finds.
func all(t *testing.T, q chime.NumberQuery) []chime.E164 {
	t.Helper()
	s, err := q.Search()
	if err != nil {
		t.Fatalf("%+v: %v", q, err)
	}
	var numbers []chime.E164
	for _, r := range stock.Search(s, "") {
		numbers = append(numbers, r.After("")...)
	}
	return numbers
}

func TestSearch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		query       chime.NumberQuery
		count       int
		first, last chime.E164
	}{
		{chime.NumberQuery{AreaCode: "206"}, 100, "+12065550100", "+12065550199"},
		{chime.NumberQuery{State: "wa", City: "SEATTLE "}, 100, "+12065550100", "+12065550199"},
		{chime.NumberQuery{State: "WA"}, 600, "+12065550100", "+15645550199"},
		{chime.NumberQuery{State: "IL", AreaCode: "312"}, 100, "+13125550100", "+13125550199"},
		{chime.NumberQuery{State: "WA", AreaCode: "312"}, 0, "", ""},
		{chime.NumberQuery{State: "IL", City: "Seattle"}, 0, "", ""},
		{chime.NumberQuery{State: "WA", City: "eattl"}, 0, "", ""},
		{chime.NumberQuery{State: "ZZ"}, 0, "", ""},
		{chime.NumberQuery{TollFreePrefix: "888"}, 100, "+18885550100", "+18885550199"},
		{chime.NumberQuery{AreaCode: "888"}, 100, "+18885550100", "+18885550199"},
		{chime.NumberQuery{TollFreePrefix: "800"}, 0, "", ""},
		{chime.NumberQuery{Country: "GB", Type: "Local"}, 1, "+441212345678", "+441212345678"},
		{chime.NumberQuery{Country: "GB", Type: "TollFree"}, 1, "+448001234567", "+448001234567"},
		{chime.NumberQuery{Country: "FR", Type: "Local"}, 0, "", ""},
	} {
		numbers := all(t, c.query)
		if len(numbers) != c.count || c.count > 0 && (numbers[0] != c.first || !slices.Contains(numbers, c.last)) {
			t.Errorf("%+v: %d numbers %.3v, want %d from %s with %s", c.query, len(numbers), numbers, c.count, c.first, c.last)
		}
		if !slices.IsSorted(numbers) {
			t.Errorf("%+v: not in order", c.query)
		}
	}
}

func TestSearchGoesOn(t *testing.T) {
	t.Parallel()
	s, err := chime.NumberQuery{State: "WA"}.Search()
	if err != nil {
		t.Fatal(err)
	}
	runs := stock.Search(s, "+12065550150")
	if got := runs[0].After("+12065550150"); len(got) != 49 || got[0] != "+12065550151" {
		t.Errorf("after +12065550150 come %d numbers from %v", len(got), got)
	}
	if runs := stock.Search(s, "+12065550199"); runs[0].First() == "+12065550100" {
		t.Error("a run that has ended is found")
	}
}

// TestStock looks at every number: its kind, its number of digits, and that Find knows it.
func TestStock(t *testing.T) {
	t.Parallel()
	states := map[string]bool{}
	seen := map[chime.E164]bool{}
	for country, types := range stock.Countries() {
		for _, kind := range types {
			for _, r := range stock.Search(chime.NumberSearch{Country: country, Type: kind, Prefix: "+"}, "") {
				for _, n := range r.After("") {
					got := stock.Find(n)
					if got == nil || got.Number != n || got.Country != country || got.Type != kind || seen[n] {
						t.Fatalf("Find(%s) = %+v, want one of type %s in %s, once", n, got, kind, country)
					}
					if parsed, ok := chime.ParseE164(string(n)); !ok || parsed != n {
						t.Errorf("%s is no E.164 number", n)
					}
					if country == "US" && (len(n) != 12 || !strings.Contains(string(n), "55501") || len(got.State) != 2 && kind == chime.Local) {
						t.Errorf("%s in %q may ring somebody", n, got.State)
					}
					seen[n] = true
					states[got.State] = true
				}
			}
		}
	}
	if len(states)-1 != 51 { // one of them is none, of toll-free numbers and other countries
		t.Errorf("there are numbers in %d states, want all 50 and DC", len(states)-1)
	}
	if len(stock.Countries()) != 16 || len(seen) < 35_000 {
		t.Errorf("%d numbers in %d countries", len(seen), len(stock.Countries()))
	}
	for _, n := range []chime.E164{"+12065550099", "+12065550200", "+12005550100", "+1", "+99999999999999", "+441212345679", "+4412123456780"} {
		if got := stock.Find(n); got != nil {
			t.Errorf("Find(%s) = %+v", n, got)
		}
	}
}
