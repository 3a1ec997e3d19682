// Package policy reads access policies in IAM's JSON and decides by them who may do what.
//
// It is pure: it reads its arguments, no clock and no store. A document is checked and compiled by [Parse]; deciding then
// costs about a microsecond and allocates nothing, but where a variable or a text operator asks for a time or an address.
// What is said of IAM here is documented in its user guide, unless it is marked otherwise.
package policy

import "strings"

// Policy is a document that was understood. It does not change, and is safe for concurrent use.
type Policy struct{ statements []statement }

type statement struct {
	sid          string
	deny         bool
	notActions   bool // the statement is about all actions but these
	actions      []pattern
	notResources bool
	resources    []pattern
	conditions   []condition // all must hold
}

// Action is what is asked for, such as chime:CreateUser. Make it once and use it often.
type Action struct{ name, folded string }

// NewAction returns the action of that name.
func NewAction(name string) Action { return Action{name, strings.ToLower(name)} }

func (a Action) String() string { return a.name }

// Request is what there is to decide about.
type Request struct {
	Action   Action
	Resource string // an ARN, or * where the action names nothing
	Context
}

// Verdict is the outcome of a decision. Its zero value denies.
type Verdict uint8

// The verdicts: nothing allows it, a statement allows it and none denies it, or a statement denies it.
const (
	ImplicitDeny Verdict = iota
	Allow
	ExplicitDeny
)

func (v Verdict) String() string { return [...]string{"implicit deny", "allow", "explicit deny"}[v] }

// Decision is a verdict and the statement that it rests on: the first that denies, or else the first that allows.
type Decision struct {
	Verdict   Verdict
	Policy    string // its name in the set; empty for an implicit deny
	Statement int    // from 1; 0 for an implicit deny
	Sid       string
}

// Named is a policy under the name by which people know it.
type Named struct {
	Name string
	*Policy
}

// Set is all the policies of a principal. An empty one allows nothing.
type Set []Named

// Decide looks at every statement of every policy: one that denies decides, whatever the others allow.
func (s Set) Decide(r *Request) Decision {
	var d Decision
	for _, p := range s {
		for i := range p.statements {
			st := &p.statements[i]
			if (d.Verdict == Allow && !st.deny) || !st.applies(r) {
				continue
			}
			d = Decision{Allow, p.Name, i + 1, st.sid}
			if st.deny {
				d.Verdict = ExplicitDeny
				return d
			}
		}
	}
	return d
}

func (s *statement) applies(r *Request) bool {
	if anyMatches(s.actions, r.Action.folded, &r.Context) == s.notActions ||
		anyMatches(s.resources, r.Resource, &r.Context) == s.notResources {
		return false
	}
	for i := range s.conditions {
		if !s.conditions[i].holds(&r.Context) {
			return false
		}
	}
	return true
}
