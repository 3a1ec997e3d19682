package chime

// UserRow is a user as an import describes one. What is empty is as CreateUser would have it; in a user who is there
// already it stays as it is.
type UserRow struct {
	Email        string
	DisplayName  string
	License      License
	Type         UserType
	Registration Registration
	AlexaEnabled *bool
	AlexaRoomARN string
}

// Refusal is why a row of an import is refused.
type Refusal struct {
	Member string // what it is about, as the wire calls it; empty if it is the row as a whole
	Reason error
}

func (r *Refusal) Error() string { return r.Reason.Error() }

// Unwrap returns the reason.
func (r *Refusal) Unwrap() error { return r.Reason }

// refuse returns a refusal, or nil without a reason.
func refuse(member string, reason error) error {
	if reason == nil {
		return nil
	}
	return &Refusal{member, reason}
}

// Check refuses with a [Refusal] what breaks a rule whatever the user is by now. Licenses and types are enumerations, which
// a file may hold anything for.
func (r *UserRow) Check(a *Account) error {
	if _, err := ParseEmail(r.Email); err != nil {
		return refuse("Email", err)
	}
	if _, err := parseName("DisplayName", r.DisplayName); err != nil {
		return refuse("DisplayName", err)
	}
	if r.License != "" && !a.Supports(r.License) {
		return refuse("LicenseType", a.unsupported("LicenseType"))
	}
	switch r.Type {
	case "", PrivateUser, SharedDevice:
	default:
		return refuse("UserType", BadRequest.Errorf("UserType must be one of PrivateUser, SharedDevice"))
	}
	switch r.Registration {
	case "", Registered, Suspended:
		return nil
	case Unregistered:
		return refuse("UserRegistrationStatus", BadRequest.Errorf("UserRegistrationStatus must be Registered or Suspended; who is not registered yet is invited with InviteUsers"))
	}
	return refuse("UserRegistrationStatus", BadRequest.Errorf("UserRegistrationStatus must be one of Registered, Suspended"))
}

// ImportUser returns the user of a row that was checked, as CreateUser would have made it but for what the row says. A Team
// account has no suspended users (documented: model BatchSuspendUser), and where a directory decides about licenses, in
// strict mode, a row cannot (decided).
func (a *Account) ImportUser(src Source, rules Rules, r *UserRow) (*User, error) {
	u, err := a.NewUser(src, r.DisplayName, r.Email, r.Type)
	if err != nil {
		return nil, err
	}
	if r.License != "" && r.License != u.License {
		if err := a.checkLicense(rules); err != nil {
			return nil, refuse("LicenseType", err)
		}
		u.License = r.License
	}
	if r.Registration == Suspended {
		if a.Type == Team {
			return nil, refuse("UserRegistrationStatus", BadRequest.Errorf("UserRegistrationStatus must be Registered: a Team account has no suspended users"))
		}
		u.Registration = Suspended
	}
	if r.AlexaEnabled != nil {
		u.Alexa.Enabled = *r.AlexaEnabled
	}
	u.Alexa.RoomARN = r.AlexaRoomARN
	return u, nil
}

// Amend makes a user who has registered what a checked row says, and reports whether that changed anything. The address is
// the same but for its case, which stays. Who is suspended is for BatchSuspendUser and BatchUnsuspendUser to say, as more
// follows from it (decided).
func (u *User) Amend(a *Account, rules Rules, r *UserRow) (Outcome, error) {
	if r.Registration != "" && r.Registration != u.Registration {
		return Unchanged, refuse("UserRegistrationStatus", BadRequest.Errorf("UserRegistrationStatus of a user who is there cannot be imported; use BatchSuspendUser or BatchUnsuspendUser"))
	}
	named, err := u.Correct("", r.DisplayName)
	if err != nil {
		return Unchanged, refuse("DisplayName", err)
	}
	change := UserChange{License: r.License, Type: r.Type, AlexaEnabled: r.AlexaEnabled, AlexaRoomARN: r.AlexaRoomARN}
	if r.License == u.License {
		change.License = "" // which a directory may forbid to change, not to repeat
	}
	changed, err := u.Update(a, rules, change)
	if err != nil {
		return Unchanged, refuse("LicenseType", err)
	}
	return max(named, changed), nil
}

// Differs returns the members in which a user is other than a checked row says, as the wire calls them.
func (u *User) Differs(r *UserRow) []string {
	name, _ := parseName("DisplayName", r.DisplayName) // checked
	var members []string
	for _, m := range []struct {
		name    string
		differs bool
	}{
		{"DisplayName", name != "" && name != u.DisplayName},
		{"LicenseType", r.License != "" && r.License != u.License},
		{"UserType", r.Type != "" && r.Type != u.Type},
		{"UserRegistrationStatus", r.Registration != "" && r.Registration != u.Registration},
		{"IsAlexaForBusinessEnabled", r.AlexaEnabled != nil && *r.AlexaEnabled != u.Alexa.Enabled},
		{"AlexaForBusinessRoomArn", r.AlexaRoomARN != "" && r.AlexaRoomARN != u.Alexa.RoomARN},
	} {
		if m.differs {
			members = append(members, m.name)
		}
	}
	return members
}
