package ops_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops/opstest"
)

// tenant lets an AWS account in and returns its root as a caller, with an account there.
func tenant(c *opstest.Caller, number chime.Tenant) *opstest.Caller {
	opstest.Must(c, api.Operations.CreateTenant, &api.CreateTenantInput{AWSAccountID: number.String()})
	return c.Of(number)
}

func keys(c *opstest.Caller, in api.ListAccessKeysInput) []api.AccessKeyMetadata {
	return opstest.Must(c, api.Operations.ListAccessKeys, &in).AccessKeys
}

func TestTenants(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	made := opstest.Must(c, api.Operations.CreateTenant, &api.CreateTenantInput{AWSAccountID: "000000000007", Name: " Seven "})
	want := &api.Tenant{AWSAccountID: "000000000007", Name: "Seven", Status: "Active", CreateDate: c.Clock.Now()}
	if diff := cmp.Diff(want, made.Tenant); diff != "" {
		t.Errorf("CreateTenant (-want +got):\n%s", diff)
	}
	if k := made.AccessKey; len(k.AccessKeyID) != 20 || !strings.HasPrefix(k.AccessKeyID, "AKIA") || len(k.SecretAccessKey) != 40 || k.AWSAccountID != want.AWSAccountID {
		t.Errorf("its access key: %q of %s, with a secret of %d characters", k.AccessKeyID, k.AWSAccountID, len(k.SecretAccessKey))
	}
	for _, taken := range []string{"000000000007", c.Tenant.String()} {
		if _, err := opstest.Do(c, api.Operations.CreateTenant, &api.CreateTenantInput{AWSAccountID: taken}); !errors.Is(err, chime.Conflict) {
			t.Errorf("CreateTenant %s again: %v, want conflict", taken, err)
		}
	}
	for n := range 3 {
		opstest.Must(c, api.Operations.CreateTenant, &api.CreateTenantInput{AWSAccountID: fmt.Sprintf("00000000000%d", n)})
	}
	suspended := opstest.Must(c, api.Operations.UpdateTenant, &api.UpdateTenantInput{AWSAccountID: "000000000007", Status: "Suspended"}).Tenant
	if got := opstest.Must(c, api.Operations.GetTenant, &api.GetTenantInput{AWSAccountID: "000000000007"}).Tenant; got.Status != "Suspended" || got.Name != "Seven" || !cmp.Equal(got, suspended) {
		t.Errorf("suspended: %+v, then %+v", suspended, got)
	}
	var walked []string
	for token, more := "", true; more; more = token != "" {
		page := opstest.Must(c, api.Operations.ListTenants, &api.ListTenantsInput{MaxResults: 2, NextToken: token})
		for _, y := range page.Tenants {
			walked = append(walked, y.AWSAccountID)
		}
		token = page.NextToken
	}
	if diff := cmp.Diff([]string{"000000000000", "000000000001", "000000000002", "000000000007"}, walked); diff != "" {
		t.Errorf("ListTenants (-want +got):\n%s", diff)
	}
}

func TestDeleteTenant(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	other := tenant(c, 7)
	opstest.Must(other, api.Operations.CreatePrincipal, &api.CreatePrincipalInput{Name: "alice"})
	remove := func() error {
		_, err := opstest.Do(c, api.Operations.DeleteTenant, &api.DeleteTenantInput{AWSAccountID: "000000000007"})
		return err
	}
	if err := remove(); !errors.Is(err, chime.Unprocessable) {
		t.Errorf("with an account: %v, want unprocessable", err)
	}
	opstest.Must(other, api.Operations.DeleteAccount, &api.DeleteAccountInput{AccountID: other.Account})
	if err := remove(); !errors.Is(err, chime.Unprocessable) {
		t.Errorf("with an account that can be restored: %v, want unprocessable", err)
	}
	empty := opstest.Must(c, api.Operations.CreateTenant, &api.CreateTenantInput{AWSAccountID: "000000000008"}).Tenant.AWSAccountID
	opstest.Must(c, api.Operations.CreatePrincipal, &api.CreatePrincipalInput{Name: "alice", AWSAccountID: empty})
	opstest.Must(c, api.Operations.DeleteTenant, &api.DeleteTenantInput{AWSAccountID: empty})
	if _, err := opstest.Do(c, api.Operations.DeleteTenant, &api.DeleteTenantInput{AWSAccountID: empty}); !errors.Is(err, chime.NotFound) {
		t.Errorf("deleted: %v, want not found", err)
	}
	opstest.Must(c, api.Operations.CreateTenant, &api.CreateTenantInput{AWSAccountID: empty})
	if left := opstest.Must(c, api.Operations.ListPrincipals, &api.ListPrincipalsInput{AWSAccountID: empty}).Principals; len(left) != 0 {
		t.Errorf("let in again it has the principals %v", left)
	}
	if left := keys(c, api.ListAccessKeysInput{AWSAccountID: empty}); len(left) != 1 {
		t.Errorf("let in again it has %d keys, want 1", len(left))
	}
}

// TestKeyOutlivesNoTenant lets a call go on that was let in just before its tenant was deleted: it must leave no key behind.
func TestKeyOutlivesNoTenant(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	const seven = "000000000007"
	key := opstest.Must(c, api.Operations.CreateTenant, &api.CreateTenantInput{AWSAccountID: seven}).AccessKey.AccessKeyID
	a, err := c.DB.LookUpAccess(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	late := *c
	late.Tenant, late.As = 7, &a.Caller
	create := func() error {
		_, err := opstest.Do(&late, api.Operations.CreateAccessKey, &api.CreateAccessKeyInput{})
		return err
	}
	if err := create(); err != nil {
		t.Errorf("while the tenant is there: %v", err)
	}
	opstest.Must(c, api.Operations.DeleteTenant, &api.DeleteTenantInput{AWSAccountID: seven})
	if err := create(); !errors.Is(err, chime.Unauthorized) {
		t.Errorf("after it was deleted: %v, want unauthorized", err)
	}
}

func TestPrincipals(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	made := opstest.Must(c, api.Operations.CreatePrincipal, &api.CreatePrincipalInput{Name: "Alice"}).Principal
	if made.ARN != "arn:aws:iam::123456789012:user/Alice" || !made.CreateDate.Equal(c.Clock.Now()) {
		t.Errorf("CreatePrincipal: %+v", made)
	}
	if _, err := opstest.Do(c, api.Operations.CreatePrincipal, &api.CreatePrincipalInput{Name: "ALICE"}); !errors.Is(err, chime.Conflict) {
		t.Errorf("the same name: %v, want conflict", err)
	}
	attempt := c.Attempt("a")
	bob := opstest.Must(attempt, api.Operations.CreatePrincipal, &api.CreatePrincipalInput{Name: "bob"}).Principal
	if again := opstest.Must(attempt, api.Operations.CreatePrincipal, &api.CreatePrincipalInput{Name: "bob"}).Principal; !cmp.Equal(bob, again) {
		t.Errorf("repeated: %+v, want %+v", again, bob)
	}
	if got := opstest.Must(c, api.Operations.GetPrincipal, &api.GetPrincipalInput{Name: "Alice"}).Principal; !cmp.Equal(got, made) {
		t.Errorf("GetPrincipal: %+v, want %+v", got, made)
	}
	if _, err := opstest.Do(c, api.Operations.GetPrincipal, &api.GetPrincipalInput{Name: "alice"}); !errors.Is(err, chime.NotFound) {
		t.Errorf("GetPrincipal in another case, in which policies would not know it: %v, want not found", err)
	}
	first := opstest.Must(c, api.Operations.ListPrincipals, &api.ListPrincipalsInput{MaxResults: 1})
	rest := opstest.Must(c, api.Operations.ListPrincipals, &api.ListPrincipalsInput{MaxResults: 1, NextToken: first.NextToken})
	if diff := cmp.Diff([]api.Principal{*made, *bob}, append(first.Principals, rest.Principals...)); diff != "" || rest.NextToken != "" {
		t.Errorf("ListPrincipals (-want +got):\n%s", diff)
	}
	opstest.Must(c, api.Operations.CreateAccessKey, &api.CreateAccessKeyInput{PrincipalName: "bob"})
	opstest.Must(c, api.Operations.DeletePrincipal, &api.DeletePrincipalInput{Name: "bob"})
	if _, err := opstest.Do(c, api.Operations.ListAccessKeys, &api.ListAccessKeysInput{PrincipalName: "bob"}); !errors.Is(err, chime.NotFound) {
		t.Errorf("deleted: %v, want not found", err)
	}
	if _, err := opstest.Do(attempt, api.Operations.CreatePrincipal, &api.CreatePrincipalInput{Name: "bob"}); !errors.Is(err, chime.Conflict) {
		t.Errorf("repeated after it was deleted: %v, want conflict", err)
	}
}

func TestAccessKeys(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	opstest.Must(c, api.Operations.CreatePrincipal, &api.CreatePrincipalInput{Name: "Alice"})
	create := func(c *opstest.Caller) (*api.AccessKey, error) {
		out, err := opstest.Do(c, api.Operations.CreateAccessKey, &api.CreateAccessKeyInput{PrincipalName: "Alice"})
		if err != nil {
			return nil, err
		}
		return out.AccessKey, nil
	}
	attempt := c.Attempt("a")
	first, err := create(attempt)
	if err != nil || first.PrincipalName != "Alice" || first.Status != "Active" {
		t.Fatalf("CreateAccessKey: %v, %v", first, err)
	}
	if _, err := create(attempt); !errors.Is(err, chime.Conflict) {
		t.Errorf("repeated: %v, want conflict: the secret is shown once", err)
	}
	second, err := create(c)
	if err != nil || second.AccessKeyID == first.AccessKeyID || second.SecretAccessKey == first.SecretAccessKey {
		t.Fatalf("a second key: %v", err)
	}
	if _, err := create(c); !errors.Is(err, chime.LimitExceeded) {
		t.Errorf("a third key: %v, want limit exceeded", err)
	}
	opstest.Must(c, api.Operations.UpdateAccessKey, &api.UpdateAccessKeyInput{AccessKeyID: first.AccessKeyID, Status: "Inactive"})
	opstest.Must(c, api.Operations.DeleteAccessKey, &api.DeleteAccessKeyInput{AccessKeyID: second.AccessKeyID})
	want := []api.AccessKeyMetadata{{AccessKeyID: first.AccessKeyID, PrincipalName: "Alice", Status: "Inactive", CreateDate: c.Clock.Now()}}
	if diff := cmp.Diff(want, keys(c, api.ListAccessKeysInput{PrincipalName: "Alice"})); diff != "" {
		t.Errorf("ListAccessKeys (-want +got):\n%s", diff)
	}
	if again := opstest.Must(c, api.Operations.UpdateAccessKey, &api.UpdateAccessKeyInput{AccessKeyID: first.AccessKeyID, Status: "Active"}).AccessKey; again.Status != "Active" {
		t.Errorf("active again: %+v", again)
	}
	if _, err := create(c); err != nil {
		t.Errorf("in place of the deleted one: %v", err)
	}
}

// TestAccessOfOthers lets the roots of two tenants and a principal at each other's access.
func TestAccessOfOthers(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	seven := tenant(c, 7)
	tenant(c, 8)
	theirs := keys(c, api.ListAccessKeysInput{AWSAccountID: "000000000008"})[0].AccessKeyID

	// The root of the installation acts for any tenant.
	opstest.Must(c, api.Operations.CreatePrincipal, &api.CreatePrincipalInput{AWSAccountID: "000000000008", Name: "alice"})
	opstest.Must(c, api.Operations.UpdateAccessKey, &api.UpdateAccessKeyInput{AWSAccountID: "000000000008", AccessKeyID: theirs, Status: "Inactive"})
	if _, err := opstest.Do(c, api.Operations.ListPrincipals, &api.ListPrincipalsInput{AWSAccountID: "000000000009"}); !errors.Is(err, chime.NotFound) {
		t.Errorf("a tenant that is none: %v, want not found", err)
	}
	// To the root of a tenant another one does not exist.
	for what, err := range map[string]error{
		"principal": failure(opstest.Do(seven, api.Operations.GetPrincipal, &api.GetPrincipalInput{AWSAccountID: "000000000008", Name: "alice"})),
		"own name":  failure(opstest.Do(seven, api.Operations.GetPrincipal, &api.GetPrincipalInput{Name: "alice"})),
		"key":       failure(opstest.Do(seven, api.Operations.DeleteAccessKey, &api.DeleteAccessKeyInput{AccessKeyID: theirs})),
		"root":      failure(opstest.Do(seven, api.Operations.CreateAccessKey, &api.CreateAccessKeyInput{AWSAccountID: "000000000008"})),
	} {
		if !errors.Is(err, chime.NotFound) {
			t.Errorf("another tenant's %s: %v, want not found", what, err)
		}
	}
	for what, err := range map[string]error{
		"ListTenants":        failure(opstest.Do(seven, api.Operations.ListTenants, &api.ListTenantsInput{})),
		"RekeySecrets":       failure(opstest.Do(seven, api.Operations.RekeySecrets, &api.RekeySecretsInput{})),
		"ImportPhoneNumbers": failure(opstest.Do(seven, api.Operations.ImportPhoneNumbers, &api.ImportPhoneNumbersInput{})),
	} {
		if !errors.Is(err, chime.Forbidden) || !strings.Contains(err.Error(), "arn:aws:iam::000000000007:root is not allowed carillon:"+what) {
			t.Errorf("%s by a tenant's root: %v, want forbidden", what, err)
		}
	}
	alice := *c
	alice.As = &chime.Caller{Tenant: c.Tenant, Kind: chime.IAMUser, Name: "alice", ARN: c.Tenant.UserARN("alice")}
	if _, err := opstest.Do(&alice, api.Operations.ListAccounts, &api.ListAccountsInput{}); !errors.Is(err, chime.Forbidden) ||
		!strings.Contains(err.Error(), "arn:aws:iam::123456789012:user/alice is not authorized to perform: chime:ListAccounts") {
		t.Errorf("a principal: %v, want forbidden", err)
	}
}

func failure[T any](_ T, err error) error { return err }
