package api

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"
)

// An Operation is one row of the API.
type Operation struct {
	Name       string // CreateUser
	Method     string // POST
	Path       string // the template: /accounts/{accountId}/users
	QueryName  string // the fixed query item that tells the operation from others at its path, or empty
	QueryValue string
	Status     int    // the HTTP status of success
	ReadOnly   bool   // the operation changes nothing
	Extension  bool   // Carillon's own, not Amazon's
	Doc        string // what it does, in sentences; empty for Amazon's, whose model came without its prose

	Installation bool // it is about the whole installation, and for its root alone

	Errors []string // the declared exceptions, by name
	Input  *Structure
	Output *Structure

	// Invoke calls the operation's method of s with in, a pointer to the operation's input, and returns a pointer
	// to its output. The output is to be looked at only if the error is nil.
	Invoke func(ctx context.Context, s Operations, in any) (any, error)

	labels []*Field // the members in the path, in the order of the template
	query  []*Field // the members in the query
	body   bool     // some member is in the body
}

// An Exception is an error of the API: the name that clients catch, and its HTTP status.
type Exception struct {
	Name   string // NotFoundException
	Status int
}

// ByName returns the operation with that name, or nil. Case matters.
func ByName(name string) *Operation {
	i, found := slices.BinarySearchFunc(AllOperations, name, func(op *Operation, name string) int {
		return strings.Compare(op.Name, name)
	})
	if !found {
		return nil
	}
	return AllOperations[i]
}

// Location says which part of a request carries a member.
type Location uint8

const (
	Body Location = iota
	Path
	Query
)

// Kind is the form of a value.
type Kind uint8

const (
	KindString Kind = iota
	KindInteger
	KindBoolean
	KindTimestamp
	KindList // of strings or of structures
	KindStructure
)

// A Shape is the form of a value and the rules it must meet.
type Shape struct {
	Name      string
	Kind      Kind
	Min, Max  int // characters of a string, items of a list, value of an integer; 0 is no bound
	Pattern   *Pattern
	Enum      []string
	Sensitive bool       // values must not appear in messages, logs or audit records
	Elem      *Shape     // of a list
	Struct    *Structure // of a structure
}

// A Pattern is a regular expression for whole values.
type Pattern struct {
	*regexp.Regexp
	match func(string) bool
}

// Match reports whether s as a whole fits the pattern.
func (p *Pattern) Match(s string) bool { return p.match(s) }

// pattern compiles an anchored expression. Frequent expressions have a matcher written by hand.
func pattern(expr string) *Pattern {
	p := &Pattern{Regexp: regexp.MustCompile(expr)}
	p.match = p.MatchString
	if m := matchers[expr]; m != nil {
		p.match = m
	}
	return p
}

// A Field is one member of a structure.
type Field struct {
	Name             string // as on the wire, and in messages: AccountId
	In               Location
	WireName         string // in the path or query: accountId, max-results; in the body the same as Name
	Required         bool
	Box              bool   // a string whose absence differs from emptiness: *string in Go
	IdempotencyToken bool   // clients make one up where the caller gives none
	Doc              string // what it means, in sentences, where the name does not say it all
	Shape            *Shape

	// At takes a pointer to the structure and returns a pointer to the member in it: *string, or **string if
	// boxed; *int; *bool if required, else **bool; *time.Time; *[]string; *[]T or **T for a structure T.
	At func(s any) any

	bit       uint64 // its own among the structure's members
	key       string // "AccountId": with quotes and colon
	emptyFits bool   // a required string that may be empty
}

// A Structure is the table of a Go structure T.
type Structure struct {
	Name   string     // in Go: CreateUserInput
	Fields []Field    // by name, at most 64
	New    func() any // a *T

	required uint64 // the bits of the required members

	load   func(p any) any        // the *T in the **T p, or nil
	store  func(p, v any)         // puts the *T v in the **T p
	length func(p any) int        // of the []T at p, or -1 if it is nil
	item   func(p any, i int) any // a pointer to item i of the []T at p
	grow   func(p any) any        // adds an item to the []T at p and returns a pointer to it, valid until the next
	empty  func(p any)            // makes the []T at p empty but not nil
}

// structure completes the table of T.
func structure[T any](name string, fields []Field) *Structure {
	s := &Structure{
		Name:   name,
		Fields: fields,
		New:    func() any { return new(T) },
		load: func(p any) any {
			if v := *p.(**T); v != nil {
				return v
			}
			return nil
		},
		store: func(p, v any) { *p.(**T) = v.(*T) },
		length: func(p any) int {
			if list := *p.(*[]T); list != nil {
				return len(list)
			}
			return -1
		},
		item: func(p any, i int) any { return &(*p.(*[]T))[i] },
		grow: func(p any) any {
			list := p.(*[]T)
			*list = append(*list, *new(T))
			return &(*list)[len(*list)-1]
		},
		empty: func(p any) { *p.(*[]T) = []T{} },
	}
	for i := range s.Fields {
		f := &s.Fields[i]
		f.bit = 1 << i
		f.key = `"` + f.Name + `":`
		if f.Required {
			s.required |= f.bit
			f.emptyFits = f.Shape.Pattern != nil && f.Shape.Pattern.Match("")
		}
	}
	return s
}

// field returns the member with that name, or nil.
func (s *Structure) field(name []byte) *Field {
	for i := range s.Fields {
		if f := &s.Fields[i]; f.Name == string(name) {
			return f
		}
	}
	return nil
}

// operations completes the table of operations.
func operations(list []*Operation) []*Operation {
	for _, op := range list {
		for segment := range strings.SplitSeq(op.Path, "/") {
			if name, ok := labelName(segment); ok {
				i := slices.IndexFunc(op.Input.Fields, func(f Field) bool { return f.In == Path && f.WireName == name })
				op.labels = append(op.labels, &op.Input.Fields[i])
			}
		}
		for i := range op.Input.Fields {
			switch f := &op.Input.Fields[i]; f.In {
			case Query:
				op.query = append(op.query, f)
			case Body:
				op.body = true
			}
		}
	}
	return list
}

// labelName is the name in the braces of a template's segment.
func labelName(segment string) (name string, ok bool) {
	if len(segment) < 2 || segment[0] != '{' {
		return "", false
	}
	return segment[1 : len(segment)-1], true
}

// timeForm is how the API writes times: ISO 8601, UTC, milliseconds.
const timeForm = "2006-01-02T15:04:05.000Z"

// parseTime reads any RFC 3339 time, in UTC and milliseconds.
func parseTime(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, false
	}
	t = t.UTC().Truncate(time.Millisecond)
	return t, t.Year() >= 0 && t.Year() <= 9999
}
