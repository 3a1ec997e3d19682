package ops

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/store"
)

// PutEventsConfiguration sets where a bot's events go, instead of what was set before (inferred). An HTTPS endpoint must
// have answered a challenge (documented: developer guide). A Lambda function is kept and shown, and nothing here calls it
// (decided); beside an endpoint it is accepted, as in Amazon's sample (documented).
func (c *Call) PutEventsConfiguration(_ context.Context, in *api.PutEventsConfigurationInput) (*api.PutEventsConfigurationOutput, error) {
	b, err := c.eventsBot(in)
	if err != nil {
		return nil, err
	}
	b.Configure(in.OutboundEventsHTTPSEndpoint, in.LambdaFunctionARN)
	return &api.PutEventsConfigurationOutput{EventsConfiguration: wireEvents(b)}, c.Tx.UpdateBot(b)
}

// eventsBot returns the bot of a PutEventsConfiguration that can be done.
func (c *Call) eventsBot(in *api.PutEventsConfigurationInput) (*chime.Bot, error) {
	b, err := c.bot(in.AccountID, in.BotID)
	if err != nil {
		return nil, err
	}
	return b, chime.CheckEventsConfiguration(in.OutboundEventsHTTPSEndpoint, in.LambdaFunctionARN, c.Endpoints.Plain())
}

// Prepares reports whether the operation of that input has something to ask the world before its transaction.
func Prepares(in any) bool {
	switch in := in.(type) {
	case *api.PutEventsConfigurationInput:
		return in.OutboundEventsHTTPSEndpoint != ""
	case *api.RekeySecretsInput:
		return true
	}
	return false
}

// Prepare returns the question that the operation of that input has. It is to be asked with no transaction open, and
// must be answered well before the operation may run; the operation looks again whether what it relies on still holds.
func (c *Call) Prepare(in any) (ask func(context.Context) error, err error) {
	if _, ok := in.(*api.RekeySecretsInput); ok {
		return func(context.Context) error { return c.LoadKeys() }, nil
	}
	put := in.(*api.PutEventsConfigurationInput)
	b, err := c.eventsBot(put)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error { return c.challenge(ctx, b, put.OutboundEventsHTTPSEndpoint) }, nil
}

// challengeTime is how long an endpoint may take to answer the challenge (decided).
const challengeTime = 5 * time.Second

// challenge asks an endpoint whether it is one for the bot's events (documented: developer guide). It is signed as events
// are (inferred). It touches no transaction.
func (c *Call) challenge(ctx context.Context, b *chime.Bot, endpoint string) error {
	ctx, cancel := context.WithTimeout(ctx, challengeTime)
	defer cancel()
	asked := struct{ Challenge, EventType string }{chime.NewChallenge(c.Source), "HTTPSEndpointVerification"}
	body, err := json.Marshal(asked)
	if err != nil {
		return fmt.Errorf("write the challenge: %w", err)
	}
	answer, err := c.Endpoints.Post(ctx, endpoint, SignedHeader(b, c.Source.Now(), body), body)
	if err != nil {
		return chime.BadRequest.Errorf("OutboundEventsHTTPSEndpoint cannot be verified: %v", err)
	}
	var said struct{ Challenge string }
	if answer.Status != 200 || json.Unmarshal(answer.Body, &said) != nil || said.Challenge != asked.Challenge {
		return chime.BadRequest.Errorf(`OutboundEventsHTTPSEndpoint cannot be verified: it answered %d; it must answer 200 with the JSON {"Challenge": "..."} and what it was asked`, answer.Status)
	}
	return nil
}

// timestampForm is how events show times (documented: developer guide).
const timestampForm = "2006-01-02T15:04:05.000Z"

// SignedHeader returns the headers of what is sent to a bot at that time (documented: developer guide).
func SignedHeader(b *chime.Bot, at time.Time, body []byte) map[string]string {
	timestamp := at.UTC().Format(timestampForm)
	return map[string]string{"Chime-Request-Timestamp": timestamp, "Chime-Signature": b.Sign(timestamp, body)}
}

// GetEventsConfiguration returns where a bot's events go; NotFound if nothing was set (inferred).
func (c *Call) GetEventsConfiguration(_ context.Context, in *api.GetEventsConfigurationInput) (*api.GetEventsConfigurationOutput, error) {
	b, err := c.bot(in.AccountID, in.BotID)
	if err != nil {
		return nil, err
	}
	if !b.Configured() {
		return nil, chime.NotFound.Errorf("bot %s has no events configuration", b.ID)
	}
	return &api.GetEventsConfigurationOutput{EventsConfiguration: wireEvents(b)}, nil
}

// DeleteEventsConfiguration ends a bot's events; if there was nothing to end it succeeds (inferred). A bot or an account
// that is not there is a BadRequest (decided: no NotFound is declared). What waits to be sent is withdrawn.
func (c *Call) DeleteEventsConfiguration(_ context.Context, in *api.DeleteEventsConfigurationInput) (*api.DeleteEventsConfigurationOutput, error) {
	b, err := c.bot(in.AccountID, in.BotID)
	if errors.Is(err, chime.NotFound) {
		return nil, chime.BadRequest.Errorf("%v", err)
	}
	if err != nil {
		return nil, err
	}
	if b.Configured() {
		b.Configure("", "")
		if err := c.Tx.UpdateBot(b); err != nil {
			return nil, err
		}
	}
	return &api.DeleteEventsConfigurationOutput{}, nil
}

func wireEvents(b *chime.Bot) *api.EventsConfiguration {
	return &api.EventsConfiguration{BotID: b.ID.String(), LambdaFunctionARN: b.LambdaARN, OutboundEventsHTTPSEndpoint: b.Endpoint}
}

// EventsJob is the kind of the jobs that send a bot its events, one after the other. A bot has one while events wait, under
// its own id: so they keep their order, and a slow bot holds up no other.
const EventsJob = "events"

// tell enqueues an event for a bot.
func (c *Call) tell(b *chime.Bot, e *chime.Event) error {
	c.Tx.InsertEvent(e)
	j, err := c.Tx.Job(b.ID)
	if j == nil && err == nil {
		now := c.Source.Now()
		c.Tx.InsertJob(&store.Job{Tenant: b.Tenant, ID: b.ID, Kind: EventsJob, Account: b.AccountID, Subject: b.ID,
			State: store.JobQueued, QueuedAt: now, DueAt: now})
	}
	return err
}

// tellOf tells the bot of a membership what becomes of that, unless the bot is disabled.
func (c *Call) tellOf(t chime.EventType, m *chime.Membership) error {
	b, err := c.Tx.Bot(m.AccountID, m.Member.ID)
	if b == nil || b.Disabled || err != nil {
		return err
	}
	return c.tell(b, b.NewEvent(c.Source, t, m.RoomID, chime.ID{}, c.Caller.ARN))
}

// Delivery is an event ready to be sent. If Event has ended, there is nothing to send.
type Delivery struct {
	Event *chime.Event
	Bot   *chime.Bot
	Body  []byte
}

// deliveries is how many events of a bot are put together at a time. Their reply endpoints are good for two minutes.
const deliveries = 16

// NextDeliveries puts together what the bot of a job is to be told next.
func (c *Call) NextDeliveries(j *store.Job) ([]*Delivery, error) {
	waiting, err := c.Tx.QueuedEvents(j.Account, j.Subject, deliveries)
	if err != nil {
		return nil, err
	}
	b, err := c.Tx.Bot(j.Account, j.Subject)
	if err != nil {
		return nil, err
	}
	a, err := c.Tx.Account(j.Account)
	if err != nil {
		return nil, err
	}
	if a == nil {
		b = nil // a deleted account's bots are told nothing
	}
	next := make([]*Delivery, len(waiting))
	for i, e := range waiting {
		next[i] = &Delivery{Event: e, Bot: b}
		if next[i].Body, err = c.eventBody(b, e); err != nil {
			return nil, err
		}
	}
	return next, nil
}

// eventBody writes what the bot is told, or ends the event if there is nothing to tell or nobody to tell it to.
func (c *Call) eventBody(b *chime.Bot, e *chime.Event) ([]byte, error) {
	switch {
	case b == nil || b.Disabled:
		e.End(c.Source, chime.EventWithdrawn, "the bot is disabled or gone")
		return nil, nil
	case b.Endpoint == "":
		e.End(c.Source, chime.EventWithdrawn, "the bot has no HTTPS endpoint")
		return nil, nil
	}
	w := wireEvent{
		Sender:         wireSender{e.By, "Arn"},
		Discussion:     wireDiscussion{e.RoomID.String(), "Room"},
		EventType:      string(e.Type),
		EventTimestamp: e.QueuedAt.Format(timestampForm),
	}
	switch e.Type {
	case chime.InviteEvent:
		w.InboundHTTPSEndpoint = &wireInbound{"Persistent", ""}
	case chime.MentionEvent:
		w.InboundHTTPSEndpoint = &wireInbound{"ShortLived", ""}
		m, err := c.Tx.Message(e.AccountID, e.RoomID, e.MessageID)
		if err != nil {
			return nil, err
		}
		if m == nil || m.Content == "" {
			e.End(c.Source, chime.EventWithdrawn, "the message was redacted or deleted")
			return nil, nil
		}
		w.Message = chime.PlainMentions(m.Content)
		if w.Sender, err = c.wireSender(m); err != nil {
			return nil, err
		}
	}
	if w.InboundHTTPSEndpoint != nil {
		place, err := c.Tx.Membership(e.AccountID, e.RoomID, b.ID)
		if err != nil {
			return nil, err
		}
		if place == nil {
			e.End(c.Source, chime.EventWithdrawn, "the bot is not in the room any more")
			return nil, nil
		}
		w.InboundHTTPSEndpoint.URL = c.replyURL(place, e.Type == chime.InviteEvent)
	}
	return encodeEvent(&w)
}

// wireSender returns who sent a message: by the address as documented, by the id where there is none.
func (c *Call) wireSender(m *chime.Message) (wireSender, error) {
	switch m.SenderKind {
	case chime.UserMember:
		u, err := c.Tx.User(m.AccountID, m.SenderID)
		if err != nil {
			return wireSender{}, err
		}
		if u != nil {
			return wireSender{string(u.Email), "EmailId"}, nil
		}
	case chime.BotMember:
		b, err := c.Tx.Bot(m.AccountID, m.SenderID)
		if err != nil {
			return wireSender{}, err
		}
		return wireSender{string(b.Email), "EmailId"}, nil
	}
	return wireSender{m.SenderID.String(), string(m.SenderKind) + "Id"}, nil
}

// wireEvent is an event as bots get it, its members in the order of the guide (documented: developer guide).
type wireEvent struct {
	Sender               wireSender
	Discussion           wireDiscussion
	EventType            string
	InboundHTTPSEndpoint *wireInbound `json:"InboundHttpsEndpoint,omitempty"`
	EventTimestamp       string
	Message              string `json:",omitempty"`
}

type wireSender struct {
	SenderID     string `json:"SenderId"`
	SenderIDType string `json:"SenderIdType"`
}

type wireDiscussion struct {
	DiscussionID   string `json:"DiscussionId"`
	DiscussionType string
}

type wireInbound struct {
	EndpointType string
	URL          string `json:"Url"`
}

// encodeEvent leaves <, > and & as they are, as people read them in logs.
func encodeEvent(w *wireEvent) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(w); err != nil {
		return nil, fmt.Errorf("write an event: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// RecordDeliveries notes what became of events, and ends the job if no other event waits.
func (c *Call) RecordDeliveries(j *store.Job, ended []*chime.Event) error {
	waiting, err := c.Tx.QueuedEvents(j.Account, j.Subject, len(ended)+1)
	if err != nil {
		return err
	}
	for _, e := range ended {
		c.Tx.UpdateEvent(e)
	}
	if len(waiting) <= len(ended) {
		c.Tx.DeleteJob(j)
		return nil
	}
	j.DueAt = c.Source.Now() // behind the other bots
	c.Tx.UpdateJob(j)
	return nil
}

// ListEventDeliveries lists what a bot was told or is to be told, and what became of it (decided).
func (c *Call) ListEventDeliveries(_ context.Context, in *api.ListEventDeliveriesInput) (*api.ListEventDeliveriesOutput, error) {
	p, err := c.page(in.NextToken, in.MaxResults, defaultProfilePage, "ListEventDeliveries", in.AccountID, in.BotID, in.Status)
	if err != nil {
		return nil, err
	}
	b, err := c.bot(in.AccountID, in.BotID)
	if err != nil {
		return nil, err
	}
	found, err := c.Tx.Events(b.AccountID, b.ID, chime.EventState(strings.ToLower(in.Status)), p.after, p.limit+1)
	if err != nil {
		return nil, err
	}
	out := &api.ListEventDeliveriesOutput{EventDeliveries: []api.EventDelivery{}}
	found, out.NextToken = cut(p, found, func(e *chime.Event) chime.ID { return e.ID })
	for _, e := range found {
		out.EventDeliveries = append(out.EventDeliveries, *wireDelivery(e))
	}
	return out, nil
}

// eventStatus is what the wire calls the states of an event.
var eventStatus = map[chime.EventState]string{
	chime.EventQueued:    api.EventStatusQueued,
	chime.EventDelivered: api.EventStatusDelivered,
	chime.EventParked:    api.EventStatusParked,
	chime.EventWithdrawn: api.EventStatusWithdrawn,
}

func wireDelivery(e *chime.Event) *api.EventDelivery {
	w := &api.EventDelivery{
		EventID:    e.ID.String(),
		BotID:      e.BotID.String(),
		EventType:  string(e.Type),
		RoomID:     e.RoomID.String(),
		Status:     eventStatus[e.State],
		QueuedOn:   e.QueuedAt,
		FinishedOn: e.FinishedAt,
		Attempts:   e.Attempts,
		LastError:  e.Error,
	}
	if e.MessageID != (chime.ID{}) {
		w.MessageID = e.MessageID.String()
	}
	return w
}
