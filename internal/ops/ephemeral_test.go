package ops_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/ops/opstest"
)

func ephemeral(s *ops.Settings) { s.Snapshots = ops.NewSnapshots() }

// addresses returns those of the users of the caller's account.
func addresses(t *testing.T, c *opstest.Caller) (all []string) {
	t.Helper()
	for _, u := range opstest.Must(c, api.Operations.ListUsers, &api.ListUsersInput{AccountID: c.Account}).Users {
		all = append(all, u.PrimaryEmail)
	}
	return all
}

func TestSnapshots(t *testing.T) {
	t.Parallel()
	c := opstest.New(t, ephemeral)
	other := c.Of(999999999999)
	first := c.CreateUser("first@example.com")
	other.CreateUser("other@example.com")
	taken := opstest.Must(c, api.Operations.Snapshot, &api.SnapshotInput{Name: "base"}).Snapshot
	if taken.Rows != 2 || !taken.CreatedTimestamp.Equal(c.Clock.Now()) {
		t.Errorf("the snapshot is %+v", taken)
	}
	c.CreateUser("second@example.com")
	opstest.Must(c, api.Operations.RestoreSnapshot, &api.RestoreSnapshotInput{Name: "base"})
	if diff := cmp.Diff([]string{"first@example.com"}, addresses(t, c)); diff != "" {
		t.Errorf("after RestoreSnapshot (-want +got):\n%s", diff)
	}
	again := opstest.Must(c, api.Operations.GetUser, &api.GetUserInput{AccountID: c.Account, UserID: first.UserID}).User
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("a user who is back (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"other@example.com"}, addresses(t, other)); diff != "" {
		t.Errorf("another tenant after RestoreSnapshot (-want +got):\n%s", diff)
	}
	if _, err := opstest.Do(other, api.Operations.RestoreSnapshot, &api.RestoreSnapshotInput{Name: "base"}); !errors.Is(err, chime.NotFound) {
		t.Errorf("the snapshot of another tenant: %v, want not found", err)
	}

	opstest.Must(c, api.Operations.Snapshot, &api.SnapshotInput{Name: "a"})
	var names []string
	for _, s := range opstest.Must(c, api.Operations.ListSnapshots, &api.ListSnapshotsInput{}).Snapshots {
		names = append(names, s.Name)
	}
	if diff := cmp.Diff([]string{"a", "base"}, names); diff != "" {
		t.Errorf("ListSnapshots (-want +got):\n%s", diff)
	}
	opstest.Must(c, api.Operations.DeleteSnapshot, &api.DeleteSnapshotInput{Name: "a"})
	if _, err := opstest.Do(c, api.Operations.DeleteSnapshot, &api.DeleteSnapshotInput{Name: "a"}); !errors.Is(err, chime.NotFound) {
		t.Errorf("a snapshot that is gone: %v, want not found", err)
	}
}

func TestSnapshotsAreBounded(t *testing.T) {
	t.Parallel()
	c := opstest.New(t, ephemeral)
	for i := range 100 {
		opstest.Must(c, api.Operations.Snapshot, &api.SnapshotInput{Name: fmt.Sprint(i)})
	}
	opstest.Must(c, api.Operations.Snapshot, &api.SnapshotInput{Name: "99"})
	if _, err := opstest.Do(c, api.Operations.Snapshot, &api.SnapshotInput{Name: "100"}); !errors.Is(err, chime.BadRequest) {
		t.Errorf("one snapshot too many: %v, want a bad request", err)
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	c := opstest.New(t, ephemeral)
	other := c.Of(999999999999)
	ids := map[string]bool{c.CreateUser("jane@example.com").UserID: true}
	for _, of := range []string{"", c.Tenant.String(), other.Tenant.String()} {
		opstest.Must(c, api.Operations.PutFault, &api.PutFaultInput{Operation: "DeleteAccount", DelayMilliseconds: 1, AWSAccountID: of})
	}
	accounts := func(c *opstest.Caller) int {
		return len(opstest.Must(c, api.Operations.ListAccounts, &api.ListAccountsInput{}).Accounts)
	}
	faults := func() int { return len(opstest.Must(c, api.Operations.ListFaults, &api.ListFaultsInput{}).Faults) }

	opstest.Must(c, api.Operations.Reset, &api.ResetInput{})
	if accounts(c) != 0 || accounts(other) != 1 || faults() != 2 {
		t.Errorf("after Reset: %d accounts, another tenant has %d, and %d faults; want 0, 1 and 2", accounts(c), accounts(other), faults())
	}
	c.Account = c.NewAccount("Again")
	if u := c.CreateUser("jane@example.com"); ids[u.UserID] {
		t.Errorf("the user has the ID of an earlier one: %s", u.UserID)
	}

	all := true
	if _, err := opstest.Do(other, api.Operations.Reset, &api.ResetInput{All: &all}); !errors.Is(err, chime.Forbidden) {
		t.Errorf("Reset of all by the root of a tenant: %v, want forbidden", err)
	}
	opstest.Must(c, api.Operations.Reset, &api.ResetInput{All: &all})
	if accounts(c) != 0 || accounts(other) != 0 || faults() != 0 {
		t.Errorf("after Reset of all: %d accounts, another tenant has %d, and %d faults; want none", accounts(c), accounts(other), faults())
	}
}

func TestOnlyAnEphemeralServerResets(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	for what, err := range map[string]error{
		"Reset":           errorOf(opstest.Do(c, api.Operations.Reset, &api.ResetInput{})),
		"Snapshot":        errorOf(opstest.Do(c, api.Operations.Snapshot, &api.SnapshotInput{Name: "x"})),
		"RestoreSnapshot": errorOf(opstest.Do(c, api.Operations.RestoreSnapshot, &api.RestoreSnapshotInput{Name: "x"})),
		"ListSnapshots":   errorOf(opstest.Do(c, api.Operations.ListSnapshots, &api.ListSnapshotsInput{})),
		"DeleteSnapshot":  errorOf(opstest.Do(c, api.Operations.DeleteSnapshot, &api.DeleteSnapshotInput{Name: "x"})),
	} {
		if !errors.Is(err, chime.Forbidden) {
			t.Errorf("%s: %v, want forbidden", what, err)
		}
	}
	if accounts := opstest.Must(c, api.Operations.ListAccounts, &api.ListAccountsInput{}).Accounts; len(accounts) != 1 {
		t.Errorf("there are %d accounts, want the one that was there", len(accounts))
	}
}

func errorOf[T any](_ T, err error) error { return err }
