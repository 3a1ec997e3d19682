package server

import (
	"context"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/store"
)

// Keys finds an access key by its id, and reports whether there is one. The error says that it could not look.
type Keys func(ctx context.Context, accessKeyID string) (key Key, known bool, err error)

// Key is an access key's secret and whom it stands for.
type Key struct {
	Secret  string
	Caller  chime.Caller
	Refusal string // why calls by it are refused, though they are signed well; empty if they are not

	access   *store.Access // nil if the store does not have it
	lookedUp bool          // in the database, for this request
}

// LookUp returns Keys that are the first credentials of the server and those in its store.
func LookUp(db *store.DB, root Key) Keys {
	return func(ctx context.Context, id string) (Key, bool, error) {
		if id == root.Caller.AccessKeyID {
			return root, true, nil
		}
		a, remembered, err := db.Access(ctx, id)
		if a == nil || err != nil {
			return Key{}, false, err
		}
		return Key{Secret: a.Secret, Caller: a.Caller, Refusal: refusal(a), access: a, lookedUp: !remembered}, true, nil
	}
}

// refusal says why calls by a key are refused. UnauthorizedClientException is decided for both.
func refusal(a *store.Access) string {
	switch {
	case a.Key.Inactive:
		return "the access key " + a.Key.ID + " is inactive; activate it, or use the principal's other key"
	case a.Suspended:
		return "the AWS account " + a.Key.Tenant.String() + " is suspended"
	}
	return ""
}
