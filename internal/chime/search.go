package chime

import (
	"slices"
	"strings"
)

// NumberSearch says which numbers of the stock are wanted. All of it holds at once.
type NumberSearch struct {
	Country string
	Type    NumberType
	Prefix  string // the number begins so, with its +
	State   string // folded; empty: any
	City    string // folded; empty: any
	Nothing bool   // the conditions exclude each other
}

// tollFreePrefixes are the area codes of toll-free numbers (documented: pattern of TollFreePrefix).
var tollFreePrefixes = []string{"800", "833", "844", "855", "866", "877", "888"}

// NumberQuery is a search as it was asked for. Empty members were not given.
type NumberQuery struct {
	Country, Type, AreaCode, State, City, TollFreePrefix string
}

// Search checks a query. In the United States one of AreaCode, City, State and TollFreePrefix is required, and City needs
// State; elsewhere PhoneNumberType is required and the only condition (documented: model SearchAvailablePhoneNumbers).
// Numbers of a place are local, and toll-free ones have none (decided).
func (q NumberQuery) Search() (NumberSearch, error) {
	s := NumberSearch{Country: q.Country, Type: NumberType(q.Type)}
	if s.Country == "" {
		s.Country = America
	}
	if s.Country != America {
		return s, q.checkElsewhere()
	}
	switch {
	case q.AreaCode == "" && q.City == "" && q.State == "" && q.TollFreePrefix == "":
		return s, BadRequest.Errorf("one of AreaCode, City, State and TollFreePrefix is required in the United States")
	case q.City != "" && q.State == "":
		return s, BadRequest.Errorf("State is required where City is given")
	case q.AreaCode != "" && !isAreaCode(q.AreaCode):
		return s, BadRequest.Errorf("AreaCode must be three digits, like 206")
	}
	s.State, s.City = FoldPlace(q.State), FoldPlace(q.City)
	s.Prefix = "+1" + q.AreaCode
	if q.AreaCode == "" {
		s.Prefix += q.TollFreePrefix
	}
	implied := Local
	if q.TollFreePrefix != "" || slices.Contains(tollFreePrefixes, q.AreaCode) {
		implied = TollFree
	}
	s.Nothing = s.Type != "" && s.Type != implied || implied == TollFree && s.State != "" ||
		q.AreaCode != "" && q.TollFreePrefix != "" && q.AreaCode != q.TollFreePrefix
	s.Type = implied
	return s, nil
}

func (q NumberQuery) checkElsewhere() error {
	switch {
	case q.Type == "":
		return BadRequest.Errorf("PhoneNumberType is required outside the United States")
	case q.AreaCode != "" || q.City != "" || q.State != "" || q.TollFreePrefix != "":
		return BadRequest.Errorf("AreaCode, City, State and TollFreePrefix are for the United States only")
	}
	return nil
}

func isAreaCode(s string) bool { return len(s) == 3 && strings.Trim(s, "0123456789") == "" }
