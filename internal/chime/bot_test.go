package chime_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
)

func TestNewBot(t *testing.T) {
	t.Parallel()
	source := chimetest.Source()
	a := chime.NewAccount(source, 123456789012, "Example")
	for _, c := range []struct {
		name, wantName, wantEmail string
		have                      int
		kind                      error
	}{
		{"myBot", "myBot (Bot)", "myBot-chimebot@example.com", 9, nil},
		{"myBot", "", "", 10, chime.LimitExceeded},
		{" My Bot (1)", "My Bot (1) (Bot)", "MyBot1-chimebot@example.com", 0, nil},
		{".a..", ".a.. (Bot)", "a-chimebot@example.com", 0, nil},
		{"Élise_#1", "Élise_#1 (Bot)", "Élise_#1-chimebot@example.com", 0, nil},
		{strings.Repeat("a", 55), strings.Repeat("a", 55) + " (Bot)", strings.Repeat("a", 55) + "-chimebot@example.com", 0, nil},
		{strings.Repeat("a", 56), "", "", 0, chime.BadRequest},
		{" ", "", "", 0, chime.BadRequest},
		{"(..)", "", "", 0, chime.BadRequest},
		{"a..b", "", "", 0, chime.BadRequest},
	} {
		b, err := a.NewBot(source, chime.Quotas{}, c.have, c.name, "example.com")
		if !errors.Is(err, c.kind) {
			t.Errorf("NewBot(%q): %v, want %v", c.name, err, c.kind)
			continue
		}
		if err != nil {
			continue
		}
		if b.DisplayName != c.wantName || string(b.Email) != c.wantEmail || len(b.SecurityToken) != 40 {
			t.Errorf("NewBot(%q) = %q, %q, a token of %d characters; want %q, %q, 40", c.name, b.DisplayName, b.Email, len(b.SecurityToken), c.wantName, c.wantEmail)
		}
	}
}

func TestSecurityTokenChanges(t *testing.T) {
	t.Parallel()
	source := chimetest.Source()
	b, err := chime.NewAccount(source, 1, "Example").NewBot(source, chime.Quotas{}, 0, "Helper", "example.com")
	if err != nil {
		t.Fatal(err)
	}
	before, signed := b.SecurityToken, b.Sign("2026-03-01T09:30:00.123Z", []byte("{}"))
	b.Regenerate(source)
	if b.SecurityToken == before || b.Sign("2026-03-01T09:30:00.123Z", []byte("{}")) == signed {
		t.Error("the token, or what it signs, is what it was")
	}
}

// TestSign compares with a value that was computed with openssl.
func TestSign(t *testing.T) {
	t.Parallel()
	b := chime.Bot{SecurityToken: "wWjYhhWJO1lwSMvB/Wl5ABgnqqCmkBQjD6lv9Tw="}
	got := b.Sign("2019-04-04T21:30:43.181Z", []byte(`{"EventType":"Mention"}`))
	if want := "kwJLGsUFKLihKBlJMt8fT9/2D0b9+pHW+tf1BsqZz1U="; got != want {
		t.Errorf("signature %q, want %q", got, want)
	}
}

func TestCheckEventsConfiguration(t *testing.T) {
	t.Parallel()
	const lambda = "arn:aws:lambda:us-east-1:123456789012:function:f"
	for _, c := range []struct {
		endpoint, lambda string
		plain, ok        bool
	}{
		{"https://bot.example.com/events?x=1", "", false, true},
		{"https://bot.example.com:8443", lambda, false, true},
		{"", lambda, false, true},
		{"", "", false, false},
		{"", "lambda", false, false},
		{"http://bot.example.com/", "", false, false},
		{"http://bot.example.com/", "", true, true},
		{"ftp://bot.example.com/", "", true, false},
		{"https://user:secret@bot.example.com/", "", true, false},
		{"https://bot.example.com/#x", "", false, false},
		{"https:///events", "", false, false},
		{"https:bot.example.com", "", false, false},
		{"bot.example.com", "", false, false},
		{"https://bot.example.com/" + strings.Repeat("a", 2048), "", false, false},
	} {
		err := chime.CheckEventsConfiguration(c.endpoint, c.lambda, c.plain)
		if c.ok != (err == nil) || err != nil && (!errors.Is(err, chime.BadRequest) || strings.Contains(err.Error(), "secret")) {
			t.Errorf("%q, %q, plain %t: %v, want ok %t", c.endpoint, c.lambda, c.plain, err, c.ok)
		}
	}
}
