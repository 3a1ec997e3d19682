package api

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

func FuzzMatch(f *testing.F) {
	for _, op := range AllOperations {
		f.Add(op.Method, op.NewRequest(op.Input.New()).Target)
		target := strings.NewReplacer("{", "%2B", "}", "%252B").Replace(op.Path)
		f.Add(op.Method, "/console"+target+"?"+op.QueryName+"="+op.QueryValue)
	}
	for _, c := range capturedRequests(f) {
		f.Add(c.Method, c.Target)
	}
	for _, target := range []string{
		"http://host/accounts/a%zz?b=%00", "HTTPS://host?operation=create", "*", "host:443", "", "//", "/accounts//users", "/accounts/", "/console",
		"/console/console/accounts", "/accounts/%2E%2E/users", "/accounts/../users", "/accounts/%FF", "/accounts/a?operation=%63reate&operation=x",
		"/accounts?%6Fperation=", "/meetings/x", "/meetings/x/dial-outs", "/accounts#x", "/accounts/a?operation",
	} {
		f.Add("GET", target)
		f.Add("POST", target)
	}
	f.Fuzz(func(t *testing.T, method, target string) {
		r, err := Match(method, target)
		if err != nil {
			var re *RouteError
			if !errors.As(err, &re) || re.Message == "" || (re.Kind == NoMethod) != (len(re.Allow) > 0) {
				t.Fatalf("Match(%q, %q): %#v", method, target, err)
			}
			return
		}
		if r.Op.Method != method || len(r.Labels) != len(r.Op.labels) {
			t.Fatalf("Match(%q, %q) = %s with labels %q", method, target, r.Op.Name, r.Labels)
		}
		for _, label := range r.Labels {
			if label == "" || !utf8.ValidString(label) || strings.Contains(label, "\x00") {
				t.Fatalf("Match(%q, %q): label %q", method, target, label)
			}
		}
		// What it understood, written plainly, means the same.
		in := r.Op.Input.New()
		for i, f := range r.Op.labels {
			if r.Labels[i] == "." || r.Labels[i] == ".." {
				return // cannot be written plainly
			}
			*f.At(in).(*string) = r.Labels[i]
		}
		plain := r.Op.NewRequest(in)
		again, err := Match(plain.Method, plain.Target)
		if err != nil || again.Op != r.Op || !slices.Equal(again.Labels, r.Labels) {
			t.Fatalf("Match(%q, %q) = %s %q, but as %s: %v", method, target, r.Op.Name, r.Labels, plain.Target, err)
		}
		if _, err := Match(method, joinTarget(r)); err != nil {
			t.Fatalf("Match(%q, %q) leaves %q: %v", method, target, joinTarget(r), err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	number := func(name string) uint8 {
		return uint8(slices.Index(AllOperations, ByName(name)))
	}
	f.Add(number("CreateUser"), "a", "operation=create", []byte(`{"Username": "jdoe", "Email": "j+d@example.com", "UserType": "PrivateUser", "X": [{"a": null}]}`))
	f.Add(number("ListUsers"), "é/", "max-results=1&next-token=tok%2Fen%2B1%3D%3D&user-email=j%2Bd%40example.com", []byte(nil))
	f.Add(number("BatchUpdateUser"), "a", "", []byte(`{"UpdateUserRequestItems":[{"UserId":"u","AlexaForBusinessMetadata":{"IsAlexaForBusinessEnabled":true}}]}`))
	f.Add(number("PutRetentionSettings"), "a", "", []byte(`{"RetentionSettings":{"RoomRetentionSettings":{"RetentionDays":1}}}`))
	f.Add(number("UpdatePhoneNumber"), "%2B1", "", []byte(`{"CallingName":"\u0041b","ProductType":null}`))
	f.Add(number("UpdateUserSettings"), "a", "", []byte(`{"UserSettings":{"Telephony":{"InboundCalling":true,"OutboundCalling":true,"SMS":false}}}`))
	f.Add(number("GetUser"), "a", "", []byte(`{"User":{"UserId":"","RegisteredOn":"2020-01-15T22:38:09.806Z","AlexaForBusinessMetadata":{}}}`))
	f.Add(number("PutFault"), "", "", []byte(`{"Operation":"*","Count":1000000,"Fault":{"Struck":-5}}`))
	for _, c := range capturedRequests(f) {
		r, err := Match(c.Method, c.Target)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(number(r.Op.Name), strings.Join(r.Labels, ""), r.Query, []byte(c.Body))
	}
	f.Add(number("CreateUser"), "a", "operation=create", []byte(`{"X":`+strings.Repeat(`[{"a":`, 20)+"1"+strings.Repeat("}]", 20)+"}"))
	f.Add(number("CreateUser"), "a", "operation=create", []byte(`{"Email":"\ud83c\udf88@b.c","Username":"\u0000","UserType":"\ud800"}`))
	f.Add(number("CreateUser"), "\x00", "operation=create&operation=create", []byte("{\"Email\":\"\xff\",\"Email\":1e400} trailing"))
	f.Fuzz(func(t *testing.T, n uint8, label, query string, body []byte) {
		op := AllOperations[int(n)%len(AllOperations)]
		decodeAndAgain(t, op, label, query, body)
		unmarshalAndAgain(t, op.Input, body)
		unmarshalAndAgain(t, op.Output, body)
	})
}

// decodeAndAgain checks that an input that Decode returns is the same after it was sent.
func decodeAndAgain(t *testing.T, op *Operation, label, query string, body []byte) {
	route := Route{Op: op, Query: query}
	for range op.labels {
		route.Labels = append(route.Labels, label)
	}
	in, err := op.Decode(route, body)
	if err != nil {
		checkInvalid(t, err)
		return
	}
	if len(bytes.TrimSpace(body)) > 0 && !jsontext.Value(body).IsValid() {
		t.Fatalf("Decode took %q, which is no JSON", body)
	}
	if len(op.labels) > 0 && (label == "." || label == "..") {
		return // clients cannot send that
	}
	r := op.NewRequest(in)
	if route, err = Match(r.Method, r.Target); err != nil {
		t.Fatalf("Match(%s %s): %v", r.Method, r.Target, err)
	}
	again, err := op.Decode(route, r.Body)
	if err != nil {
		t.Fatalf("Decode(%s, %s): %v", r.Target, r.Body, err)
	}
	if diff := cmp.Diff(in, again); diff != "" {
		t.Fatalf("after %s %s (-want +got):\n%s", r.Target, r.Body, diff)
	}
}

// unmarshalAndAgain checks that what Unmarshal reads is the same after it was written, but for what is absent in Go.
func unmarshalAndAgain(t *testing.T, s *Structure, data []byte) {
	v, err := Unmarshal(s, data)
	if err != nil {
		checkInvalid(t, err)
		return
	}
	text := Append(nil, s, v)
	again, err := Unmarshal(s, text)
	if err != nil {
		t.Fatalf("Unmarshal(%s): %v", text, err)
	}
	if diff := cmp.Diff(v, again); diff != "" {
		t.Fatalf("after %s (-want +got):\n%s", text, diff)
	}
}

func checkInvalid(t *testing.T, err error) {
	t.Helper()
	var invalid *InvalidError
	if !errors.As(err, &invalid) || invalid.Member == "" || invalid.Reason == "" {
		t.Fatalf("error %#v", err)
	}
}
