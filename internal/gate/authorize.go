package gate

import (
	"context"
	"slices"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/policy"
)

// authorize returns why the caller may not make the call, or nil. A tenant's root may do everything in its tenant, the server
// itself what it has to, and an IAM user what its policies allow; what concerns the whole installation is for the
// installation's root.
func (g *Gate) authorize(ctx context.Context, r *Request) error {
	switch r.Caller.Kind {
	case chime.InstallationRoot:
		return nil
	case chime.TenantRoot, chime.ServerItself, chime.IAMUser:
		if r.Operation.Installation {
			return chime.Forbidden.Errorf("%s is not allowed %s: it is for the root of the installation, by the first credentials of the server",
				r.Caller.ARN, action(r.Operation))
		}
	}
	switch r.Caller.Kind {
	case chime.TenantRoot, chime.ServerItself:
		return nil
	case chime.IAMUser:
		return g.byPolicies(ctx, r)
	}
	return chime.Forbidden.Errorf("%s is not allowed %s", r.Caller.ARN, action(r.Operation))
}

// maxAgent is how many bytes of a user agent policies see, as records do: patterns take longer the longer a text is.
const maxAgent = 512

// byPolicies lets the caller's policies decide.
func (g *Gate) byPolicies(ctx context.Context, r *Request) error {
	set, err := g.grants.of(ctx, g.db, &r.Caller)
	if err != nil {
		return err
	}
	now, err := g.Now(ctx)
	if err != nil {
		return err
	}
	guarded := g.guards()[r.Operation.Name]
	asked := policy.Request{
		Action:   guarded.action,
		Resource: guarded.resource(r.Input, &r.Caller),
		Context: policy.Context{
			PrincipalARN:     r.Caller.ARN,
			PrincipalAccount: r.Caller.Tenant.String(),
			PrincipalType:    "User",
			UserName:         r.Caller.Name,
			UserID:           r.Caller.PrincipalID.String(),
			UserAgent:        r.Origin.UserAgent[:min(len(r.Origin.UserAgent), maxAgent)],
			SourceIP:         r.Origin.Address,
			Time:             now,
			Secure:           r.Origin.Secure,
		},
	}
	switch d := set.Decide(&asked); d.Verdict {
	case policy.Allow:
		return nil
	case policy.ExplicitDeny:
		return denied(r.Operation, &asked, "with an explicit deny in an identity-based policy")
	}
	return denied(r.Operation, &asked, "because no identity-based policy allows the "+guarded.action.String()+" action")
}

// denied is the refusal in the words of the newer namespaces (observed), by the class that the operation declares (decided).
func denied(op *api.Operation, asked *policy.Request, why string) error {
	message := "User: " + asked.PrincipalARN + " is not authorized to perform: " + asked.Action.String() + " on resource: " + asked.Resource + " " + why
	if slices.Contains(op.Errors, "AccessDeniedException") {
		return &chime.Error{Kind: chime.AccessDenied, Message: message, Verbatim: true}
	}
	return chime.Forbidden.Errorf("%s", message)
}

// action names an operation as policies do.
func action(op *api.Operation) string {
	if op.Extension {
		return "carillon:" + op.Name
	}
	return "chime:" + op.Name
}
