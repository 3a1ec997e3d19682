package sigv4_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/carillon-server/carillon/internal/sigv4"
)

// TestTimes holds the times that are read to those that the standard library reads.
func TestTimes(t *testing.T) {
	t.Parallel()
	const layout = "20060102T150405Z"
	times := []string{
		"20261123T095430Z", "20240229T000000Z", "20261231T235959Z", "00010101T000000Z", "99991231T235959Z", "20000229T120000Z",
		"20260229T000000Z", "19000229T000000Z", "20260431T000000Z", "20260001T000000Z", "20261301T000000Z", "20260100T000000Z",
		"20260101T240000Z", "20260101T006000Z", "20260101T000060Z", "20260101T0000+0Z", "2026010aT000000Z", "20260101 000000Z",
		"20260101T000000z", "20260101t000000Z", "20260101T000000", "", "20260101T000000.1Z", "２２01T000000Z",
	}
	valid := 0
	for _, date := range times {
		want, err := time.Parse(layout, date)
		ok := err == nil && len(date) == len(layout) // time.Parse also takes fractions of a second
		day, _, _ := strings.Cut(date, "T")
		r := sigv4.Request{Method: "GET", Target: "/", Host: "h", Header: http.Header{
			"X-Amz-Date": {date},
			"Authorization": {"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/" + day + "/us-east-1/chime/aws4_request, SignedHeaders=host;x-amz-date, Signature=" +
				strings.Repeat("0", 64)},
		}}
		s, err := sigv4.Parse(&r)
		if ok != (err == nil) || ok && !s.Time.Equal(want) {
			t.Errorf("%q is read as %v, %v, want %v, %v", date, s.Time, err, want, ok)
		}
		if ok {
			valid++
		}
	}
	if valid != 6 {
		t.Errorf("%d of the times are valid, want 6", valid)
	}
}
