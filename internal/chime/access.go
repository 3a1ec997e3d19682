package chime

import (
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// PrincipalKind says what sort of principal a caller is. The zero kind may do nothing.
type PrincipalKind uint8

// The kinds.
const (
	Nobody           PrincipalKind = iota
	InstallationRoot               // by the first credentials: root of its own tenant, and keeper of all tenants
	TenantRoot                     // may do everything in its tenant
	IAMUser                        // may do what policies allow
	ServerItself                   // at work for a tenant, or for the holder of a link
)

// Caller is who makes a call: a principal of a tenant, by one of its access keys.
type Caller struct {
	Tenant      Tenant
	Kind        PrincipalKind
	ARN         string // arn:aws:iam::123456789012:root, or :user/NAME
	Name        string // of an IAMUser
	PrincipalID ID     // of an IAMUser
	Granted     ID     // of an IAMUser: another whenever its policies have changed; zero if it never had one
	AccessKeyID string
	KeptKey     bool // the access key is kept in the store, and may be taken away while the call is under way
}

// RootARN names the root of a tenant.
func (t Tenant) RootARN() string { return "arn:aws:iam::" + t.String() + ":root" }

// UserARN names an IAM user of a tenant.
func (t Tenant) UserARN(name string) string { return "arn:aws:iam::" + t.String() + ":user/" + name }

// Root returns the root of a tenant as a caller.
func (t Tenant) Root(kind PrincipalKind, accessKeyID string) Caller {
	return Caller{Tenant: t, Kind: kind, ARN: t.RootARN(), AccessKeyID: accessKeyID}
}

// Tenancy is what the installation keeps about a tenant. The tenant of the installation's root has none.
type Tenancy struct {
	Tenant    Tenant
	Name      string
	Suspended bool // its keys are refused; nothing else changes
	CreatedAt time.Time
	Version   int64
}

// maxTenancyName bounds the name of a tenant, in characters, as that of an AWS account is (documented: Organizations).
const maxTenancyName = 50

// NewTenancy returns the tenancy of an AWS account.
func NewTenancy(src Source, tenant Tenant, name string) (*Tenancy, error) {
	name = strings.TrimSpace(name)
	if utf8.RuneCountInString(name) > maxTenancyName {
		return nil, BadRequest.Errorf("Name must be at most %d characters", maxTenancyName)
	}
	return &Tenancy{Tenant: tenant, Name: name, CreatedAt: src.Now(), Version: 1}, nil
}

// Principal is an IAM-style user of a tenant: somebody, or some program, with access keys of their own.
type Principal struct {
	Tenant    Tenant
	ID        ID
	Name      string // unique within the tenant without regard to case, as IAM's are (documented)
	CreatedAt time.Time
}

// principalName is the form of the name of an IAM user, and maxPrincipalName its length (documented: IAM).
var principalName = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]+$`)

const maxPrincipalName = 64

// NewPrincipal returns a principal of the tenant.
func NewPrincipal(src Source, tenant Tenant, name string) (*Principal, error) {
	if len(name) > maxPrincipalName || !principalName.MatchString(name) {
		return nil, BadRequest.Errorf("Name must be 1 to 64 letters, digits and characters of _+=,.@-")
	}
	return &Principal{Tenant: tenant, ID: src.NewID(), Name: name, CreatedAt: src.Now()}, nil
}

// FoldPrincipal returns what is the same for names of principals that differ in case only.
func FoldPrincipal(name string) string { return strings.ToLower(name) }

// ARN names the principal.
func (p *Principal) ARN() string { return p.Tenant.UserARN(p.Name) }

// Caller returns the principal as the caller by one of its keys.
func (p *Principal) Caller(accessKeyID string) Caller {
	return Caller{Tenant: p.Tenant, Kind: IAMUser, ARN: p.ARN(), Name: p.Name, PrincipalID: p.ID, AccessKeyID: accessKeyID}
}

// AccessKey is what signs the calls of a principal. Its secret is kept apart.
type AccessKey struct {
	ID         string // AKIA and 16 characters, unique in the installation
	Tenant     Tenant
	Principal  ID   // zero: the tenant's root
	Slot       int  // 1 or 2: a principal has one key in each, so it can change keys without a pause
	Inactive   bool // its calls are refused
	CreatedAt  time.Time
	LastUsedAt time.Time // zero: never
}

// keySlots is how many access keys a principal has at most (documented: IAM).
const keySlots = 2

// NewAccessKey returns a key of a principal, or of the tenant's root if that is the zero ID, beside those that it has; and the
// key's secret. Both have the form of IAM's: 80 random bits in the id, 240 in the secret.
func NewAccessKey(src Source, tenant Tenant, principal ID, have []*AccessKey) (k *AccessKey, secret string, err error) {
	slot := freeSlot(have)
	if slot == 0 {
		return nil, "", LimitExceeded.Errorf("a principal has at most %d access keys; delete one first", keySlots)
	}
	var b [40]byte
	if _, err := io.ReadFull(src.Random, b[:]); err != nil {
		panic(fmt.Errorf("read randomness: %w", err))
	}
	return &AccessKey{
		ID:        "AKIA" + base32.StdEncoding.EncodeToString(b[:10]),
		Tenant:    tenant,
		Principal: principal,
		Slot:      slot,
		CreatedAt: src.Now(),
	}, base64.StdEncoding.EncodeToString(b[10:]), nil
}

func freeSlot(have []*AccessKey) int {
	for slot := 1; slot <= keySlots; slot++ {
		free := true
		for _, k := range have {
			free = free && k.Slot != slot
		}
		if free {
			return slot
		}
	}
	return 0
}
