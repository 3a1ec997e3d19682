package main

import (
	"testing"

	"github.com/carillon-server/carillon/internal/throttle"
)

func TestParseLimit(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]throttle.Limit{
		"50":      {PerSecond: 50, Burst: 50},
		"0.5":     {PerSecond: 0.5, Burst: 1},
		"2.5":     {PerSecond: 2.5, Burst: 3},
		"50/100":  {PerSecond: 50, Burst: 100},
		"0.1/7":   {PerSecond: 0.1, Burst: 7},
		"1000000": {PerSecond: 1e6, Burst: 1e6},
	} {
		if got, ok := parseLimit(text); !ok || got != want {
			t.Errorf("%s: %+v, %t, want %+v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "0", "-1", "x", "NaN", "Inf", "1e9", "50/", "50/0", "50/x", "50/1/2", "50/9999999"} {
		if got, ok := parseLimit(text); ok {
			t.Errorf("%q is taken as %+v", text, got)
		}
	}
}
