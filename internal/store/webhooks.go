package store

import "github.com/carillon-server/carillon/internal/chime"

const webhookColumns = `account, id, room, name, token_hash, created_by, created_at, posted_at`

func scanWebhook(t *Tx, row scanner) (*chime.Webhook, error) {
	w := chime.Webhook{Tenant: t.tenant}
	var hash []byte
	err := row.Scan((*id)(&w.AccountID), (*id)(&w.ID), (*id)(&w.RoomID), &w.Name, &hash, &w.CreatedBy, millis{&w.CreatedAt}, millis{&w.PostedAt})
	copy(w.TokenHash[:], hash)
	return &w, err
}

// Webhook returns the account's webhook, or nil.
func (t *Tx) Webhook(account, webhook chime.ID) (*chime.Webhook, error) {
	return queryRow(t, scanWebhook, `
		select `+webhookColumns+` from webhooks
		where tenant = $1 and account = $2 and id = $3`,
		t.tenant, account[:], webhook[:])
}

// Webhooks returns at most limit webhooks of a room in the order of their IDs and after the given one.
func (t *Tx) Webhooks(account, room, after chime.ID, limit int) ([]*chime.Webhook, error) {
	return query(t, scanWebhook, `
		select `+webhookColumns+` from webhooks
		where tenant = $1 and account = $2 and room = $3 and id > $4
		order by id limit $5`,
		t.tenant, account[:], room[:], after[:], limit)
}

// InsertWebhook adds a webhook.
func (t *Tx) InsertWebhook(w *chime.Webhook) {
	t.queue(`
		insert into webhooks (tenant, `+webhookColumns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		t.tenant, w.AccountID[:], w.ID[:], w.RoomID[:], w.Name, w.TokenHash[:], w.CreatedBy, toMillis(w.CreatedAt), toMillis(w.PostedAt))
}

// UpdateWebhook writes the token and the last post of a webhook that was read in this transaction.
func (t *Tx) UpdateWebhook(w *chime.Webhook) {
	t.queue(`
		update webhooks
		set token_hash = $4, posted_at = $5
		where tenant = $1 and account = $2 and id = $3`,
		t.tenant, w.AccountID[:], w.ID[:], w.TokenHash[:], toMillis(w.PostedAt))
}

// DeleteWebhook removes a webhook.
func (t *Tx) DeleteWebhook(w *chime.Webhook) {
	t.queue(`
		delete from webhooks
		where tenant = $1 and account = $2 and id = $3`,
		t.tenant, w.AccountID[:], w.ID[:])
}
