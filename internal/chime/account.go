package chime

import (
	"slices"
	"strings"
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

// managed reports whether a directory or an identity provider decides about the users (documented: administration guide).
func (t AccountType) managed() bool { return t == EnterpriseDirectory || t == EnterpriseOIDC }

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
	Settings          AccountSettings
	DelegateGroups    []string // may sign in on behalf of devices; no repeats, in the order in which they were associated
	CreatedAt         time.Time
	DeletedAt         time.Time // zero while the account is there
	Version           int64     // one more with each change
}

// AccountSettings are what the administrators of an account allow in meetings. This server records them.
type AccountSettings struct {
	DisableRemoteControl bool
	EnableDialOut        bool
}

// RestoreLimit is how long a deleted account can be restored (documented: model DeleteAccount).
const RestoreLimit = 90 * 24 * time.Hour

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

// Update changes the name and the default license where they are given, and reports whether that changed anything. The
// license must be supported (inferred).
func (a *Account) Update(name string, license License) (changed bool, err error) {
	if license != "" && !a.Supports(license) {
		return false, a.unsupported("DefaultLicense")
	}
	changed = name != "" && name != a.Name || license != "" && license != a.DefaultLicense
	if name != "" {
		a.Name = name
	}
	if license != "" {
		a.DefaultLicense = license
	}
	return changed, nil
}

// Support replaces the licenses that users may have. The default license must stay among them. Users keep what they have.
func (a *Account) Support(licenses []License) error {
	supported := make([]License, 0, len(licenses))
	for _, l := range licenses {
		if !slices.Contains(supported, l) {
			supported = append(supported, l)
		}
	}
	if !slices.Contains(supported, a.DefaultLicense) {
		return BadRequest.Errorf("SupportedLicenses must contain the default license, %s; change that first with UpdateAccount", a.DefaultLicense)
	}
	a.SupportedLicenses = supported
	return nil
}

// unsupported refuses a license that the account does not have.
func (a *Account) unsupported(member string) error {
	names := make([]string, len(a.SupportedLicenses))
	for i, l := range a.SupportedLicenses {
		names[i] = string(l)
	}
	return BadRequest.Errorf("%s must be one of the account's SupportedLicenses: %s", member, strings.Join(names, ", "))
}

// maxDelegateGroups bounds the sign-in delegate groups of an account (decided).
const maxDelegateGroups = 100

// Associate adds sign-in delegate groups; those that are there already stay (inferred: idempotent). In strict mode a Team
// account has none: they are groups of a directory (inferred).
func (a *Account) Associate(rules Rules, groups []string) error {
	if rules == Strict && a.Type == Team {
		return errAsAmazon
	}
	for _, g := range groups {
		if !slices.Contains(a.DelegateGroups, g) {
			a.DelegateGroups = append(a.DelegateGroups, g)
		}
	}
	if len(a.DelegateGroups) > maxDelegateGroups {
		return BadRequest.Errorf("SigninDelegateGroups: an account has at most %d groups", maxDelegateGroups)
	}
	return nil
}

// Disassociate removes sign-in delegate groups; those that are not there are ignored (inferred).
func (a *Account) Disassociate(rules Rules, groups []string) error {
	if rules == Strict && a.Type == Team {
		return errAsAmazon
	}
	a.DelegateGroups = slices.DeleteFunc(a.DelegateGroups, func(g string) bool { return slices.Contains(groups, g) })
	return nil
}

// Obstacles are what keeps an account from being deleted.
type Obstacles struct {
	Users   int      // registered or invited; MaxObstacles means that many or more
	Domains []string // claimed
}

// MaxObstacles is how far users in the way are counted.
const MaxObstacles = 1000

// Delete marks the account as deleted, or says what is in the way: users that are not suspended (documented for Team
// accounts: model DeleteAccount; decided for the others, so that nobody loses a directory by one call), and domains that
// are claimed (documented for Enterprise accounts).
func (a *Account) Delete(src Source, o Obstacles) error {
	switch {
	case len(o.Domains) > 0:
		return Unprocessable.Errorf("the account has claimed %s; release domains with ReleaseDomain first", strings.Join(o.Domains, ", "))
	case o.Users == 1:
		return Unprocessable.Errorf("the account has a user that is not suspended; suspend it with BatchSuspendUser first")
	case o.Users >= MaxObstacles:
		return Unprocessable.Errorf("the account has %d or more users that are not suspended; suspend them with BatchSuspendUser first", MaxObstacles)
	case o.Users > 0:
		return Unprocessable.Errorf("the account has %d users that are not suspended; suspend them with BatchSuspendUser first", o.Users)
	}
	a.DeletedAt = src.Now()
	return nil
}

// RestorableAt reports whether a deleted account can be restored.
func (a *Account) RestorableAt(now time.Time) bool {
	return !a.DeletedAt.IsZero() && now.Before(a.DeletedAt.Add(RestoreLimit))
}

// Restore undoes Delete.
func (a *Account) Restore() { a.DeletedAt = time.Time{} }
