package chime

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Domain is a mail domain that an account claimed: the addresses in it are the account's to take (documented:
// administration guide). Amazon had it proven by a DNS record; whoever may call ClaimDomain here is believed (decided).
type Domain struct {
	Tenant    Tenant
	ID        ID
	AccountID ID
	Name      string // lower case; belongs to one account of the tenant
	ClaimedAt time.Time
}

// maxDomain is the longest domain name (RFC 1035), maxLabel the longest of its parts, in bytes.
const (
	maxDomain = 253
	maxLabel  = 63
)

// ParseDomain accepts the name of a mail domain, such as example.com, and refuses everything else with BadRequest. It
// returns the form in which domains are compared.
func ParseDomain(s string) (string, error) {
	name := strings.ToLower(s)
	labels := strings.Split(name, ".")
	if len(labels) < 2 || len(name) > maxDomain {
		return "", errDomain
	}
	for _, label := range labels {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.ContainsFunc(label, func(r rune) bool { return !inDomain(r) }) {
			return "", errDomain
		}
	}
	return name, nil
}

var errDomain = BadRequest.Errorf("DomainName must be the name of a mail domain like example.com")

func inDomain(r rune) bool {
	return r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r))
}

// Domain returns the part after the @, in the form in which domains are compared; nothing if there is no @.
func (e Email) Domain() string {
	i := strings.LastIndexByte(string(e), '@')
	if i < 0 {
		return ""
	}
	return strings.ToLower(string(e[i+1:]))
}

// Claim makes the domain the account's, and a Team account an EnterpriseLWA (documented: administration guide).
func (a *Account) Claim(src Source, name string) *Domain {
	if a.Type == Team {
		a.Type = EnterpriseLWA
	}
	return &Domain{Tenant: a.Tenant, ID: src.NewID(), AccountID: a.ID, Name: name, ClaimedAt: src.Now()}
}

// Released tells the account that one of its domains is gone. With the last one it becomes a Team account again
// (documented: administration guide of 2018).
func (a *Account) Released(left int) {
	if left == 0 {
		a.Type = Team
	}
}

// ReleaseUser says what becomes of a user whose address is in a domain that an account of that type released: a
// directory's profiles are deleted, and so are registered users and invitations elsewhere, who may register with another
// account; suspended users stay as they are (documented: administration guide).
func (t AccountType) ReleaseUser(u *User) (gone bool) {
	return t.managed() || u.Registration != Suspended
}

// CheckDomain refuses an address whose domain another account of the tenant claimed (documented for invitations:
// administration guide) and, in strict mode and for an Enterprise account, one whose domain this account has not claimed
// (inferred). owner is the account that claimed the domain, nil if none did.
func (a *Account) CheckDomain(rules Rules, owner *ID, member string) error {
	switch {
	case owner != nil && *owner != a.ID:
		return BadRequest.Errorf("%s: another account of this AWS account has claimed the domain", member)
	case owner == nil && rules == Strict && a.Type != Team:
		return errAsAmazon
	}
	return nil
}
