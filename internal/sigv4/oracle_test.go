package sigv4_test

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"pgregory.net/rapid"

	"github.com/carillon-server/carillon/internal/sigv4"
)

// The AWS SDK's own signer says what is right. It shares no code with this package.

// drawn is a request before it is signed, and what to sign it for.
type drawn struct {
	sigv4.Request
	region string
	now    time.Time
}

const (
	letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	blanks  = " \t"
)

// word draws a string of the characters.
func word(t *rapid.T, characters string, least, most int, what string) string {
	return string(rapid.SliceOfN(rapid.SampledFrom([]byte(characters)), least, most).Draw(t, what))
}

// oddText draws what people put into names: letters mostly, and any byte.
func oddText(t *rapid.T, most int, what string) string {
	b := rapid.OneOf(rapid.SampledFrom([]byte(letters+"+ /%&=~.")), rapid.Byte())
	return string(rapid.SliceOfN(b, 0, most).Draw(t, what))
}

func drawRequest(t *rapid.T) drawn {
	d := drawn{
		Request: sigv4.Request{
			Method: rapid.OneOf(rapid.SampledFrom([]string{"GET", "POST", "PUT", "DELETE"}), rapid.StringMatching("[A-Za-z-]{1,9}")).Draw(t, "method"),
			Target: drawPath(t) + drawQuery(t),
			Host:   word(t, letters+"-.", 1, 20, "host") + rapid.SampledFrom([]string{"", ".", ":24463"}).Draw(t, "port"),
			Header: http.Header{},
			Body:   rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "body"),
		},
		region: word(t, letters+"-", 1, 20, "region"),
		now:    time.Unix(rapid.Int64Range(946684800, 4102444799).Draw(t, "now"), 0),
	}
	for range rapid.IntRange(0, 4).Draw(t, "x-amz headers") {
		d.drawHeader(t, "X-Amz-Z"+word(t, letters+"-._", 0, 8, "name"))
	}
	if rapid.Bool().Draw(t, "content type") {
		d.Header.Set("Content-Type", "application/json")
	}
	if rapid.Bool().Draw(t, "announced") {
		d.Header.Set("X-Amz-Content-Sha256", d.payload())
	}
	return d
}

// drawPath draws segments of unreserved characters, escapes and other characters that a path may have.
func drawPath(t *rapid.T) string {
	var path strings.Builder
	for range rapid.IntRange(1, 5).Draw(t, "segments") {
		path.WriteByte('/')
		for range rapid.IntRange(0, 6).Draw(t, "length") {
			if rapid.IntRange(0, 3).Draw(t, "escape") == 0 {
				path.WriteString("%" + word(t, "0123456789ABCDEFabcdef", 2, 2, "escaped"))
			} else {
				path.WriteString(word(t, letters+"ABC-._~!$&'()*+,;=:@", 1, 1, "plain"))
			}
		}
	}
	return path.String()
}

// drawQuery draws parameters in no order, some of them twice, encoded as clients do it.
func drawQuery(t *rapid.T) string {
	var pairs []string
	for range rapid.IntRange(0, 5).Draw(t, "parameters") {
		name := rapid.SampledFrom([]string{"operation", "max-results", "user-email", "", oddText(t, 4, "other name")}).Draw(t, "name")
		pair := url.QueryEscape(name) + "=" + url.QueryEscape(oddText(t, 8, "value"))
		if rapid.Bool().Draw(t, "spaces as %20") {
			pair = strings.ReplaceAll(pair, "+", "%20")
		}
		pairs = append(pairs, pair)
	}
	if len(pairs) == 0 {
		return ""
	}
	return "?" + strings.Join(pairs, "&")
}

func (d *drawn) drawHeader(t *rapid.T, name string) {
	for range rapid.IntRange(1, 2).Draw(t, "values") {
		d.Header.Add(name, word(t, letters+"ABC \t  ,;=\"é", 0, 10, "value"))
	}
}

func (d *drawn) payload() string {
	sum := sha256.Sum256(d.Body)
	return hex.EncodeToString(sum[:])
}

// signByAWS signs the request with the AWS signer, with its Content-Length if so wanted.
func (d *drawn) signByAWS(t *rapid.T, length int) sigv4.Request {
	path, query, _ := strings.Cut(d.Target, "?")
	r := &http.Request{
		Method:        d.Method,
		URL:           &url.URL{Scheme: "http", Host: d.Host, Opaque: "//" + d.Host + path, RawQuery: query},
		Host:          d.Host,
		Header:        d.Header.Clone(),
		ContentLength: int64(length),
	}
	credentials := aws.Credentials{AccessKeyID: exampleKey, SecretAccessKey: exampleSecret}
	if err := v4.NewSigner().SignHTTP(t.Context(), credentials, r, d.payload(), "chime", d.region, d.now); err != nil {
		t.Fatal(err)
	}
	return sigv4.Request{Method: d.Method, Target: d.Target, Host: d.Host, Header: r.Header, Body: d.Body}
}

// TestVerifiesWhatAWSSigns also signs the headers that Sign leaves out.
func TestVerifiesWhatAWSSigns(t *testing.T) {
	t.Parallel()
	v := sigv4.NewVerifier("chime")
	rapid.Check(t, func(t *rapid.T) {
		d := drawRequest(t)
		for range rapid.IntRange(0, 3).Draw(t, "other headers") {
			d.drawHeader(t, "Other-"+word(t, letters, 0, 4, "name"))
		}
		d.Header.Set("User-Agent", "unsigned")
		if err := verify(v, d.signByAWS(t, len(d.Body)), d.now); err != nil {
			t.Fatalf("%+v: %v", d, err)
		}
	})
}

// TestSignsAsAWS compares byte for byte. The AWS signer signs Content-Length when it knows one, Sign does not.
func TestSignsAsAWS(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawRequest(t)
		want := d.signByAWS(t, 0).Header.Get("Authorization")
		sigv4.Sign(&d.Request, exampleKey, exampleSecret, d.region, "chime", d.now)
		if got := d.Header.Get("Authorization"); got != want {
			t.Fatalf("%+v:\n got %s\nwant %s", d, got, want)
		}
	})
}

// TestRefusesOneChange changes one byte, or puts one in or takes one out, in any part that is signed.
func TestRefusesOneChange(t *testing.T) {
	t.Parallel()
	v := sigv4.NewVerifier("chime")
	rapid.Check(t, func(t *rapid.T) {
		d := drawRequest(t)
		r := d.signByAWS(t, len(d.Body))
		part := rapid.SampledFrom([]string{"method", "target", "host", "body", "header"}).Draw(t, "part")
		switch part {
		case "method":
			r.Method = change(t, r.Method)
		case "target":
			r.Target = change(t, r.Target)
		case "host":
			r.Host = change(t, r.Host)
		case "body":
			r.Body = []byte(change(t, string(r.Body)))
		case "header":
			name := rapid.SampledFrom(slices.Sorted(maps.Keys(r.Header))).Draw(t, "header")
			values := r.Header[name]
			i := rapid.IntRange(0, len(values)-1).Draw(t, "value")
			values[i] = change(t, values[i])
		}
		if verify(v, r, d.now) == nil {
			t.Fatalf("%+v verifies with its %s changed:\n%+v", d, part, r)
		}
	})
}

// change makes one change to a text that means something: blanks around and beside each other in a header do not.
func change(t *rapid.T, s string) string {
	letter := word(t, letters, 1, 1, "letter")
	if s == "" || rapid.Bool().Draw(t, "insert") {
		i := rapid.IntRange(0, len(s)).Draw(t, "at")
		return s[:i] + letter + s[i:]
	}
	i := rapid.IntRange(0, len(s)-1).Draw(t, "at")
	if rapid.Bool().Draw(t, "delete") && strings.Contains(letters, s[i:i+1]) {
		return s[:i] + s[i+1:]
	}
	by := s[i] ^ rapid.ByteRange(1, 255).Draw(t, "bits")
	if strings.IndexByte(blanks, s[i]) >= 0 || strings.IndexByte(blanks, by) >= 0 {
		return s[:i] + letter + s[i:]
	}
	return s[:i] + string([]byte{by}) + s[i+1:]
}
