package policy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/carillon-server/carillon/internal/policy"
)

// TestVariablesDoNotMultiply wants that whoever writes a policy and chooses what a variable stands for cannot keep the server
// busy with one call: each of these patterns is tried at every place of the text.
func TestVariablesDoNotMultiply(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"*${aws:UserAgent}?*", "*${aws:UserAgent}${aws:UserAgent}*"} {
		p, err := policy.Parse(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",
			"Condition": {"StringLike": {"aws:UserAgent": ["` + value + strings.Repeat(`", "`+value, 40) + `"]}}}}`)
		if err != nil {
			t.Fatal(err)
		}
		r := &policy.Request{Action: policy.NewAction("chime:GetUser"), Resource: "*", Context: policy.Context{UserAgent: strings.Repeat("a", 15_000)}}
		begun := time.Now()
		if d := (policy.Set{{Name: "p", Policy: p}}).Decide(r); d.Verdict != policy.ImplicitDeny {
			t.Errorf("%s: %v", value, d.Verdict)
		}
		if took := time.Since(begun); took > time.Second {
			t.Errorf("%s took %v", value, took)
		}
	}
}
