package chime

import (
	"slices"
	"time"
)

// AccountType says how the users of an account come to it.
type AccountType string

// The account types. CreateAccount makes a Team account (documented: model CreateAccount).
const (
	Team                AccountType = "Team"
	EnterpriseDirectory AccountType = "EnterpriseDirectory"
	EnterpriseLWA       AccountType = "EnterpriseLWA"
	EnterpriseOIDC      AccountType = "EnterpriseOIDC"
)

// AccountStatus is whether an account is in use.
type AccountStatus string

// The states of an account.
const (
	AccountActive    AccountStatus = "Active"
	AccountSuspended AccountStatus = "Suspended"
)

// License is what a user may do; this server records it.
type License string

// The licenses. Plus and ProTrial are from before 2018 (documented: administration guide).
const (
	Basic    License = "Basic"
	Plus     License = "Plus"
	Pro      License = "Pro"
	ProTrial License = "ProTrial"
)

// Account is a Chime account: a set of users under one administration, owned by a tenant.
type Account struct {
	Tenant            Tenant
	ID                ID
	Name              string
	Type              AccountType
	Status            AccountStatus
	DefaultLicense    License   // always one of SupportedLicenses; given to a user who registers
	SupportedLicenses []License // at least one, no repeats
	CreatedAt         time.Time
	Version           int64 // one more with each change
}

// NewAccount returns a Team account with the Pro license (documented: model CreateAccount and the examples of
// create-account). Names need not be unique (inferred).
func NewAccount(src Source, tenant Tenant, name string) *Account {
	return &Account{
		Tenant:            tenant,
		ID:                src.NewID(),
		Name:              name,
		Type:              Team,
		Status:            AccountActive,
		DefaultLicense:    Pro,
		SupportedLicenses: []License{Basic, Pro},
		CreatedAt:         src.Now(),
		Version:           1,
	}
}

// Supports reports whether users of the account may have the license.
func (a *Account) Supports(l License) bool { return slices.Contains(a.SupportedLicenses, l) }
