package chime

// Rules says which of two sets of rules holds for account types.
type Rules uint8

// The sets of rules.
const (
	Practical Rules = iota // every account type takes every operation (decided)
	Strict                 // what Amazon's service refused to some account types is refused
)

// errAsAmazon is a refusal in the very words of Amazon's service, which said no more (observed).
var errAsAmazon = BadRequest.Errorf("")

// CheckCreateUser refuses, in strict mode, CreateUser to an account that is not directory-backed (observed) and without an
// address (decided: only otherwise may Username be one).
func (a *Account) CheckCreateUser(rules Rules, email string) error {
	switch {
	case rules == Strict && a.Type != EnterpriseDirectory:
		return errAsAmazon
	case rules == Strict && email == "":
		return BadRequest.Errorf("Email is required")
	}
	return nil
}

// CheckInvite refuses InviteUsers to an account that is not a Team account, in strict mode (documented: model InviteUsers;
// the class is inferred).
func (a *Account) CheckInvite(rules Rules) error {
	if rules == Strict && a.Type != Team {
		return errAsAmazon
	}
	return nil
}

// CheckSuspend refuses BatchSuspendUser to an account whose users a directory manages, in strict mode (documented:
// administration guide; the class is inferred).
func (a *Account) CheckSuspend(rules Rules) error {
	if rules == Strict && a.Type.managed() {
		return errAsAmazon
	}
	return nil
}

// CheckUnsuspend refuses BatchUnsuspendUser to an account that is not EnterpriseLWA, in strict mode (documented: model
// BatchUnsuspendUser; the class is inferred).
func (a *Account) CheckUnsuspend(rules Rules) error {
	if rules == Strict && a.Type != EnterpriseLWA {
		return errAsAmazon
	}
	return nil
}

// checkLicense refuses a change of license to an account whose directory decides about licenses, in strict mode (decided).
func (a *Account) checkLicense(rules Rules) error {
	if rules == Strict && a.Type.managed() {
		return errAsAmazon
	}
	return nil
}

// CheckEnterprise refuses to a Team account, in strict mode, what rooms are made of: in Amazon's very words for the calls
// of rooms (observed), and by analogy for bots, messages and retention (inferred).
func (a *Account) CheckEnterprise(rules Rules) error {
	if rules == Strict && a.Type == Team {
		return Forbidden.verbatim("Chime Account provided is not an Enterprise Chime Account[AWS Account ID: %s][Chime Account ID: %s]", a.Tenant, a.ID)
	}
	return nil
}
