package store

import "github.com/carillon-server/carillon/internal/chime"

// Invite is what belongs to a user's invitation alone.
type Invite struct {
	Generation int    // counts the invitations of the user; only the latest is good
	By         string // the ARN of who invited last
}

func scanInvite(_ *Tx, row scanner) (*Invite, error) {
	var i Invite
	err := row.Scan(&i.Generation, &i.By)
	return &i, err
}

// Invite returns a user's latest invitation, or nil if there is no such user.
func (t *Tx) Invite(u *chime.User) (*Invite, error) {
	return queryRow(t, scanInvite, `
		select invite_generation, invited_by from users
		where tenant = $1 and account = $2 and id = $3`,
		t.tenant, u.AccountID[:], u.ID[:])
}

// UpdateInvite replaces a user's latest invitation.
func (t *Tx) UpdateInvite(u *chime.User, i Invite) {
	t.queue(`
		update users
		set invite_generation = $4, invited_by = $5
		where tenant = $1 and account = $2 and id = $3`,
		t.tenant, u.AccountID[:], u.ID[:], i.Generation, i.By)
}

// UnregisteredUsers returns at most limit users of the account who are invited, or whose invitation failed, in the order of
// their IDs and after the given one.
func (t *Tx) UnregisteredUsers(account, after chime.ID, limit int) ([]*chime.User, error) {
	return query(t, scanUser, `
		select `+userColumns+` from users
		where tenant = $1 and account = $2 and id > $3 and registration = 'Unregistered'
		order by id limit $4`,
		t.tenant, account[:], after[:], limit)
}

// InsertInvitedUser adds a user with an invitation, and meets UserEmail if another user of the tenant has the address.
func (t *Tx) InsertInvitedUser(u *chime.User, i Invite) {
	t.queue(`
		insert into users (tenant, `+userColumns+`, invite_generation, invited_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		append(t.userValues(u), i.Generation, i.By)...)
}
