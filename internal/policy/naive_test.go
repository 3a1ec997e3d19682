package policy_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/carillon-server/carillon/internal/policy"
)

// naive decides a second time, slowly and in another way: on the document as encoding/json shows it, with regular
// expressions, net, math/big and a context that is a map. What is not well-formed is the test's mistake.
func naive(t interface{ Fatalf(string, ...any) }, documents []string, r *policy.Request) policy.Verdict {
	ctx := contextOf(r)
	allowed := false
	for _, document := range documents {
		var p map[string]any
		if err := json.Unmarshal([]byte(document), &p); err != nil {
			t.Fatalf("%v in %s", err, document)
		}
		variables := p["Version"] == "2012-10-17"
		for _, s := range list(p["Statement"]) {
			s := s.(map[string]any)
			if !naiveApplies(s, r, ctx, variables) {
				continue
			}
			if s["Effect"] == "Deny" {
				return policy.ExplicitDeny
			}
			allowed = true
		}
	}
	if allowed {
		return policy.Allow
	}
	return policy.ImplicitDeny
}

// contextOf asks the request for what it knows by its own variables, one after the other.
func contextOf(r *policy.Request) map[string][]string {
	ctx := map[string][]string{"aws:securetransport": {strconv.FormatBool(r.Secure)}}
	for key, value := range map[string]string{
		"aws:principalarn": r.PrincipalARN, "aws:principalaccount": r.PrincipalAccount, "aws:principaltype": r.PrincipalType,
		"aws:username": r.UserName, "aws:userid": r.UserID, "aws:useragent": r.UserAgent,
	} {
		if value != "" {
			ctx[key] = []string{value}
		}
	}
	if r.SourceIP.IsValid() {
		ctx["aws:sourceip"] = []string{r.SourceIP.String()}
	}
	if !r.Time.IsZero() {
		ctx["aws:currenttime"] = []string{r.Time.UTC().Truncate(time.Second).Format(time.RFC3339)}
		ctx["aws:epochtime"] = []string{fmt.Sprint(r.Time.Unix())}
	}
	for key, values := range policy.More(&r.Context) {
		ctx[key] = values
	}
	return ctx
}

func list(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	return []any{v}
}

func naiveApplies(s map[string]any, r *policy.Request, ctx map[string][]string, variables bool) bool {
	fits := func(element string, test func(string) bool) bool {
		v, plain := s[element]
		if !plain {
			v = s["Not"+element]
		}
		for _, item := range list(v) {
			if test(item.(string)) {
				return plain
			}
		}
		return !plain
	}
	return fits("Action", func(a string) bool {
		return expression(a, ".*", ".", false, nil, "(?i)").MatchString(r.Action.String())
	}) &&
		fits("Resource", func(pattern string) bool {
			if pattern == "*" {
				return true
			}
			var parts []string
			for _, part := range splitOutside(pattern, variables) {
				end := ""
				if strings.HasSuffix(part, "*") {
					part, end = part[:len(part)-1], "(?s:.*)"
				}
				e := expression(part, "[^:]*", "[^:]", variables, ctx, "")
				if e == nil {
					return false
				}
				parts = append(parts, inner(e)+end)
			}
			return regexp.MustCompile(`\A(?:` + strings.Join(parts, ":") + `)\z`).MatchString(r.Resource)
		}) && naiveConditions(s["Condition"], ctx, variables)
}

var variable = regexp.MustCompile(`\$\{([*?$])\}|\$\{([^{}*?$,' ]+) *(, *'([^']*)')?\}`)

// splitOutside splits at the colons that are not within a variable.
func splitOutside(s string, variables bool) []string {
	if !variables {
		return strings.Split(s, ":")
	}
	hidden := variable.ReplaceAllStringFunc(s, func(v string) string { return strings.ReplaceAll(v, ":", "\x00") })
	parts := strings.Split(hidden, ":")
	for i := range parts {
		parts[i] = strings.ReplaceAll(parts[i], "\x00", ":")
	}
	return parts
}

func inner(e *regexp.Regexp) string {
	return strings.TrimSuffix(strings.TrimPrefix(e.String(), `\A(?s:`), `)\z`)
}

// expression makes a regular expression of a text, or nil where a variable has no value.
func expression(s, star, question string, variables bool, ctx map[string][]string, flags string) *regexp.Regexp {
	var b strings.Builder
	plain := func(s string) {
		for _, c := range s {
			switch c {
			case '*':
				b.WriteString(star)
			case '?':
				b.WriteString(question)
			default:
				b.WriteString(regexp.QuoteMeta(string(c)))
			}
		}
	}
	if variables {
		for {
			at := variable.FindStringSubmatchIndex(s)
			if at == nil {
				break
			}
			plain(s[:at[0]])
			group := func(n int) string {
				if at[2*n] < 0 {
					return ""
				}
				return s[at[2*n]:at[2*n+1]]
			}
			value := group(1)
			if value == "" {
				values := ctx[strings.ToLower(group(2))]
				switch {
				case len(values) == 1:
					value = values[0]
				case group(3) != "":
					value = group(4)
				default:
					return nil
				}
			}
			b.WriteString(regexp.QuoteMeta(value))
			s = s[at[1]:]
		}
	}
	plain(s)
	return regexp.MustCompile(flags + `\A(?s:` + b.String() + `)\z`)
}

func naiveConditions(v any, ctx map[string][]string, variables bool) bool {
	if v == nil {
		return true
	}
	for operator, keys := range v.(map[string]any) {
		for key, values := range keys.(map[string]any) {
			var texts []string
			for _, value := range list(values) {
				if n, ok := value.(float64); ok {
					texts = append(texts, strconv.FormatFloat(n, 'f', -1, 64))
				} else {
					texts = append(texts, fmt.Sprint(value))
				}
			}
			if !naiveHolds(operator, ctx[strings.ToLower(key)], texts, ctx, variables) {
				return false
			}
		}
	}
	return true
}

func naiveHolds(operator string, have, want []string, ctx map[string][]string, variables bool) bool {
	if operator == "Null" {
		for _, w := range want {
			if strings.EqualFold(w, "true") == (len(have) == 0) {
				return true
			}
		}
		return false
	}
	operator, ifExists := strings.CutSuffix(operator, "IfExists")
	if len(have) == 0 && ifExists {
		return true
	}
	operator, all := strings.CutPrefix(operator, "ForAllValues:")
	operator, some := strings.CutPrefix(operator, "ForAnyValue:")
	positive := strings.Replace(operator, "Not", "", 1)
	negated := positive != operator
	if !some && negated {
		all = true
	}
	for _, h := range have {
		fits := false
		for _, w := range want {
			fits = fits || naiveCompare(positive, h, w, ctx, variables)
		}
		if fits == negated == all {
			return !all
		}
	}
	return all
}

func naiveCompare(operator, have, want string, ctx map[string][]string, variables bool) bool {
	matches := func(star, question, flags string) bool {
		e := expression(want, star, question, variables, ctx, flags)
		return e != nil && e.MatchString(have)
	}
	order, kind := 0, ""
	switch {
	case operator == "StringEquals":
		return matches(`\*`, `\?`, "")
	case operator == "StringEqualsIgnoreCase":
		return matches(`\*`, `\?`, "(?i)")
	case operator == "StringLike":
		return matches(".*", ".", "")
	case strings.HasPrefix(operator, "Arn"):
		if want == "*" {
			want = "arn:*:*:*:*:*"
		}
		wants, haves := splitOutside(want, variables), strings.SplitN(have, ":", 6)
		if len(haves) != 6 {
			return false
		}
		wants = append(wants[:5:5], strings.Join(wants[5:], ":"))
		for i := range haves {
			if e := expression(wants[i], ".*", ".", variables, ctx, ""); e == nil || !e.MatchString(haves[i]) {
				return false
			}
		}
		return true
	case operator == "Bool":
		return strings.EqualFold(have, want)
	case operator == "IpAddress":
		_, network, err := net.ParseCIDR(want)
		if err != nil {
			return net.ParseIP(want).Equal(net.ParseIP(have))
		}
		ip := net.ParseIP(have)
		return ip != nil && network.Contains(ip)
	case strings.HasPrefix(operator, "Numeric"):
		h, _, err := big.ParseFloat(have, 10, 53, big.ToNearestEven)
		if err != nil {
			return false
		}
		w, _, _ := big.ParseFloat(want, 10, 53, big.ToNearestEven)
		order, kind = h.Cmp(w), strings.TrimPrefix(operator, "Numeric")
	default:
		h, ok := naiveDate(have)
		if !ok {
			return false
		}
		w, _ := naiveDate(want)
		order, kind = h.Compare(w), strings.TrimPrefix(operator, "Date")
	}
	return map[string]bool{"Equals": order == 0, "LessThan": order < 0, "LessThanEquals": order <= 0, "GreaterThan": order > 0, "GreaterThanEquals": order >= 0}[kind]
}

func naiveDate(s string) (time.Time, bool) {
	if n, err := strconv.ParseUint(s, 10, 62); err == nil {
		return time.Unix(int64(n), 0), true
	}
	for _, form := range []string{"2006-01-02", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z07:00"} {
		if t, err := time.Parse(form, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
