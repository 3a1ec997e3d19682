package chime

import "time"

// Room is a chat room of an account.
type Room struct {
	Tenant    Tenant
	AccountID ID
	ID        ID
	Name      string
	CreatedBy string // the ARN of who made it
	CreatedAt time.Time
	UpdatedAt time.Time
	Version   int64
}

// RequestLife is how long a ClientRequestToken stands for the room that it made (decided; the model says no time).
const RequestLife = 24 * time.Hour

// NewRoom returns a room of an account that has so many already. Names need not be unique (inferred); one that is blank is
// refused (decided).
func (a *Account) NewRoom(src Source, q Quotas, have int, name, by string) (*Room, error) {
	name, err := roomName(name)
	if err != nil {
		return nil, err
	}
	if have >= q.RoomLimit() {
		return nil, LimitExceeded.Errorf("an account has at most %d rooms; delete some with DeleteRoom", q.RoomLimit())
	}
	now := src.Now()
	return &Room{Tenant: a.Tenant, AccountID: a.ID, ID: src.NewID(), Name: name, CreatedBy: by, CreatedAt: now, UpdatedAt: now, Version: 1}, nil
}

func roomName(name string) (string, error) {
	name, err := parseName("Name", name)
	if err == nil && name == "" {
		err = BadRequest.Errorf("Name must not be blank")
	}
	return name, err
}

// Rename gives the room a name; without one it stays as it is (documented: model UpdateRoom has no required name).
func (r *Room) Rename(src Source, name string) (Outcome, error) {
	if name == "" {
		return Unchanged, nil
	}
	name, err := roomName(name)
	if err != nil {
		return Unchanged, err
	}
	r.Name, r.UpdatedAt = name, src.Now()
	return Changed, nil
}

// MemberKind tells who or what is in a room or writes there.
type MemberKind string

// The kinds of members. A webhook writes in its room and is not a member otherwise.
const (
	UserMember    MemberKind = "User"
	BotMember     MemberKind = "Bot"
	WebhookMember MemberKind = "Webhook"
)

// Member is a user or a bot as others in a room see it.
type Member struct {
	ID    ID
	Kind  MemberKind
	Email Email
	Name  string
}

// Role is what a member may do in a room; this server records it.
type Role string

// The roles.
const (
	Administrator  Role = "Administrator"
	OrdinaryMember Role = "Member"
)

// Membership is a member's place in a room.
type Membership struct {
	Tenant    Tenant
	AccountID ID
	RoomID    ID
	Member    Member
	Role      Role
	InvitedBy string // the ARN of who added the member
	InvitedAt time.Time
	UpdatedAt time.Time
}

// Member returns the user as a member of rooms. Users who have not registered, or are suspended, cannot be added (decided).
func (u *User) Member() (Member, error) {
	if u.Registration != Registered {
		return Member{}, BadRequest.Errorf("MemberId: user %s is %s; only registered users can be added", u.ID, u.Registration)
	}
	return u.asMember(), nil
}

func (u *User) asMember() Member {
	return Member{ID: u.ID, Kind: UserMember, Email: u.Email, Name: u.DisplayName}
}

// Member returns the bot as a member of rooms. One that is stopped, or that has no HTTPS endpoint, cannot be added
// (documented: developer guide; class inferred).
func (b *Bot) Member() (Member, error) {
	switch {
	case b.Disabled:
		return Member{}, BadRequest.Errorf("MemberId: bot %s is disabled; enable it with UpdateBot", b.ID)
	case b.Endpoint == "":
		return Member{}, BadRequest.Errorf("MemberId: bot %s has no HTTPS endpoint; give it one with PutEventsConfiguration", b.ID)
	}
	return Member{ID: b.ID, Kind: BotMember, Email: b.Email, Name: b.DisplayName}, nil
}

// Crowd is how much of the quotas an admission finds used.
type Crowd struct {
	Members     int // of the room
	Memberships int // of the member
}

// Admit makes m a member of the room. Without a role it is an ordinary member (documented: example of
// create-room-membership); only users can be administrators (documented for UpdateRoomMembership).
func (r *Room) Admit(src Source, q Quotas, c Crowd, m Member, role Role, by string) (*Membership, error) {
	if role == "" {
		role = OrdinaryMember
	}
	switch {
	case role == Administrator && m.Kind != UserMember:
		return nil, errBotRole
	case c.Members >= q.RoomMemberLimit():
		return nil, LimitExceeded.Errorf("a room has at most %d members", q.RoomMemberLimit())
	case c.Memberships >= q.MembershipLimit():
		return nil, LimitExceeded.Errorf("a member is in at most %d rooms", q.MembershipLimit())
	}
	now := src.Now()
	return &Membership{Tenant: r.Tenant, AccountID: r.AccountID, RoomID: r.ID, Member: m, Role: role, InvitedBy: by, InvitedAt: now, UpdatedAt: now}, nil
}

var errBotRole = BadRequest.Errorf("Role: a bot is an ordinary member; only a user can have another role")

// SetRole gives a user another role; a bot has none to change (documented: model UpdateRoomMembership). Without a role
// nothing changes (inferred).
func (m *Membership) SetRole(src Source, role Role) (Outcome, error) {
	switch {
	case m.Member.Kind != UserMember:
		return Unchanged, errBotRole
	case role == "" || role == m.Role:
		return Unchanged, nil
	}
	m.Role, m.UpdatedAt = role, src.Now()
	return Changed, nil
}
