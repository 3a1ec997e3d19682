package chime

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// Bot is a chat bot of an account. It cannot be deleted, and keeps its name and address for life (documented: developer
// guide).
type Bot struct {
	Tenant        Tenant
	AccountID     ID
	ID            ID
	DisplayName   string
	Email         Email  // unique within the tenant (decided)
	SecurityToken string // what it is sent is signed with this, so it is kept as it is
	Disabled      bool
	Endpoint      string // the HTTPS endpoint that gets its events, empty for none
	LambdaARN     string // kept and shown; nothing calls it
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Version       int64
}

// maxBotName bounds a bot's name, in characters (documented: developer guide).
const maxBotName = 55

// botSuffix ends every bot's name (documented: example of create-bot).
const botSuffix = " (Bot)"

// NewBot returns a bot of an account that has so many already, with an address made of the name, from which what an
// address cannot hold is dropped (documented: example of create-bot; the dropping is inferred).
func (a *Account) NewBot(src Source, q Quotas, have int, name, domain string) (*Bot, error) {
	name = strings.TrimSpace(name)
	local := strings.Map(inAddress, name)
	switch {
	case utf8.RuneCountInString(name) > maxBotName:
		return nil, BadRequest.Errorf("DisplayName must be at most %d characters", maxBotName)
	case strings.Trim(local, ".") == "":
		return nil, BadRequest.Errorf("DisplayName must have letters or digits")
	}
	email, err := ParseEmail(strings.Trim(local, ".") + "-chimebot@" + domain)
	if err != nil {
		return nil, BadRequest.Errorf("DisplayName and Domain must make an e-mail address of at most %d bytes", maxEmail)
	}
	if have >= q.BotLimit() {
		return nil, LimitExceeded.Errorf("an account has at most %d bots", q.BotLimit())
	}
	now := src.Now()
	return &Bot{
		Tenant:        a.Tenant,
		AccountID:     a.ID,
		ID:            src.NewID(),
		DisplayName:   name + botSuffix,
		Email:         email,
		SecurityToken: newSecurityToken(src),
		CreatedAt:     now,
		UpdatedAt:     now,
		Version:       1,
	}, nil
}

// inAddress keeps what the local part of an address may hold, and drops the rest.
func inAddress(r rune) rune {
	if inDomain(r) || 'A' <= r && r <= 'Z' || strings.ContainsRune("!#$%&'*+/=?^_`{|}~.", r) {
		return r
	}
	return -1
}

// NewChallenge returns the 20 digits that an endpoint is asked to repeat (documented: developer guide).
func NewChallenge(src Source) string {
	const half = 10_000_000_000
	return fmt.Sprintf("%010d%010d", src.uniform(half), src.uniform(half))
}

// newSecurityToken returns 40 characters (documented: example of create-bot).
func newSecurityToken(src Source) string {
	var b [30]byte
	if _, err := io.ReadFull(src.Random, b[:]); err != nil {
		panic(fmt.Errorf("read randomness: %w", err))
	}
	return base64.StdEncoding.EncodeToString(b[:])
}

// Regenerate replaces the security token; the old one ends at once (inferred).
func (b *Bot) Regenerate(src Source) {
	b.SecurityToken, b.UpdatedAt = newSecurityToken(src), src.Now()
}

// SetDisabled stops or starts the bot, where that is given.
func (b *Bot) SetDisabled(src Source, disabled *bool) Outcome {
	if disabled == nil || *disabled == b.Disabled {
		return Unchanged
	}
	b.Disabled, b.UpdatedAt = *disabled, src.Now()
	return Changed
}

// Configure replaces where the bot's events go (documented: developer guide; replacing is inferred).
func (b *Bot) Configure(endpoint, lambda string) { b.Endpoint, b.LambdaARN = endpoint, lambda }

// Configured reports whether the bot has an events configuration.
func (b *Bot) Configured() bool { return b.Endpoint != "" || b.LambdaARN != "" }

// maxEndpoint bounds the URL of an endpoint and a Lambda function's ARN, in bytes (decided).
const maxEndpoint = 2048

// CheckEventsConfiguration refuses one that names neither an HTTPS endpoint nor a Lambda function, or not in their form.
// Both may be given, as in Amazon's own sample (documented: developer guide). plain allows http: too.
func CheckEventsConfiguration(endpoint, lambda string, plain bool) error {
	switch {
	case endpoint == "" && lambda == "":
		return BadRequest.Errorf("OutboundEventsHTTPSEndpoint or LambdaFunctionArn is required")
	case len(lambda) > maxEndpoint || lambda != "" && !strings.HasPrefix(lambda, "arn:"):
		return BadRequest.Errorf("LambdaFunctionArn must be the ARN of a Lambda function, of at most %d bytes", maxEndpoint)
	case endpoint == "":
		return nil
	}
	u, err := url.Parse(endpoint)
	ok := err == nil && len(endpoint) <= maxEndpoint && u.Hostname() != "" && u.User == nil && u.Fragment == "" && u.Opaque == ""
	if !ok || u.Scheme != "https" && (u.Scheme != "http" || !plain) {
		return BadRequest.Errorf("OutboundEventsHTTPSEndpoint must be a URL like https://bot.example.com/events, without user, password and fragment, of at most %d bytes", maxEndpoint)
	}
	return nil
}

// Sign returns the signature of a body that is sent to the bot at a time, in the form of its header (documented: developer
// guide).
func (b *Bot) Sign(timestamp string, body []byte) string {
	h := hmac.New(sha256.New, []byte(b.SecurityToken))
	h.Write([]byte(timestamp))
	h.Write([]byte{'|'})
	h.Write(body)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// EventType is what a bot is told of.
type EventType string

// The types of events (documented: developer guide).
const (
	InviteEvent  EventType = "Invite"  // it was added to a room
	MentionEvent EventType = "Mention" // a message there mentions it
	RemoveEvent  EventType = "Remove"  // it was removed from the room
)

// EventState is where an event stands.
type EventState string

// The states of an event.
const (
	EventQueued    EventState = "queued"
	EventDelivered EventState = "delivered"
	EventParked    EventState = "parked"    // given up
	EventWithdrawn EventState = "withdrawn" // the bot was disabled, its endpoint is gone, or the message was redacted
)

// Event is something that a bot is to be told. What it says is put together when it is sent, so that nothing is kept
// of a message that was redacted.
type Event struct {
	Tenant     Tenant
	AccountID  ID
	BotID      ID
	ID         ID
	Type       EventType
	RoomID     ID
	MessageID  ID     // of a mention
	By         string // the ARN of who invited or removed
	State      EventState
	QueuedAt   time.Time
	FinishedAt time.Time // zero while it is queued
	Attempts   int
	Error      string // of the last attempt
}

// NewEvent returns an event of a room that waits to be sent to the bot.
func (b *Bot) NewEvent(src Source, t EventType, room, message ID, by string) *Event {
	return &Event{Tenant: b.Tenant, AccountID: b.AccountID, BotID: b.ID, ID: src.NewID(), Type: t, RoomID: room, MessageID: message,
		By: by, State: EventQueued, QueuedAt: src.Now()}
}

// End notes what became of the event.
func (e *Event) End(src Source, state EventState, reason string) {
	e.State, e.FinishedAt, e.Error = state, src.Now(), reason
}
