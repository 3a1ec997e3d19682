package ops

import (
	"encoding/base64"
	"testing"
)

// FuzzParseInbound reads anything as a token; what is taken for one says the same when it is written again.
func FuzzParseInbound(f *testing.F) {
	f.Add("")
	f.Add("token")
	f.Add(base64.RawURLEncoding.EncodeToString(make([]byte, inboundSize)))
	f.Add(base64.RawURLEncoding.EncodeToString(make([]byte, inboundSize)) + "\n")
	f.Fuzz(func(t *testing.T, token string) {
		in, ok := parseInbound(token)
		if !ok {
			return
		}
		if again := base64.RawURLEncoding.EncodeToString(append(in.said(), in.sum[:]...)); again != token {
			t.Errorf("%q is written again as %q", token, again)
		}
		if tenant, ok := InboundTenant([]byte("key"), "019ca8bb-b63b-7000-8000-000000000001", token); ok {
			t.Errorf("%q of %v was made here", token, tenant)
		}
	})
}
