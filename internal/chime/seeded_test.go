package chime_test

import (
	"io"
	"testing"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
)

// drawn returns what a source gives first: IDs, and bytes.
func drawn(t *testing.T, s chime.Source) (ids [3]chime.ID, random [32]byte) {
	t.Helper()
	for i := range ids {
		ids[i] = s.NewID()
	}
	if _, err := io.ReadFull(s.Random, random[:]); err != nil {
		t.Fatal(err)
	}
	return ids, random
}

func TestSeeded(t *testing.T) {
	t.Parallel()
	const tenant, other chime.Tenant = 123456789012, 999999999999
	now := chimetest.NewClock().Now
	a, b := chime.Seeded(7, now), chime.Seeded(7, now)
	drawn(t, b(other)) // must not change what the tenant gets
	ids, random := drawn(t, a(tenant))
	if again, bytes := drawn(t, b(tenant)); again != ids || bytes != random {
		t.Errorf("the same seed gives %s, then %s", ids, again)
	}
	if next, _ := drawn(t, a(tenant)); next[0].String() <= ids[2].String() {
		t.Errorf("%s comes after %s", next[0], ids[2])
	}
	for what, s := range map[string]chime.Source{"another tenant": a(other), "another seed": chime.Seeded(8, now)(tenant)} {
		if got, bytes := drawn(t, s); got[0] == ids[0] || bytes == random {
			t.Errorf("%s gets the same", what)
		}
	}
	if ids[0].String() >= ids[1].String() || ids[1].String() >= ids[2].String() {
		t.Errorf("IDs do not count upwards: %s", ids)
	}
	if id, ok := chime.ParseID(ids[0].String()); !ok || id[6]>>4 != 7 || id[8]>>6 != 2 {
		t.Errorf("%s is no UUID of version 7", ids[0])
	}
}
