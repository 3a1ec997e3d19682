package policy_test

import (
	"errors"
	"testing"

	"github.com/carillon-server/carillon/internal/policy"
)

// FuzzParse wants an error with a place in the document, or a policy that decides without a panic, always alike.
func FuzzParse(f *testing.F) {
	for _, refusal := range refusals {
		f.Add(refusal[0], "chime:GetUser", "*", "aws:username", "jane")
	}
	for _, name := range policy.ManagedNames() {
		document, _ := policy.Managed(name)
		f.Add(document, "s3:ListBucket", "arn:aws:s3:::chime-chat-1", "aws:SourceIp", "192.0.2.1")
	}
	f.Add(when(`"StringLike": {"app:x": "*a${app:y, 'z'}?"}, "ForAllValues:ArnLike": {"app:x": "arn:*:${app:x}:?:?:*"}`), "a:b", "arn:a:b:c:d:e:f", "app:x", "za")
	f.Add(of(`"Action": "*", "Resource": "arn:aws:s3:::*a*:b*c:*${aws:CurrentTime}"`), "a:b", "arn:aws:s3:::aa:bc:2026-01-01T00:00:00Z", "aws:CurrentTime", "1767225600")
	f.Fuzz(func(t *testing.T, document, action, resource, key, value string) {
		p, err := policy.Parse(document)
		if err != nil {
			var wrong *policy.SyntaxError
			if !errors.As(err, &wrong) || wrong.Line < 1 || wrong.Column < 1 || wrong.Message == "" {
				t.Fatalf("%#v", err)
			}
			return
		}
		r := &policy.Request{Action: policy.NewAction(action), Resource: resource}
		_ = r.Add(key, value) // what it refuses is absent
		set := policy.Set{{Name: "p", Policy: p}}
		d := set.Decide(r)
		if again := set.Decide(r); again != d {
			t.Fatalf("%+v, and then %+v", d, again)
		}
		if (d.Verdict == policy.ImplicitDeny) != (d == policy.Decision{}) {
			t.Fatalf("%+v", d)
		}
	})
}
