package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDidYouMean(t *testing.T) {
	t.Parallel()
	known := []string{"CreateUser", "CreateRoom", "GetUser", "GetUserSettings", "ListUsers", "log-level", "Email"}
	for name, want := range map[string]string{
		"CreateUser":  "; did you mean CreateUser?",
		"create-user": "; did you mean CreateUser?",
		"CREATE_USER": "; did you mean CreateUser?",
		"CreateUsr":   "; did you mean CreateUser?",
		"CraeteUser":  "; did you mean CreateUser?",
		"Emial":       "; did you mean Email?",
		"loglevel":    "; did you mean log-level?",
		"Frobnicate":  "",
		"":            "",
		"x":           "",
	} {
		if got := didYouMean(name, known); got != want {
			t.Errorf("didYouMean(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestNearestNamesThreeAtMostTheLikeliestFirst(t *testing.T) {
	t.Parallel()
	got := nearest("aaaa", []string{"aaab", "aaba", "aaaaa", "abaa", "zzzz"})
	if diff := cmp.Diff([]string{"aaab", "aaba", "aaaaa"}, got); diff != "" {
		t.Error(diff)
	}
	got = nearest("aaaaaaaaa", []string{"aaaaaaabb", "aaaaaaaab"})
	if diff := cmp.Diff([]string{"aaaaaaaab", "aaaaaaabb"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "abd", 1}, {"abc", "ab", 1}, {"abc", "xabc", 1},
		{"ab", "ba", 1}, {"emial", "email", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3},
	} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
