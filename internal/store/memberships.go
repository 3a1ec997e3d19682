package store

import "github.com/carillon-server/carillon/internal/chime"

// selectMemberships reads memberships with what others see of the members.
const selectMemberships = `
	select m.account, m.room, m.member, m.kind, m.role, m.invited_by, m.invited_at, m.updated_at,
		coalesce(u.email, u.email_key, b.email, ''), coalesce(u.display_name, b.display_name, '')
	from memberships m
	left join users u on u.tenant = m.tenant and u.account = m.account and u.id = m.member
	left join bots b on b.tenant = m.tenant and b.account = m.account and b.id = m.member`

func scanMembership(t *Tx, row scanner) (*chime.Membership, error) {
	m := chime.Membership{Tenant: t.tenant}
	err := row.Scan((*id)(&m.AccountID), (*id)(&m.RoomID), (*id)(&m.Member.ID), &m.Member.Kind, &m.Role, &m.InvitedBy,
		millis{&m.InvitedAt}, millis{&m.UpdatedAt}, &m.Member.Email, &m.Member.Name)
	return &m, err
}

// Membership returns a member's place in a room, or nil.
func (t *Tx) Membership(account, room, member chime.ID) (*chime.Membership, error) {
	return queryRow(t, scanMembership, selectMemberships+`
		where m.tenant = $1 and m.account = $2 and m.room = $3 and m.member = $4`,
		t.tenant, account[:], room[:], member[:])
}

// Memberships returns at most limit memberships of a room in the order of the members' IDs and after the given one.
func (t *Tx) Memberships(account, room, after chime.ID, limit int) ([]*chime.Membership, error) {
	return query(t, scanMembership, selectMemberships+`
		where m.tenant = $1 and m.account = $2 and m.room = $3 and m.member > $4
		order by m.member limit $5`,
		t.tenant, account[:], room[:], after[:], limit)
}

// BotsInRoom returns the memberships of bots in a room. A room has few: an account has.
func (t *Tx) BotsInRoom(account, room chime.ID) ([]*chime.Membership, error) {
	return query(t, scanMembership, selectMemberships+`
		where m.tenant = $1 and m.account = $2 and m.room = $3 and m.kind = 'Bot'
		order by m.member`,
		t.tenant, account[:], room[:])
}

// CountMembers counts the members of a room, up to a limit.
func (t *Tx) CountMembers(account, room chime.ID, limit int) (int, error) {
	n, err := queryRow(t, scanCount, `
		select count(*) from (
			select 1 from memberships
			where tenant = $1 and account = $2 and room = $3
			limit $4) as counted`,
		t.tenant, account[:], room[:], limit)
	if err != nil {
		return 0, err
	}
	return *n, nil
}

// CountMemberships counts the rooms that a user or a bot is in, up to a limit.
func (t *Tx) CountMemberships(account, member chime.ID, limit int) (int, error) {
	n, err := queryRow(t, scanCount, `
		select count(*) from (
			select 1 from memberships
			where tenant = $1 and account = $2 and member = $3
			limit $4) as counted`,
		t.tenant, account[:], member[:], limit)
	if err != nil {
		return 0, err
	}
	return *n, nil
}

// InsertMembership adds a member to a room, and meets RoomMember if that is in it already.
func (t *Tx) InsertMembership(m *chime.Membership) {
	t.queue(`
		insert into memberships (tenant, account, room, member, kind, role, invited_by, invited_at, updated_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		t.tenant, m.AccountID[:], m.RoomID[:], m.Member.ID[:], string(m.Member.Kind), string(m.Role), m.InvitedBy,
		toMillis(m.InvitedAt), toMillis(m.UpdatedAt))
}

// UpdateMembership writes the role of a membership that was read in this transaction.
func (t *Tx) UpdateMembership(m *chime.Membership) {
	t.queue(`
		update memberships
		set role = $5, updated_at = $6
		where tenant = $1 and account = $2 and room = $3 and member = $4`,
		t.tenant, m.AccountID[:], m.RoomID[:], m.Member.ID[:], string(m.Role), toMillis(m.UpdatedAt))
}

// DeleteMembership removes a member from a room.
func (t *Tx) DeleteMembership(m *chime.Membership) {
	t.queue(`
		delete from memberships
		where tenant = $1 and account = $2 and room = $3 and member = $4`,
		t.tenant, m.AccountID[:], m.RoomID[:], m.Member.ID[:])
}
