package ops

import (
	"context"
	"errors"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
)

// CreateRoomMembership adds a user or a bot to a room, as a Member unless Role says otherwise (documented: example). Who is
// in it already is a Conflict (inferred). A bot is told of it with an Invite event; one that is disabled or has no HTTPS
// endpoint is refused (documented: developer guide).
func (c *Call) CreateRoomMembership(_ context.Context, in *api.CreateRoomMembershipInput) (*api.CreateRoomMembershipOutput, error) {
	r, err := c.room(in.AccountID, in.RoomID)
	if err != nil {
		return nil, err
	}
	admitting, err := c.admitTo(r)
	if err != nil {
		return nil, err
	}
	m, err := admitting.admit(in.MemberID, chime.Role(in.Role))
	if err != nil {
		return nil, err
	}
	return &api.CreateRoomMembershipOutput{RoomMembership: wireMembership(m)}, nil
}

// BatchCreateRoomMembership adds members as CreateRoomMembership does, each for itself (documented: model). A member that
// is named twice counts once, the first time (inferred).
func (c *Call) BatchCreateRoomMembership(_ context.Context, in *api.BatchCreateRoomMembershipInput) (*api.BatchCreateRoomMembershipOutput, error) {
	r, err := c.room(in.AccountID, in.RoomID)
	if err != nil {
		return nil, err
	}
	admitting, err := c.admitTo(r)
	if err != nil {
		return nil, err
	}
	out := &api.BatchCreateRoomMembershipOutput{Errors: []api.MemberError{}} // shown although empty (documented: example)
	seen := map[string]bool{}
	for i, item := range in.MembershipItemList {
		if item.MemberID == "" {
			return nil, chime.BadRequest.Errorf("MembershipItemList[%d].MemberId is required", i)
		}
		id, _ := chime.ParseID(item.MemberID) // nobody has the zero ID
		key := item.MemberID
		if id != (chime.ID{}) {
			key = id.String()
		}
		if seen[key] {
			continue
		}
		seen[key] = true
		_, err := admitting.admit(item.MemberID, chime.Role(item.Role))
		if refused := (*chime.Error)(nil); errors.As(err, &refused) {
			out.Errors = append(out.Errors, memberError(item.MemberID, refused))
		} else if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// admitting adds members to a room.
type admitting struct {
	*Call
	room *chime.Room
	have int // members so far
}

func (c *Call) admitTo(r *chime.Room) (*admitting, error) {
	have, err := c.Tx.CountMembers(r.AccountID, r.ID, c.Quotas.RoomMemberLimit())
	return &admitting{c, r, have}, err
}

func (c *admitting) admit(memberID string, role chime.Role) (*chime.Membership, error) {
	member, bot, err := c.candidate(c.room.AccountID, memberID)
	if err != nil {
		return nil, err
	}
	already, err := c.Tx.Membership(c.room.AccountID, c.room.ID, member.ID)
	if err != nil {
		return nil, err
	}
	if already != nil {
		return nil, chime.Conflict.Errorf("member %s is in room %s already", memberID, c.room.ID)
	}
	elsewhere, err := c.Tx.CountMemberships(c.room.AccountID, member.ID, c.Quotas.MembershipLimit())
	if err != nil {
		return nil, err
	}
	m, err := c.room.Admit(c.Source, c.Quotas, chime.Crowd{Members: c.have, Memberships: elsewhere}, member, role, c.Caller.ARN)
	if err != nil {
		return nil, err
	}
	c.have++
	c.Tx.InsertMembership(m)
	if bot != nil {
		return m, c.tell(bot, bot.NewEvent(c.Source, chime.InviteEvent, c.room.ID, chime.ID{}, c.Caller.ARN))
	}
	return m, nil
}

// candidate returns who can be added to a room under that id, and the bot if it is one.
func (c *Call) candidate(account chime.ID, memberID string) (chime.Member, *chime.Bot, error) {
	id, _ := chime.ParseID(memberID) // nobody has the zero ID
	u, err := c.Tx.User(account, id)
	if err != nil {
		return chime.Member{}, nil, err
	}
	if u != nil {
		m, err := u.Member()
		return m, nil, err
	}
	b, err := c.Tx.Bot(account, id)
	if err != nil {
		return chime.Member{}, nil, err
	}
	if b == nil {
		return chime.Member{}, nil, chime.NotFound.Errorf("no user or bot %s is in account %s", memberID, account)
	}
	m, err := b.Member()
	return m, b, err
}

// ListRoomMemberships lists the members of a room (documented: example of list-room-memberships).
func (c *Call) ListRoomMemberships(_ context.Context, in *api.ListRoomMembershipsInput) (*api.ListRoomMembershipsOutput, error) {
	p, err := c.page(in.NextToken, in.MaxResults, defaultRoomPage, "ListRoomMemberships", in.AccountID, in.RoomID)
	if err != nil {
		return nil, err
	}
	r, err := c.room(in.AccountID, in.RoomID)
	if err != nil {
		return nil, err
	}
	found, err := c.Tx.Memberships(r.AccountID, r.ID, p.after, p.limit+1)
	if err != nil {
		return nil, err
	}
	out := &api.ListRoomMembershipsOutput{RoomMemberships: []api.RoomMembership{}}
	found, out.NextToken = cut(p, found, func(m *chime.Membership) chime.ID { return m.Member.ID })
	for _, m := range found {
		out.RoomMemberships = append(out.RoomMemberships, *wireMembership(m))
	}
	return out, nil
}

// UpdateRoomMembership gives a user another role; a bot's is a BadRequest (documented: model; class inferred).
func (c *Call) UpdateRoomMembership(_ context.Context, in *api.UpdateRoomMembershipInput) (*api.UpdateRoomMembershipOutput, error) {
	m, err := c.membership(in.AccountID, in.RoomID, in.MemberID)
	if err != nil {
		return nil, err
	}
	outcome, err := m.SetRole(c.Source, chime.Role(in.Role))
	if err != nil {
		return nil, err
	}
	if outcome == chime.Changed {
		c.Tx.UpdateMembership(m)
	}
	return &api.UpdateRoomMembershipOutput{RoomMembership: wireMembership(m)}, nil
}

// DeleteRoomMembership removes a member, the last administrator too (inferred). A bot is told of it with a Remove event
// (documented: developer guide).
func (c *Call) DeleteRoomMembership(_ context.Context, in *api.DeleteRoomMembershipInput) (*api.DeleteRoomMembershipOutput, error) {
	m, err := c.membership(in.AccountID, in.RoomID, in.MemberID)
	if err != nil {
		return nil, err
	}
	c.Tx.DeleteMembership(m)
	if m.Member.Kind == chime.BotMember {
		err = c.tellOf(chime.RemoveEvent, m)
	}
	return &api.DeleteRoomMembershipOutput{}, err
}

// membership returns the member's place in the account's room, or NotFound.
func (c *Call) membership(accountID, roomID, memberID string) (*chime.Membership, error) {
	r, err := c.room(accountID, roomID)
	if err != nil {
		return nil, err
	}
	id, _ := chime.ParseID(memberID) // nobody has the zero ID
	m, err := c.Tx.Membership(r.AccountID, r.ID, id)
	if m != nil || err != nil {
		return m, err
	}
	return nil, chime.NotFound.Errorf("member %s is not in room %s", memberID, roomID)
}

func wireMembership(m *chime.Membership) *api.RoomMembership {
	return &api.RoomMembership{
		InvitedBy: m.InvitedBy,
		Member: &api.Member{
			AccountID:  m.AccountID.String(),
			Email:      string(m.Member.Email),
			FullName:   m.Member.Name,
			MemberID:   m.Member.ID.String(),
			MemberType: string(m.Member.Kind),
		},
		Role:             string(m.Role),
		RoomID:           m.RoomID.String(),
		UpdatedTimestamp: m.UpdatedAt,
	}
}

// memberError is what a batch says of a member that it could not add.
func memberError(memberID string, refused *chime.Error) api.MemberError {
	code := map[chime.Kind]string{
		chime.NotFound:      api.ErrorCodeNotFound,
		chime.Conflict:      api.ErrorCodeConflict,
		chime.LimitExceeded: api.ErrorCodeResourceLimitExceeded,
	}[refused.Kind]
	if code == "" {
		code = api.ErrorCodeBadRequest
	}
	return api.MemberError{MemberID: memberID, ErrorCode: code, ErrorMessage: refused.Message}
}
