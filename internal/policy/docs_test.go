package policy_test

import (
	"os"
	"strings"
	"testing"

	"github.com/carillon-server/carillon/internal/policy"
)

// TestDocumentation wants every policy in the documentation to be one.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/policies.md")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for part := range strings.SplitSeq(string(page), "```json\n") {
		document, _, found := strings.Cut(part, "```")
		if !found {
			continue
		}
		count++
		if _, err := policy.Parse(document); err != nil {
			t.Errorf("%v in\n%s", err, document)
		}
	}
	if count < 4 {
		t.Errorf("%d policies", count)
	}
}
