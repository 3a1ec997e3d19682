package main

import (
	"slices"
	"strings"
	"unicode"
)

// field is what a column of an import can be.
type field struct {
	name     string   // what an export and --map call it
	aliases  []string // what else files call it, as columnKey has it; the more likely ones first
	exported bool     // it is in an export and cannot be imported
}

// Where a column that is no field's goes.
const (
	leftOut = -1
	unknown = -2
)

// columnKey is how the names of columns are compared: letters and digits only, whatever their case.
func columnKey(s string) string {
	s, _, _ = strings.Cut(s, "[") // "Email Address [Required]" of Google's export
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// rank says how well a column's name says that it is the field: 0 best, -1 not at all.
func (f *field) rank(name string) int {
	if strings.HasPrefix(name, "#") || strings.HasPrefix(f.name, "#") {
		return map[bool]int{true: 0, false: -1}[name == f.name]
	}
	key := columnKey(name)
	if key == columnKey(f.name) {
		return 0
	}
	if i := slices.Index(f.aliases, key); i >= 0 {
		return i + 1
	}
	return -1
}

// columnRules say what the columns of a file mean.
type columnRules struct {
	Map           map[string]string `mapsep:"none" placeholder:"COLUMN=FIELD" help:"What a column of the file is, such as 'E-Mail=Email'; nothing behind the = leaves it out. The usual names are known."`
	IgnoreUnknown bool              `help:"Leave out the columns that are not known."`

	fields []field
}

// fieldNamed returns the index of a field, or unknown.
func (c *columnRules) fieldNamed(name string) int {
	return slices.IndexFunc(c.fields, func(f field) bool { return !f.exported && strings.EqualFold(f.name, name) })
}

// check refuses a map that cannot be meant.
func (c *columnRules) check() error {
	for column, name := range c.Map {
		if name != "" && c.fieldNamed(name) < 0 {
			return usagef("--map %s=%s: %s is none of %s%s", column, name, name, strings.Join(c.names(), ", "), didYouMean(name, c.names()))
		}
	}
	return nil
}

// names returns the names of the fields that can be imported.
func (c *columnRules) names() []string {
	var names []string
	for _, f := range c.fields {
		if !f.exported {
			names = append(names, f.name)
		}
	}
	return names
}

// resolve returns for each column which field it is, or leftOut or unknown. Of several columns that could be one field the
// one whose name says so best is it, and the others are left out.
func (c *columnRules) resolve(columns []string) []int {
	to := make([]int, len(columns))
	best := map[int]int{} // which column is a field
	for at, name := range columns {
		to[at] = unknown
		if strings.TrimSpace(name) == "" || c.IgnoreUnknown {
			to[at] = leftOut
		}
		if mapped, ok := c.mapped(name); ok {
			if to[at] = leftOut; mapped != "" {
				to[at] = c.fieldNamed(mapped)
				best[to[at]] = at
			}
		}
	}
	for i := range c.fields {
		if _, ok := best[i]; ok {
			c.yield(columns, to, i, best[i])
			continue
		}
		found, foundRank := -1, 0
		for at, name := range columns {
			if _, ok := c.mapped(name); ok {
				continue
			}
			if rank := c.fields[i].rank(name); rank >= 0 && (found < 0 || rank < foundRank) {
				found, foundRank = at, rank
			}
		}
		if found < 0 {
			continue
		}
		c.yield(columns, to, i, found)
		if to[found] = i; c.fields[i].exported {
			to[found] = leftOut
		}
	}
	return to
}

// yield leaves the other columns out that could be the field.
func (c *columnRules) yield(columns []string, to []int, field, at int) {
	for other, name := range columns {
		if other != at && to[other] == unknown && c.fields[field].rank(name) >= 0 {
			to[other] = leftOut
		}
	}
}

// mapped returns what --map says of a column.
func (c *columnRules) mapped(column string) (string, bool) {
	for name, to := range c.Map {
		if strings.TrimSpace(name) == strings.TrimSpace(column) {
			return to, true
		}
	}
	return "", false
}

// requireKnown refuses columns that nobody knows, all of them by their names, and files without a column for the first field.
func (c *columnRules) requireKnown(columns []string, to []int, required ...int) error {
	var strange []string
	for at, field := range to {
		if field == unknown {
			strange = append(strange, columns[at])
		}
	}
	for _, i := range required {
		if !slices.Contains(to, i) {
			return usagef("no column is %[1]s; the file has %[2]s\nsay which one is it with --map 'COLUMN=%[1]s'", c.fields[i].name, strings.Join(columns, ", "))
		}
	}
	if len(strange) > 0 {
		return usagef("not known: the columns %s; known are %s and their usual names\nsay what they are with --map '%s=FIELD', or leave them out with --ignore-unknown",
			strings.Join(strange, ", "), strings.Join(c.names(), ", "), strange[0])
	}
	return nil
}

// unknownColumn returns a column of a row that has a value and that nobody knows. Names of JSON members come with the rows.
func unknownColumn(values []string, to []int) (at int, found bool) {
	for at, field := range to {
		if field == unknown && at < len(values) && values[at] != "" {
			return at, true
		}
	}
	return 0, false
}
