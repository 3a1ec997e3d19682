package ops

import (
	"encoding/base64"
	"errors"
	"testing"

	"github.com/carillon-server/carillon/internal/chime"
)

// FuzzPageToken checks that a token which was not made for the list is refused, and that a token has one spelling.
func FuzzPageToken(f *testing.F) {
	call := Call{Caller: chime.Caller{Tenant: 123456789012}, Settings: &Settings{TokenKey: []byte("0123456789abcdef0123456789abcdef")}}
	token := func(last chime.ID, list ...string) string {
		p, err := call.page("", 1, 1, list...)
		if err != nil {
			f.Fatal(err)
		}
		_, token := cut(p, []chime.ID{last, {}}, func(id chime.ID) chime.ID { return id })
		return token
	}
	good := token(chime.ID{1, 2, 3}, "ListUsers", "", "x")
	for _, s := range []string{
		good, good[1:], good[:len(good)-1], good + "=", good + "\n", " " + good, "\r\n" + good, good + good, token(chime.ID{}, "ListUsers", "", "x"),
		token(chime.ID{1, 2, 3}, "ListUsers", "x", ""), "AAAA", "====", "", "\x00", base64.StdEncoding.EncodeToString([]byte(good)),
	} {
		f.Add(s, "", "x")
	}
	f.Fuzz(func(t *testing.T, s, filter1, filter2 string) {
		p, err := call.page(s, 0, 100, "ListUsers", filter1, filter2)
		switch {
		case err != nil:
			if !errors.Is(err, chime.BadRequest) {
				t.Fatalf("page(%q): %v", s, err)
			}
		case s == "":
			if p.after != (chime.ID{}) {
				t.Fatalf("the first page begins after %s", p.after)
			}
		case s != token(p.after, "ListUsers", filter1, filter2):
			t.Fatalf("page(%q) is taken for the token after %s", s, p.after)
		}
	})
}
