package policy

import (
	"maps"
	"slices"
	"strings"
)

// conditions reads a Condition: operators, and in each of them keys with their values.
func (r *reader) conditions(v node) ([]condition, error) {
	const form = `Condition must be an object like {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}`
	if v.raw.Kind() != '{' {
		return nil, v.errorf("%s", form)
	}
	var list []condition
	err := v.members(func(name string, at, keys node) error {
		c, err := parseOperator(name)
		if err != nil {
			return at.errorf("%v", err)
		}
		if keys.raw.Kind() != '{' {
			return keys.errorf("%s", form)
		}
		before := len(list)
		err = keys.members(func(name string, at, values node) error {
			if !validKey(name) {
				return at.errorf("%q is no condition key; one is like aws:SourceIp", name)
			}
			c := c
			c.key = keyOf(name)
			if slices.ContainsFunc(list[before:], func(earlier condition) bool { return earlier.key == c.key }) {
				return at.errorf("%s is given twice; the case of keys does not matter", name)
			}
			if err := r.values(&c, name, values); err != nil {
				return err
			}
			list = append(list, c)
			return nil
		})
		if err == nil && len(list) == before {
			err = keys.errorf("%s must name a condition key", name)
		}
		return err
	})
	if err == nil && list == nil {
		err = v.errorf("Condition must not be empty")
	}
	return list, err
}

// parseOperator reads the name of an operator with what is before and after it: ForAllValues:StringLikeIfExists.
func parseOperator(name string) (condition, error) {
	var c condition
	rest := name
	if before, after, ok := strings.Cut(name, ":"); ok {
		switch before {
		case "ForAnyValue":
			c.quantifier = forAny
		case "ForAllValues":
			c.quantifier = forAll
		default:
			return c, badPart("before the colon of an operator must be ForAnyValue or ForAllValues")
		}
		rest = after
	}
	rest, c.ifExists = strings.CutSuffix(rest, "IfExists")
	op, known := operators[rest]
	switch {
	case !known:
		return c, badPart("unknown operator " + name + "; allowed are " + strings.Join(slices.Sorted(maps.Keys(operators)), ", ") +
			", each but Null also with IfExists at its end, and with ForAnyValue: or ForAllValues: before it")
	case op.form == null && (c.ifExists || c.quantifier != one):
		return c, badPart("Null must be without IfExists, ForAnyValue and ForAllValues")
	}
	c.operator = op
	return c, nil
}

// values reads what a key is compared with: a value or a list of values.
func (r *reader) values(c *condition, name string, v node) error {
	count := 0
	err := v.items(func(item node) error {
		switch item.raw.Kind() {
		case '"', '0', 't', 'f':
		default:
			return item.errorf("a value of %s must be a string, a number, true or false", name)
		}
		count++
		return r.value(c, name, item)
	})
	if err == nil && count == 0 {
		err = v.errorf("%s must be compared with at least one value", name)
	}
	return err
}

func (r *reader) value(c *condition, name string, item node) error {
	s := item.text()
	switch c.form {
	case text, textFold, textLike, arn:
		p, err := r.textOf(c.form, s)
		if err != nil {
			return item.errorf("%s: %v", name, err)
		}
		c.patterns = append(c.patterns, p)
	case number:
		n, ok := parseNumber(s)
		if !ok {
			return item.errorf("a value of %s must be a number", name)
		}
		c.numbers = append(c.numbers, n)
	case date:
		at, ok := parseDate(s)
		if !ok {
			return item.errorf("a value of %s %s", name, dateForm)
		}
		c.dates = append(c.dates, at)
	case address:
		n, ok := parseNetwork(s)
		if !ok {
			return item.errorf("a value of %s %s", name, networkForm)
		}
		c.networks = append(c.networks, n)
	case boolean, null:
		b, ok := parseBool(s)
		if !ok {
			return item.errorf("a value of %s must be true or false", name)
		}
		c.flags = append(c.flags, b)
	}
	return nil
}

func (r *reader) textOf(f form, s string) (pattern, error) {
	switch f {
	case textLike:
		return compile(s, anything, r.variables)
	case arn:
		if s != "*" && (!strings.HasPrefix(s, "arn:") || strings.Count(s, ":") < arnColons) {
			return pattern{}, badPart("an ARN must have six parts between colons, like arn:aws:iam::123456789012:user/*")
		}
		if s == "*" {
			s = "arn:*:*:*:*:*"
		}
		return compile(s, segments, r.variables)
	}
	return compile(s, literal, r.variables)
}
