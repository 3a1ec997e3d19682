package store

import (
	"database/sql"

	"github.com/carillon-server/carillon/internal/chime"
)

const userColumns = `account, id, email_key, email, display_name, license, type, registration, invitation,
	registered_at, invited_at, alexa_enabled, alexa_room, pin, version, number`

func scanUser(t *Tx, row scanner) (*chime.User, error) {
	u := chime.User{Tenant: t.tenant}
	return &u, readUser(&u, row)
}

// readUser reads userColumns, then what more is given.
func readUser(u *chime.User, row scanner, more ...any) error {
	var key string
	var given, number sql.NullString
	var pin sql.NullInt64
	err := row.Scan(append([]any{(*id)(&u.AccountID), (*id)(&u.ID), &key, &given, &u.DisplayName, &u.License, &u.Type, &u.Registration,
		&u.Invitation, millis{&u.RegisteredAt}, millis{&u.InvitedAt}, &u.Alexa.Enabled, &u.Alexa.RoomARN, &pin, &u.Version, &number}, more...)...)
	u.Email, u.PIN, u.Number = chime.Email(key), chime.PIN(pin.Int64), chime.E164(number.String)
	if given.Valid {
		u.Email = chime.Email(given.String)
	}
	return err
}

// accountNotDeleted is the part of a condition that keeps users out of sight whose account is deleted, until they are
// removed. It looks into the index on the deleted accounts, which are few.
const accountNotDeleted = `not exists (select 1 from accounts a where a.tenant = $1 and a.id = $2 and a.deleted_at is not null)`

// User returns the user, or nil if the account has no such user or is deleted.
func (t *Tx) User(account, user chime.ID) (*chime.User, error) {
	key := userKey{t.tenant, account, user}
	known, epoch := t.records.user(key)
	if known != nil {
		return known, nil
	}
	u, err := t.readUser(account, user)
	if err == nil {
		t.records.remember(key, u, epoch)
	}
	return u, err
}

func (t *Tx) readUser(account, user chime.ID) (*chime.User, error) {
	return queryRow(t, scanUser, `
		select `+userColumns+` from users
		where tenant = $1 and account = $2 and id = $3 and `+accountNotDeleted,
		t.tenant, account[:], user[:])
}

// UserByEmail returns the tenant's user with the address, compared without regard to case, or nil. The account of the user
// may be deleted: the address is taken until the user is removed.
func (t *Tx) UserByEmail(email chime.Email) (*chime.User, error) {
	return queryRow(t, scanUser, `
		select `+userColumns+` from users
		where tenant = $1 and email_key = $2`,
		t.tenant, email.Fold())
}

// UserMark returns the mark of the call that made the user, the zero Mark if it left none.
func (t *Tx) UserMark(u *chime.User) (Mark, error) {
	m, err := queryRow(t, scanMark, `
		select mark from users
		where tenant = $1 and account = $2 and id = $3 and mark is not null`,
		t.tenant, u.AccountID[:], u.ID[:])
	if m == nil {
		return Mark{}, err
	}
	return *m, err
}

// Users returns at most limit users of the account, in the order of their IDs and after the given one; all types if
// t is empty.
func (t *Tx) Users(account chime.ID, userType chime.UserType, after chime.ID, limit int) ([]*chime.User, error) {
	// The type stands in the text, not in a parameter, so that the index on the few devices serves.
	only := ""
	switch userType {
	case chime.PrivateUser:
		only = "and type = 'PrivateUser'"
	case chime.SharedDevice:
		only = "and type = 'SharedDevice'"
	}
	return query(t, scanUser, `
		select `+userColumns+` from users
		where tenant = $1 and account = $2 and id > $3 `+only+`
		order by id limit $4`,
		t.tenant, account[:], after[:], limit)
}

// InsertUser adds a user with the mark of the call that makes it, and meets UserEmail or UserPIN if another user of the
// tenant has the address or the PIN.
func (t *Tx) InsertUser(u *chime.User, m Mark) {
	var mark any
	if !m.IsZero() {
		mark = m[:]
	}
	t.queue(`
		insert into users (tenant, `+userColumns+`, mark)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		append(t.userValues(u), mark)...)
	t.writes[len(t.writes)-1].grouped = groupedUserInsert
}

// groupedUserInsert adds users where their accounts still are as they were relied on.
var groupedUserInsert = newGroupedInsert(`
	insert into users (tenant, `+userColumns+`, mark)
	select u.tenant, `+userColumns+`, mark from `, `
		as u (tenant, `+userColumns+`, mark, relied_version, relied_domain, relied_owner)
	where (select a.version from accounts a where a.tenant = u.tenant and a.id = u.account and a.deleted_at is null) = relied_version
		and (select d.account from domains d where d.tenant = u.tenant and d.name = relied_domain) is not distinct from relied_owner`,
	"bigint", "bytea", "bytea", "text", "text", "text", "text", "text", "text", "text", "bigint", "bigint", "bigint", "text",
	"bigint", "bigint", "text", "bytea")

// userValues are the tenant and the values of userColumns.
func (t *Tx) userValues(u *chime.User) []any {
	key := u.Email.Fold()
	var given, pin, number any
	if string(u.Email) != key {
		given = string(u.Email)
	}
	if u.Registration != chime.Unregistered {
		pin = int64(u.PIN)
	}
	if u.Number != "" {
		number = string(u.Number)
	}
	return append(make([]any, 0, 21), int64(t.tenant), u.AccountID[:], u.ID[:], key, given, u.DisplayName, string(u.License),
		string(u.Type), string(u.Registration), string(u.Invitation), toMillis(u.RegisteredAt), toMillis(u.InvitedAt),
		flag(u.Alexa.Enabled), u.Alexa.RoomARN, pin, u.Version, number)
}

// UpdateUser writes a user who was read in this transaction, and counts the version up. It meets UserEmail, UserPIN or
// UserNumber if another user of the tenant has the address, the PIN or the number.
func (t *Tx) UpdateUser(u *chime.User) {
	u.Version++
	t.queue(`
		update users
		set email_key = $4, email = $5, display_name = $6, license = $7, type = $8, registration = $9, invitation = $10,
			registered_at = $11, invited_at = $12, alexa_enabled = $13, alexa_room = $14, pin = $15, version = $16,
			number = $17
		where tenant = $1 and account = $2 and id = $3`,
		t.userValues(u)...)
}

// DeleteUser removes a user with all that is known of them, from rooms and conversations too. What they wrote there stays.
func (t *Tx) DeleteUser(u *chime.User) {
	t.queue(`
		delete from memberships
		where tenant = $1 and account = $2 and member = $3`,
		t.tenant, u.AccountID[:], u.ID[:])
	t.queue(`
		delete from conversation_members
		where tenant = $1 and account = $2 and member = $3`,
		t.tenant, u.AccountID[:], u.ID[:])
	t.queue(`
		delete from users
		where tenant = $1 and account = $2 and id = $3`,
		t.tenant, u.AccountID[:], u.ID[:])
}
