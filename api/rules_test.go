package api

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPhrases(t *testing.T) {
	t.Parallel()
	wanted := map[string]bool{}
	for _, s := range shapes() {
		if s.Pattern != nil {
			wanted[s.Name] = true
		}
	}
	for name := range wanted {
		if phrases[name] == "" {
			t.Errorf("%s has a pattern and no phrase", name)
		}
	}
	for name := range phrases {
		if !wanted[name] {
			t.Errorf("%s has a phrase and no pattern", name)
		}
	}
	unknown := &Shape{Name: "New", Pattern: pattern("^a+$")}
	if got, want := unknown.refuse("b"), "must match ^a+$"; got != want {
		t.Errorf("without a phrase: %q, want %q", got, want)
	}
}

// TestExamplesInPhrases checks that what a phrase offers as an example is right.
func TestExamplesInPhrases(t *testing.T) {
	t.Parallel()
	count := 0
	for _, s := range shapes() {
		if _, example, ok := strings.Cut(phrases[s.Name], ", like "); ok {
			count++
			if reason := s.refuse(example); reason != "" {
				t.Errorf("%s: %q %s", s.Name, example, reason)
			}
		}
	}
	if count == 0 {
		t.Error("no phrase has an example")
	}
}

// TestPatternsAreAnchored checks that no pattern takes a part for the whole.
func TestPatternsAreAnchored(t *testing.T) {
	t.Parallel()
	for _, s := range shapes() {
		if s.Pattern == nil {
			continue
		}
		longest := regexp.MustCompile(s.Pattern.String())
		longest.Longest()
		rapid.Check(t, func(t *rapid.T) {
			v := rapid.String().Draw(t, "v") + rapid.StringMatching(s.Pattern.String()).Draw(t, "middle") + rapid.String().Draw(t, "after")
			if s.Pattern.Match(v) && longest.FindString(v) != v {
				t.Fatalf("%s takes %q for a part of it", s.Name, v)
			}
		})
	}
}

func TestMatchersEqualPatterns(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, s := range shapes() {
		if s.Pattern != nil {
			used[s.Pattern.String()] = true
		}
	}
	for expr, match := range matchers {
		if !used[expr] {
			t.Errorf("no shape has the pattern %s", expr)
		}
		want := regexp.MustCompile(expr)
		rapid.Check(t, func(t *rapid.T) {
			runes := rapid.RuneFrom([]rune("@@..a \t\n\v\f\rß😀\u00a0\u2028"))
			v := rapid.OneOf(rapid.StringOf(runes), rapid.StringOfN(runes, 3, 8, -1), rapid.String()).Draw(t, "v")
			if match(v) != want.MatchString(v) {
				t.Fatalf("%q: matcher %v, %s %v", v, match(v), expr, want.MatchString(v))
			}
		})
	}
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	byName := map[string]*Shape{}
	for _, s := range shapes() {
		byName[s.Name] = s
	}
	const blank = "must contain a character that is not a space, and no line break"
	for _, test := range []struct{ shape, value, want string }{
		{"AccountName", "a", ""},
		{"AccountName", strings.Repeat("ß", 100), ""},
		{"AccountName", strings.Repeat("ß", 101), "must be at least 1 and at most 100 characters"},
		{"AccountName", "", blank},
		{"AccountName", " \t", blank},
		{"AccountName", "a\nb", blank},
		{"AccountName", "\u00a0", ""}, // \S is of ASCII
		{"Alpha2CountryCode", "US", ""},
		{"Alpha2CountryCode", "USA", phrases["Alpha2CountryCode"]},
		{"BotType", "", "must be ChatBot"},
		{"CallingName", "", ""},
		{"CallingName", "a", phrases["CallingName"]},
		{"CallingName", "Main Office 1", ""},
		{"CallingName", "sixteen letters x", phrases["CallingName"]},
		{"ClientRequestToken", "a", "must be at least 2 and at most 64 characters"},
		{"E164PhoneNumber", "+12065550100", ""},
		{"E164PhoneNumber", "%2B12065550100", phrases["E164PhoneNumber"]},
		{"E164PhoneNumber", "+12065550100\n", phrases["E164PhoneNumber"]},
		{"EmailAddress", "a@b.c", ""},
		{"EmailAddress", "a@b", phrases["EmailAddress"]},
		{"EmailAddress", "@b.c", phrases["EmailAddress"]},
		{"EmailAddress", "", phrases["EmailAddress"]},
		{"License", "basic", "must be one of Basic, Plus, Pro, ProTrial"},
		{"String", "", ""},
		{"String", "a\x00", "must not contain a NUL character"},
		{"String", "\xff", "must be valid UTF-8"},
		{"TollFreePrefix", "800", ""},
		{"TollFreePrefix", "8000", phrases["TollFreePrefix"]},
	} {
		if got := byName[test.shape].refuse(test.value); got != test.want {
			t.Errorf("%s %q: %q, want %q", test.shape, test.value, got, test.want)
		}
	}
}

func TestSizePhrase(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		shape Shape
		want  string
	}{
		{Shape{Kind: KindInteger, Min: 1, Max: 200}, "must be at least 1 and at most 200"},
		{Shape{Kind: KindInteger, Min: 5}, "must be at least 5"},
		{Shape{Kind: KindList, Max: 50}, "must have at most 50 items"},
		{Shape{Kind: KindList, Min: 1}, "must have at least 1 item"},
		{Shape{Kind: KindList, Min: 1, Max: 2}, "must have at least 1 and at most 2 items"},
		{Shape{Kind: KindString, Max: 100}, "must be at most 100 characters"},
		{Shape{Kind: KindString, Min: 3, Max: 3}, "must be exactly 3 characters"},
		{Shape{Kind: KindString, Max: 1}, "must be at most 1 character"},
	} {
		if got := test.shape.sizePhrase(); got != test.want {
			t.Errorf("%+v: %q, want %q", test.shape, got, test.want)
		}
	}
}
