package chime_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
)

func TestUpdateAccount(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		license     chime.License
		wantName    string
		wantLicense chime.License
		changed     bool
		wantError   string
	}{
		{"", "", "Example", chime.Pro, false, ""},
		{"Example", chime.Pro, "Example", chime.Pro, false, ""},
		{"New", "", "New", chime.Pro, true, ""},
		{"", chime.Basic, "Example", chime.Basic, true, ""},
		{"New", chime.Basic, "New", chime.Basic, true, ""},
		{"New", chime.Plus, "Example", chime.Pro, false, "DefaultLicense must be one of the account's SupportedLicenses: Basic, Pro"},
	} {
		a := chime.NewAccount(chimetest.Source(), 1, "Example")
		changed, err := a.Update(c.name, c.license)
		if c.wantError != "" && (!errors.Is(err, chime.BadRequest) || err.Error() != c.wantError) || c.wantError == "" && err != nil {
			t.Errorf("Update(%q, %q): %v, want %q", c.name, c.license, err, c.wantError)
		}
		if changed != c.changed || a.Name != c.wantName || a.DefaultLicense != c.wantLicense {
			t.Errorf("Update(%q, %q) = %t, account %q, %s", c.name, c.license, changed, a.Name, a.DefaultLicense)
		}
	}
}

func TestSupport(t *testing.T) {
	t.Parallel()
	a := chime.NewAccount(chimetest.Source(), 1, "Example")
	all := []chime.License{chime.ProTrial, chime.Pro, chime.Plus, chime.Basic}
	if err := a.Support(append(all, all...)); err != nil {
		t.Fatalf("Support: %v", err)
	}
	if diff := cmp.Diff(all, a.SupportedLicenses); diff != "" {
		t.Errorf("SupportedLicenses (-want +got):\n%s", diff)
	}
	err := a.Support([]chime.License{chime.Basic, chime.Plus})
	if !errors.Is(err, chime.BadRequest) || !strings.Contains(err.Error(), "must contain the default license, Pro") {
		t.Errorf("without the default license: %v", err)
	}
	if diff := cmp.Diff(all, a.SupportedLicenses); diff != "" {
		t.Errorf("SupportedLicenses after a refusal (-want +got):\n%s", diff)
	}
}

func TestDelegateGroups(t *testing.T) {
	t.Parallel()
	a := chime.NewAccount(chimetest.Source(), 1, "Example")
	associate := func(groups ...string) {
		t.Helper()
		if err := a.Associate(chime.Practical, groups); err != nil {
			t.Errorf("Associate(%q): %v", groups, err)
		}
	}
	want := func(groups ...string) {
		t.Helper()
		if diff := cmp.Diff(append([]string{}, groups...), append([]string{}, a.DelegateGroups...)); diff != "" {
			t.Errorf("groups (-want +got):\n%s", diff)
		}
	}
	associate("b", "a", "b")
	want("b", "a")
	associate("a", "c")
	want("b", "a", "c")
	if err := a.Disassociate(chime.Practical, []string{"a", "x", "a"}); err != nil {
		t.Errorf("Disassociate: %v", err)
	}
	want("b", "c")
	many := make([]string, 98)
	for i := range many {
		many[i] = fmt.Sprint("g", i)
	}
	associate(many...)
	if err := a.Associate(chime.Practical, []string{"one more"}); !errors.Is(err, chime.BadRequest) || !strings.Contains(err.Error(), "at most 100") {
		t.Errorf("the 101st group: %v, want bad request", err)
	}
}

// TestStrict holds what is refused by the type of an account, in Amazon's words.
func TestStrict(t *testing.T) {
	t.Parallel()
	checks := map[string]func(chime.Rules, *chime.Account) error{
		"CreateUser":   func(r chime.Rules, a *chime.Account) error { return a.CheckCreateUser(r, "jane@example.com") },
		"InviteUsers":  func(r chime.Rules, a *chime.Account) error { return a.CheckInvite(r) },
		"suspend":      func(r chime.Rules, a *chime.Account) error { return a.CheckSuspend(r) },
		"unsuspend":    func(r chime.Rules, a *chime.Account) error { return a.CheckUnsuspend(r) },
		"associate":    func(r chime.Rules, a *chime.Account) error { return a.Associate(r, []string{"g"}) },
		"disassociate": func(r chime.Rules, a *chime.Account) error { return a.Disassociate(r, []string{"g"}) },
	}
	allowed := map[string][4]bool{ // Team, EnterpriseDirectory, EnterpriseLWA, EnterpriseOIDC
		"CreateUser":   {false, true, false, false},
		"InviteUsers":  {true, false, false, false},
		"suspend":      {true, false, true, false},
		"unsuspend":    {false, false, true, false},
		"associate":    {false, true, true, true},
		"disassociate": {false, true, true, true},
	}
	for name, check := range checks {
		for i, accountType := range types {
			a := chime.NewAccount(chimetest.Source(), 1, "Example")
			a.Type = accountType
			if err := check(chime.Practical, a); err != nil {
				t.Errorf("%s in a %s account, practical: %v", name, accountType, err)
			}
			err := check(chime.Strict, a)
			if allowed[name][i] && err != nil || !allowed[name][i] && (!errors.Is(err, chime.BadRequest) || err.Error() != "") {
				t.Errorf("%s in a %s account, strict: %v, want it allowed: %t", name, accountType, err, allowed[name][i])
			}
		}
	}
	a := chime.NewAccount(chimetest.Source(), 1, "Example")
	a.Type = chime.EnterpriseDirectory
	if err := a.CheckCreateUser(chime.Strict, ""); !errors.Is(err, chime.BadRequest) || err.Error() != "Email is required" {
		t.Errorf("CreateUser without an address, strict: %v", err)
	}
}

func TestDeleteAccount(t *testing.T) {
	t.Parallel()
	src := chimetest.Source()
	for _, c := range []struct {
		obstacles chime.Obstacles
		want      string
	}{
		{chime.Obstacles{Users: 1}, "the account has a user that is not suspended; suspend it with BatchSuspendUser first"},
		{chime.Obstacles{Users: 2}, "the account has 2 users that are not suspended; suspend them with BatchSuspendUser first"},
		{chime.Obstacles{Users: chime.MaxObstacles}, "the account has 1000 or more users that are not suspended; suspend them with BatchSuspendUser first"},
		{chime.Obstacles{Users: 1, Domains: []string{"a.com", "b.com"}}, "the account has claimed a.com, b.com; release domains with ReleaseDomain first"},
	} {
		a := chime.NewAccount(src, 1, "Example")
		if err := a.Delete(src, c.obstacles); !errors.Is(err, chime.Unprocessable) || err.Error() != c.want || !a.DeletedAt.IsZero() {
			t.Errorf("Delete with %+v: %v at %v, want %q", c.obstacles, err, a.DeletedAt, c.want)
		}
	}
	a := chime.NewAccount(src, 1, "Example")
	if a.RestorableAt(src.Now()) {
		t.Error("a living account can be restored")
	}
	if err := a.Delete(src, chime.Obstacles{}); err != nil || a.DeletedAt != src.Now() {
		t.Fatalf("Delete: %v at %v", err, a.DeletedAt)
	}
	const day = 24 * time.Hour
	for after, want := range map[time.Duration]bool{0: true, 90*day - time.Millisecond: true, 90 * day: false, 91 * day: false} {
		if got := a.RestorableAt(src.Now().Add(after)); got != want {
			t.Errorf("restorable after %v: %t, want %t", after, got, want)
		}
	}
	if a.Restore(); !a.DeletedAt.IsZero() {
		t.Error("the restored account is deleted")
	}
}
