package chime

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// NumberType is what it costs to call a number.
type NumberType string

// The number types.
const (
	Local    NumberType = "Local"
	TollFree NumberType = "TollFree"
)

// ProductType is what a number is used for.
type ProductType string

// The product types. Users can have BusinessCalling numbers alone (documented: administration guide).
const (
	BusinessCalling ProductType = "BusinessCalling"
	VoiceConnector  ProductType = "VoiceConnector"
	SipMedia        ProductType = "SipMediaApplicationDialIn"
)

// America is the country whose numbers can be searched by place.
const America = "US"

// StockNumber is a number that can be ordered, as long as nobody has it.
type StockNumber struct {
	Number       E164
	Country      string // two capital letters
	Type         NumberType
	City, State  string        // empty where they are not known
	ProductTypes []ProductType // that it can have; at least one
}

// Fits reports whether numbers of a country and type can have the product type: toll-free numbers are not for
// BusinessCalling, and those of other countries only for SipMediaApplicationDialIn (documented: model
// CreatePhoneNumberOrder).
func Fits(country string, t NumberType, p ProductType) bool {
	if country != America {
		return p == SipMedia
	}
	return t != TollFree || p != BusinessCalling
}

// ProductTypes returns the product types that numbers of a country and type can have.
func ProductTypes(country string, t NumberType) []ProductType {
	all := []ProductType{BusinessCalling, VoiceConnector, SipMedia}
	return slices.DeleteFunc(all, func(p ProductType) bool { return !Fits(country, t, p) })
}

func joinProducts(products []ProductType) string {
	names := make([]string, len(products))
	for i, p := range products {
		names[i] = string(p)
	}
	return strings.Join(names, ", ")
}

// CheckProduct refuses a product type that no number of this country and type can have.
func (n *StockNumber) CheckProduct(p ProductType) error { return checkProduct(n.Country, n.Type, p) }

func checkProduct(country string, t NumberType, p ProductType) error {
	switch {
	case Fits(country, t, p):
		return nil
	case country != America:
		return BadRequest.Errorf("ProductType must be SipMediaApplicationDialIn for numbers outside the United States")
	}
	return BadRequest.Errorf("ProductType must not be BusinessCalling for toll-free numbers")
}

// maxCity bounds the name of a city, in characters (decided).
const maxCity = 100

// NewStockNumber checks what was given for a number. Without product types it has all that fit (decided).
func NewStockNumber(number, country, numberType, city, state string, products []string) (*StockNumber, error) {
	e164, ok := ParseE164(strings.TrimSpace(number))
	if !ok {
		return nil, BadRequest.Errorf("E164PhoneNumber must be a telephone number in E.164 form, like +12065550100")
	}
	n := &StockNumber{Number: e164, Country: country, Type: NumberType(numberType), City: strings.TrimSpace(city),
		State: strings.ToUpper(strings.TrimSpace(state))}
	switch {
	case len(country) != 2 || strings.Trim(country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "":
		return nil, BadRequest.Errorf("Country must be a country code of two capital letters, like US")
	case country == America && !isAmerican(e164):
		return nil, BadRequest.Errorf("E164PhoneNumber must begin with +1 and have 11 digits in the United States")
	case n.Type != Local && n.Type != TollFree:
		return nil, BadRequest.Errorf("Type must be one of Local, TollFree")
	case utf8.RuneCountInString(n.City) > maxCity:
		return nil, BadRequest.Errorf("City must be at most %d characters", maxCity)
	case n.State != "" && (len(n.State) > 3 || strings.Trim(n.State, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != ""):
		return nil, BadRequest.Errorf("State must be a postal code like WA")
	case n.City != "" && n.State == "" && country == America:
		return nil, BadRequest.Errorf("State is required where City is given")
	}
	return n, n.setProducts(products)
}

func isAmerican(n E164) bool {
	return strings.HasPrefix(string(n), "+1") && len(n) == len("+12065550100")
}

func (n *StockNumber) setProducts(products []string) error {
	if len(products) == 0 {
		n.ProductTypes = ProductTypes(n.Country, n.Type)
		return nil
	}
	for _, s := range products {
		p := ProductType(s)
		if p != BusinessCalling && p != VoiceConnector && p != SipMedia {
			return BadRequest.Errorf("ProductTypes must be some of BusinessCalling, VoiceConnector, SipMediaApplicationDialIn")
		}
		if err := n.CheckProduct(p); err != nil {
			return err
		}
		if !slices.Contains(n.ProductTypes, p) {
			n.ProductTypes = append(n.ProductTypes, p)
		}
	}
	return nil
}

// FoldPlace returns the form in which cities and states are compared: without regard to case (decided).
func FoldPlace(s string) string { return strings.ToLower(strings.TrimSpace(s)) }
