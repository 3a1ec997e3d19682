package main

import (
	"strings"
	"testing"
)

const queried = `{"Account":{"AccountId":"a1","Big":12345678901234567890,"Gone":null,"Live":true},` +
	`"Users":[{"UserId":"u1","Tags":["x","y"]},{"UserId":"u2","Tags":[]},{"Other":1}]}`

func TestQuery(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"Account.AccountId": "a1\n",
		"Account.Big":       "12345678901234567890\n",
		"Account.Live":      "true\n",
		"Account.Gone":      "null\n",
		"Users[0].UserId":   "u1\n",
		"Users[*].UserId":   "u1\nu2\n",
		"Users[*].Tags[*]":  "x\ny\n",
		"Users[*].Tags[1]":  "y\n",
		"Users[1]":          "{\n  \"Tags\": [],\n  \"UserId\": \"u2\"\n}\n",
		"Users[1].Tags":     "[]\n",
	} {
		if !queryPattern.MatchString(path) {
			t.Errorf("%s is refused", path)
		}
		var b strings.Builder
		if err := printAnswer(&b, []byte(queried), path); err != nil || b.String() != want {
			t.Errorf("%s: %q, %v; want %q", path, b.String(), err, want)
		}
	}
	for _, path := range []string{"Nope", "Account.Nope", "Account[0]", "Users[3].UserId", "Users.UserId", "Account.AccountId.More", "Users[99999999999999999999]"} {
		var b strings.Builder
		if err := printAnswer(&b, []byte(queried), path); err == nil || !strings.Contains(err.Error(), path) || b.Len() > 0 {
			t.Errorf("%s: %q, %v; want an error that names the path", path, b.String(), err)
		}
	}
	for _, path := range []string{".", "A.", ".A", "A[", "A[]", "A[-1]", "A[x]", "A B", "A[0", "[0]", "A[0][1]", "length(A)"} {
		if queryPattern.MatchString(path) {
			t.Errorf("%s is taken for a path", path)
		}
	}
}

func TestAnswersThatAreNoJSON(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "A"} {
		var b strings.Builder
		if err := printAnswer(&b, []byte("<html>"), path); err == nil || b.Len() > 0 {
			t.Errorf("path %q: %q, %v", path, b.String(), err)
		}
	}
}
