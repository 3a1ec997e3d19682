package store

import "github.com/carillon-server/carillon/internal/chime"

// Invite is a user with the latest invitation.
type Invite struct {
	User       *chime.User
	Generation int    // counts the user's invitations: only the latest is good. 0 if there was none
	By         string // the ARN of who invited last
}

const inviteColumns = userColumns + `, invite_generation, invited_by`

func scanInvite(t *Tx, row scanner) (*Invite, error) {
	i := Invite{User: &chime.User{Tenant: t.tenant}}
	err := readUser(i.User, row, &i.Generation, &i.By)
	return &i, err
}

// Invite returns the user with the latest invitation, or nil if the account has no such user or is deleted.
func (t *Tx) Invite(account, user chime.ID) (*Invite, error) {
	return queryRow(t, scanInvite, `
		select `+inviteColumns+` from users
		where tenant = $1 and account = $2 and id = $3 and `+accountNotDeleted,
		t.tenant, account[:], user[:])
}

// Invites returns at most limit invitations of the account that are pending or failed, in the order of their users' IDs and
// after the given one.
func (t *Tx) Invites(account, after chime.ID, limit int) ([]*Invite, error) {
	return query(t, scanInvite, `
		select `+inviteColumns+` from users
		where tenant = $1 and account = $2 and id > $3 and registration = 'Unregistered'
		order by id limit $4`,
		t.tenant, account[:], after[:], limit)
}

// InsertInvite adds a user with an invitation, and meets UserEmail if another user of the tenant has the address.
func (t *Tx) InsertInvite(i *Invite) {
	t.queue(`
		insert into users (tenant, `+inviteColumns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
		append(t.userValues(i.User), i.Generation, i.By)...)
}

// UpdateInvite writes an invitation that was read in this transaction, and its user as UpdateUser does.
func (t *Tx) UpdateInvite(i *Invite) {
	t.UpdateUser(i.User)
	t.queue(`
		update users
		set invite_generation = $4, invited_by = $5
		where tenant = $1 and account = $2 and id = $3`,
		t.tenant, i.User.AccountID[:], i.User.ID[:], i.Generation, i.By)
}
