// Package clients holds the tests with real AWS clients, which test/clients/run runs. Its own test keeps count of what
// they show of CreateUser's contract.
package clients

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// cases says where the cases of each client are.
var cases = map[string]string{
	"boto3":                 "python/test_*.py",
	"AWS CLI":               "cli/test_*.py",
	"aws-sdk-go-v2":         "go/*_test.go",
	"@aws-sdk/client-chime": "node/*.js",
}

func TestEveryItemOfTheContractIsShownOrOwed(t *testing.T) {
	t.Parallel()
	contract := lines(t, "contract.txt")
	known, owed := map[string]bool{}, map[string]bool{}
	for i, item := range contract {
		if number(item) != strconv.Itoa(i+1) {
			t.Errorf("contract.txt: %q is item %d", item, i+1)
		}
		known[number(item)] = true
	}
	for _, line := range lines(t, "owed.txt") {
		item, _, _ := strings.Cut(line, ": ")
		if !slices.Contains(contract, item) {
			t.Errorf("owed.txt: %q is not an item of contract.txt", item)
		}
		owed[number(item)] = true
	}
	for client, files := range cases {
		shown := shownIn(t, files)
		for n := range shown {
			if !known[n] {
				t.Errorf("%s shows %s, which is not in contract.txt", client, n)
			}
		}
		for _, item := range contract {
			switch n := number(item); {
			case shown[n] && owed[n]:
				t.Errorf("%s shows item %s: take it from owed.txt", client, item)
			case !shown[n] && !owed[n]:
				t.Errorf("%s has no case that shows item %s", client, item)
			}
		}
	}
}

// lines returns the lines of a file that are neither empty nor comments.
func lines(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			all = append(all, line)
		}
	}
	return all
}

// number returns the number that a line begins with.
func number(line string) string {
	n, _, _ := strings.Cut(line, " ")
	return n
}

var shows = regexp.MustCompile(`(?m)(?:#|//) shows (\d+(?:, \d+)*)$`)

// shownIn returns the numbers of the items that the cases say they show.
func shownIn(t *testing.T, files string) map[string]bool {
	t.Helper()
	names, err := filepath.Glob(files)
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range shows.FindAllSubmatch(text, -1) {
			for n := range strings.SplitSeq(string(match[1]), ", ") {
				shown[n] = true
			}
		}
	}
	return shown
}
