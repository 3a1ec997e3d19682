package api

import (
	"math/bits"
	"strconv"
	"strings"
)

// Decode binds the path, the query and the body of a request that Match led to op to a new input, and returns it as
// a pointer to the operation's input: *CreateUserInput for CreateUser. It checks every rule of the model (documented;
// clients check little more than what is required: probed), in the order path, query, body. Errors are of type
// *InvalidError and name the first member at fault.
//
// The body is a JSON object or nothing, which is the same as {}. Unknown members are ignored, null is the same as
// absent (inferred). Refused are members given twice, in the body or the query, and nesting beyond 32 levels.
func (op *Operation) Decode(r Route, body []byte) (any, error) {
	in := op.Input.New()
	for i, f := range op.labels {
		if reason := f.setString(in, r.Labels[i]); reason != "" {
			return nil, &InvalidError{f.Name, reason}
		}
	}
	seen, err := op.decodeQuery(in, r.Query)
	if err != nil {
		return nil, err
	}
	for _, f := range op.labels {
		seen |= f.bit
	}
	if err := decodeBody(op.Input, in, seen, body); err != nil {
		return nil, err
	}
	return in, nil
}

// decodeQuery binds the query's items and returns the members it has seen.
func (op *Operation) decodeQuery(in any, query string) (seen uint64, err *InvalidError) {
	for query != "" {
		var rawName, rawValue string
		rawName, rawValue, query = nextItem(query)
		name, _ := decodeQuery(rawName) // Match has refused bad names
		f := op.queryField(name)
		if f == nil {
			continue
		}
		if seen&f.bit != 0 {
			return 0, &InvalidError{f.Name, "must be given once"}
		}
		seen |= f.bit
		value, ok := decodeQuery(rawValue)
		if !ok {
			return 0, &InvalidError{f.Name, badEncoding}
		}
		if value == "" && f.Name == "NextToken" {
			continue // what a client sends that keeps its token in a variable: the first page (decided)
		}
		reason := ""
		if f.Shape.Kind == KindInteger {
			reason = f.setInteger(in, value)
		} else {
			reason = f.setString(in, value)
		}
		if reason != "" {
			return 0, &InvalidError{f.Name, reason}
		}
	}
	return seen, nil
}

func (op *Operation) queryField(name string) *Field {
	for _, f := range op.query {
		if f.WireName == name {
			return f
		}
	}
	return nil
}

// setString puts a value from the path or the query in the member, or returns why it breaks a rule.
func (f *Field) setString(in any, value string) (reason string) {
	*f.At(in).(*string) = value
	return f.refuse(value)
}

// setInteger puts a value from the query in the member, or returns why it breaks a rule.
func (f *Field) setInteger(in any, value string) (reason string) {
	n, reason := parseInteger(f.Shape, value)
	if reason == "" {
		reason = f.Shape.refuseSize(n)
	}
	*f.At(in).(*int) = n
	return reason
}

// refuse returns why a string that was given breaks a rule of the member or its shape, or "".
func (f *Field) refuse(value string) string {
	if reason := f.Shape.refuse(value); reason != "" {
		return reason
	}
	if value == "" && f.Required && !f.emptyFits {
		return "must not be empty" // an empty string counts as absent (decided)
	}
	return ""
}

// parseInteger reads a decimal integer without fraction or exponent.
func parseInteger(s *Shape, value string) (n int, reason string) {
	digits := strings.TrimPrefix(value, "-")
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return 0, "must be an integer"
		}
	}
	n, err := strconv.Atoi(value)
	switch {
	case err == nil:
		return n, ""
	case digits == "" || s.Min == 0 && s.Max == 0:
		return 0, "must be an integer"
	default:
		return 0, s.sizePhrase()
	}
}

// missing returns an error if a required member is not among those seen.
func (s *Structure) missing(seen uint64) *InvalidError {
	if left := s.required &^ seen; left != 0 {
		return &InvalidError{s.Fields[bits.TrailingZeros64(left)].Name, "is required"}
	}
	return nil
}
