package server

import (
	"crypto/sha256"
	"strings"
	"time"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/sigv4"
	"github.com/carillon-server/carillon/internal/store"
)

// service is the name that clients sign for.
const service = "chime"

// Auth says how callers are told apart.
type Auth uint8

// The ways: by their signatures, or by their word.
const (
	SigV4 Auth = iota
	Open
)

// authenticate returns who makes the call; also with the error if it is one of a key that is refused.
func (x *exchange) authenticate(body []byte) (chime.Caller, error) {
	if x.Auth == Open {
		// No signature stands between this server and a web page that somebody on this machine happens to look at.
		if err := x.origins.Check(x.r); err != nil {
			return chime.Caller{}, chime.Forbidden.Errorf("a web page of another origin sent this; with --auth=off only programs may call")
		}
		return x.claimed(), nil
	}
	r := &sigv4.Request{Method: x.r.Method, Target: x.target, Host: x.r.Host, Header: x.r.Header, Body: body}
	signature, err := sigv4.Parse(r)
	if err != nil {
		return chime.Caller{}, err
	}
	now := time.Now()
	key, known, err := x.Keys(x.r.Context(), signature.AccessKeyID)
	if err != nil {
		return chime.Caller{}, err
	}
	if !known {
		return chime.Caller{}, x.verifier.VerifyUnknown(r, &signature, now)
	}
	if err := x.verifier.Verify(r, &signature, key.Secret, now); err != nil {
		if !key.lookedUp {
			// Only for the time it takes, which must not tell that the key exists: one that does not is looked for in vain.
			_, _ = x.DB.LookUpAccess(x.r.Context(), nobodysKey)
		}
		return chime.Caller{}, err
	}
	if key.Refusal != "" {
		return key.Caller, chime.Unauthorized.Errorf("%s", key.Refusal)
	}
	if key.access != nil {
		x.DB.NoteUse(key.access, x.Source.Now())
	}
	return key.Caller, nil
}

// nobodysKey is an access key that does not exist.
const nobodysKey = "AKIANOBODYS000000000"

// claimed believes the request: an access key of 12 digits names the tenant whose root calls, anything else means the root of
// the installation.
func (x *exchange) claimed() chime.Caller {
	tenant, kind := x.Tenant, chime.InstallationRoot
	_, credential, _ := strings.Cut(x.r.Header.Get("Authorization"), "Credential=")
	id, _, scoped := strings.Cut(credential, "/")
	if t, ok := chime.ParseTenant(id); ok && scoped && t != tenant {
		tenant, kind = t, chime.TenantRoot
	}
	return tenant.Root(kind, tenant.String())
}

// mark tells a repetition of this call from a new one: clients send an invocation id that stays the same from attempt to
// attempt (probed), while another call with the same content has another one.
func (x *exchange) mark(body []byte) store.Mark {
	invocation := x.r.Header.Get("Amz-Sdk-Invocation-Id")
	if invocation == "" || x.route.Op.ReadOnly {
		return store.Mark{}
	}
	h := sha256.New()
	for _, part := range [...]string{x.caller.ARN, x.route.Op.Name, invocation, x.target} {
		h.Write([]byte(part))
		h.Write([]byte{0}) // no part contains one, so the parts cannot run together
	}
	h.Write(body)
	var sum [sha256.Size]byte
	return store.Mark(h.Sum(sum[:0])[:len(store.Mark{})])
}
