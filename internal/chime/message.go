package chime

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// Message is something said in a room or a conversation.
type Message struct {
	Tenant     Tenant
	AccountID  ID
	PlaceID    ID // the room or the conversation
	ID         ID
	SenderID   ID
	SenderKind MemberKind
	Content    string // empty once redacted
	SentAt     time.Time
	RedactedAt time.Time // zero until redacted
}

// maxContent bounds a message, in characters (decided).
const maxContent = 4096

// NewMessage returns a message of a sender to a place.
func NewMessage(src Source, tenant Tenant, account, place, sender ID, kind MemberKind, content string) (*Message, error) {
	switch {
	case strings.TrimSpace(content) == "":
		return nil, BadRequest.Errorf("Content must not be blank")
	case strings.IndexByte(content, 0) >= 0: // also by doors that check no member: PostgreSQL cannot keep one
		return nil, BadRequest.Errorf("Content must not contain a NUL character")
	case utf8.RuneCountInString(content) > maxContent:
		return nil, BadRequest.Errorf("Content must be at most %d characters", maxContent)
	}
	return &Message{Tenant: tenant, AccountID: account, PlaceID: place, ID: src.NewID(), SenderID: sender, SenderKind: kind, Content: content, SentAt: src.Now()}, nil
}

// Redact empties the message; who sent it and when stays. Redacting twice changes nothing (inferred).
func (m *Message) Redact(src Source) Outcome {
	if !m.RedactedAt.IsZero() {
		return Unchanged
	}
	m.Content, m.RedactedAt = "", src.Now()
	return Changed
}

// Mentions are whom a message calls by name.
type Mentions struct {
	IDs     []ID // without repeats, in the order of the message
	All     bool // everybody in the room
	Present bool // everybody in the room who is there
}

// The forms of mentions: <@id|name> (observed), @All and @Present (documented: developer guide).
var (
	mentioned    = regexp.MustCompile(`<@([^|<>\s]+)(?:\|([^<>]*))?>`)
	mentionedAll = regexp.MustCompile(`(?i)(?:^|\s)@(all|present)\b`)
)

// FindMentions reads the mentions of a message.
func FindMentions(content string) Mentions {
	var m Mentions
	if !strings.Contains(content, "@") { // most have none
		return m
	}
	seen := map[ID]bool{}
	for _, found := range mentioned.FindAllStringSubmatch(content, -1) {
		if id, ok := ParseID(found[1]); ok && !seen[id] {
			seen[id] = true
			m.IDs = append(m.IDs, id)
		}
		m.everybody(found[1])
	}
	for _, found := range mentionedAll.FindAllStringSubmatch(content, -1) {
		m.everybody(found[1])
	}
	return m
}

func (m *Mentions) everybody(word string) {
	m.All = m.All || strings.EqualFold(word, "all")
	m.Present = m.Present || strings.EqualFold(word, "present")
}

// PlainMentions returns the content with @name for <@id|name>, as bots get it (documented: developer guide).
func PlainMentions(content string) string {
	return mentioned.ReplaceAllStringFunc(content, func(s string) string {
		found := mentioned.FindStringSubmatch(s)
		if found[2] != "" {
			return "@" + found[2]
		}
		return "@" + found[1]
	})
}

// Webhook is an incoming webhook: whoever has its URL writes in its room. The URL's token is kept as a hash.
type Webhook struct {
	Tenant    Tenant
	AccountID ID
	RoomID    ID
	ID        ID
	Name      string
	TokenHash [32]byte
	CreatedBy string // the ARN of who made it
	CreatedAt time.Time
	PostedAt  time.Time // when it wrote last, zero for never
}

// NewWebhook returns a webhook of a room that has so many already; it has no token yet.
func (r *Room) NewWebhook(src Source, q Quotas, have int, name, by string) (*Webhook, error) {
	name, err := roomName(name)
	if err != nil {
		return nil, err
	}
	if have >= q.WebhookLimit() {
		return nil, LimitExceeded.Errorf("a room has at most %d webhooks; delete some with DeleteRoomWebhook", q.WebhookLimit())
	}
	return &Webhook{Tenant: r.Tenant, AccountID: r.AccountID, RoomID: r.ID, ID: src.NewID(), Name: name, CreatedBy: by, CreatedAt: src.Now()}, nil
}

// The limits of webhooks (documented: developer guide).
const (
	webhookPause     = time.Second // between two posts
	maxForEverybody  = 50          // members of a room in which a webhook may call everybody
	MaxInboundLength = 4096        // bytes of what a webhook posts
)

// Post lets the webhook write in its room, which has so many members, or refuses it: it posted less than a second ago, or
// calls everybody in a room with more than 50 members.
func (w *Webhook) Post(src Source, members int, content string) (*Message, error) {
	now := src.Now()
	if !w.PostedAt.IsZero() && now.Sub(w.PostedAt) < webhookPause && !now.Before(w.PostedAt) {
		return nil, Throttled.Errorf("a webhook may post once a second")
	}
	if m := FindMentions(content); (m.All || m.Present) && members > maxForEverybody {
		return nil, BadRequest.Errorf("@All and @Present are for rooms of at most %d members", maxForEverybody)
	}
	w.PostedAt = now
	return NewMessage(src, w.Tenant, w.AccountID, w.RoomID, w.ID, WebhookMember, content)
}

// Conversation is a chat of a few users outside rooms.
type Conversation struct {
	Tenant    Tenant
	AccountID ID
	ID        ID
	Members   []ID // at least two, no repeats
	CreatedBy string
	CreatedAt time.Time
}

// maxConversation bounds the members of a conversation (decided).
const maxConversation = 50

// NewConversation returns a conversation of users, of whom each counts once.
func (a *Account) NewConversation(src Source, members []ID, by string) (*Conversation, error) {
	c := &Conversation{Tenant: a.Tenant, AccountID: a.ID, CreatedBy: by}
	seen := map[ID]bool{}
	for _, m := range members {
		if !seen[m] {
			seen[m] = true
			c.Members = append(c.Members, m)
		}
	}
	if len(c.Members) < 2 || len(c.Members) > maxConversation {
		return nil, BadRequest.Errorf("MemberIds must name 2 to %d different users", maxConversation)
	}
	c.ID, c.CreatedAt = src.NewID(), src.Now()
	return c, nil
}
