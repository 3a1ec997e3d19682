package server

import (
	"context"

	"github.com/carillon-server/carillon/internal/chime"
)

// AnyTenant returns keys for tests: those of a server, and for each tenant one of its root whose id is the tenant's 12 digits
// and whose secret is that of the first credentials. So a test has a tenant of its own without asking for it.
func AnyTenant(keys Keys, first Key) Keys {
	return func(ctx context.Context, id string) (Key, bool, error) {
		tenant, ok := chime.ParseTenant(id)
		switch {
		case !ok:
			return keys(ctx, id)
		case tenant == first.Caller.Tenant:
			return Key{Secret: first.Secret, Caller: tenant.Root(chime.InstallationRoot, id)}, true, nil
		}
		return Key{Secret: first.Secret, Caller: tenant.Root(chime.TenantRoot, id)}, true, nil
	}
}
