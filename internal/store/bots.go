package store

import (
	"context"
	"time"

	"github.com/carillon-server/carillon/internal/chime"
)

const botColumns = `account, id, display_name, email, security_token, sealed_token, disabled, endpoint, lambda_arn, created_at, updated_at, version`

func scanBot(t *Tx, row scanner) (*chime.Bot, error) {
	b := chime.Bot{Tenant: t.tenant}
	var sealed []byte
	err := row.Scan((*id)(&b.AccountID), (*id)(&b.ID), &b.DisplayName, &b.Email, &b.SecurityToken, &sealed, &b.Disabled, &b.Endpoint,
		&b.LambdaARN, millis{&b.CreatedAt}, millis{&b.UpdatedAt}, &b.Version)
	if sealed != nil && err == nil {
		b.SecurityToken, err = t.open("bots", b.Tenant, b.ID[:], sealed)
	}
	return &b, err
}

// Bot returns the account's bot, or nil.
func (t *Tx) Bot(account, bot chime.ID) (*chime.Bot, error) {
	return queryRow(t, scanBot, `
		select `+botColumns+` from bots
		where tenant = $1 and account = $2 and id = $3`,
		t.tenant, account[:], bot[:])
}

// Bots returns at most limit bots of the account in the order of their IDs and after the given one.
func (t *Tx) Bots(account, after chime.ID, limit int) ([]*chime.Bot, error) {
	return query(t, scanBot, `
		select `+botColumns+` from bots
		where tenant = $1 and account = $2 and id > $3
		order by id limit $4`,
		t.tenant, account[:], after[:], limit)
}

// InsertBot adds a bot and seals its token, and meets BotEmail if another bot of the tenant has its address.
func (t *Tx) InsertBot(b *chime.Bot) error {
	sealed, err := t.seal("bots", t.tenant, b.ID[:], b.SecurityToken)
	if err != nil {
		return err
	}
	t.queue(`
		insert into bots (tenant, `+botColumns+`, email_key)
		values ($1, $2, $3, $4, $5, '', $6, $7, $8, $9, $10, $11, $12, $13)`,
		t.tenant, b.AccountID[:], b.ID[:], b.DisplayName, string(b.Email), sealed, flag(b.Disabled), b.Endpoint, b.LambdaARN,
		toMillis(b.CreatedAt), toMillis(b.UpdatedAt), b.Version, b.Email.Fold())
	return nil
}

// UpdateBot writes a bot that was read in this transaction, and counts its version up.
func (t *Tx) UpdateBot(b *chime.Bot) error {
	sealed, err := t.seal("bots", t.tenant, b.ID[:], b.SecurityToken)
	if err != nil {
		return err
	}
	b.Version++
	t.queue(`
		update bots
		set security_token = '', sealed_token = $4, disabled = $5, endpoint = $6, lambda_arn = $7, updated_at = $8, version = $9
		where tenant = $1 and account = $2 and id = $3`,
		t.tenant, b.AccountID[:], b.ID[:], sealed, flag(b.Disabled), b.Endpoint, b.LambdaARN, toMillis(b.UpdatedAt), b.Version)
	return nil
}

// DeleteBots removes all bots of an account.
func (t *Tx) DeleteBots(account chime.ID) {
	t.queue(`
		delete from bots
		where tenant = $1 and account = $2`,
		t.tenant, account[:])
}

const eventColumns = `account, bot, id, type, room, message, caused_by, state, queued_at, finished_at, attempts, error`

func scanEvent(t *Tx, row scanner) (*chime.Event, error) {
	e := chime.Event{Tenant: t.tenant}
	err := row.Scan((*id)(&e.AccountID), (*id)(&e.BotID), (*id)(&e.ID), &e.Type, (*id)(&e.RoomID), (*id)(&e.MessageID), &e.By, &e.State,
		millis{&e.QueuedAt}, millis{&e.FinishedAt}, &e.Attempts, &e.Error)
	return &e, err
}

// QueuedEvents returns at most limit events that wait to be sent to a bot, the oldest first.
func (t *Tx) QueuedEvents(account, bot chime.ID, limit int) ([]*chime.Event, error) {
	return query(t, scanEvent, `
		select `+eventColumns+` from bot_events
		where tenant = $1 and account = $2 and bot = $3 and state = 'queued'
		order by id limit $4`,
		t.tenant, account[:], bot[:], limit)
}

// Events returns at most limit events of a bot in the order of their IDs and after the given one: those in a state if one
// is given.
func (t *Tx) Events(account, bot chime.ID, state chime.EventState, after chime.ID, limit int) ([]*chime.Event, error) {
	return query(t, scanEvent, `
		select `+eventColumns+` from bot_events
		where tenant = $1 and account = $2 and bot = $3 and id > $4 and (state = $5 or $5 = '')
		order by id limit $6`,
		t.tenant, account[:], bot[:], after[:], string(state), limit)
}

// InsertEvent adds an event.
func (t *Tx) InsertEvent(e *chime.Event) {
	t.queue(`
		insert into bot_events (tenant, `+eventColumns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		t.tenant, e.AccountID[:], e.BotID[:], e.ID[:], string(e.Type), e.RoomID[:], e.MessageID[:], e.By, string(e.State),
		toMillis(e.QueuedAt), toMillis(e.FinishedAt), e.Attempts, e.Error)
}

// UpdateEvent writes what became of an event.
func (t *Tx) UpdateEvent(e *chime.Event) {
	t.queue(`
		update bot_events
		set state = $5, finished_at = $6, attempts = $7, error = $8
		where tenant = $1 and account = $2 and bot = $3 and id = $4`,
		t.tenant, e.AccountID[:], e.BotID[:], e.ID[:], string(e.State), toMillis(e.FinishedAt), e.Attempts, e.Error)
}

func scanOldEvent(_ *Tx, row scanner) (*chime.Event, error) {
	var e chime.Event
	err := row.Scan(&e.Tenant, (*id)(&e.AccountID), (*id)(&e.BotID), (*id)(&e.ID))
	return &e, err
}

// ClearEvents forgets the events of all tenants that ended before the given time, at most limit in a transaction.
func (db *DB) ClearEvents(ctx context.Context, before time.Time, limit int) error {
	for {
		n, err := db.clearEvents(ctx, before, limit)
		if err != nil || n < limit {
			return err
		}
	}
}

func (db *DB) clearEvents(ctx context.Context, before time.Time, limit int) (int, error) {
	var n int
	err := db.Update(ctx, 0, func(t *Tx) error {
		old, err := query(t, scanOldEvent, `
			select tenant, account, bot, id from bot_events
			where finished_at < $1
			order by finished_at limit $2`,
			before.UnixMilli(), limit)
		for _, e := range old {
			t.queue(`
				delete from bot_events
				where tenant = $1 and account = $2 and bot = $3 and id = $4`,
				e.Tenant, e.AccountID[:], e.BotID[:], e.ID[:])
		}
		n = len(old)
		return err
	})
	if err != nil {
		return 0, err // and leave n alone: if ctx has ended, the closure may still be running
	}
	return n, nil
}
