package sigv4_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/carillon-server/carillon/internal/sigv4"
)

// TestRefusalsTakeTheSameTime compares the quick ones of many refusals, which nothing else on the machine has held up, and goes
// on until these are alike: to leave out a step parts them for good.
func TestRefusalsTakeTheSameTime(t *testing.T) {
	const secret = exampleSecret
	now := exampleTime
	signed := func(secret string) (*sigv4.Request, *sigv4.Signature) {
		r := &sigv4.Request{Method: "GET", Target: "/accounts", Host: "localhost", Header: http.Header{}}
		sigv4.Sign(r, exampleKey, secret, "us-east-1", "chime", now)
		s, err := sigv4.Parse(r)
		if err != nil {
			t.Fatal(err)
		}
		return r, &s
	}
	inUse, fresh := sigv4.NewVerifier("chime"), sigv4.NewVerifier("chime")
	r, s := signed(secret)
	if err := inUse.Verify(r, s, secret, now); err != nil {
		t.Fatal(err)
	}
	r, s = signed(strings.Repeat("0", len(secret)))
	refusals := []func() error{
		func() error { return inUse.Verify(r, s, secret, now) },
		func() error { return fresh.Verify(r, s, secret, now) },
		func() error { return fresh.VerifyUnknown(r, s, now) },
	}
	names := []string{"a key in use", "a key that was not used yet", "a key that nobody has"}
	took := make([][]time.Duration, len(refusals))
	for range 20 {
		for range 50 {
			for i, refuse := range refusals {
				begun := time.Now()
				err := refuse()
				took[i] = append(took[i], time.Since(begun))
				if err == nil {
					t.Fatalf("%s: a wrong signature is taken", names[i])
				}
			}
		}
		var quick []time.Duration
		for i := range refusals {
			slices.Sort(took[i])
			quick = append(quick, took[i][len(took[i])/10])
		}
		if slices.Max(quick) < slices.Min(quick)*6/5 {
			return
		}
	}
	for i, name := range names {
		t.Errorf("%s is refused in %v; the times tell keys apart", name, took[i][len(took[i])/10])
	}
}
