package policy_test

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/carillon-server/carillon/internal/policy"
)

// block is a section of testdata/cases.txt.
type block struct {
	title     string
	documents []string
	requests  []expectation
}

type expectation struct {
	line int
	text string
}

func readBlocks(t *testing.T) []block {
	t.Helper()
	file, err := os.ReadFile("testdata/cases.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []block
	b := &block{}
	begin := func(title string) {
		all = append(all, block{title: title})
		b = &all[len(all)-1]
	}
	for i, line := range strings.Split(string(file), "\n") {
		word, rest, _ := strings.Cut(line, " ")
		if (word == "policy" || word == "statement" || word == "managed") && len(b.requests) > 0 {
			begin(b.title)
		}
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case word == "==":
			begin(rest)
		case word == "policy":
			b.documents = append(b.documents, rest)
		case word == "statement":
			b.documents = append(b.documents, ofStatement(t, rest))
		case word == "managed":
			document, ok := policy.Managed(rest)
			if !ok {
				t.Fatalf("line %d: no managed policy %s", i+1, rest)
			}
			b.documents = append(b.documents, document)
		case line[0] == '\t':
			b.documents[len(b.documents)-1] += "\n" + line
		default:
			b.requests = append(b.requests, expectation{i + 1, line})
		}
	}
	return all
}

// ofStatement makes a document of one statement, whose elements default to all that may be.
func ofStatement(t *testing.T, object string) string {
	t.Helper()
	s := map[string]any{}
	if err := json.Unmarshal([]byte(object), &s); err != nil {
		t.Fatalf("%s: %v", object, err)
	}
	for element, instead := range map[string]string{"Effect": "Allow", "Action": "*", "Resource": "*"} {
		if s[element] == nil && s["Not"+element] == nil {
			s[element] = instead
			if element == "Effect" {
				s[element] = "Allow"
			}
		}
	}
	b, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": s})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// question reads the request of a line like "chime:GetUser on RESOURCE where KEY=VALUE, KEY=VALUE".
func question(t *testing.T, s string) *policy.Request {
	t.Helper()
	r := &policy.Request{Action: policy.NewAction("chime:GetUser"), Resource: "*"}
	s, context, _ := strings.Cut(" "+s, " where ")
	action, resource, named := strings.Cut(s, " on ")
	if action = strings.TrimSpace(action); action != "" {
		r.Action = policy.NewAction(action)
	}
	if named {
		r.Resource = resource
	}
	for pair := range strings.SplitSeq(context, ", ") {
		if pair == "" {
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		if err := r.Add(key, value); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	return r
}

var verdicts = map[string]policy.Verdict{"allow": policy.Allow, "deny": policy.ExplicitDeny, "none": policy.ImplicitDeny}

func TestCases(t *testing.T) {
	t.Parallel()
	count := 0
	for _, b := range readBlocks(t) {
		var set policy.Set
		for i, document := range b.documents {
			p, err := policy.Parse(document)
			if err != nil {
				t.Fatalf("%s: %v in\n%s", b.title, err, document)
			}
			set = append(set, policy.Named{Name: strconv.Itoa(i), Policy: p})
		}
		for _, e := range b.requests {
			count++
			verdict, rest, _ := strings.Cut(e.text, " ")
			want, known := verdicts[verdict]
			if !known {
				t.Fatalf("line %d: no verdict %q", e.line, verdict)
			}
			statement, sid := 0, ""
			if number, after, _ := strings.Cut(rest, " "); number != "" && number[0] >= '1' && number[0] <= '9' {
				statement, _ = strconv.Atoi(number)
				rest = after
				if word, after, _ := strings.Cut(rest, " "); !strings.Contains(word, ":") {
					sid, rest = word, after
				}
			}
			got := set.Decide(question(t, rest))
			if got.Verdict != want || (statement != 0 && (got.Statement != statement || got.Sid != sid)) {
				t.Errorf("line %d, %s: %s: %v by statement %d %s", e.line, b.title, e.text, got.Verdict, got.Statement, got.Sid)
			}
			if want := naive(t, b.documents, question(t, rest)); got.Verdict != want {
				t.Errorf("line %d: the second evaluator says %v", e.line, want)
			}
		}
	}
	if count < 300 {
		t.Errorf("only %d cases", count)
	}
}

func TestNothingIsAllowedByNoPolicy(t *testing.T) {
	t.Parallel()
	got := policy.Set{}.Decide(&policy.Request{Action: policy.NewAction("chime:GetUser"), Resource: "*"})
	if got != (policy.Decision{}) || got.Verdict != policy.ImplicitDeny {
		t.Errorf("no policy at all: %+v", got)
	}
}

// TestDecisionNamesThePolicy wants the first statement that decides, and its policy's name.
func TestDecisionNamesThePolicy(t *testing.T) {
	t.Parallel()
	parse := func(name, document string) policy.Named {
		p, err := policy.Parse(document)
		if err != nil {
			t.Fatal(err)
		}
		return policy.Named{Name: name, Policy: p}
	}
	set := policy.Set{
		parse("first", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"chime:GetBot","Resource":"*"},{"Sid":"Rooms","Effect":"Allow","Action":"chime:*Room","Resource":"*"}]}`),
		parse("second", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"Never","Effect":"Deny","Action":"chime:DeleteRoom","Resource":"*"}]}`),
	}
	for action, want := range map[string]policy.Decision{
		"chime:GetRoom":    {Verdict: policy.Allow, Policy: "first", Statement: 2, Sid: "Rooms"},
		"chime:GetUser":    {Verdict: policy.Allow, Policy: "second", Statement: 1},
		"chime:DeleteRoom": {Verdict: policy.ExplicitDeny, Policy: "second", Statement: 2, Sid: "Never"},
	} {
		if got := set.Decide(&policy.Request{Action: policy.NewAction(action), Resource: "*"}); got != want {
			t.Errorf("%s: %+v, want %+v", action, got, want)
		}
	}
}
