package server

import (
	"context"
	"errors"
	"strings"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/gate"
)

// recordRefusal lets the gate record that a call of an operation was refused. Whoever did not show who they are is recorded
// for the server's own tenant, by the access key that they named.
func (x *exchange) recordRefusal(err error, a answer) {
	if x.route.Op == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return // the call went to nowhere; or nobody knows yet whether it was refused
	}
	caller, tenant := x.caller, x.caller.Tenant
	if caller == (chime.Caller{}) {
		tenant = x.Tenant
		caller.AccessKeyID = claimedKey(x.r.Header.Get("Authorization"))
	}
	x.Gate.Refused(tenant, &gate.Request{Operation: x.route.Op, Input: x.input, Caller: caller, Origin: x.origin()}, a.exception, a.message)
}

// claimedKey returns the access key that a request names, if it looks like one.
func claimedKey(authorization string) string {
	_, credential, _ := strings.Cut(authorization, "Credential=")
	id, _, _ := strings.Cut(credential, "/")
	if len(id) > 128 {
		return ""
	}
	for _, c := range []byte(id) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return ""
		}
	}
	return id
}
