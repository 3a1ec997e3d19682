package gate

import (
	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
)

// authorize returns why the caller may not make the call, or nil. A tenant's root may do everything in its tenant, the server
// itself what it has to; what concerns the whole installation is for the installation's root.
func authorize(r *Request) error {
	switch r.Caller.Kind {
	case chime.InstallationRoot:
		return nil
	case chime.TenantRoot, chime.ServerItself:
		if !r.Operation.Installation {
			return nil
		}
		return chime.Forbidden.Errorf("%s is not allowed %s: it is for the root of the installation, by the first credentials of the server",
			r.Caller.ARN, action(r.Operation))
	}
	return chime.Forbidden.Errorf("%s is not allowed %s", r.Caller.ARN, action(r.Operation))
}

// action names an operation as policies do.
func action(op *api.Operation) string {
	if op.Extension {
		return "carillon:" + op.Name
	}
	return "chime:" + op.Name
}
