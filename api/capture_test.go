package api

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// captured is a request that a client sent.
type captured struct{ Client, Operation, Method, Target, Body, Refused string }

// capturedRequests reads testdata/requests.jsonl: the distinct requests of boto3, the AWS CLI and the SDKs for Go and
// JavaScript, and one request of each operation with every member given sample values, some of which break rules: Refused
// names the member then.
func capturedRequests(t testing.TB) []captured {
	t.Helper()
	f, err := os.Open("testdata/requests.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []captured
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var c captured
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestCapturedRequests goes through what real clients sent.
func TestCapturedRequests(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range capturedRequests(t) {
		seen[c.Operation] = true
		route, err := Match(c.Method, c.Target)
		if err != nil {
			t.Errorf("%s: Match(%s %s): %v", c.Client, c.Method, c.Target, err)
			continue
		}
		if route.Op.Name != c.Operation {
			t.Errorf("%s: Match(%s %s) = %s, want %s", c.Client, c.Method, c.Target, route.Op.Name, c.Operation)
			continue
		}
		in, err := route.Op.Decode(route, []byte(c.Body))
		var invalid *InvalidError
		if errors.As(err, &invalid) {
			if invalid.Member != c.Refused {
				t.Errorf("%s: Decode(%s, %s): %v, want refused %q", c.Client, c.Target, c.Body, err, c.Refused)
			}
			continue
		}
		if err != nil || c.Refused != "" {
			t.Errorf("%s: Decode(%s, %s): %v, want refused %q", c.Client, c.Target, c.Body, err, c.Refused)
			continue
		}
		r := route.Op.NewRequest(in)
		if route, err = Match(r.Method, r.Target); err != nil {
			t.Errorf("Match(%s %s): %v", r.Method, r.Target, err)
			continue
		}
		again, err := route.Op.Decode(route, r.Body)
		if diff := cmp.Diff(in, again); err != nil || diff != "" {
			t.Errorf("%s %s sent again: %v %s", c.Target, c.Body, err, diff)
		}
	}
	for _, op := range AllOperations {
		if !op.Extension && !seen[op.Name] {
			t.Errorf("no request of %s", op.Name)
		}
	}
}
