// Package stock knows the numbers that can be ordered without anybody having loaded them. They ring nobody: 555-0100 to
// 555-0199 in every area code of the United States and behind its toll-free prefixes, and an example number of each type for
// other countries.
//
// It is pure. Its table is read when it is first asked for, so a server that nobody asks for numbers does not pay for it.
package stock

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/carillon-server/carillon/internal/chime"
)

//go:generate go run ../../cmd/stockgen

//go:embed stock.txt
var table string

// Run is a row of numbers that follow one another and are of one kind.
type Run struct {
	Country string
	Type    chime.NumberType
	State   string
	cities  string // folded, each between bars; only searched
	first   int64
	count   int64
}

// First returns the run's first number.
func (r *Run) First() chime.E164 { return e164(r.first) }

// Last returns the run's last number.
func (r *Run) Last() chime.E164 { return e164(r.first + r.count - 1) }

func e164(digits int64) chime.E164 { return chime.E164("+" + strconv.FormatInt(digits, 10)) }

func digits(n chime.E164) int64 {
	// No number has more digits than fit, and what is none compares as 0, which no run has.
	d, _ := strconv.ParseInt(string(n[1:]), 10, 64)
	return d
}

// After returns the run's numbers that come after n, or all of them if n is empty.
func (r *Run) After(n chime.E164) []chime.E164 {
	from := r.first
	if n != "" {
		from = max(from, digits(n)+1)
	}
	var all []chime.E164
	for d := from; d < r.first+r.count; d++ {
		all = append(all, e164(d))
	}
	return all
}

// fictional is how many numbers of an area code are for films and examples: 555-0100 to 555-0199.
const fictional = 100

// tollFree are the prefixes with numbers in stock. 800 has none, as Amazon's had none (observed).
var tollFree = []int64{833, 844, 855, 866, 877, 888}

// runs are all of the stock, in the order of the numbers' text.
var runs = sync.OnceValue(func() []Run {
	var all []Run
	for line := range strings.Lines(table) {
		if line[0] == '#' {
			continue
		}
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if f[0] == chime.America {
			all = append(all, Run{Country: f[0], Type: chime.Local, State: f[2],
				cities: "|" + strings.ToLower(f[3]) + "|", first: fiction(number(f[1])), count: fictional})
		} else {
			all = append(all, Run{Country: f[0], Type: chime.NumberType(f[1]), first: number(f[2][1:]), count: 1})
		}
	}
	for _, prefix := range tollFree {
		all = append(all, Run{Country: chime.America, Type: chime.TollFree, first: fiction(prefix), count: fictional})
	}
	slices.SortFunc(all, func(a, b Run) int { return strings.Compare(string(a.First()), string(b.First())) })
	return all
})

// fiction returns the first fictional number of an area code.
func fiction(areaCode int64) int64 { return 1_000_555_0100 + areaCode*1_000_0000 }

func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic(err) // the table is generated, and the tests read it
	}
	return n
}

// Find returns what the stock knows of a number, or nil if it is not in it.
func Find(n chime.E164) *chime.StockNumber {
	all := runs()
	i, exact := slices.BinarySearchFunc(all, n, func(r Run, n chime.E164) int { return strings.Compare(string(r.First()), string(n)) })
	if !exact {
		i--
	}
	if i < 0 {
		return nil
	}
	r := &all[i]
	if d := digits(n); d < r.first || d >= r.first+r.count {
		return nil
	}
	return &chime.StockNumber{Number: n, Country: r.Country, Type: r.Type, State: r.State, ProductTypes: chime.ProductTypes(r.Country, r.Type)}
}

// Search returns the runs in which a search finds numbers, those that end after the given number, in their order.
func Search(s chime.NumberSearch, after chime.E164) []Run {
	var found []Run
	for _, r := range runs() {
		if r.Country == s.Country && r.Type == s.Type && strings.HasPrefix(string(r.First()), s.Prefix) && r.Last() > after &&
			(s.State == "" || s.State == strings.ToLower(r.State)) && (s.City == "" || strings.Contains(r.cities, "|"+s.City+"|")) {
			found = append(found, r)
		}
	}
	return found
}

// Countries returns the countries with numbers in stock and the types of those, both in order.
func Countries() map[string][]chime.NumberType {
	all := map[string][]chime.NumberType{}
	for _, r := range runs() {
		if !slices.Contains(all[r.Country], r.Type) {
			all[r.Country] = append(all[r.Country], r.Type)
		}
	}
	for _, types := range all {
		slices.Sort(types)
	}
	return all
}
