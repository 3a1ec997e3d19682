package policy_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/carillon-server/carillon/internal/policy"
)

// twenty are two policies of ten statements each, of all sorts, of which the last allows.
func twenty(t testing.TB) policy.Set {
	var statements []string
	for i := range 19 {
		statements = append(statements, fmt.Sprintf(`{"Effect": "%s", "Action": ["chime:Get*", "chime:List*", "chime:*Room*", "chime:CreateUser"],
			"Resource": ["arn:aws:chime::123456789012:account/018f%04d-0000-7000-8000-000000000000", "arn:aws:chime::123456789012:account/018f%04d-0000-7000-8000-*/user/${aws:username}", "arn:aws:chime::*:account/018f0000-0000-7000-8000-000000000001"],
			"Condition": {"%s": {%s}}}`, []string{"Allow", "Deny"}[i%2], i, i,
			[]string{"IpAddress", "StringNotLike", "DateLessThan", "ArnLike", "Bool"}[i%5],
			[]string{`"aws:SourceIp": ["198.51.100.0/24", "2001:db8::/32"]`, `"aws:username": "j*"`, `"aws:CurrentTime": "2026-01-01T00:00:00Z"`,
				`"aws:PrincipalArn": "arn:aws:iam::*:user/ops/*"`, `"aws:SecureTransport": "false"`}[i%5]))
	}
	statements = append(statements, `{"Effect": "Allow", "Action": "chime:*User", "Resource": "*", "Condition": {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:user/${aws:username}"}}}`)
	var set policy.Set
	for half := range slices.Chunk(statements, 10) {
		p, err := policy.Parse(`{"Version": "2012-10-17", "Statement": [` + strings.Join(half, ",") + `]}`)
		if err != nil {
			t.Fatal(err)
		}
		set = append(set, policy.Named{Name: "twenty", Policy: p})
	}
	return set
}

func createUser() *policy.Request {
	return &policy.Request{
		Action:   policy.NewAction("chime:CreateUser"),
		Resource: "arn:aws:chime::123456789012:account/018f0000-0000-7000-8000-000000000001",
		Context: policy.Context{
			PrincipalARN: "arn:aws:iam::123456789012:user/jane", PrincipalAccount: "123456789012", PrincipalType: "User",
			UserName: "jane", UserID: "AIDAEXAMPLE", UserAgent: "Boto3/1.26", SourceIP: netip.MustParseAddr("192.0.2.1"),
			Time: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), Secure: true,
		},
	}
}

func TestDecideDoesNotAllocate(t *testing.T) {
	set, r := twenty(t), createUser()
	want := policy.Decision{Verdict: policy.Allow, Policy: "twenty", Statement: 10}
	if got := set.Decide(r); got != want {
		t.Fatalf("%+v, want %+v", got, want)
	}
	if n := testing.AllocsPerRun(100, func() { set.Decide(r) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkDecide(b *testing.B) {
	set, r := twenty(b), createUser()
	b.ReportAllocs()
	for b.Loop() {
		set.Decide(r)
	}
}

func BenchmarkParse(b *testing.B) {
	document, _ := policy.Managed("AmazonChimeUserManagement")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := policy.Parse(document); err != nil {
			b.Fatal(err)
		}
	}
}
