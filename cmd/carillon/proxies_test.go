package main

import "testing"

func TestParseNetwork(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"10.1.2.3/8":       "10.0.0.0/8",
		"192.0.2.7":        "192.0.2.7/32",
		"::ffff:192.0.2.7": "192.0.2.7/32",
		"fd00::1/8":        "fd00::/8",
		"2001:db8::7":      "2001:db8::7/128",
	} {
		if got, err := parseNetwork(text); err != nil || got.String() != want {
			t.Errorf("%s: %v, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "proxy.example.com", "10.0.0.0/33", "10.0.0"} {
		if got, err := parseNetwork(text); err == nil {
			t.Errorf("%q: %v, want an error", text, got)
		}
	}
}
