package store

import "github.com/carillon-server/carillon/internal/chime"

func scanRetention(_ *Tx, row scanner) (*chime.Retention, error) {
	var r chime.Retention
	err := row.Scan(&r.RoomDays, &r.ConversationDays, millis{&r.DeletionAt})
	return &r, err
}

// Retention returns how long the account's messages are kept; the zero value, for ever, if nothing was set.
func (t *Tx) Retention(account chime.ID) (chime.Retention, error) {
	r, err := queryRow(t, scanRetention, `
		select room_days, conversation_days, deletion_at from retention
		where tenant = $1 and account = $2`,
		t.tenant, account[:])
	if r == nil || err != nil {
		return chime.Retention{}, err
	}
	return *r, nil
}

// PutRetention replaces how long the account's messages are kept.
func (t *Tx) PutRetention(account chime.ID, r chime.Retention) {
	t.queue(`
		insert into retention (tenant, account, room_days, conversation_days, deletion_at)
		values ($1, $2, $3, $4, $5)
		on conflict (tenant, account) do update
		set room_days = excluded.room_days, conversation_days = excluded.conversation_days, deletion_at = excluded.deletion_at`,
		t.tenant, account[:], r.RoomDays, r.ConversationDays, toMillis(r.DeletionAt))
}

// DeleteRetention makes the account's messages kept for ever again.
func (t *Tx) DeleteRetention(account chime.ID) {
	t.queue(`
		delete from retention
		where tenant = $1 and account = $2`,
		t.tenant, account[:])
}
