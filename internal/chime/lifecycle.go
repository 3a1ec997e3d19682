package chime

import (
	"fmt"
	"time"
)

// Outcome is what became of a user in a change.
type Outcome uint8

// The outcomes.
const (
	Unchanged Outcome = iota
	Changed
	Gone // from the account, with address, PIN and number free for others
)

// Suspend shuts a user out of the account.
//
// In a Team account it removes the user, as it withdraws an invitation everywhere (documented: model BatchSuspendUser;
// inferred for invitations). Elsewhere the user stays, suspended; one who is already stays so. A suspended user keeps
// license, PIN and address, so that coming back cannot fail, but not the phone number (decided).
func (a *Account) Suspend(u *User) Outcome {
	switch {
	case a.Type == Team, u.Registration == Unregistered:
		return Gone
	case u.Registration == Suspended:
		return Unchanged
	}
	u.Registration = Suspended
	return Changed
}

// Unsuspend lets a suspended user in again. Who is not suspended is left alone (documented: model BatchUnsuspendUser).
func (u *User) Unsuspend() Outcome {
	if u.Registration != Suspended {
		return Unchanged
	}
	u.Registration = Registered
	return Changed
}

// UserChange is what UpdateUser may change. Empty and nil members stay as they are.
type UserChange struct {
	License      License
	Type         UserType
	AlexaEnabled *bool
	AlexaRoomARN string
}

// Update changes a user who has registered (documented for the type: administration guide; decided for the rest). The
// license must be supported by the account (documented: model UpdateUser). The room's ARN survives switching Alexa off
// (decided).
func (u *User) Update(a *Account, rules Rules, c UserChange) (Outcome, error) {
	if err := u.checkRegistered(); err != nil {
		return Unchanged, err
	}
	before := *u
	if c.License != "" {
		if err := a.checkLicense(rules); err != nil {
			return Unchanged, err
		}
		if !a.Supports(c.License) {
			return Unchanged, a.unsupported("LicenseType")
		}
		u.License = c.License
	}
	if c.Type != "" {
		u.Type = c.Type
	}
	if c.AlexaEnabled != nil {
		u.Alexa.Enabled = *c.AlexaEnabled
	}
	if c.AlexaRoomARN != "" {
		u.Alexa.RoomARN = c.AlexaRoomARN
	}
	if *u == before {
		return Unchanged, nil
	}
	return Changed, nil
}

func (u *User) checkRegistered() error {
	if u.Registration == Unregistered {
		return BadRequest.Errorf("user %s has not registered yet", u.ID)
	}
	return nil
}

// ResetPIN gives a user who has registered another PIN (documented: model ResetPersonalPIN).
func (u *User) ResetPIN(src Source) error {
	if err := u.checkRegistered(); err != nil {
		return err
	}
	for old := u.PIN; u.PIN == old; {
		u.PIN = NewPIN(src)
	}
	return nil
}

// Correct replaces address and display name of a user who has registered, where they are given. Whether the address is
// free is for the store to say.
func (u *User) Correct(email, name string) (Outcome, error) {
	if u.Registration == Unregistered {
		return Unchanged, BadRequest.Errorf("user %s has not registered yet; withdraw the invitation with BatchSuspendUser and invite the right address", u.ID)
	}
	before := *u
	if email != "" {
		address, err := ParseEmail(email)
		if err != nil {
			return Unchanged, err
		}
		u.Email = address
	}
	name, err := parseName("DisplayName", name)
	if err != nil {
		return Unchanged, err
	}
	if name != "" {
		u.DisplayName = name
	}
	if *u == before {
		return Unchanged, nil
	}
	return Changed, nil
}

// Telephony is what a user may do by telephone; everything is off at first (documented: administration guide). This
// server records it.
type Telephony struct {
	InboundCalling  bool
	OutboundCalling bool
	SMS             bool
}

// InviteLife is how long an invitation can be accepted (decided).
const InviteLife = 30 * 24 * time.Hour

// Invite returns a user who is invited. Until the invitation is accepted there is no display name, license, registration
// date or PIN (inferred: documented are incomplete details). Without a type it is a PrivateUser (decided).
func (a *Account) Invite(src Source, email Email, t UserType) *User {
	if t == "" {
		t = PrivateUser
	}
	return &User{
		Tenant:       a.Tenant,
		AccountID:    a.ID,
		ID:           src.NewID(),
		Email:        email,
		Type:         t,
		Registration: Unregistered,
		Invitation:   InvitationPending,
		InvitedAt:    src.Now(),
		Version:      1,
	}
}

// InviteAgain makes a user's invitation pending once more, also after it failed. Links from before end (decided).
func (u *User) InviteAgain(src Source, t UserType) {
	if t != "" {
		u.Type = t
	}
	u.Invitation, u.InvitedAt = InvitationPending, src.Now()
}

// InvitationAt returns what became of the invitation by then: one that nobody accepted within InviteLife has failed.
func (u *User) InvitationAt(now time.Time) Invitation {
	if u.Invitation == InvitationPending && !now.Before(u.InvitedAt.Add(InviteLife)) {
		return InvitationFailed
	}
	return u.Invitation
}

// Accept registers an invited user: with the account's default license (documented: administration guide), a PIN, and the
// name, or one made of the address. A user who accepted before, and an invitation that ended, are a BadRequest that says
// what to do.
func (u *User) Accept(a *Account, src Source, name string) error {
	if err := u.checkOpen(src.Now()); err != nil {
		return err
	}
	name, err := parseName("DisplayName", name)
	if err != nil {
		return err
	}
	if name == "" {
		name = u.Email.displayName()
	}
	u.DisplayName, u.License, u.PIN = name, a.DefaultLicense, NewPIN(src)
	u.Registration, u.Invitation, u.RegisteredAt = Registered, InvitationAccepted, src.Now()
	return nil
}

// Decline ends an invitation. The user stays, with an invitation that failed, until suspended or invited again (decided).
func (u *User) Decline(now time.Time) error {
	if err := u.checkOpen(now); err != nil {
		return err
	}
	u.Invitation = InvitationFailed
	return nil
}

// Undeliverable notes that the mail of a pending invitation failed for good.
func (u *User) Undeliverable() Outcome {
	if u.Invitation != InvitationPending {
		return Unchanged
	}
	u.Invitation = InvitationFailed
	return Changed
}

// checkOpen refuses to answer an invitation twice, or too late.
func (u *User) checkOpen(now time.Time) error {
	switch invitation := u.InvitationAt(now); {
	case u.Registration != Unregistered:
		return BadRequest.Errorf("the invitation has been accepted already; there is nothing left to do")
	case invitation == InvitationPending:
		return nil
	case u.Invitation == InvitationPending:
		return BadRequest.Errorf("the invitation ended %d days after it was sent; ask to be invited again", int(InviteLife/(24*time.Hour)))
	}
	return BadRequest.Errorf("the invitation was declined or could not be delivered; ask to be invited again")
}

// String names the outcome, for messages of tests.
func (o Outcome) String() string {
	switch o {
	case Unchanged:
		return "unchanged"
	case Changed:
		return "changed"
	case Gone:
		return "gone"
	}
	return fmt.Sprintf("outcome %d", uint8(o))
}
