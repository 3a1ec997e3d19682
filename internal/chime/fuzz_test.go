package chime_test

import (
	"errors"
	"net/mail"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
)

// FuzzParseEmail checks that what is taken can be stored, sent to and compared, and that it makes a user.
func FuzzParseEmail(f *testing.F) {
	for _, s := range []string{
		"jane@example.com", "Jane.Doe+tag@mail.example.com", "élise@exämple.com", "o'hara!#$%&*/=?^_`{|}~-@example.com", "İ@example.com",
		"a@[127.0.0.1]", `"a b"@example.com`, "Jane <jane@example.com>", "jane@example.com (work)", "a@b@example.com", "jane@localhost",
		"a_b-c+d.e@e-x.example.com", "a.@example.com", "a@b.c.", "a@@b.c", "a@example", "@b.c", "a@b_c.d+e",
		"a..b@example.com", ".a@example.com", "a@example..com", "a@example.com.", "a@.com", " a@example.com", "a@example.com\r\nBcc: b@example.com",
		"a\x00@example.com", "a@example.com\x00", "\xff@example.com", "@", "", strings.Repeat("a", 250) + "@b.c", "=?utf-8?q?a?=@example.com",
	} {
		f.Add(s)
	}
	pattern := regexp.MustCompile(`^.+@.+\..+$`) // of the model
	source := chimetest.Source()
	a := chime.NewAccount(source, 1, "Example")
	f.Fuzz(func(t *testing.T, s string) {
		e, err := chime.ParseEmail(s)
		if err != nil {
			if !errors.Is(err, chime.BadRequest) || e != "" {
				t.Fatalf("ParseEmail(%q) = %q, %v", s, e, err)
			}
			return
		}
		if string(e) != s || len(s) > 254 || !utf8.ValidString(s) || !pattern.MatchString(s) || strings.ContainsAny(s, "\x00\r\n\t \"<>,;") {
			t.Fatalf("ParseEmail(%q) = %q", s, e)
		}
		if parsed, err := mail.ParseAddress(s); err != nil || parsed.Address != s {
			t.Fatalf("ParseEmail(%q) takes what no mail program would: %v", s, err)
		}
		if folded := e.Fold(); chime.Email(folded).Fold() != folded {
			t.Fatalf("%q folds to %q, and that to %q", s, folded, chime.Email(folded).Fold())
		}
		u, err := a.NewUser(source, "", s, "")
		if err != nil || u.DisplayName == "" || !utf8.ValidString(u.DisplayName) {
			t.Fatalf("NewUser(%q) = %+v, %v", s, u, err)
		}
	})
}

// FuzzParseID checks that an ID has two spellings, in lower and in upper case, and mixtures of them.
func FuzzParseID(f *testing.F) {
	id := chimetest.Source().NewID().String()
	for _, s := range []string{
		id, strings.ToUpper(id), id[:35], id + "0", strings.ReplaceAll(id, "-", ""), "{" + id + "}", "urn:uuid:" + id,
		"00000000-0000-0000-0000-000000000000", "ffffffff-FFFF-ffff-FFFF-ffffffffffff", "g" + id[1:], "-" + id[1:], "123456789012",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, ok := chime.ParseID(s)
		if !ok {
			if id != (chime.ID{}) {
				t.Fatalf("ParseID(%q) refuses and returns %s", s, id)
			}
			return
		}
		if id.String() != strings.ToLower(s) {
			t.Fatalf("ParseID(%q) = %s", s, id)
		}
	})
}
