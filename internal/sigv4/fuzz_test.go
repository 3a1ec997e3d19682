package sigv4_test

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"testing"

	"github.com/carillon-server/carillon/internal/sigv4"
)

// FuzzParse reads Authorization and X-Amz-Date, which nobody who lacks the secret can make verify.
func FuzzParse(f *testing.F) {
	const good = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261123/us-east-1/chime/aws4_request, SignedHeaders=host;x-amz-date, Signature="
	signature := strings.Repeat("0", 64)
	f.Add(good+signature, "20261123T095430Z")
	f.Add(good+signature[1:], "20261123T095430Z")
	f.Add(good+strings.Repeat("F", 64), "20261123T095430.5Z")
	f.Add(strings.Replace(good, ", ", ",", -1)+signature, "20261123T095430Z")
	f.Add(strings.Replace(good, "host;x-amz-date", "host;;x-amz-date", 1)+signature, "20261123T095430Z")
	f.Add(strings.Replace(good, "host;x-amz-date", "x-amz-date;host", 1)+signature, "20261123T095430Z")
	f.Add(strings.Replace(good, "AKIDEXAMPLE", "a/b", 1)+signature, "20261123T095430Z")
	f.Add(strings.Replace(good, "us-east-1", "", 1)+signature, "20261131T095430Z")
	f.Add("AWS4-HMAC-SHA256 ", "")
	f.Add("Bearer x", "Mon, 23 Nov 2026 09:54:30 GMT")
	f.Fuzz(func(t *testing.T, authorization, date string) {
		r := sigv4.Request{Method: "GET", Target: "/", Host: "h", Header: http.Header{"Authorization": {authorization}, "X-Amz-Date": {date}}}
		s, err := sigv4.Parse(&r)
		if err != nil {
			checkRefusal(t, err)
			return
		}
		if s.AccessKeyID == "" || s.Region == "" || s.Service == "" || s.Time.Format("20060102") != s.Date || s.Time.Format("20060102T150405Z") != date {
			t.Fatalf("Parse(%q, %q) = %+v", authorization, date, s)
		}
		checkRefusal(t, sigv4.NewVerifier("chime").Verify(&r, &s, exampleSecret, s.Time))
	})
}

// FuzzVerify takes any request. As it came, it is refused in good order or it verifies; signed by us it verifies, and no longer
// with another body.
func FuzzVerify(f *testing.F) {
	for _, c := range captures(f) {
		var header strings.Builder
		if err := c.request.Header.Write(&header); err != nil {
			f.Fatal(err)
		}
		f.Add(c.request.Method, c.request.Target, c.request.Host, header.String(), c.request.Body)
	}
	f.Add("GET", "/a//b/../%2e/%zz%?=&&a=%&b=+&a&A=%41", "h", "X-Amz-A:  a  b \r\nX-Amz-A: \t c\r\nContent-Type: \r\nX-Amz-: x\r\n", []byte("\x00\xff"))
	v := sigv4.NewVerifier("chime")
	f.Fuzz(func(t *testing.T, method, target, host, header string, body []byte) {
		fields, err := textproto.NewReader(bufio.NewReader(strings.NewReader(header + "\r\n"))).ReadMIMEHeader()
		if err != nil && err != io.EOF || strings.ContainsAny(method+target+host, "\r\n") {
			return // never gets past net/http
		}
		r := sigv4.Request{Method: method, Target: target, Host: host, Header: http.Header(fields), Body: body}
		s, err := sigv4.Parse(&r)
		if err == nil {
			err = v.Verify(&r, &s, exampleSecret, s.Time)
		}
		if err != nil {
			checkRefusal(t, err)
		}
		if !signable(&r) {
			return
		}
		signAndChange(t, v, r)
	})
}

// signAndChange signs the request, verifies it and holds it against another body.
func signAndChange(t *testing.T, v *sigv4.Verifier, r sigv4.Request) {
	now := exampleTime
	sigv4.Sign(&r, exampleKey, exampleSecret, "eu-west-1", "chime", now)
	for range 2 { // the second time with a signing key that is remembered
		if err := verify(v, r, now); err != nil {
			t.Fatalf("what Sign signed: %v\n%+v", err, r)
		}
	}
	r.Body = append(slices.Clone(r.Body), 0)
	checkRefusal(t, verify(v, r, now))
}

// signable reports whether a client may sign the request, and a server may take it: the bounds of this package are kept, and
// headers that contradict a fresh signature are not there.
func signable(r *sigv4.Request) bool {
	amz := 0
	for name := range r.Header {
		if len(name) > 100 || name == "X-Amz-Security-Token" || name == "X-Amz-Content-Sha256" || strings.Trim(name, tokenCharacters) != "" {
			return false
		}
		if len(name) >= 6 && strings.EqualFold(name[:6], "X-Amz-") {
			if http.CanonicalHeaderKey(name) != name {
				return false
			}
			amz++
		}
	}
	return amz < 50
}

const tokenCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!#$%&'*+^`|~"

// checkRefusal checks that an error is one of ours, with a name and a message, and gives nothing away.
func checkRefusal(t *testing.T, err error) {
	t.Helper()
	var e *sigv4.Error
	if !errors.As(err, &e) || !strings.HasSuffix(e.Name, "Exception") || e.Message == "" || strings.Contains(e.Message, exampleSecret) {
		t.Fatalf("not a refusal: %#v", err)
	}
}
