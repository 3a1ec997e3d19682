package store

import (
	"time"

	"github.com/carillon-server/carillon/internal/chime"
)

const messageColumns = `account, place, id, sender, sender_kind, content, sent_at, redacted_at`

func scanMessage(t *Tx, row scanner) (*chime.Message, error) {
	m := chime.Message{Tenant: t.tenant}
	err := row.Scan((*id)(&m.AccountID), (*id)(&m.PlaceID), (*id)(&m.ID), (*id)(&m.SenderID), &m.SenderKind, &m.Content,
		millis{&m.SentAt}, millis{&m.RedactedAt})
	return &m, err
}

// Message returns the message of a room or a conversation, or nil.
func (t *Tx) Message(account, place, message chime.ID) (*chime.Message, error) {
	return queryRow(t, scanMessage, `
		select `+messageColumns+` from messages
		where tenant = $1 and account = $2 and place = $3 and id = $4`,
		t.tenant, account[:], place[:], message[:])
}

// Messages returns at most limit messages of a room or a conversation, the newest first: those before the given one, or the
// last ones for the zero ID.
func (t *Tx) Messages(account, place, before chime.ID, limit int) ([]*chime.Message, error) {
	if before == (chime.ID{}) {
		return query(t, scanMessage, `
			select `+messageColumns+` from messages
			where tenant = $1 and account = $2 and place = $3
			order by id desc limit $4`,
			t.tenant, account[:], place[:], limit)
	}
	return query(t, scanMessage, `
		select `+messageColumns+` from messages
		where tenant = $1 and account = $2 and place = $3 and id < $4
		order by id desc limit $5`,
		t.tenant, account[:], place[:], before[:], limit)
}

// NextPlace returns the first room or conversation of the account after the given one that has messages, or nil.
func (t *Tx) NextPlace(account, after chime.ID) (*chime.ID, error) {
	return queryRow(t, scanMade, `
		select place from messages
		where tenant = $1 and account = $2 and place > $3
		order by place limit 1`,
		t.tenant, account[:], after[:])
}

// InsertMessage adds a message.
func (t *Tx) InsertMessage(m *chime.Message) {
	t.queue(`
		insert into messages (tenant, `+messageColumns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		t.tenant, m.AccountID[:], m.PlaceID[:], m.ID[:], m.SenderID[:], string(m.SenderKind), m.Content, toMillis(m.SentAt),
		toMillis(m.RedactedAt))
}

// UpdateMessage writes a message that was redacted.
func (t *Tx) UpdateMessage(m *chime.Message) {
	t.queue(`
		update messages
		set content = $5, redacted_at = $6
		where tenant = $1 and account = $2 and place = $3 and id = $4`,
		t.tenant, m.AccountID[:], m.PlaceID[:], m.ID[:], m.Content, toMillis(m.RedactedAt))
}

// stamp is when a message was sent.
type stamp struct {
	message chime.ID
	sentAt  time.Time
}

func scanStamp(_ *Tx, row scanner) (*stamp, error) {
	var s stamp
	err := row.Scan((*id)(&s.message), millis{&s.sentAt})
	return &s, err
}

// DeleteMessages removes the oldest messages of a room or a conversation as far as they were sent before the given time, at
// most limit, and returns how many it removes.
func (t *Tx) DeleteMessages(account, place chime.ID, before time.Time, limit int) (int, error) {
	oldest, err := query(t, scanStamp, `
		select id, sent_at from messages
		where tenant = $1 and account = $2 and place = $3
		order by id limit $4`,
		t.tenant, account[:], place[:], limit)
	n := 0
	for n < len(oldest) && oldest[n].sentAt.Before(before) {
		n++
	}
	if n == 0 || err != nil {
		return 0, err
	}
	last := oldest[n-1].message
	t.queue(`
		delete from messages
		where tenant = $1 and account = $2 and place = $3 and id <= $4`,
		t.tenant, account[:], place[:], last[:])
	return n, nil
}
