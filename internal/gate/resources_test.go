package gate

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
)

var update = flag.Bool("update", false, "write what operations name to testdata/resources.txt")

var caller = chime.Caller{Tenant: 123456789012, Kind: chime.IAMUser, ARN: "arn:aws:iam::123456789012:user/jane", Name: "jane"}

// fill gives every text of an input its name in braces, or for ids an id.
func fill(op *api.Operation, id string) any {
	in := op.Input.New()
	for i := range op.Input.Fields {
		f := &op.Input.Fields[i]
		if f.Name == invitationToken {
			continue
		}
		text := "{" + f.Name + "}"
		if id != "" && strings.HasSuffix(f.Name, "Id") {
			text = id
		}
		switch p := f.At(in).(type) {
		case *string:
			*p = text
		case **string:
			*p = &text
		}
	}
	return in
}

// TestResources shows what every operation names where every member is given.
func TestResources(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("# What operations name, for policies. Written by go test ./internal/gate -update.\n")
	all := guards()
	for _, op := range api.AllOperations {
		g := all[op.Name]
		fmt.Fprintf(&b, "%-50s %s\n", g.action, g.resource(fill(op, ""), &caller))
	}
	const file = "testdata/resources.txt"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("%s (-want +got); -update rewrites it:\n%s", file, diff)
	}
}

// TestResourcesAreNamedOneWay wants that no spelling of an id gets around a policy, in any operation.
func TestResourcesAreNamedOneWay(t *testing.T) {
	t.Parallel()
	for name, g := range guards() {
		op := api.ByName(name)
		lower := g.resource(fill(op, "018f2b6a-0000-7000-8000-00000000abcd"), &caller)
		upper := g.resource(fill(op, "018F2B6A-0000-7000-8000-00000000ABCD"), &caller)
		if lower != upper && name != "CreateMeetingDialOut" {
			t.Errorf("%s: %s and %s", name, lower, upper)
		}
	}
}

func TestResourceOfWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	all := guards()
	for name, test := range map[string]struct {
		in   any
		want string
	}{
		"ListDomains":   {&api.ListDomainsInput{}, "*"},
		"ListInvites":   {&api.ListInvitesInput{AccountID: "x"}, "arn:aws:chime::123456789012:account/x"},
		"AcceptInvite":  {&api.AcceptInviteInput{InviteToken: "AAAAHL6ZGhQBjytqAAB3zYAAAAAAAKvNAY8ragAAf82AAAAAAACrzgAAAAAAAAAAAAAAAAAAAAA"}, "arn:aws:chime::123456789012:account/018f2b6a-0000-77cd-8000-00000000abcd"},
		"GetInvite":     {&api.GetInviteInput{InviteToken: "none"}, "*"},
		"DeclineInvite": {&api.DeclineInviteInput{AccountID: "another", InviteToken: "AAAAHL6ZGhQBjytqAAB3zYAAAAAAAKvNAY8ragAAf82AAAAAAACrzgAAAAAAAAAAAAAAAAAAAAA"}, "arn:aws:chime::123456789012:account/018f2b6a-0000-77cd-8000-00000000abcd"},
		"GetAccount":    {&api.GetAccountInput{AccountID: "*"}, "arn:aws:chime::123456789012:account/*"},
	} {
		if got := all[name].resource(test.in, &caller); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
