// Command stockgen writes internal/stock/stock.txt: the area codes of the United States with their states and cities, and an
// example number of each type for other countries, all as the phone-number library has them. The library stays out of the
// server, which would pay for it in every start. It is run by `go generate` in the folder of package stock.
package main

import (
	"bytes"
	"cmp"
	"fmt"
	"log"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("stockgen: ")
	text, err := table()
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("stock.txt", text, 0o644); err != nil {
		log.Fatal(err)
	}
}

// countries are those other than the United States in which Amazon sold numbers (documented: administration guide).
var countries = []string{"AT", "AU", "CA", "CH", "DE", "DK", "FI", "GB", "IE", "IT", "KR", "NG", "NZ", "PR", "SE"}

func table() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("# Made by stockgen from github.com/nyaruka/phonenumbers, which has it from Google's libphonenumber.\n")
	for code := 200; code < 1000; code++ {
		if !isAmerican(code) {
			continue
		}
		a, err := look(code)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "US\t%d\t%s\t%s\n", code, a.state, strings.Join(a.cities, "|"))
	}
	for _, country := range countries {
		for _, kind := range []struct {
			name string
			of   phonenumbers.PhoneNumberType
		}{{"Local", phonenumbers.FIXED_LINE}, {"TollFree", phonenumbers.TOLL_FREE}} {
			if n := phonenumbers.GetExampleNumberForType(country, kind.of); n != nil {
				fmt.Fprintf(&b, "%s\t%s\t%s\n", country, kind.name, phonenumbers.Format(n, phonenumbers.E164))
			}
		}
	}
	return b.Bytes(), nil
}

// isAmerican reports whether an area code is one of the United States in which numbers belong to a place.
func isAmerican(code int) bool {
	n, err := phonenumbers.Parse(fmt.Sprintf("+1%d2345678", code), "")
	return err == nil && phonenumbers.GetRegionCodeForNumber(n) == "US" &&
		phonenumbers.GetNumberType(n) == phonenumbers.FIXED_LINE_OR_MOBILE
}

type area struct {
	state  string
	cities []string
}

// look asks the library where each exchange of an area code is. Its answers are "Seattle, WA" and "Washington State".
func look(code int) (area, error) {
	places, states := map[string]bool{}, map[string]int{}
	for exchange := 200; exchange < 1000; exchange++ {
		n, err := phonenumbers.Parse(fmt.Sprintf("+1%d%03d0100", code, exchange), "")
		if err != nil {
			return area{}, err
		}
		place, err := phonenumbers.GetGeocodingForNumber(n, "en")
		if err != nil {
			return area{}, err
		}
		_, state, isCity := strings.Cut(place, ", ")
		if isCity {
			places[place] = true
		} else {
			state = postal[place]
		}
		states[state]++
	}
	state := slices.MaxFunc(slices.Sorted(maps.Keys(states)), func(a, b string) int { return cmp.Compare(states[a], states[b]) })
	if len(state) != 2 {
		return area{}, fmt.Errorf("area code %d is in no state: %v", code, states)
	}
	var cities []string
	for _, place := range slices.Sorted(maps.Keys(places)) {
		if city, here := strings.CutSuffix(place, ", "+state); here { // some exchanges near a border serve the other side
			cities = append(cities, city)
		}
	}
	return area{state, cities}, nil
}

// postal is what the post calls the states.
var postal = map[string]string{
	"Alabama": "AL", "Alaska": "AK", "Arizona": "AZ", "Arkansas": "AR", "California": "CA", "Colorado": "CO",
	"Connecticut": "CT", "Delaware": "DE", "Florida": "FL", "Georgia": "GA", "Hawaii": "HI", "Idaho": "ID", "Illinois": "IL",
	"Indiana": "IN", "Iowa": "IA", "Kansas": "KS", "Kentucky": "KY", "Louisiana": "LA", "Maine": "ME", "Maryland": "MD",
	"Massachusetts": "MA", "Michigan": "MI", "Minnesota": "MN", "Mississippi": "MS", "Missouri": "MO", "Montana": "MT",
	"Nebraska": "NE", "Nevada": "NV", "New Hampshire": "NH", "New Jersey": "NJ", "New Mexico": "NM", "New York": "NY",
	"North Carolina": "NC", "North Dakota": "ND", "Ohio": "OH", "Oklahoma": "OK", "Oregon": "OR", "Pennsylvania": "PA",
	"Rhode Island": "RI", "South Carolina": "SC", "South Dakota": "SD", "Tennessee": "TN", "Texas": "TX", "Utah": "UT",
	"Vermont": "VT", "Virginia": "VA", "Washington D.C.": "DC", "Washington State": "WA", "West Virginia": "WV",
	"Wisconsin": "WI", "Wyoming": "WY",
}
