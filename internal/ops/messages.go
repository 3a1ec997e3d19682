package ops

import (
	"context"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
)

// SendRoomMessage says something in a room as one of its members (decided: Amazon's API had no such operation). Bots of
// the room that it mentions get a Mention event; to mention one that is disabled is refused (documented: developer guide).
func (c *Call) SendRoomMessage(_ context.Context, in *api.SendRoomMessageInput) (*api.SendRoomMessageOutput, error) {
	r, err := c.room(in.AccountID, in.RoomID)
	if err != nil {
		return nil, err
	}
	sender, _ := chime.ParseID(in.SenderID) // nobody has the zero ID
	place, err := c.Tx.Membership(r.AccountID, r.ID, sender)
	if err != nil {
		return nil, err
	}
	if place == nil {
		return nil, chime.BadRequest.Errorf("SenderId must be a member of the room, as ListRoomMemberships shows them")
	}
	m, err := chime.NewMessage(c.Source, r.Tenant, r.AccountID, r.ID, sender, place.Member.Kind, in.Content)
	if err != nil {
		return nil, err
	}
	robots, err := c.mentionedBots(m)
	if err != nil {
		return nil, err
	}
	for _, b := range robots {
		if b.Disabled {
			return nil, chime.BadRequest.Errorf("Content mentions bot %s, which is disabled", b.ID)
		}
	}
	return &api.SendRoomMessageOutput{Message: wireMessage(m)}, c.say(m, robots)
}

// mentionedBots returns the bots of the room that a message mentions, but for its sender.
func (c *Call) mentionedBots(m *chime.Message) ([]*chime.Bot, error) {
	var robots []*chime.Bot
	for _, id := range chime.FindMentions(m.Content).IDs {
		if id == m.SenderID {
			continue
		}
		place, err := c.Tx.Membership(m.AccountID, m.PlaceID, id)
		if err != nil {
			return nil, err
		}
		if place == nil || place.Member.Kind != chime.BotMember {
			continue
		}
		b, err := c.Tx.Bot(m.AccountID, id)
		if err != nil {
			return nil, err
		}
		robots = append(robots, b)
	}
	return robots, nil
}

// say puts a message into its room and tells the bots that it mentions, unless they are disabled.
func (c *Call) say(m *chime.Message, robots []*chime.Bot) error {
	c.Tx.InsertMessage(m)
	for _, b := range robots {
		if b.Disabled {
			continue
		}
		if err := c.tell(b, b.NewEvent(c.Source, chime.MentionEvent, m.PlaceID, m.ID, "")); err != nil {
			return err
		}
	}
	return nil
}

// ListRoomMessages lists the messages of a room, the newest first, but for those past the account's retention (decided).
func (c *Call) ListRoomMessages(_ context.Context, in *api.ListRoomMessagesInput) (*api.ListRoomMessagesOutput, error) {
	p, err := c.page(in.NextToken, in.MaxResults, defaultProfilePage, "ListRoomMessages", in.AccountID, in.RoomID)
	if err != nil {
		return nil, err
	}
	r, err := c.room(in.AccountID, in.RoomID)
	if err != nil {
		return nil, err
	}
	out := &api.ListRoomMessagesOutput{}
	out.Messages, out.NextToken, err = c.messages(p, r.AccountID, r.ID, inRoom)
	return out, err
}

const (
	inRoom         = false
	inConversation = true
)

// messages returns a page of what was said in a place.
func (c *Call) messages(p page, account, place chime.ID, conversation bool) ([]api.ChatMessage, string, error) {
	r, err := c.Tx.Retention(account)
	if err != nil {
		return nil, "", err
	}
	found, err := c.Tx.Messages(account, place, p.after, p.limit+1)
	if err != nil {
		return nil, "", err
	}
	found = visible(found, chime.HiddenBefore(c.Source.Now(), r.Days(conversation)))
	found, next := cut(p, found, func(m *chime.Message) chime.ID { return m.ID })
	all := make([]api.ChatMessage, len(found))
	for i, m := range found {
		all[i] = *wireMessage(m)
	}
	return all, next, nil
}

// visible leaves out what was sent too long ago, which comes last.
func visible(newestFirst []*chime.Message, since time.Time) []*chime.Message {
	n := len(newestFirst)
	for n > 0 && newestFirst[n-1].SentAt.Before(since) {
		n--
	}
	return newestFirst[:n]
}

// RedactRoomMessage empties a message of a room (documented: administration guide); a second time changes nothing
// (inferred). Who sent it and when stays.
func (c *Call) RedactRoomMessage(_ context.Context, in *api.RedactRoomMessageInput) (*api.RedactRoomMessageOutput, error) {
	r, err := c.room(in.AccountID, in.RoomID)
	if err != nil {
		return nil, err
	}
	return &api.RedactRoomMessageOutput{}, c.redact(r.AccountID, r.ID, in.MessageID, inRoom)
}

// RedactConversationMessage empties a message of a conversation, as RedactRoomMessage does (documented: administration
// guide).
func (c *Call) RedactConversationMessage(_ context.Context, in *api.RedactConversationMessageInput) (*api.RedactConversationMessageOutput, error) {
	v, err := c.conversation(in.AccountID, in.ConversationID)
	if err != nil {
		return nil, err
	}
	return &api.RedactConversationMessageOutput{}, c.redact(v.AccountID, v.ID, in.MessageID, inConversation)
}

func (c *Call) redact(account, place chime.ID, messageID string, conversation bool) error {
	id, _ := chime.ParseID(messageID) // no message has the zero ID
	m, err := c.Tx.Message(account, place, id)
	if err != nil {
		return err
	}
	r, err := c.Tx.Retention(account)
	if err != nil {
		return err
	}
	if m == nil || m.SentAt.Before(chime.HiddenBefore(c.Source.Now(), r.Days(conversation))) {
		return chime.NotFound.Errorf("message %s is not in %s", messageID, place)
	}
	if m.Redact(c.Source) == chime.Changed {
		c.Tx.UpdateMessage(m)
	}
	return nil
}

func wireMessage(m *chime.Message) *api.ChatMessage {
	w := &api.ChatMessage{
		MessageID:  m.ID.String(),
		SenderID:   m.SenderID.String(),
		SenderType: string(m.SenderKind),
		Content:    m.Content,
		SentOn:     m.SentAt,
		RedactedOn: m.RedactedAt,
		Mentions:   []string{},
	}
	mentions := chime.FindMentions(m.Content)
	for _, id := range mentions.IDs {
		w.Mentions = append(w.Mentions, id.String())
	}
	if mentions.All {
		w.Mentions = append(w.Mentions, "All")
	}
	if mentions.Present {
		w.Mentions = append(w.Mentions, "Present")
	}
	return w
}
