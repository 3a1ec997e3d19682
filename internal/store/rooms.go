package store

import "github.com/carillon-server/carillon/internal/chime"

const roomColumns = `account, id, name, created_by, created_at, updated_at, version`

func scanRoom(t *Tx, row scanner) (*chime.Room, error) {
	r := chime.Room{Tenant: t.tenant}
	return &r, readRoom(&r, row)
}

// readRoom reads roomColumns, then what more is given.
func readRoom(r *chime.Room, row scanner, more ...any) error {
	return row.Scan(append([]any{(*id)(&r.AccountID), (*id)(&r.ID), &r.Name, &r.CreatedBy, millis{&r.CreatedAt}, millis{&r.UpdatedAt},
		&r.Version}, more...)...)
}

// Room returns the account's room, or nil.
func (t *Tx) Room(account, room chime.ID) (*chime.Room, error) {
	return queryRow(t, scanRoom, `
		select `+roomColumns+` from rooms
		where tenant = $1 and account = $2 and id = $3`,
		t.tenant, account[:], room[:])
}

// Rooms returns at most limit rooms of the account in the order of their IDs and after the given one.
func (t *Tx) Rooms(account, after chime.ID, limit int) ([]*chime.Room, error) {
	return query(t, scanRoom, `
		select `+roomColumns+` from rooms
		where tenant = $1 and account = $2 and id > $3
		order by id limit $4`,
		t.tenant, account[:], after[:], limit)
}

// RoomsOfMember is Rooms for those that a user or a bot is in.
func (t *Tx) RoomsOfMember(account, member, after chime.ID, limit int) ([]*chime.Room, error) {
	return query(t, scanRoom, `
		select `+roomColumns+` from rooms
		where tenant = $1 and account = $2 and id in (
			select room from memberships
			where tenant = $1 and account = $2 and member = $3 and room > $4
			order by room limit $5)
		order by id limit $5`,
		t.tenant, account[:], member[:], after[:], limit)
}

// CountRooms counts the account's rooms, up to a limit.
func (t *Tx) CountRooms(account chime.ID, limit int) (int, error) {
	n, err := queryRow(t, scanCount, `
		select count(*) from (
			select 1 from rooms
			where tenant = $1 and account = $2
			limit $3) as counted`,
		t.tenant, account[:], limit)
	if err != nil {
		return 0, err
	}
	return *n, nil
}

// Request is what tells a CreateRoom from its repetition: what the client says of it, hashed, and the name that it asks for.
// The zero Request is none.
type Request struct {
	Token [16]byte
	Name  [16]byte
}

// IsZero reports whether the request is none.
func (r Request) IsZero() bool { return r == Request{} }

// requested is a room and the request that made it.
type requested struct {
	room    chime.Room
	request Request
}

func scanRequested(t *Tx, row scanner) (*requested, error) {
	r := requested{room: chime.Room{Tenant: t.tenant}}
	err := readRoom(&r.room, row, (*id)(&r.request.Token), (*id)(&r.request.Name))
	return &r, err
}

// RequestedRoom returns the account's room that was made by a request with the token, and that request; nil if there is
// none.
func (t *Tx) RequestedRoom(account chime.ID, token [16]byte) (*chime.Room, Request, error) {
	r, err := queryRow(t, scanRequested, `
		select `+roomColumns+`, request, request_name from rooms
		where tenant = $1 and account = $2 and request = $3`,
		t.tenant, account[:], token[:])
	if r == nil || err != nil {
		return nil, Request{}, err
	}
	return &r.room, r.request, nil
}

// ForgetRequest makes the token of a room's request free for another room.
func (t *Tx) ForgetRequest(r *chime.Room) {
	t.queue(`
		update rooms
		set request = null, request_name = null
		where tenant = $1 and account = $2 and id = $3`,
		t.tenant, r.AccountID[:], r.ID[:])
}

// InsertRoom adds a room with the request that makes it, and meets RoomRequest if that made one before.
func (t *Tx) InsertRoom(r *chime.Room, request Request) {
	var token, name any
	if !request.IsZero() {
		token, name = request.Token[:], request.Name[:]
	}
	t.queue(`
		insert into rooms (tenant, `+roomColumns+`, request, request_name)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		t.tenant, r.AccountID[:], r.ID[:], r.Name, r.CreatedBy, toMillis(r.CreatedAt), toMillis(r.UpdatedAt), r.Version, token, name)
}

// UpdateRoom writes a room that was read in this transaction, and counts its version up.
func (t *Tx) UpdateRoom(r *chime.Room) {
	r.Version++
	t.queue(`
		update rooms
		set name = $4, updated_at = $5, version = $6
		where tenant = $1 and account = $2 and id = $3`,
		t.tenant, r.AccountID[:], r.ID[:], r.Name, toMillis(r.UpdatedAt), r.Version)
}

// DeleteRoom removes a room with its memberships and webhooks. Its messages are for DeleteMessages.
func (t *Tx) DeleteRoom(r *chime.Room) {
	t.queue(`
		delete from memberships
		where tenant = $1 and account = $2 and room = $3`,
		t.tenant, r.AccountID[:], r.ID[:])
	t.queue(`
		delete from webhooks
		where tenant = $1 and account = $2 and room = $3`,
		t.tenant, r.AccountID[:], r.ID[:])
	t.queue(`
		delete from rooms
		where tenant = $1 and account = $2 and id = $3`,
		t.tenant, r.AccountID[:], r.ID[:])
}
