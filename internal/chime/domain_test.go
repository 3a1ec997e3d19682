package chime_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
)

func TestParseDomain(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("a", 63)
	long := label + "." + label + "." + label + "." + strings.Repeat("a", 61)
	for in, want := range map[string]string{
		"example.com":           "example.com",
		"Example.COM":           "example.com",
		"a.b-c.example.co.uk":   "a.b-c.example.co.uk",
		"1and1.com":             "1and1.com",
		"xn--mnchen-3ya.de":     "xn--mnchen-3ya.de",
		"MÜNCHEN.de":            "münchen.de",
		"उदाहरण.भारत":           "उदाहरण.भारत", // letters and marks
		label + ".com":          label + ".com",
		long:                    long,
		long + "a":              "",
		label + "a.com":         "",
		"":                      "",
		"com":                   "",
		".com":                  "",
		"example.":              "",
		"example..com":          "",
		"-example.com":          "",
		"example-.com":          "",
		"exa mple.com":          "",
		"exa_mple.com":          "",
		"jane@example.com":      "",
		"example.com\n":         "",
		"example.com/":          "",
		"*.example.com":         "",
		"ex\u200bample.com":     "",
		"http://example.com":    "",
		"example.com,other.com": "",
	} {
		got, err := chime.ParseDomain(in)
		if got != want || (err == nil) != (want != "") || err != nil && !errors.Is(err, chime.BadRequest) {
			t.Errorf("ParseDomain(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestEmailDomain(t *testing.T) {
	t.Parallel()
	for in, want := range map[chime.Email]string{"Jane@Example.COM": "example.com", "a@b@c.d": "c.d", "jane": "", "jane@": ""} {
		if got := in.Domain(); got != want {
			t.Errorf("the domain of %q is %q, want %q", in, got, want)
		}
	}
}

func TestClaimAndRelease(t *testing.T) {
	t.Parallel()
	src := chimetest.Source()
	for i, accountType := range types {
		a := chime.NewAccount(src, 1, "Example")
		a.Type = accountType
		d := a.Claim(src, "example.com")
		if d.AccountID != a.ID || d.Tenant != a.Tenant || d.Name != "example.com" || d.ClaimedAt != src.Now() {
			t.Errorf("Claim = %+v", d)
		}
		if want := [4]chime.AccountType{"EnterpriseLWA", "EnterpriseDirectory", "EnterpriseLWA", "EnterpriseOIDC"}[i]; a.Type != want {
			t.Errorf("a %s account that claims becomes %s, want %s", accountType, a.Type, want)
		}
		claimed := a.Type
		if a.Released(1); a.Type != claimed {
			t.Errorf("with a domain left, a %s account becomes %s", claimed, a.Type)
		}
		if a.Released(0); a.Type != chime.Team {
			t.Errorf("without a domain, a %s account becomes %s, want Team", claimed, a.Type)
		}
	}
}

func TestCheckDomain(t *testing.T) {
	t.Parallel()
	src := chimetest.Source()
	for _, accountType := range types {
		a := chime.NewAccount(src, 1, "Example")
		a.Type = accountType
		other := src.NewID()
		for _, rules := range []chime.Rules{chime.Practical, chime.Strict} {
			if err := a.CheckDomain(rules, &a.ID, "Email"); err != nil {
				t.Errorf("its own domain, %s, rules %d: %v", accountType, rules, err)
			}
			err := a.CheckDomain(rules, &other, "Email")
			if !errors.Is(err, chime.BadRequest) || err.Error() != "Email: another account of this AWS account has claimed the domain" {
				t.Errorf("another account's domain, %s, rules %d: %v", accountType, rules, err)
			}
			err = a.CheckDomain(rules, nil, "Email")
			wantRefusal := rules == chime.Strict && accountType != chime.Team
			if wantRefusal != (err != nil) || err != nil && (!errors.Is(err, chime.BadRequest) || err.Error() != "") {
				t.Errorf("nobody's domain, %s, rules %d: %v, want a refusal: %t", accountType, rules, err, wantRefusal)
			}
		}
	}
}
