package ops

import (
	"context"
	"maps"
	"slices"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/stock"
)

// The parts of what a search finds.
const (
	imported byte = iota
	fictional
)

// offer is a number that a search found.
type offer struct {
	part   byte
	number chime.E164
}

// SearchAvailablePhoneNumbers finds numbers that nobody has: those that were imported, then fictional ones, each in the
// order of their digits (decided). What may be searched for is documented: model SearchAvailablePhoneNumbers. Nothing found
// is an empty list (observed).
func (c *Call) SearchAvailablePhoneNumbers(_ context.Context, in *api.SearchAvailablePhoneNumbersInput) (*api.SearchAvailablePhoneNumbersOutput, error) {
	search, err := chime.NumberQuery{
		Country: in.Country, Type: in.PhoneNumberType, AreaCode: in.AreaCode, State: in.State, City: in.City,
		TollFreePrefix: in.TollFreePrefix,
	}.Search()
	if err != nil {
		return nil, err
	}
	p, err := c.page(in.NextToken, in.MaxResults, defaultSearchPage, "SearchAvailablePhoneNumbers",
		search.Country, string(search.Type), search.Prefix, search.State, search.City)
	if err != nil {
		return nil, err
	}
	out := &api.SearchAvailablePhoneNumbersOutput{E164PhoneNumbers: []string{}}
	if search.Nothing {
		return out, nil
	}
	part, after := numberAt(p.after)
	var found []offer
	if part == imported {
		numbers, err := c.Tx.SearchStock(search, after, p.limit+1)
		if err != nil {
			return nil, err
		}
		for _, n := range numbers {
			found = append(found, offer{imported, *n})
		}
		after = ""
	}
	if found, err = c.addFictional(found, search, after, p.limit+1); err != nil {
		return nil, err
	}
	found, out.NextToken = cut(p, found, func(o offer) chime.ID { return position(o.part, o.number) })
	for _, o := range found {
		out.E164PhoneNumbers = append(out.E164PhoneNumbers, string(o.number))
	}
	return out, nil
}

// addFictional adds fictional numbers until limit numbers are found. Only those who are held in the same runs are looked at.
func (c *Call) addFictional(found []offer, search chime.NumberSearch, after chime.E164, limit int) ([]offer, error) {
	for _, run := range stock.Search(search, after) {
		if len(found) >= limit {
			break
		}
		held, err := c.Tx.HeldNumbers(run.First(), run.Last())
		if err != nil {
			return nil, err
		}
		for _, n := range run.After(after) {
			for len(held) > 0 && *held[0] < n {
				held = held[1:]
			}
			if len(found) < limit && (len(held) == 0 || *held[0] != n) {
				found = append(found, offer{fictional, n})
			}
		}
	}
	return found, nil
}

// ListSupportedPhoneNumberCountries lists the countries whose numbers can have the product type: the United States, and for
// SipMediaApplicationDialIn those for which Amazon documented requirements (inferred: the contents were never published), and
// those of imported numbers.
func (c *Call) ListSupportedPhoneNumberCountries(_ context.Context, in *api.ListSupportedPhoneNumberCountriesInput) (*api.ListSupportedPhoneNumberCountriesOutput, error) {
	countries := stock.Countries()
	more, err := c.Tx.StockCountries()
	if err != nil {
		return nil, err
	}
	for _, m := range more {
		if !slices.Contains(countries[m.Country], m.Type) {
			countries[m.Country] = append(countries[m.Country], m.Type)
		}
	}
	out := &api.ListSupportedPhoneNumberCountriesOutput{PhoneNumberCountries: []api.PhoneNumberCountry{}}
	for _, country := range slices.Sorted(maps.Keys(countries)) {
		var types []string
		for _, t := range countries[country] {
			if chime.Fits(country, t, chime.ProductType(in.ProductType)) {
				types = append(types, string(t))
			}
		}
		if len(types) > 0 {
			slices.Sort(types)
			out.PhoneNumberCountries = append(out.PhoneNumberCountries, api.PhoneNumberCountry{CountryCode: country, SupportedPhoneNumberTypes: types})
		}
	}
	return out, nil
}
