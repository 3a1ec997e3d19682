package sigv4_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/carillon-server/carillon/internal/sigv4"
)

const (
	exampleKey    = "AKIDEXAMPLE"
	exampleSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

var exampleTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// capture is a request that a real client sent.
type capture struct {
	name    string
	request sigv4.Request
	now     time.Time
}

func captures(t testing.TB) []capture {
	t.Helper()
	file, err := os.Open("testdata/captures.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all []capture
	for lines := json.NewDecoder(file); ; {
		var line struct{ Name, Raw string }
		if err := lines.Decode(&line); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		raw := make([]byte, 0, len(line.Raw))
		for _, r := range line.Raw { // each character is a byte
			raw = append(raw, byte(r))
		}
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil {
			t.Fatalf("%s: %v", line.Name, err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatalf("%s: %v", line.Name, err)
		}
		now, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
		if err != nil {
			t.Fatalf("%s: %v", line.Name, err)
		}
		all = append(all, capture{line.Name, sigv4.Request{Method: r.Method, Target: r.RequestURI, Host: r.Host, Header: r.Header, Body: body}, now})
	}
}

func verify(v *sigv4.Verifier, r sigv4.Request, now time.Time) error {
	s, err := sigv4.Parse(&r)
	if err != nil {
		return err
	}
	if s.AccessKeyID != exampleKey {
		return v.VerifyUnknown(&r, &s, now)
	}
	return v.Verify(&r, &s, exampleSecret, now)
}

func TestCapturesVerify(t *testing.T) {
	t.Parallel()
	v := sigv4.NewVerifier("chime")
	all := captures(t)
	if len(all) != 196 {
		t.Errorf("%d captures, want 196", len(all))
	}
	for _, c := range all {
		if err := verify(v, c.request, c.now); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestMutationsAreRefused changes one byte of each captured request at a time: of the method, the target, the body, the
// value of each signed header and the Authorization header, every byte of them.
func TestMutationsAreRefused(t *testing.T) {
	t.Parallel()
	v := sigv4.NewVerifier("chime")
	for _, c := range captures(t) {
		refused := func(part string, at int, r sigv4.Request) {
			if verify(v, r, c.now) == nil {
				t.Errorf("%s: verifies with byte %d of %s changed", c.name, at, part)
			}
		}
		each := func(part, text string, put func(*sigv4.Request, string)) {
			for i := range len(text) {
				for _, flip := range []byte{1, 0x20} {
					b := []byte(text)
					b[i] ^= flip
					r := c.request
					r.Header = maps.Clone(r.Header)
					put(&r, string(b))
					refused(part+" to "+string(b[max(0, i-4):min(len(b), i+4)]), i, r)
				}
			}
		}
		each("the method", c.request.Method, func(r *sigv4.Request, s string) { r.Method = s })
		each("the target", c.request.Target, func(r *sigv4.Request, s string) { r.Target = s })
		each("the body", string(c.request.Body), func(r *sigv4.Request, s string) { r.Body = []byte(s) })
		authorization := c.request.Header.Get("Authorization")
		each("Authorization", authorization, func(r *sigv4.Request, s string) { r.Header["Authorization"] = []string{s} })
		_, signed, _ := strings.Cut(authorization, "SignedHeaders=")
		signed, _, _ = strings.Cut(signed, ",")
		for name := range strings.SplitSeq(signed, ";") {
			if name == "host" {
				each(name, c.request.Host, func(r *sigv4.Request, s string) { r.Host = s })
				continue
			}
			name = http.CanonicalHeaderKey(name)
			each(name, c.request.Header.Get(name), func(r *sigv4.Request, s string) { r.Header[name] = []string{s} })
		}
	}
}

func TestSignVerifies(t *testing.T) {
	t.Parallel()
	v := sigv4.NewVerifier("chime")
	now := exampleTime
	for _, target := range []string{"/", "/accounts", "/accounts/a%20b%2Fc?max-results=1&user-email=a%2Bb%40c.d", "/phone-numbers/%252B1206?x=&a=b&a=a"} {
		r := sigv4.Request{Method: "POST", Target: target, Host: "example.com:1", Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte("{}")}
		sigv4.Sign(&r, exampleKey, exampleSecret, "eu-west-1", "chime", now)
		if err := verify(v, r, now.Add(4*time.Minute)); err != nil {
			t.Errorf("%s: %v", target, err)
		}
		for _, skew := range []time.Duration{-301 * time.Second, 301 * time.Second} {
			if err := verify(v, r, now.Add(skew)); err == nil || !strings.Contains(err.Error(), "Exception: Signature ") {
				t.Errorf("%s at %s: %v, want it refused for its time", target, skew, err)
			}
		}
		r.Header.Set("X-Amz-Extra", "unsigned")
		if verify(v, r, now) == nil {
			t.Errorf("%s: verifies with an unsigned x-amz header", target)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	v := sigv4.NewVerifier("chime")
	now := exampleTime
	signed := func(service string) sigv4.Request {
		r := sigv4.Request{Method: "GET", Target: "/accounts", Host: "example.com", Header: http.Header{}}
		sigv4.Sign(&r, exampleKey, exampleSecret, "us-east-1", service, now)
		return r
	}
	for name, c := range map[string]struct {
		request func() sigv4.Request
		want    string
	}{
		"unsigned":      {func() sigv4.Request { r := signed("chime"); delete(r.Header, "Authorization"); return r }, "MissingAuthenticationTokenException"},
		"other service": {func() sigv4.Request { return signed("s3") }, "InvalidSignatureException"},
		"malformed": {func() sigv4.Request {
			r := signed("chime")
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 x")
			return r
		}, "IncompleteSignatureException"},
		"other body":     {func() sigv4.Request { r := signed("chime"); r.Body = []byte("x"); return r }, "InvalidSignatureException"},
		"session token":  {func() sigv4.Request { r := signed("chime"); r.Header.Set("X-Amz-Security-Token", "x"); return r }, ""},
		"two signatures": {func() sigv4.Request { r := signed("chime"); r.Header.Add("Authorization", "x"); return r }, ""},
	} {
		err := verify(v, c.request(), now)
		e, ok := err.(*sigv4.Error)
		if !ok || c.want != "" && e.Name != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), exampleSecret) {
			t.Errorf("%s: the message holds the secret", name)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	v := sigv4.NewVerifier("chime")
	c := captures(b)[0]
	for b.Loop() {
		s, err := sigv4.Parse(&c.request)
		if err != nil {
			b.Fatal(err)
		}
		if err := v.Verify(&c.request, &s, exampleSecret, c.now); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
}
