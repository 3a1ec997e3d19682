package policy_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/carillon-server/carillon/internal/policy"
)

// The alphabets are small, so that random documents and requests have something to do with one another.
var (
	actions   = []string{"*", "chime:*", "chime:GetUser", "chime:Get*", "CHIME:getuser", "chime:*User*", "chime:?etUser", "chime:G*t*r", "s3:*"}
	requested = []string{"chime:GetUser", "chime:GetUserSettings", "chime:CreateUser", "Chime:GETUSER", "s3:GetObject", "chime:GetRoster"}
	tails     = []string{"account/a", "account/*", "*", "account/*/user/*", "account/?", "a*t/a:*", "*:*", "account/${aws:username}", "account/${*}", "account/${aws:username, 'a'}/*", "*a:b*c", "*a*:b*c:*", "a?c*"}
	heads     = []string{"arn:aws:chime::123456789012:", "arn:aws:chime:*:123456789012:", "arn:aws:chime::*:", "arn:aws:chime:u*1:????????????:", "arn:a*:chime::1*2:", "arn:aws:s3:::"}
	resources = []string{"*", "arn:aws:chime::123456789012:account/a", "arn:aws:chime::123456789012:account/a/user/b", "arn:aws:chime::123456789012:account/jane",
		"arn:aws:chime:us-1:123456789012:account/*", "arn:aws:s3:::a:b:c", "arn:aws:chime::123456789012:ab:ba:bc", "arn:aws:chime::999999999999:aa:bc:x", "arn:aws:s3:::abc", "arn:aws:chime::123456789012:a:bxc"}
	keys = map[string][]string{ // with the values that a request can have
		"aws:username":        {"jane", "Jane", "j*", "a"},
		"aws:PrincipalArn":    {"arn:aws:iam::123456789012:user/jane", "arn:aws:iam::123456789012:root", "arn:aws:iam::1:2:user/x", "jane"},
		"aws:PrincipalType":   {"User", "Account"},
		"aws:UserAgent":       {"ü", "a:b", "aws-cli/2"},
		"aws:SourceIp":        {"192.0.2.1", "203.0.113.9", "2001:db8::1"},
		"aws:CurrentTime":     {"2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z", "1767225600"},
		"aws:SecureTransport": {"true", "false"},
		"aws:TagKeys":         {"a", "b", "10", "jane"},
		"app:Number":          {"10", "9.5", "-3", "ten", "2026-01-01", "true", "10.0.0.1"},
	}
	operators = map[string][]string{ // with the values that a policy can have
		"String":  {"jane", "JANE", "j*", "j?ne", "*", "?", "a", "${aws:username}", "${aws:TagKeys}", "${aws:PrincipalType, 'a'}x", "x${$}", "true", "10", "2026-*", "1*.*.1", "*:*"},
		"Arn":     {"arn:aws:iam::123456789012:user/jane", "arn:aws:iam::*:*", "*", "arn:*:iam::?2*:user/${aws:username}", "arn:aws:iam::*:?oot", "arn:aws:iam::*:user/*"},
		"Numeric": {"10", "9.5", "1767225600", "-3", "0"},
		"Date":    {"2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01T01:00+01:00", "1767225599", "2025-12-31T23:59:59.5Z"},
		"Bool":    {"true", "False"},
		"Ip":      {"192.0.2.0/24", "203.0.113.9", "0.0.0.0/0", "2001:db8::/32", "10.0.0.7/8"},
	}
	names = map[string][]string{
		"String":  {"StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"},
		"Arn":     {"ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"},
		"Numeric": {"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals"},
		"Date":    {"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"},
		"Bool":    {"Bool"},
		"Ip":      {"IpAddress", "NotIpAddress"},
	}
	kinds    = slices.Sorted(maps.Keys(names))
	keyNames = slices.Sorted(maps.Keys(keys))
)

func draw(t *rapid.T, from []string, label string) string {
	return rapid.SampledFrom(from).Draw(t, label)
}

func one(t *rapid.T, of int) bool { return rapid.IntRange(1, of).Draw(t, "one in") == 1 }

// listOf draws one value, or a list of up to three.
func listOf(t *rapid.T, value func() string) any {
	if one(t, 2) {
		return value()
	}
	list := []string{value()}
	for one(t, 2) && len(list) < 3 {
		list = append(list, value())
	}
	return list
}

func drawStatement(t *rapid.T) map[string]any {
	s := map[string]any{"Effect": "Allow"}
	if one(t, 4) {
		s["Effect"] = "Deny"
	}
	element := func(name string) string {
		if one(t, 5) {
			return "Not" + name
		}
		return name
	}
	s[element("Action")] = listOf(t, func() string { return draw(t, actions, "action") })
	s[element("Resource")] = listOf(t, func() string {
		if one(t, 4) {
			return "*"
		}
		return draw(t, heads, "head") + draw(t, tails, "tail")
	})
	if one(t, 3) {
		return s
	}
	condition := map[string]map[string]any{}
	for more := true; more; more = one(t, 3) {
		name, values := drawOperator(t)
		if condition[name] == nil {
			condition[name] = map[string]any{}
		}
		condition[name][draw(t, keyNames, "key")] = values
	}
	s["Condition"] = condition
	return s
}

func drawOperator(t *rapid.T) (name string, values any) {
	if one(t, 8) {
		return "Null", listOf(t, func() string { return draw(t, operators["Bool"], "null") })
	}
	kind := draw(t, kinds, "kind")
	name = draw(t, names[kind], "operator")
	if one(t, 4) {
		name += "IfExists"
	}
	if one(t, 3) {
		name = draw(t, []string{"ForAnyValue:", "ForAllValues:"}, "quantifier") + name
	}
	return name, listOf(t, func() string { return draw(t, operators[kind], "value") })
}

func drawRequest(t *rapid.T) *policy.Request {
	r := &policy.Request{Action: policy.NewAction(draw(t, requested, "requested")), Resource: draw(t, resources, "resource")}
	for _, key := range keyNames {
		for n := rapid.IntRange(0, 2).Draw(t, key); n > 0; n-- {
			if err := r.Add(key, draw(t, keys[key], "has")); err != nil {
				t.Fatal(err)
			}
		}
	}
	return r
}

// TestSecondOpinion compares the evaluator with the naive one on random policies and requests; -rapid.checks says on how
// many.
func TestSecondOpinion(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var set policy.Set
		var documents []string
		for more := true; more; more = one(t, 2) {
			version := "2012-10-17"
			if one(t, 4) {
				version = "2008-10-17"
			}
			var statements []map[string]any
			for more := true; more; more = one(t, 2) {
				statements = append(statements, drawStatement(t))
			}
			document, err := json.Marshal(map[string]any{"Version": version, "Statement": statements})
			if err != nil {
				t.Fatal(err)
			}
			p, err := policy.Parse(string(document))
			if err != nil {
				t.Fatalf("%v in %s", err, document)
			}
			set = append(set, policy.Named{Policy: p})
			documents = append(documents, string(document))
		}
		for range 5 {
			r := drawRequest(t)
			if got, want := set.Decide(r).Verdict, naive(t, documents, r); got != want {
				t.Fatalf("%v on %s with %+v: %v, the naive one says %v; policies:\n%s", r.Action, r.Resource, r.Context, got, want, documents)
			}
		}
	})
}

// TestSecondOpinionOfPatterns compares wildcards with regular expressions on texts of few letters, where they have the
// most ways to go wrong.
func TestSecondOpinionOfPatterns(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringOfN(rapid.RuneFrom([]rune("ab:ü**?")), 0, 10, -1).Draw(t, "pattern")
		s := rapid.StringOfN(rapid.RuneFrom([]rune("aab:ü")), 0, 14, -1).Draw(t, "text")
		for _, in := range []struct{ condition, resource string }{
			{`{"StringLike": {"app:Text": ` + quote(pattern) + `}}`, `"*"`},
			{`{"ArnLike": {"app:Text": ` + quote("arn:a*b:c::?:"+pattern) + `}}`, `"*"`},
			{`{"Null": {"app:None": true}}`, quote("arn:aws:s3:::x" + pattern)},
		} {
			document := `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": ` + in.resource + `, "Condition": ` + in.condition + `}}`
			p, err := policy.Parse(document)
			if err != nil {
				t.Fatalf("%v in %s", err, document)
			}
			r := &policy.Request{Action: policy.NewAction("a:b"), Resource: "arn:aws:s3:::x" + s}
			for _, value := range []string{s, "arn:a" + s + "b:c::a:" + s} {
				r.Context = policy.Context{}
				if err := r.Add("app:Text", value); err != nil {
					t.Fatal(err)
				}
				if got, want := (policy.Set{{Policy: p}}).Decide(r).Verdict, naive(t, []string{document}, r); got != want {
					t.Fatalf("%q, %q: %v, want %v in %s", s, value, got, want, document)
				}
			}
		}
	})
}

func quote(s string) string {
	b, _ := json.Marshal(s) // a string always can be
	return string(b)
}
