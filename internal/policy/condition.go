package policy

import (
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// operator is what a condition compares by.
type operator struct {
	form    form
	compare comparison
	negated bool // the condition holds where the comparison does not
}

// form is how the values of an operator look.
type form uint8

const (
	text form = iota
	textFold
	textLike
	arn
	number
	date
	boolean
	address
	null
)

type comparison uint8

const (
	equal comparison = iota
	less
	lessOrEqual
	greater
	greaterOrEqual
)

// operators are IAM's but for BinaryEquals, for which no key here has a value.
var operators = map[string]operator{
	"StringEquals":              {form: text},
	"StringNotEquals":           {form: text, negated: true},
	"StringEqualsIgnoreCase":    {form: textFold},
	"StringNotEqualsIgnoreCase": {form: textFold, negated: true},
	"StringLike":                {form: textLike},
	"StringNotLike":             {form: textLike, negated: true},
	"ArnEquals":                 {form: arn}, // the same as ArnLike
	"ArnNotEquals":              {form: arn, negated: true},
	"ArnLike":                   {form: arn},
	"ArnNotLike":                {form: arn, negated: true},
	"NumericEquals":             {form: number},
	"NumericNotEquals":          {form: number, negated: true},
	"NumericLessThan":           {form: number, compare: less},
	"NumericLessThanEquals":     {form: number, compare: lessOrEqual},
	"NumericGreaterThan":        {form: number, compare: greater},
	"NumericGreaterThanEquals":  {form: number, compare: greaterOrEqual},
	"DateEquals":                {form: date},
	"DateNotEquals":             {form: date, negated: true},
	"DateLessThan":              {form: date, compare: less},
	"DateLessThanEquals":        {form: date, compare: lessOrEqual},
	"DateGreaterThan":           {form: date, compare: greater},
	"DateGreaterThanEquals":     {form: date, compare: greaterOrEqual},
	"Bool":                      {form: boolean},
	"IpAddress":                 {form: address},
	"NotIpAddress":              {form: address, negated: true},
	"Null":                      {form: null},
}

// quantifier says how many of a key's values must fit.
type quantifier uint8

const (
	one quantifier = iota // of a key with several values: any, or none for an operator that negates (inferred)
	forAny
	forAll
)

// condition is one key of one operator, with the values that it is compared with. It has values of its operator's form.
type condition struct {
	operator
	ifExists   bool
	quantifier quantifier
	key        key

	patterns []pattern
	numbers  []float64
	dates    []int64 // Unix milliseconds
	networks []netip.Prefix
	flags    []bool
}

// holds reports whether the request meets the condition.
func (c *condition) holds(ctx *Context) bool {
	present := ctx.has(c.key)
	switch {
	case c.form == null:
		return slices.Contains(c.flags, !present)
	case !present:
		return c.ifExists || c.quantifier == forAll || c.negated && c.quantifier == one
	case c.key.known != other:
		return c.fitsKnown(ctx) != c.negated
	}
	all := c.quantifier == forAll || c.negated && c.quantifier == one
	for _, v := range ctx.more[c.key.name] {
		if fits := c.fits(v, ctx) != c.negated; fits != all {
			return fits
		}
	}
	return all
}

// fitsKnown compares the value of a key that a Context has a place for, without making a text of what is none.
func (c *condition) fitsKnown(ctx *Context) bool {
	switch {
	case c.form == address && c.key.known == sourceIP:
		return contains(c.networks, ctx.SourceIP)
	case c.form == date && (c.key.known == currentTime || c.key.known == epochTime):
		return compareAny(c.dates, ctx.Time.Truncate(time.Second).UnixMilli(), c.compare)
	case c.form == number && c.key.known == epochTime:
		return compareAny(c.numbers, float64(ctx.Time.Unix()), c.compare)
	}
	v, _ := ctx.single(c.key)
	return c.fits(v, ctx)
}

// fits reports whether v compares with one of the condition's values. A v that is not of their form does not.
func (c *condition) fits(v string, ctx *Context) bool {
	switch c.form {
	case text, textLike, arn:
		return anyMatches(c.patterns, v, ctx)
	case textFold:
		return slices.ContainsFunc(c.patterns, func(p pattern) bool { return p.equalsFold(v, ctx) })
	case number:
		n, ok := parseNumber(v)
		return ok && compareAny(c.numbers, n, c.compare)
	case date:
		at, ok := parseDate(v)
		return ok && compareAny(c.dates, at, c.compare)
	case boolean:
		b, ok := parseBool(v)
		return ok && slices.Contains(c.flags, b)
	}
	addr, err := netip.ParseAddr(v)
	return err == nil && contains(c.networks, addr)
}

func compareAny[T int64 | float64](list []T, v T, by comparison) bool {
	for _, bound := range list {
		var holds bool
		switch by {
		case equal:
			holds = v == bound
		case less:
			holds = v < bound
		case lessOrEqual:
			holds = v <= bound
		case greater:
			holds = v > bound
		case greaterOrEqual:
			holds = v >= bound
		}
		if holds {
			return true
		}
	}
	return false
}

func contains(networks []netip.Prefix, addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	for _, n := range networks {
		if n.Contains(addr) {
			return true
		}
	}
	return false
}

func parseNumber(s string) (float64, bool) {
	if strings.Trim(s, "0123456789+-.eE") != "" { // the parser also takes hexadecimal, infinity and what is no number
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil && !math.IsInf(n, 0)
}

func parseBool(s string) (value, ok bool) {
	value = strings.EqualFold(s, "true")
	return value, value || strings.EqualFold(s, "false")
}

const dateForm = "must be a time like 2026-01-31T12:00:00Z, a day like 2026-01-31, or seconds since 1970"

// dateForms are the profiles of ISO 8601 that IAM takes. Its years and months alone are refused, for they are easily taken
// for seconds since 1970 (decided).
var dateForms = [...]string{time.RFC3339, "2006-01-02T15:04Z07:00", time.DateOnly}

// parseDate returns milliseconds since 1970.
func parseDate(s string) (int64, bool) {
	if s != "" && strings.Trim(s, "0123456789") == "" {
		seconds, err := strconv.ParseInt(s, 10, 64)
		return seconds * 1000, err == nil && seconds < math.MaxInt64/1000
	}
	for _, form := range dateForms {
		if t, err := time.Parse(form, s); err == nil {
			return t.UnixMilli(), true
		}
	}
	return 0, false
}

const networkForm = "must be a network like 203.0.113.0/24 or 2001:db8::/32, or an address"

func parseNetwork(s string) (netip.Prefix, bool) {
	if addr, err := netip.ParseAddr(s); err == nil {
		if addr.Zone() != "" {
			return netip.Prefix{}, false
		}
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), true
	}
	n, err := netip.ParsePrefix(s)
	if err != nil || n.Addr().Is4In6() {
		return netip.Prefix{}, false
	}
	return n.Masked(), true
}
