package chime

import "time"

// Grant is a policy of a principal: one of its own, or one that came with the server and is attached to it.
type Grant struct {
	Tenant    Tenant
	Principal ID
	Managed   bool
	Name      string
	Document  string // empty of a managed one
	ChangedAt time.Time
}
