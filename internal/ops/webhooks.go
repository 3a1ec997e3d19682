package ops

import (
	"context"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
)

// CreateRoomWebhook makes an incoming webhook of a room and shows its URL this once (decided: Amazon's clients did). A room
// has at most ten (documented: developer guide).
func (c *Call) CreateRoomWebhook(_ context.Context, in *api.CreateRoomWebhookInput) (*api.CreateRoomWebhookOutput, error) {
	r, err := c.room(in.AccountID, in.RoomID)
	if err != nil {
		return nil, err
	}
	have, err := c.Tx.Webhooks(r.AccountID, r.ID, chime.ID{}, c.Quotas.WebhookLimit())
	if err != nil {
		return nil, err
	}
	w, err := r.NewWebhook(c.Source, c.Quotas, len(have), in.Name, c.Caller.ARN)
	if err != nil {
		return nil, err
	}
	url := c.newWebhookURL(w)
	c.Tx.InsertWebhook(w)
	return &api.CreateRoomWebhookOutput{Webhook: wireWebhook(w), URL: url}, nil
}

// ListRoomWebhooks lists the webhooks of a room, without their URLs (decided).
func (c *Call) ListRoomWebhooks(_ context.Context, in *api.ListRoomWebhooksInput) (*api.ListRoomWebhooksOutput, error) {
	p, err := c.page(in.NextToken, in.MaxResults, defaultProfilePage, "ListRoomWebhooks", in.AccountID, in.RoomID)
	if err != nil {
		return nil, err
	}
	r, err := c.room(in.AccountID, in.RoomID)
	if err != nil {
		return nil, err
	}
	found, err := c.Tx.Webhooks(r.AccountID, r.ID, p.after, p.limit+1)
	if err != nil {
		return nil, err
	}
	out := &api.ListRoomWebhooksOutput{Webhooks: []api.RoomWebhook{}}
	found, out.NextToken = cut(p, found, func(w *chime.Webhook) chime.ID { return w.ID })
	for _, w := range found {
		out.Webhooks = append(out.Webhooks, *wireWebhook(w))
	}
	return out, nil
}

// RegenerateRoomWebhook gives a webhook another URL; the old one ends at once (documented: developer guide).
func (c *Call) RegenerateRoomWebhook(_ context.Context, in *api.RegenerateRoomWebhookInput) (*api.RegenerateRoomWebhookOutput, error) {
	w, err := c.webhook(in.AccountID, in.RoomID, in.WebhookID)
	if err != nil {
		return nil, err
	}
	url := c.newWebhookURL(w)
	c.Tx.UpdateWebhook(w)
	return &api.RegenerateRoomWebhookOutput{Webhook: wireWebhook(w), URL: url}, nil
}

// DeleteRoomWebhook deletes a webhook; what it wrote stays (decided).
func (c *Call) DeleteRoomWebhook(_ context.Context, in *api.DeleteRoomWebhookInput) (*api.DeleteRoomWebhookOutput, error) {
	w, err := c.webhook(in.AccountID, in.RoomID, in.WebhookID)
	if err != nil {
		return nil, err
	}
	c.Tx.DeleteWebhook(w)
	return &api.DeleteRoomWebhookOutput{}, nil
}

// webhook returns the webhook of the account's room, or NotFound.
func (c *Call) webhook(accountID, roomID, webhookID string) (*chime.Webhook, error) {
	r, err := c.room(accountID, roomID)
	if err != nil {
		return nil, err
	}
	id, _ := chime.ParseID(webhookID) // no webhook has the zero ID
	w, err := c.Tx.Webhook(r.AccountID, id)
	if err != nil {
		return nil, err
	}
	if w == nil || w.RoomID != r.ID {
		return nil, chime.NotFound.Errorf("webhook %s is not in room %s", webhookID, roomID)
	}
	return w, nil
}

func wireWebhook(w *chime.Webhook) *api.RoomWebhook {
	return &api.RoomWebhook{
		WebhookID:    w.ID.String(),
		RoomID:       w.RoomID.String(),
		Name:         w.Name,
		CreatedBy:    w.CreatedBy,
		CreatedOn:    w.CreatedAt,
		LastPostedOn: w.PostedAt,
	}
}
