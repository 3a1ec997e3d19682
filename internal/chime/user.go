package chime

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// UserType tells a person from a meeting room's device.
type UserType string

// The user types.
const (
	PrivateUser  UserType = "PrivateUser"
	SharedDevice UserType = "SharedDevice"
)

// Registration is where a user stands in the account.
type Registration string

// The registrations: invited but not yet here, here, locked out.
const (
	Unregistered Registration = "Unregistered"
	Registered   Registration = "Registered"
	Suspended    Registration = "Suspended"
)

// Invitation is what became of an invitation; a user who was never invited has none, the empty string.
type Invitation string

// The states of an invitation.
const (
	NotInvited         Invitation = ""
	InvitationPending  Invitation = "Pending"
	InvitationAccepted Invitation = "Accepted"
	InvitationFailed   Invitation = "Failed"
)

// User is a person or a shared device in one account.
type User struct {
	Tenant       Tenant
	AccountID    ID
	ID           ID
	Email        Email // unique within the tenant without regard to case (decided)
	DisplayName  string
	License      License
	Type         UserType
	Registration Registration
	Invitation   Invitation
	RegisteredAt time.Time // zero until registered
	InvitedAt    time.Time // zero if never invited
	Alexa        Alexa
	PIN          PIN  // unique within the tenant; meaningless until registered, as are DisplayName and License
	Number       E164 // of the inventory, with no other user; empty if the user has none
	Version      int64
}

// Alexa is the user's Alexa for Business record, which this server keeps and shows.
type Alexa struct {
	Enabled bool
	RoomARN string // survives switching off
}

// maxName bounds a user's name, in characters (decided; the model has no limit).
const maxName = 256

// parseName trims a name and refuses one that is too long. member is what the wire calls it.
func parseName(member, name string) (string, error) {
	name = strings.TrimSpace(name)
	if utf8.RuneCountInString(name) > maxName {
		return "", BadRequest.Errorf("%s must be at most %d characters", member, maxName)
	}
	if strings.ContainsFunc(name, unicode.IsControl) { // outsiders give names, and terminals show them
		return "", BadRequest.Errorf("%s must not contain control characters", member)
	}
	return name, nil
}

// NewUser returns a user who is registered at once, as CreateUser does (documented: example of create-user), with the
// account's default license (documented: model UpdateAccount). It refuses with BadRequest what breaks a rule.
//
// username becomes the display name, trimmed; without one the address gives it. Without an address the username must
// be one (decided). Without a type the user is a PrivateUser (decided).
func (a *Account) NewUser(src Source, username, email string, t UserType) (*User, error) {
	if a.Status == AccountSuspended {
		return nil, Forbidden.Errorf("account %s is suspended", a.ID)
	}
	name, err := parseName("Username", username)
	if err != nil {
		return nil, err
	}
	address, err := newUserEmail(name, email)
	if err != nil {
		return nil, err
	}
	if name == "" {
		name = address.displayName()
	}
	if t == "" {
		t = PrivateUser
	}
	return &User{
		Tenant:       a.Tenant,
		AccountID:    a.ID,
		ID:           src.NewID(),
		Email:        address,
		DisplayName:  name,
		License:      a.DefaultLicense,
		Type:         t,
		Registration: Registered,
		RegisteredAt: src.Now(),
		PIN:          NewPIN(src),
		Version:      1,
	}, nil
}

func newUserEmail(username, email string) (Email, error) {
	if email != "" {
		return ParseEmail(email)
	}
	address, err := ParseEmail(username)
	if err != nil {
		return "", BadRequest.Errorf("Email is required, unless Username is an e-mail address")
	}
	return address, nil
}

// displayName makes a name of an address: "jane.doe@example.com" is Jane Doe (decided: Amazon's came from a directory).
func (e Email) displayName() string {
	local := string(e[:strings.LastIndexByte(string(e), '@')])
	words := strings.FieldsFunc(local, func(r rune) bool { return strings.ContainsRune("._-+", r) })
	for i, w := range words {
		first, size := utf8.DecodeRuneInString(w)
		words[i] = string(unicode.ToUpper(first)) + w[size:]
	}
	if len(words) == 0 {
		return local
	}
	return strings.Join(words, " ")
}
