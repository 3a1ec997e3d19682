package ops

import (
	"context"
	"crypto/sha256"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/store"
)

// Pages of these lists when the call does not say (documented for bots: model; inferred for rooms).
const (
	defaultBotPage  = 10
	defaultRoomPage = 99
)

// CreateRoom makes a room. The same ClientRequestToken within 24 hours gets the room that it made (inferred; the time is
// decided), with another name a BadRequest (decided: no Conflict is declared); without a token a repetition of the call is
// told by its invocation (decided). In strict mode Team accounts have no rooms, for all calls of rooms (observed).
func (c *Call) CreateRoom(_ context.Context, in *api.CreateRoomInput) (*api.CreateRoomOutput, error) {
	a, err := c.enterprise(in.AccountID)
	if err != nil {
		return nil, err
	}
	request := c.roomRequest(in)
	r, err := c.requestedRoom(a, request)
	if err != nil {
		return nil, err
	}
	if r == nil {
		have, err := c.Tx.CountRooms(a.ID, c.Quotas.RoomLimit())
		if err != nil {
			return nil, err
		}
		if r, err = a.NewRoom(c.Source, c.Quotas, have, in.Name, c.Caller.ARN); err != nil {
			return nil, err
		}
		c.Tx.InsertRoom(r, request)
	}
	return &api.CreateRoomOutput{Room: wireRoom(r)}, nil
}

// roomRequest is what tells the call from others.
func (c *Call) roomRequest(in *api.CreateRoomInput) store.Request {
	var r store.Request
	switch {
	case in.ClientRequestToken != "":
		r.Token = shortHash(in.ClientRequestToken)
	case !c.Mark.IsZero():
		r.Token = c.Mark
	default:
		return r
	}
	r.Name = shortHash(in.Name)
	return r
}

func shortHash(s string) [16]byte {
	sum := sha256.Sum256([]byte(s))
	return [16]byte(sum[:16])
}

// requestedRoom returns the room that the request made, nil if it made none or that is too long ago to count.
func (c *Call) requestedRoom(a *chime.Account, request store.Request) (*chime.Room, error) {
	if request.IsZero() {
		return nil, nil
	}
	made, by, err := c.Tx.RequestedRoom(a.ID, request.Token)
	switch {
	case made == nil || err != nil:
		return nil, err
	case c.Source.Now().Sub(made.CreatedAt) >= chime.RequestLife:
		c.Tx.ForgetRequest(made)
		return nil, nil
	case by.Name != request.Name:
		return nil, chime.BadRequest.Errorf("ClientRequestToken stands for another call of the last %d hours, with another Name", int(chime.RequestLife.Hours()))
	}
	return made, nil
}

// GetRoom returns a room (documented: example of get-room).
func (c *Call) GetRoom(_ context.Context, in *api.GetRoomInput) (*api.GetRoomOutput, error) {
	r, err := c.room(in.AccountID, in.RoomID)
	if err != nil {
		return nil, err
	}
	return &api.GetRoomOutput{Room: wireRoom(r)}, nil
}

// ListRooms lists an account's rooms, those of one user or bot where MemberId is given (documented: model ListRooms). Of a
// member who is not there, it is empty (decided).
func (c *Call) ListRooms(_ context.Context, in *api.ListRoomsInput) (*api.ListRoomsOutput, error) {
	p, err := c.page(in.NextToken, in.MaxResults, defaultRoomPage, "ListRooms", in.AccountID, in.MemberID)
	if err != nil {
		return nil, err
	}
	a, err := c.enterprise(in.AccountID)
	if err != nil {
		return nil, err
	}
	var found []*chime.Room
	if in.MemberID != "" {
		member, _ := chime.ParseID(in.MemberID) // nobody has the zero ID
		found, err = c.Tx.RoomsOfMember(a.ID, member, p.after, p.limit+1)
	} else {
		found, err = c.Tx.Rooms(a.ID, p.after, p.limit+1)
	}
	if err != nil {
		return nil, err
	}
	out := &api.ListRoomsOutput{Rooms: []api.Room{}}
	found, out.NextToken = cut(p, found, func(r *chime.Room) chime.ID { return r.ID })
	for _, r := range found {
		out.Rooms = append(out.Rooms, *wireRoom(r))
	}
	return out, nil
}

// UpdateRoom gives a room another name; without one nothing changes (inferred).
func (c *Call) UpdateRoom(_ context.Context, in *api.UpdateRoomInput) (*api.UpdateRoomOutput, error) {
	r, err := c.room(in.AccountID, in.RoomID)
	if err != nil {
		return nil, err
	}
	outcome, err := r.Rename(c.Source, in.Name)
	if err != nil {
		return nil, err
	}
	if outcome == chime.Changed {
		c.Tx.UpdateRoom(r)
	}
	return &api.UpdateRoomOutput{Room: wireRoom(r)}, nil
}

// DeleteRoom deletes a room with its memberships (documented: example of delete-room), its webhooks and its messages
// (decided). Its bots are told that they were removed (decided).
func (c *Call) DeleteRoom(_ context.Context, in *api.DeleteRoomInput) (*api.DeleteRoomOutput, error) {
	r, err := c.room(in.AccountID, in.RoomID)
	if err != nil {
		return nil, err
	}
	robots, err := c.Tx.BotsInRoom(r.AccountID, r.ID)
	if err != nil {
		return nil, err
	}
	for _, m := range robots {
		if err := c.tellOf(chime.RemoveEvent, m); err != nil {
			return nil, err
		}
	}
	c.Tx.DeleteRoom(r)
	return &api.DeleteRoomOutput{}, c.beginPurge(r.AccountID, r.ID)
}

// enterprise returns the account as account does, and refuses it where strict mode wants an Enterprise account.
func (c *Call) enterprise(accountID string) (*chime.Account, error) {
	a, err := c.account(accountID)
	if err != nil {
		return nil, err
	}
	return a, a.CheckEnterprise(c.Rules)
}

// room returns the account's room, or NotFound.
func (c *Call) room(accountID, roomID string) (*chime.Room, error) {
	a, err := c.enterprise(accountID)
	if err != nil {
		return nil, err
	}
	if id, ok := chime.ParseID(roomID); ok {
		r, err := c.Tx.Room(a.ID, id)
		if r != nil || err != nil {
			return r, err
		}
	}
	return nil, chime.NotFound.Errorf("room %s is not in account %s", roomID, accountID)
}

func wireRoom(r *chime.Room) *api.Room {
	return &api.Room{
		AccountID:        r.AccountID.String(),
		CreatedBy:        r.CreatedBy,
		CreatedTimestamp: r.CreatedAt,
		Name:             r.Name,
		RoomID:           r.ID.String(),
		UpdatedTimestamp: r.UpdatedAt,
	}
}
