package chime_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
)

// types are the account types, in the order of the tables' columns.
var types = [4]chime.AccountType{chime.Team, chime.EnterpriseDirectory, chime.EnterpriseLWA, chime.EnterpriseOIDC}

// states makes a user of each state.
var states = map[string]func(*chime.Account, chime.Source) *chime.User{
	"invited": func(a *chime.Account, src chime.Source) *chime.User {
		return a.Invite(src, "jane.doe@example.com", chime.SharedDevice)
	},
	"expired": func(a *chime.Account, src chime.Source) *chime.User {
		u := a.Invite(src, "jane.doe@example.com", "")
		u.InvitedAt = src.Now().Add(-30 * 24 * time.Hour)
		return u
	},
	"failed": func(a *chime.Account, src chime.Source) *chime.User {
		u := a.Invite(src, "jane.doe@example.com", "")
		u.Undeliverable()
		return u
	},
	"registered": func(a *chime.Account, src chime.Source) *chime.User {
		u := a.Invite(src, "jane.doe@example.com", "")
		if err := u.Accept(a, src, ""); err != nil {
			panic(err)
		}
		return u
	},
	"suspended": func(a *chime.Account, src chime.Source) *chime.User {
		u, err := a.NewUser(src, "", "jane.doe@example.com", "")
		if err != nil {
			panic(err)
		}
		u.Registration = chime.Suspended
		return u
	},
}

// stateOf names the state that a user is in.
func stateOf(u *chime.User, now time.Time) string {
	switch {
	case u.Registration == chime.Suspended:
		return "suspended"
	case u.Registration == chime.Registered:
		return "registered"
	case u.InvitationAt(now) == chime.InvitationPending:
		return "invited"
	case u.Invitation == chime.InvitationPending:
		return "expired"
	}
	return "failed"
}

// actions do something to a user, and say what came of it.
var actions = map[string]func(chime.Rules, *chime.Account, *chime.User, chime.Source) (chime.Outcome, error){
	"suspend": func(rules chime.Rules, a *chime.Account, u *chime.User, _ chime.Source) (chime.Outcome, error) {
		if err := a.CheckSuspend(rules); err != nil {
			return chime.Unchanged, err
		}
		return a.Suspend(u), nil
	},
	"unsuspend": func(rules chime.Rules, a *chime.Account, u *chime.User, _ chime.Source) (chime.Outcome, error) {
		if err := a.CheckUnsuspend(rules); err != nil {
			return chime.Unchanged, err
		}
		return u.Unsuspend(), nil
	},
	"update license": func(rules chime.Rules, a *chime.Account, u *chime.User, _ chime.Source) (chime.Outcome, error) {
		return u.Update(a, rules, chime.UserChange{License: chime.Basic})
	},
	"update type": func(rules chime.Rules, a *chime.Account, u *chime.User, _ chime.Source) (chime.Outcome, error) {
		return u.Update(a, rules, chime.UserChange{Type: chime.SharedDevice})
	},
	"reset PIN": func(_ chime.Rules, _ *chime.Account, u *chime.User, src chime.Source) (chime.Outcome, error) {
		return chime.Changed, u.ResetPIN(src)
	},
	"correct": func(_ chime.Rules, _ *chime.Account, u *chime.User, _ chime.Source) (chime.Outcome, error) {
		return u.Correct("other@example.com", "Other")
	},
	"invite": func(rules chime.Rules, a *chime.Account, u *chime.User, src chime.Source) (chime.Outcome, error) {
		if err := a.CheckInvite(rules); err != nil {
			return chime.Unchanged, err
		}
		u.InviteAgain(src, "")
		return chime.Changed, nil
	},
	"accept": func(_ chime.Rules, a *chime.Account, u *chime.User, src chime.Source) (chime.Outcome, error) {
		return chime.Changed, u.Accept(a, src, "Jane")
	},
	"decline": func(_ chime.Rules, _ *chime.Account, u *chime.User, src chime.Source) (chime.Outcome, error) {
		return chime.Changed, u.Decline(src.Now())
	},
	"undeliverable": func(_ chime.Rules, _ *chime.Account, u *chime.User, _ chime.Source) (chime.Outcome, error) {
		return u.Undeliverable(), nil
	},
	"release domain": func(_ chime.Rules, a *chime.Account, u *chime.User, _ chime.Source) (chime.Outcome, error) {
		if a.Type.ReleaseUser(u) {
			return chime.Gone, nil
		}
		return chime.Unchanged, nil
	},
}

// amazon stands for a refusal in Amazon's words, to which nothing is added.
const amazon = "!"

// everywhere is a row that is the same in all account types.
func everywhere(s string) [4]string { return [4]string{s, s, s, s} }

// TestTransitions goes through every action on every state in every account type. A column says what comes of it: the state
// afterwards, "=" for nothing, "gone", "!" for Amazon's refusal, "! words" for one that says why.
func TestTransitions(t *testing.T) {
	t.Parallel()
	const (
		notYet   = "! has not registered yet"
		accepted = "! accepted already"
		declined = "! declined or could not be delivered"
		late     = "! ended 30 days after"
	)
	seen := 0
	for _, row := range []struct {
		action, from      string
		practical, strict [4]string // Team, EnterpriseDirectory, EnterpriseLWA, EnterpriseOIDC
	}{
		{"suspend", "invited", everywhere("gone"), [4]string{"gone", amazon, "gone", amazon}},
		{"suspend", "expired", everywhere("gone"), [4]string{"gone", amazon, "gone", amazon}},
		{"suspend", "failed", everywhere("gone"), [4]string{"gone", amazon, "gone", amazon}},
		{"suspend", "registered", [4]string{"gone", "suspended", "suspended", "suspended"}, [4]string{"gone", amazon, "suspended", amazon}},
		{"suspend", "suspended", [4]string{"gone", "=", "=", "="}, [4]string{"gone", amazon, "=", amazon}},

		{"unsuspend", "invited", everywhere("="), [4]string{amazon, amazon, "=", amazon}},
		{"unsuspend", "expired", everywhere("="), [4]string{amazon, amazon, "=", amazon}},
		{"unsuspend", "failed", everywhere("="), [4]string{amazon, amazon, "=", amazon}},
		{"unsuspend", "registered", everywhere("="), [4]string{amazon, amazon, "=", amazon}},
		{"unsuspend", "suspended", everywhere("registered"), [4]string{amazon, amazon, "registered", amazon}},

		{"update license", "invited", everywhere(notYet), everywhere(notYet)},
		{"update license", "expired", everywhere(notYet), everywhere(notYet)},
		{"update license", "failed", everywhere(notYet), everywhere(notYet)},
		{"update license", "registered", everywhere("registered"), [4]string{"registered", amazon, "registered", amazon}},
		{"update license", "suspended", everywhere("suspended"), [4]string{"suspended", amazon, "suspended", amazon}},

		{"update type", "invited", everywhere(notYet), everywhere(notYet)},
		{"update type", "expired", everywhere(notYet), everywhere(notYet)},
		{"update type", "failed", everywhere(notYet), everywhere(notYet)},
		{"update type", "registered", everywhere("registered"), everywhere("registered")},
		{"update type", "suspended", everywhere("suspended"), everywhere("suspended")},

		{"reset PIN", "invited", everywhere(notYet), everywhere(notYet)},
		{"reset PIN", "expired", everywhere(notYet), everywhere(notYet)},
		{"reset PIN", "failed", everywhere(notYet), everywhere(notYet)},
		{"reset PIN", "registered", everywhere("registered"), everywhere("registered")},
		{"reset PIN", "suspended", everywhere("suspended"), everywhere("suspended")},

		{"correct", "invited", everywhere(notYet), everywhere(notYet)},
		{"correct", "expired", everywhere(notYet), everywhere(notYet)},
		{"correct", "failed", everywhere(notYet), everywhere(notYet)},
		{"correct", "registered", everywhere("registered"), everywhere("registered")},
		{"correct", "suspended", everywhere("suspended"), everywhere("suspended")},

		{"invite", "invited", everywhere("invited"), [4]string{"invited", amazon, amazon, amazon}},
		{"invite", "expired", everywhere("invited"), [4]string{"invited", amazon, amazon, amazon}},
		{"invite", "failed", everywhere("invited"), [4]string{"invited", amazon, amazon, amazon}},

		{"accept", "invited", everywhere("registered"), everywhere("registered")},
		{"accept", "expired", everywhere(late), everywhere(late)},
		{"accept", "failed", everywhere(declined), everywhere(declined)},
		{"accept", "registered", everywhere(accepted), everywhere(accepted)},
		{"accept", "suspended", everywhere(accepted), everywhere(accepted)},

		{"decline", "invited", everywhere("failed"), everywhere("failed")},
		{"decline", "expired", everywhere(late), everywhere(late)},
		{"decline", "failed", everywhere(declined), everywhere(declined)},
		{"decline", "registered", everywhere(accepted), everywhere(accepted)},
		{"decline", "suspended", everywhere(accepted), everywhere(accepted)},

		{"undeliverable", "invited", everywhere("failed"), everywhere("failed")},
		{"undeliverable", "expired", everywhere("failed"), everywhere("failed")},
		{"undeliverable", "failed", everywhere("="), everywhere("=")},
		{"undeliverable", "registered", everywhere("="), everywhere("=")},
		{"undeliverable", "suspended", everywhere("="), everywhere("=")},

		{"release domain", "invited", everywhere("gone"), everywhere("gone")},
		{"release domain", "expired", everywhere("gone"), everywhere("gone")},
		{"release domain", "failed", everywhere("gone"), everywhere("gone")},
		{"release domain", "registered", everywhere("gone"), everywhere("gone")},
		{"release domain", "suspended", [4]string{"=", "gone", "=", "gone"}, [4]string{"=", "gone", "=", "gone"}},
	} {
		seen++
		for i, accountType := range types {
			for rules, want := range map[chime.Rules]string{chime.Practical: row.practical[i], chime.Strict: row.strict[i]} {
				clock := chimetest.NewClock()
				src := clock.Source()
				a := chime.NewAccount(src, 123456789012, "Example")
				a.Type = accountType
				u := states[row.from](a, src)
				before := *u
				clock.Move(time.Hour)
				outcome, err := actions[row.action](rules, a, u, src)
				got := describe(&before, u, outcome, err, src.Now())
				if got != want && (len(want) < 3 || want[0] != '!' || !strings.Contains(got, want[2:])) {
					t.Errorf("%s a user who is %s in a %s account, rules %d: %s, want %s", row.action, row.from, accountType, rules, got, want)
				}
			}
		}
	}
	if want := len(actions)*len(states) - 2; seen != want { // who has registered is not invited again
		t.Errorf("the table has %d rows, want %d: one for each action on each state", seen, want)
	}
}

// describe says in the table's words what came of an action.
func describe(before, u *chime.User, outcome chime.Outcome, err error, now time.Time) string {
	changed := !cmp.Equal(before, u)
	switch {
	case err != nil && !errors.Is(err, chime.BadRequest):
		return "an error that is no bad request: " + err.Error()
	case err != nil && changed:
		return "a change in spite of: " + err.Error()
	case err != nil && err.Error() == "":
		return amazon
	case err != nil:
		return "! " + err.Error()
	case outcome == chime.Gone:
		return "gone"
	case changed != (outcome == chime.Changed):
		return outcome.String() + ", which is not so"
	case !changed:
		return "="
	}
	return stateOf(u, now)
}

func TestSuspendedUserKeepsEverything(t *testing.T) {
	t.Parallel()
	src := chimetest.Source()
	a := chime.NewAccount(src, 1, "Example")
	a.Type = chime.EnterpriseLWA
	u := states["registered"](a, src)
	before := *u
	if a.Suspend(u) != chime.Changed || u.Unsuspend() != chime.Changed {
		t.Error("suspending and coming back changed nothing")
	}
	if diff := cmp.Diff(&before, u); diff != "" {
		t.Errorf("after suspension and return (-before +after):\n%s", diff)
	}
}

func TestAccept(t *testing.T) {
	t.Parallel()
	clock := chimetest.NewClock()
	src := clock.Source()
	a := chime.NewAccount(src, 1, "Example")
	a.SupportedLicenses, a.DefaultLicense = []chime.License{chime.Plus}, chime.Plus
	for name, want := range map[string]string{"": "Jane Doe", "  ": "Jane Doe", " J. Doe ": "J. Doe"} {
		u := a.Invite(src, "jane.doe@example.com", chime.SharedDevice)
		invited := *u
		if u.License != "" || u.DisplayName != "" || !u.RegisteredAt.IsZero() || u.InvitedAt != src.Now() {
			t.Errorf("who is invited has %+v", u)
		}
		clock.Move(time.Hour)
		if err := u.Accept(a, src, name); err != nil {
			t.Fatalf("Accept(%q): %v", name, err)
		}
		invited.DisplayName, invited.License, invited.PIN, invited.RegisteredAt = want, chime.Plus, u.PIN, src.Now()
		invited.Registration, invited.Invitation = chime.Registered, chime.InvitationAccepted
		if diff := cmp.Diff(&invited, u); diff != "" {
			t.Errorf("Accept(%q) (-want +got):\n%s", name, diff)
		}
	}
	u := a.Invite(src, "jane.doe@example.com", "")
	if err := u.Accept(a, src, strings.Repeat("é", 257)); !errors.Is(err, chime.BadRequest) || u.Registration != chime.Unregistered {
		t.Errorf("with a name that is too long: %v, %s", err, u.Registration)
	}
}

func TestInvitationEnds(t *testing.T) {
	t.Parallel()
	clock := chimetest.NewClock()
	src := clock.Source()
	a := chime.NewAccount(src, 1, "Example")
	u, declined := a.Invite(src, "jane@example.com", ""), a.Invite(src, "joe@example.com", "")
	if u.Type != chime.PrivateUser {
		t.Errorf("who is invited without a type is a %s", u.Type)
	}
	if err := declined.Decline(src.Now()); err != nil {
		t.Fatal(err)
	}
	clock.Move(chime.InviteLife - time.Millisecond)
	if got := u.InvitationAt(src.Now()); got != chime.InvitationPending {
		t.Errorf("just before its end the invitation is %s", got)
	}
	clock.Move(time.Millisecond)
	if got := u.InvitationAt(src.Now()); got != chime.InvitationFailed {
		t.Errorf("at its end the invitation is %s", got)
	}
	for _, u := range []*chime.User{u, declined} {
		u.InviteAgain(src, chime.SharedDevice)
		if u.InvitationAt(src.Now()) != chime.InvitationPending || u.InvitedAt != src.Now() || u.Type != chime.SharedDevice {
			t.Errorf("invited again: %+v", u)
		}
		u.InviteAgain(src, "")
		if u.Type != chime.SharedDevice {
			t.Errorf("invited again without a type: %s", u.Type)
		}
	}
}

func TestUpdateUser(t *testing.T) {
	t.Parallel()
	src := chimetest.Source()
	a := chime.NewAccount(src, 1, "Example")
	on, off := true, false
	u := states["registered"](a, src)
	for _, step := range []struct {
		change  chime.UserChange
		outcome chime.Outcome
		alexa   chime.Alexa
	}{
		{chime.UserChange{}, chime.Unchanged, chime.Alexa{}},
		{chime.UserChange{AlexaEnabled: &off}, chime.Unchanged, chime.Alexa{}},
		{chime.UserChange{AlexaEnabled: &on, AlexaRoomARN: "arn:1"}, chime.Changed, chime.Alexa{Enabled: true, RoomARN: "arn:1"}},
		{chime.UserChange{AlexaRoomARN: "arn:2"}, chime.Changed, chime.Alexa{Enabled: true, RoomARN: "arn:2"}},
		{chime.UserChange{AlexaEnabled: &off}, chime.Changed, chime.Alexa{RoomARN: "arn:2"}},
		{chime.UserChange{License: chime.Pro, Type: chime.PrivateUser}, chime.Unchanged, chime.Alexa{RoomARN: "arn:2"}},
		{chime.UserChange{License: chime.Basic}, chime.Changed, chime.Alexa{RoomARN: "arn:2"}},
	} {
		outcome, err := u.Update(a, chime.Practical, step.change)
		if err != nil || outcome != step.outcome || u.Alexa != step.alexa {
			t.Errorf("%+v: %v, %v, %+v; want %v, %+v", step.change, outcome, err, u.Alexa, step.outcome, step.alexa)
		}
	}
	_, err := u.Update(a, chime.Practical, chime.UserChange{License: chime.Plus})
	if !errors.Is(err, chime.BadRequest) || err.Error() != "LicenseType must be one of the account's SupportedLicenses: Basic, Pro" || u.License != chime.Basic {
		t.Errorf("a license that is not supported: %v, the user has %s", err, u.License)
	}
}

func TestResetPIN(t *testing.T) {
	t.Parallel()
	src := chimetest.Source()
	u := states["registered"](chime.NewAccount(src, 1, "Example"), src)
	for range 100 {
		before := *u
		if err := u.ResetPIN(src); err != nil || u.PIN == before.PIN {
			t.Fatalf("ResetPIN: %v, %d after %d", err, u.PIN, before.PIN)
		}
		if before.PIN = u.PIN; !cmp.Equal(&before, u) {
			t.Error("something else changed")
		}
	}
}

func TestCorrect(t *testing.T) {
	t.Parallel()
	src := chimetest.Source()
	a := chime.NewAccount(src, 1, "Example")
	for _, c := range []struct {
		email, name         string
		wantEmail, wantName string
		wantOutcome         chime.Outcome
		wantError           string
	}{
		{"", "", "jane.doe@example.com", "Jane Doe", chime.Unchanged, ""},
		{"", " ", "jane.doe@example.com", "Jane Doe", chime.Unchanged, ""},
		{"jane.doe@example.com", "Jane Doe", "jane.doe@example.com", "Jane Doe", chime.Unchanged, ""},
		{"Jane.Doe@example.com", "", "Jane.Doe@example.com", "Jane Doe", chime.Changed, ""},
		{"j@example.org", "", "j@example.org", "Jane Doe", chime.Changed, ""},
		{"", " J ", "jane.doe@example.com", "J", chime.Changed, ""},
		{"j@localhost", "", "", "", 0, "Email must be an e-mail address"},
		{"", strings.Repeat("x", 257), "", "", 0, "DisplayName must be at most 256 characters"},
	} {
		u := states["registered"](a, src)
		outcome, err := u.Correct(c.email, c.name)
		if c.wantError != "" {
			if !errors.Is(err, chime.BadRequest) || !strings.Contains(err.Error(), c.wantError) {
				t.Errorf("Correct(%q, %q): %v, want bad request with %q", c.email, c.name, err, c.wantError)
			}
			continue
		}
		if err != nil || outcome != c.wantOutcome || string(u.Email) != c.wantEmail || u.DisplayName != c.wantName {
			t.Errorf("Correct(%q, %q): %v, %v, %q, %q; want %v, %q, %q", c.email, c.name, outcome, err, u.Email, u.DisplayName, c.wantOutcome, c.wantEmail, c.wantName)
		}
	}
}
