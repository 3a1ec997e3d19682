package chime_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
)

func TestNewUser(t *testing.T) {
	t.Parallel()
	source := chimetest.Source()
	a := chime.NewAccount(source, 123456789012, "Example")
	u, err := a.NewUser(source, "  Jane Doe ", "Jane@Example.com", chime.SharedDevice)
	if err != nil {
		t.Fatal(err)
	}
	want := &chime.User{
		Tenant: a.Tenant, AccountID: a.ID, ID: u.ID, Email: "Jane@Example.com", DisplayName: "Jane Doe",
		License: chime.Pro, Type: chime.SharedDevice, Registration: chime.Registered, RegisteredAt: chimetest.Start,
		PIN: u.PIN, Version: 1,
	}
	if diff := cmp.Diff(want, u); diff != "" {
		t.Errorf("NewUser (-want +got):\n%s", diff)
	}
	if u.ID == a.ID || u.ID.Time() != chimetest.Start {
		t.Errorf("the user's ID is %s, made at %s", u.ID, u.ID.Time())
	}
}

func TestNewUserNames(t *testing.T) {
	t.Parallel()
	source := chimetest.Source()
	a := chime.NewAccount(source, 1, "Example")
	for _, c := range []struct{ username, email, wantEmail, wantName, wantError string }{
		{"", "jane.doe@example.com", "jane.doe@example.com", "Jane Doe", ""},
		{" \t", "roomdevice@example.com", "roomdevice@example.com", "Roomdevice", ""},
		{"", "a_b-c+d@example.com", "a_b-c+d@example.com", "A B C D", ""},
		{"", "_-+@example.com", "_-+@example.com", "_-+", ""},
		{"", "élise@example.com", "élise@example.com", "Élise", ""},
		{"李 小龍", "lee@example.com", "lee@example.com", "李 小龍", ""},
		{"jane@example.com", "", "jane@example.com", "jane@example.com", ""},
		{"jane", "", "", "", "Email is required"},
		{"", "", "", "", "Email is required"},
		{strings.Repeat("é", 256), "j@example.com", "j@example.com", strings.Repeat("é", 256), ""},
		{strings.Repeat("é", 257), "j@example.com", "", "", "Username must be at most 256"},
		{"", "Jane <jane@example.com>", "", "", "Email must be an e-mail address"},
		{"Ja\x1bne", "j@example.com", "", "", "Username must not contain control characters"},
		{"", "jane@localhost", "", "", "Email must be an e-mail address"},
		{"", `"a b"@example.com`, "", "", "Email must be an e-mail address"},
		{"", "a@b@example.com", "", "", "Email must be an e-mail address"},
		{"", strings.Repeat("a", 251) + "@b.c", "", "", "Email must be at most 254"},
	} {
		u, err := a.NewUser(source, c.username, c.email, "")
		if c.wantError != "" {
			if !errors.Is(err, chime.BadRequest) || !strings.Contains(err.Error(), c.wantError) {
				t.Errorf("NewUser(%q, %q): %v, want bad request with %q", c.username, c.email, err, c.wantError)
			}
			continue
		}
		if err != nil {
			t.Errorf("NewUser(%q, %q): %v", c.username, c.email, err)
			continue
		}
		if string(u.Email) != c.wantEmail || u.DisplayName != c.wantName || u.Type != chime.PrivateUser {
			t.Errorf("NewUser(%q, %q) = %q, %q, %s; want %q, %q, PrivateUser", c.username, c.email, u.Email, u.DisplayName, u.Type, c.wantEmail, c.wantName)
		}
	}
}

func TestNewUserTakesTheDefaultLicense(t *testing.T) {
	t.Parallel()
	source := chimetest.Source()
	a := chime.NewAccount(source, 1, "Example")
	for _, l := range []chime.License{chime.Basic, chime.Plus, chime.Pro, chime.ProTrial} {
		a.DefaultLicense = l
		u, err := a.NewUser(source, "", "j@example.com", "")
		if err != nil || u.License != l {
			t.Errorf("license %s: %v, %v", l, u, err)
		}
	}
	a.Status = chime.AccountSuspended
	if _, err := a.NewUser(source, "", "j@example.com", ""); !errors.Is(err, chime.Forbidden) {
		t.Errorf("in a suspended account: %v, want forbidden", err)
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	source := chimetest.Source()
	for range 100 {
		id := source.NewID()
		for _, s := range []string{id.String(), strings.ToUpper(id.String())} {
			if got, ok := chime.ParseID(s); !ok || got != id {
				t.Fatalf("ParseID(%q) = %v, %t", s, got, ok)
			}
		}
	}
	for _, s := range []string{"", "x", strings.Repeat("-", 36), "01234567-89ab-cdef-0123-456789abcdeg", "0123456789abcdef0123456789abcdef", "01234567-89ab-cdef-0123-456789abcdef0", "012345678-9ab-cdef-0123-456789abcdef"} {
		if id, ok := chime.ParseID(s); ok {
			t.Errorf("ParseID(%q) = %v", s, id)
		}
	}
}

func TestTenants(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{"000000000000": true, "123456789012": true, "": false, "12345678901": false, "1234567890123": false, "12345678901x": false, "+23456789012": false} {
		got, ok := chime.ParseTenant(s)
		if ok != want || ok && got.String() != s {
			t.Errorf("ParseTenant(%q) = %v, %t; want %t", s, got, ok, want)
		}
	}
}
