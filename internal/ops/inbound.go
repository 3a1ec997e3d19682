package ops

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/carillon-server/carillon/internal/chime"
)

// InboundPath is where webhooks and the replies of bots are POSTed to: below it the id, and the token in the query
// (observed; clients check its form).
const InboundPath = "/incomingwebhooks/"

// inbound is what the token of such a URL says: whose it is, and keyed hashes over that and the id in the path. So what this
// server never made is told from what it made and ended, without a look at the store. Of a webhook's token a hash is kept
// besides, which ends with its next URL; a bot's reply endpoint ends with the membership that it belongs to, or on its own.
type inbound struct {
	kind    inboundKind
	tenant  chime.Tenant
	account chime.ID
	rest    [24]byte // a webhook: randomness; a bot: the room, and when the endpoint ends in milliseconds
	sum     inboundSum
}

// inboundSum is two hashes: the first can be checked by itself, the second also covers when the bot joined the room.
type inboundSum [16]byte

// madeHere is how many bytes of the sum the first hash has.
const madeHere = 8

type inboundKind byte

const (
	webhookToken    inboundKind = 1
	persistentReply inboundKind = 2
	shortLivedReply inboundKind = 3
)

// inboundSize is how many bytes a token holds: its 87 characters fit the clients that check for as few as they do.
const inboundSize = 1 + 8 + 16 + 24 + 16

// replyLife is how long the reply endpoint of a mention is good (documented: developer guide).
const replyLife = 2 * time.Minute

// parseInbound reads a token; nothing of it is believed before matches.
func parseInbound(token string) (in inbound, ok bool) {
	if len(token) != base64.RawURLEncoding.EncodedLen(inboundSize) { // the decoder skips line breaks
		return inbound{}, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) != inboundSize {
		return inbound{}, false
	}
	in.kind, in.tenant = inboundKind(b[0]), chime.Tenant(binary.BigEndian.Uint64(b[1:]))
	copy(in.account[:], b[9:])
	copy(in.rest[:], b[25:])
	copy(in.sum[:], b[49:])
	return in, true
}

// InboundTenant returns whose an inbound URL is, by the id of its path and its token. It reports whether the URL was made
// here, under the installation's key for links; whether it has ended since, Receive knows.
func InboundTenant(key []byte, idText, token string) (chime.Tenant, bool) {
	in, ok := parseInbound(token)
	id, isID := chime.ParseID(idText)
	if !ok || !isID {
		return 0, false
	}
	known := len(in.sum)
	if in.kind != webhookToken {
		known = madeHere
	}
	sum := in.hash(key, id, never)
	return in.tenant, hmac.Equal(sum[:known], in.sum[:known])
}

func (in *inbound) said() []byte {
	b := append(make([]byte, 0, inboundSize), byte(in.kind))
	b = binary.BigEndian.AppendUint64(b, uint64(in.tenant))
	b = append(b, in.account[:]...)
	return append(b, in.rest[:]...)
}

// room and ends are what a bot's token says.
func (in *inbound) room() chime.ID { return chime.ID(in.rest[:16]) }
func (in *inbound) ends() time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(in.rest[16:])))
}

// complete hashes what a token says for the id in its path. since is when the bot joined the room, or never.
func (in *inbound) complete(key []byte, id chime.ID, since time.Time) inboundSum {
	sum, later := in.hash(key, id, never), in.hash(key, id, since)
	copy(sum[madeHere:], later[madeHere:])
	return sum
}

func (in *inbound) hash(key []byte, id chime.ID, since time.Time) (sum inboundSum) {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("inbound")) // apart from the links of invitations
	h.Write(in.said())
	h.Write(id[:])
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(since.UnixMilli())))
	copy(sum[:], h.Sum(nil))
	return sum
}

// inboundURL completes a token and returns its URL.
func (c *Call) inboundURL(in *inbound, id chime.ID, since time.Time) (url, token string) {
	in.sum = in.complete(c.LinkKey, id, since)
	token = base64.RawURLEncoding.EncodeToString(append(in.said(), in.sum[:]...))
	return c.PublicURL + InboundPath + id.String() + "?token=" + token, token
}

// never is the since of tokens that belong to no membership.
var never = time.UnixMilli(0)

// newWebhookURL gives a webhook another token and returns its URL.
func (c *Call) newWebhookURL(w *chime.Webhook) string {
	in := inbound{kind: webhookToken, tenant: w.Tenant, account: w.AccountID}
	if _, err := io.ReadFull(c.Source.Random, in.rest[:]); err != nil {
		panic(fmt.Errorf("read randomness: %w", err))
	}
	url, token := c.inboundURL(&in, w.ID, never)
	w.TokenHash = sha256.Sum256([]byte(token))
	return url
}

// replyURL returns where a bot replies in the room of its membership.
func (c *Call) replyURL(m *chime.Membership, persistent bool) string {
	in := inbound{kind: persistentReply, tenant: m.Tenant, account: m.AccountID}
	copy(in.rest[:], m.RoomID[:])
	if !persistent {
		in.kind = shortLivedReply
		binary.BigEndian.PutUint64(in.rest[16:], uint64(c.Source.Now().Add(replyLife).UnixMilli()))
	}
	url, _ := c.inboundURL(&in, m.Member.ID, m.InvitedAt)
	return url
}

// The refusals of an inbound URL (documented for webhooks: developer guide).
var (
	errInboundInvalid = chime.Forbidden.Errorf("the URL is not valid; copy it as it was shown")
	errInboundEnded   = chime.NotFound.Errorf("the URL has ended; ask for the new one")
)

// Receive puts what came in at an inbound URL into its room: the id of the path, the token of the query, and what is to be
// said.
func (c *Call) Receive(idText, token, content string) (*chime.Message, error) {
	in, ok := parseInbound(token)
	id, isID := chime.ParseID(idText)
	if !ok || !isID || in.tenant != c.Caller.Tenant {
		return nil, errInboundInvalid
	}
	m, err := c.receive(&in, id, token, content)
	if err != nil {
		return nil, err
	}
	c.didReceive(&in, id, m)
	robots, err := c.mentionedBots(m)
	if err != nil {
		return nil, err
	}
	return m, c.say(m, robots)
}

func (c *Call) receive(in *inbound, id chime.ID, token, content string) (*chime.Message, error) {
	a, err := c.Tx.Account(in.account)
	if err != nil {
		return nil, err
	}
	if in.kind == webhookToken {
		return c.fromWebhook(in, a, id, token, content)
	}
	return c.fromBot(in, a, id, content)
}

func (c *Call) fromWebhook(in *inbound, a *chime.Account, id chime.ID, token, content string) (*chime.Message, error) {
	if sum := in.complete(c.LinkKey, id, never); !hmac.Equal(sum[:], in.sum[:]) {
		return nil, errInboundInvalid
	}
	w, err := c.Tx.Webhook(in.account, id)
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256([]byte(token))
	if w == nil || a == nil || subtle.ConstantTimeCompare(hash[:], w.TokenHash[:]) == 0 {
		return nil, errInboundEnded
	}
	members, err := c.Tx.CountMembers(w.AccountID, w.RoomID, c.Quotas.RoomMemberLimit())
	if err != nil {
		return nil, err
	}
	m, err := w.Post(c.Source, members, content)
	if err != nil {
		return nil, err
	}
	c.Tx.UpdateWebhook(w)
	return m, nil
}

// fromBot is a bot's reply. Without the membership a token has ended, also one of which only the first hash is right.
func (c *Call) fromBot(in *inbound, a *chime.Account, id chime.ID, content string) (*chime.Message, error) {
	place, err := c.Tx.Membership(in.account, in.room(), id)
	if err != nil {
		return nil, err
	}
	b, err := c.Tx.Bot(in.account, id)
	if err != nil {
		return nil, err
	}
	if place == nil || b == nil || b.Disabled || a == nil {
		return nil, errInboundEnded
	}
	if sum := in.complete(c.LinkKey, id, place.InvitedAt); !hmac.Equal(sum[:], in.sum[:]) {
		return nil, errInboundInvalid
	}
	if in.kind == shortLivedReply && !c.Source.Now().Before(in.ends()) {
		return nil, errInboundEnded
	}
	return chime.NewMessage(c.Source, b.Tenant, b.AccountID, place.RoomID, b.ID, chime.BotMember, content)
}
