package policy

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// How large policies may be, in characters that are not white space. IAM has the same limits.
const (
	MaxSize       = 6144 // of one document
	MaxInlineSize = 2048 // of all inline policies of a principal together
)

// maxBytes is the longest document that is looked at.
const maxBytes = 128 << 10

// Versions of the language. Only the newer has variables.
const (
	version2012 = "2012-10-17"
	version2008 = "2008-10-17"
)

// Size returns how many characters of a document count.
func Size(document string) int {
	return utf8.RuneCountInString(document) - strings.Count(document, " ") - strings.Count(document, "\t") -
		strings.Count(document, "\r") - strings.Count(document, "\n")
}

// Parse reads the document of an identity policy. The error is a [SyntaxError].
func Parse(document string) (*Policy, error) {
	p, err := parse(document)
	var wrong *offsetError
	if errors.As(err, &wrong) {
		line, column := position([]byte(document), wrong.at)
		return nil, &SyntaxError{line, column, wrong.message}
	}
	return p, err
}

func parse(document string) (*Policy, error) {
	if len(document) > maxBytes || Size(document) > MaxSize {
		return nil, &offsetError{0, "the policy is too large; at most 6144 characters may be other than white space"}
	}
	top, err := readDocument([]byte(document))
	if err != nil {
		return nil, err
	}
	if top.raw.Kind() != '{' {
		return nil, top.errorf("a policy must be a JSON object with Version and Statement")
	}
	var r reader
	var statements *node
	err = top.members(func(name string, at, v node) error {
		switch name {
		case "Version":
			version := v.text()
			if v.raw.Kind() != '"' || version != version2012 && version != version2008 {
				return v.errorf("Version must be %q, or %q for a policy without variables", version2012, version2008)
			}
			r.variables = version == version2012
		case "Id":
			if v.raw.Kind() != '"' {
				return v.errorf("Id must be a string")
			}
		case "Statement":
			statements = &v
		default:
			return unknownElement(at, name, "Version, Id, Statement")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if statements == nil {
		return nil, top.errorf("Statement is missing; it must be an object or a list of objects with Effect, Action and Resource")
	}
	if err := statements.items(r.statement); err != nil {
		return nil, err
	}
	if len(r.policy.statements) == 0 {
		return nil, statements.errorf("Statement must not be empty")
	}
	return &r.policy, nil
}

// reader reads the statements of a policy.
type reader struct {
	policy    Policy
	variables bool
}

const statementElements = "Sid, Effect, Action or NotAction, Resource or NotResource, Condition"

func (r *reader) statement(n node) error {
	if n.raw.Kind() != '{' {
		return n.errorf("a statement must be an object with %s", statementElements)
	}
	var s statement
	var effect bool
	err := n.members(func(name string, at, v node) (err error) {
		switch name {
		case "Sid":
			s.sid, err = r.sid(v)
		case "Effect":
			effect = true
			s.deny, err = effectOf(v)
		case "Action", "NotAction":
			if s.actions != nil {
				return at.errorf("a statement must have Action or NotAction, not both")
			}
			s.notActions = name == "NotAction"
			s.actions, err = patterns(v, name, "a string like chime:GetUser", actionOf)
		case "Resource", "NotResource":
			if s.resources != nil {
				return at.errorf("a statement must have Resource or NotResource, not both")
			}
			s.notResources = name == "NotResource"
			s.resources, err = patterns(v, name, resourceForm, r.resourceOf)
		case "Condition":
			s.conditions, err = r.conditions(v)
		case "Principal", "NotPrincipal":
			return at.errorf("%s must not be in a policy of a principal: it applies to whom it is attached to", name)
		default:
			return unknownElement(at, name, statementElements)
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case !effect:
		return n.errorf("Effect is missing; it must be Allow or Deny")
	case s.actions == nil:
		return n.errorf("Action is missing; a statement must have Action or NotAction")
	case s.resources == nil:
		return n.errorf("Resource is missing; a statement must have Resource or NotResource")
	}
	r.policy.statements = append(r.policy.statements, s)
	return nil
}

func unknownElement(at node, name, allowed string) error {
	for known := range strings.FieldsFuncSeq(allowed, func(c rune) bool { return c == ' ' || c == ',' }) {
		if strings.EqualFold(known, name) {
			return at.errorf("%q must be written %s", name, known)
		}
	}
	return at.errorf("unknown element %q; allowed are %s", name, allowed)
}

func (r *reader) sid(v node) (string, error) {
	sid := v.text()
	alphanumeric := func(c rune) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
	if v.raw.Kind() != '"' || strings.TrimFunc(sid, alphanumeric) != "" {
		return "", v.errorf("Sid must be a string of letters and digits")
	}
	if sid != "" && slices.ContainsFunc(r.policy.statements, func(s statement) bool { return s.sid == sid }) {
		return "", v.errorf("Sid must be another in each statement; %s is given twice", sid)
	}
	return sid, nil
}

func effectOf(v node) (deny bool, _ error) {
	effect := v.text()
	if v.raw.Kind() != '"' || effect != "Allow" && effect != "Deny" {
		return false, v.errorf("Effect must be Allow or Deny")
	}
	return effect == "Deny", nil
}

// patterns reads a string or a list of strings.
func patterns(v node, element, form string, parse func(string) (pattern, error)) ([]pattern, error) {
	var list []pattern
	err := v.items(func(item node) error {
		if item.raw.Kind() != '"' {
			return item.errorf("%s must be %s, or a list of such", element, form)
		}
		p, err := parse(item.text())
		if err != nil {
			return item.errorf("%s: %v", element, err)
		}
		list = append(list, p)
		return nil
	})
	if err == nil && list == nil {
		err = v.errorf("%s must not be empty", element)
	}
	return list, err
}

// actionOf reads an action. The case of actions does not matter.
func actionOf(s string) (pattern, error) {
	if s != "*" {
		service, name, ok := strings.Cut(s, ":")
		if !ok || service == "" || name == "" || strings.Trim(service, letters+"-") != "" || strings.Trim(name, letters+"-*?") != "" {
			return pattern{}, badPart("an action must be * or a service and a name like chime:GetUser; the name may have the wildcards * and ?")
		}
	}
	return compile(strings.ToLower(s), anything, false)
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

const resourceForm = "* or an ARN like arn:aws:chime::123456789012:account/*"

// resourceOf reads a resource. The case of ARNs matters. A variable may only be in the last component.
func (r *reader) resourceOf(s string) (pattern, error) {
	if s == "*" {
		return compile(s, anything, false)
	}
	if err := checkARN(s); err != nil {
		return pattern{}, err
	}
	return compile(s, resource, r.variables)
}

// checkARN wants six components, or fewer if the last ends in a star, which then stands for the others too.
func checkARN(s string) error {
	parts := strings.SplitN(s, ":", arnColons+1)
	bad := func(reason string) error { return badPart("a resource must be " + resourceForm + "; " + reason) }
	last := parts[len(parts)-1]
	switch {
	case parts[0] != "arn":
		return bad("this does not begin with arn:")
	case len(parts) <= arnColons && (len(parts) < 4 || !strings.HasSuffix(last, "*")):
		return bad("this does not have six parts between colons")
	case !isPartition(parts[1]):
		return bad("the partition must be aws, aws-cn or aws-us-gov")
	case parts[2] == "" || strings.Trim(parts[2], letters+"-") != "":
		return bad("the service must be a name without wildcards")
	case strings.Trim(parts[3], letters+"-*?") != "":
		return bad("the region must be empty, a name, or have wildcards")
	case len(parts) > 4 && !isAccount(parts[4]):
		return bad("the AWS account must be empty, 12 digits, or have wildcards")
	case last == "":
		return bad("the last part must not be empty")
	}
	return nil
}

func isPartition(s string) bool {
	return s == "aws" || s == "aws-cn" || s == "aws-us-gov" || s != "" && strings.Trim(s, letters+"-*?") == "" && strings.ContainsAny(s, "*?")
}

func isAccount(s string) bool {
	digits := strings.Trim(s, "0123456789*?") == ""
	return digits && (s == "" || len(s) == 12 || strings.Contains(s, "*")) || s == "aws"
}
