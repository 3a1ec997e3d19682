package api

import (
	"testing"
	"time"
)

var times = []struct {
	time time.Time
	text string
}{
	{time.Date(2020, 1, 15, 22, 38, 9, 806e6, time.UTC), "2020-01-15T22:38:09.806Z"},
	{time.Date(1, 1, 1, 0, 0, 0, 1e6, time.UTC), "0001-01-01T00:00:00.001Z"},
	{time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC), "9999-12-31T23:59:59.999Z"},
	{time.Date(2024, 2, 29, 1, 0, 0, 0, time.FixedZone("", 2*60*60)), "2024-02-28T23:00:00.000Z"},
}

func TestAppendTime(t *testing.T) {
	t.Parallel()
	for _, test := range times {
		if got, want := string(appendTime(nil, test.time)), `"`+test.text+`"`; got != want {
			t.Errorf("appendTime(%v) = %s, want %s", test.time, got, want)
		}
		if got := test.time.UTC().Format(timeForm); got != test.text {
			t.Errorf("package time writes %s, want %s", got, test.text)
		}
	}
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	for _, test := range times {
		if got, ok := parseTime(test.text); !ok || !got.Equal(test.time.Truncate(time.Millisecond)) || got.Location() != time.UTC {
			t.Errorf("parseTime(%q) = %v, %v, want %v", test.text, got, ok, test.time)
		}
	}
	for text, want := range map[string]string{
		"2020-01-15T22:38:09Z":             "2020-01-15T22:38:09.000Z",
		"2020-01-15T22:38:09.8069+02:00":   "2020-01-15T20:38:09.806Z",
		"2020-01-15T22:38:09.123456789Z":   "2020-01-15T22:38:09.123Z",
		"":                                 "",
		"1579127889":                       "",
		"2020-01-15":                       "",
		"2020-02-30T00:00:00Z":             "",
		"0000-01-01T00:00:00+01:00":        "",
		"9999-12-31T23:59:59-01:00":        "",
		"2020-01-15 22:38:09Z":             "",
		"Wed, 15 Jan 2020 22:38:09 +0000Z": "",
	} {
		got, ok := parseTime(text)
		if ok != (want != "") || ok && got.Format(timeForm) != want {
			t.Errorf("parseTime(%q) = %v, %v, want %q", text, got, ok, want)
		}
	}
}
