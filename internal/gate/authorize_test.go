package gate_test

import (
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/gate"
	"github.com/carillon-server/carillon/internal/ops/opstest"
	"github.com/carillon-server/carillon/internal/store"
)

// jane makes a principal with a policy under conditions, and returns what looks its access key up.
func jane(t *testing.T, c *opstest.Caller, condition string) func() chime.Caller {
	t.Helper()
	opstest.Must(c, api.Operations.CreatePrincipal, &api.CreatePrincipalInput{Name: "jane"})
	key := opstest.Must(c, api.Operations.CreateAccessKey, &api.CreateAccessKeyInput{PrincipalName: "jane"}).AccessKey.AccessKeyID
	restrict(c, condition)
	return func() chime.Caller {
		a, _, err := c.DB.Access(t.Context(), key)
		if a == nil || err != nil {
			t.Fatalf("look the key up: %v, %v", a, err)
		}
		return a.Caller
	}
}

func restrict(c *opstest.Caller, condition string) {
	opstest.Must(c, api.Operations.PutPrincipalPolicy, &api.PutPrincipalPolicyInput{PrincipalName: "jane", PolicyName: "p",
		PolicyDocument: `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": ` + condition + `}}`})
}

// TestPoliciesKnowTheRequest wants a policy that allows where a key has its value, and not where it has another.
func TestPoliciesKnowTheRequest(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	at := c.Clock.Now().UTC()
	caller := jane(t, c, `{"Null": {"aws:username": true}}`)
	request := func() *gate.Request {
		return &gate.Request{
			Operation: api.ByName("ListAccounts"), Input: &api.ListAccountsInput{}, Caller: caller(),
			Origin: gate.Origin{Address: netip.MustParseAddr("192.0.2.7"), UserAgent: "Boto3/1.26", Secure: true},
		}
	}
	for condition, want := range map[string]bool{
		`{"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}`:                              true,
		`{"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}`:                           false,
		`{"StringLike": {"aws:UserAgent": "Boto3/*"}}`:                                 true,
		`{"StringLike": {"aws:UserAgent": "aws-cli/*"}}`:                               false,
		`{"Bool": {"aws:SecureTransport": true}}`:                                      true,
		`{"Bool": {"aws:SecureTransport": false}}`:                                     false,
		`{"DateEquals": {"aws:CurrentTime": "` + at.Format(time.RFC3339) + `"}}`:       true,
		`{"DateLessThan": {"aws:CurrentTime": "` + at.Format(time.RFC3339) + `"}}`:     false,
		`{"StringEquals": {"aws:username": "jane"}}`:                                   true,
		`{"StringEquals": {"aws:username": "john"}}`:                                   false,
		`{"StringEquals": {"aws:userid": "` + caller().PrincipalID.String() + `"}}`:    true,
		`{"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::123456789012:user/jane"}}`:   true,
		`{"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::999999999999:user/jane"}}`:   false,
		`{"StringEquals": {"aws:PrincipalAccount": "123456789012"}}`:                   true,
		`{"StringEquals": {"aws:PrincipalType": "User"}}`:                              true,
		`{"Null": {"aws:MultiFactorAuthPresent": true, "aws:TokenIssueTime": "true"}}`: true,
		`{"StringEqualsIfExists": {"aws:PrincipalTag/team": "red"}}`:                   true,
		`{"StringEquals": {"aws:PrincipalTag/team": "red"}}`:                           false,
	} {
		restrict(c, condition)
		_, err := c.Gate.Do(t.Context(), request())
		if (err == nil) != want || err != nil && !errors.Is(err, chime.Forbidden) {
			t.Errorf("%s: %v", condition, err)
		}
	}
}

// TestPoliciesUnderWay changes a policy to and fro while calls are under way: a call whose key was looked up after a change
// never follows the policy before it.
func TestPoliciesUnderWay(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	const yes, no = `{"StringEquals": {"aws:username": "jane"}}`, `{"StringEquals": {"aws:username": "john"}}`
	caller := jane(t, c, yes)
	call := func() error {
		_, err := c.Gate.Do(t.Context(), &gate.Request{Operation: api.ByName("ListAccounts"), Input: &api.ListAccountsInput{}, Caller: caller()})
		return err
	}
	var noise sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		noise.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					_ = call() // either way
				}
			}
		})
	}
	for range 10 {
		restrict(c, no)
		if err := call(); !errors.Is(err, chime.Forbidden) {
			t.Errorf("after it was forbidden: %v", err)
		}
		restrict(c, yes)
		if err := call(); err != nil {
			t.Errorf("after it was allowed: %v", err)
		}
	}
	close(done)
	noise.Wait()
}

// TestPoliciesSeeSoMuch wants that what a caller makes long does not make the decision long.
func TestPoliciesSeeSoMuch(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	long := strings.Repeat("a", 10_000)
	caller := jane(t, c, `{"StringLike": {"aws:UserAgent": "`+strings.Repeat("?", 513)+`*"}}`)
	_, err := c.Gate.Do(t.Context(), &gate.Request{Operation: api.ByName("GetAccount"), Input: &api.GetAccountInput{AccountID: long},
		Caller: caller(), Origin: gate.Origin{UserAgent: long}})
	if !errors.Is(err, chime.Forbidden) {
		t.Fatalf("a user agent of more than 512 bytes: %v", err)
	}
	if n := len(err.Error()); n > 1000 {
		t.Errorf("the refusal has %d bytes", n)
	}
}

// TestPolicyThatIsNotUnderstood fails the call rather than leave a policy out: it may be one that denies.
func TestPolicyThatIsNotUnderstood(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	caller := jane(t, c, `{"StringEquals": {"aws:username": "jane"}}`)
	for _, g := range []*chime.Grant{{Name: "newer", Document: `{"Version": "2030-01-01"}`}, {Name: "Unknown", Managed: true}} {
		g.Tenant, g.Principal, g.ChangedAt = c.Tenant, caller().PrincipalID, c.Clock.Now()
		put := func(write func(*store.Tx)) {
			if err := c.DB.Update(t.Context(), c.Tenant, func(tx *store.Tx) error { write(tx); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		source := c.Clock.Source()
		put(func(tx *store.Tx) { tx.PutGrant(g, source.NewID()) })
		_, err := c.Gate.Do(t.Context(), &gate.Request{Operation: api.ByName("ListAccounts"), Input: &api.ListAccountsInput{}, Caller: caller()})
		if err == nil || errors.Is(err, chime.Forbidden) {
			t.Errorf("%s: %v, want a failure", g.Name, err)
		}
		put(func(tx *store.Tx) { tx.DeleteGrant(g, source.NewID()) })
	}
}
