package chime_test

import (
	"bytes"
	"regexp"
	"testing"

	"github.com/carillon-server/carillon/internal/chime"
)

func TestPINs(t *testing.T) {
	t.Parallel()
	pins, err := chime.NewPINs(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	others, err := chime.NewPINs(bytes.Repeat([]byte{2}, 32))
	if err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile(`^[0-9]{10}$`)
	const n = 200_000
	seen := make(map[string]chime.PIN, n)
	neighbours := 0 // digits that follow one another as their places do
	previous := ""
	for p := chime.PIN(0); p < n; p++ {
		digits := pins.Digits(123456789012, p)
		if earlier, taken := seen[digits]; taken {
			t.Fatalf("%d and %d have the same digits", earlier, p)
		}
		seen[digits] = p
		if !form.MatchString(digits) {
			t.Fatalf("the digits of %d are %q", p, digits)
		}
		if previous != "" && digits[:5] == previous[:5] {
			neighbours++
		}
		previous = digits
	}
	if want := n / 100_000 * 10; neighbours > want {
		t.Errorf("%d of %d neighbours share their first half, want about %d", neighbours, n, n/100_000)
	}
	last := chime.PIN(9_999_999_999)
	if d := pins.Digits(1, last); !form.MatchString(d) || !last.Valid() || (last + 1).Valid() || chime.PIN(-1).Valid() {
		t.Errorf("the last PIN has the digits %q", d)
	}
	if a, b, c := pins.Digits(1, 7), pins.Digits(2, 7), others.Digits(1, 7); a == b || a == c {
		t.Errorf("tenants or secrets share digits: %s %s %s", a, b, c)
	}
	if _, err := chime.NewPINs(nil); err == nil {
		t.Error("no secret is taken for one")
	}
}
