package ops

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/audit"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/store"
)

const (
	// lookedAt bounds the records that a call of LookupEvents looks at, whatever it finds; lookStep is how many it reads at
	// a time.
	lookedAt = 3000
	lookStep = 250
	// lateBy is how much later than its event a record may be made.
	lateBy = 10 * time.Minute
)

// did notes what the server's own work changes for an account. Nothing sensitive may be in it.
func (c *Call) did(name string, account chime.ID, details ...audit.Detail) {
	c.Did = append(c.Did, audit.Work{Name: name, Agent: c.Caller.ARN, Account: account, Details: details})
}

// didDelete notes that messages were deleted in a room or a conversation, if any were.
func (c *Call) didDelete(account, place chime.ID, n int) {
	if n > 0 {
		c.did("DeleteMessages", account, audit.Detail{Name: "placeId", Value: place.String()}, audit.Count(n))
	}
}

// didReceive notes what came in by the URL of a webhook or of a bot: in the name of whoever has it.
func (c *Call) didReceive(in *inbound, id chime.ID, m *chime.Message) {
	w := audit.Work{Name: "PostWebhookMessage", Agent: "carillon:webhook", Account: m.AccountID, Details: []audit.Detail{
		{Name: "roomId", Value: m.PlaceID.String()}, {Name: "messageId", Value: m.ID.String()}, {Name: "webhookId", Value: id.String()},
	}}
	if in.kind != webhookToken {
		w.Name, w.Agent, w.Details[2].Name = "PostBotMessage", "carillon:bot", "botId"
	}
	c.Did = append(c.Did, w)
}

// LookupEvents lists the tenant's audit records, the latest first (decided: the form of CloudTrail's operation of that name).
func (c *Call) LookupEvents(_ context.Context, in *api.LookupEventsInput) (*api.LookupEventsOutput, error) {
	p, err := c.page(in.NextToken, in.MaxResults, defaultProfilePage, "LookupEvents", in.EventName, in.PrincipalARN, in.AccountID,
		in.StartTime.String(), in.EndTime.String())
	if err != nil {
		return nil, err
	}
	account, isID := chime.ParseID(in.AccountID)
	if in.AccountID != "" && !isID {
		return &api.LookupEventsOutput{Events: []api.Event{}}, nil
	}
	before := p.after
	if before == (chime.ID{}) {
		before = store.AuditMoment(endOfTime)
		if !in.EndTime.IsZero() {
			before = store.AuditMoment(in.EndTime.Add(lateBy))
		}
	}
	matches := func(e *audit.Event) bool {
		return (in.EventName == "" || e.Name == in.EventName) &&
			(in.PrincipalARN == "" || e.ARN == in.PrincipalARN) &&
			(in.AccountID == "" || e.Account == account) &&
			!e.At.Before(in.StartTime) && (in.EndTime.IsZero() || !e.At.After(in.EndTime))
	}
	out := &api.LookupEventsOutput{Events: []api.Event{}}
	for range lookedAt / lookStep {
		found, err := c.Tx.AuditBefore(before, store.AuditMoment(in.StartTime), lookStep)
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			before = r.ID
			if e := c.wireEvent(r, matches); e != nil {
				out.Events = append(out.Events, *e)
			}
			if len(out.Events) == p.limit {
				out.NextToken = p.token(before)
				return out, nil
			}
		}
		if len(found) < lookStep {
			return out, nil
		}
	}
	out.NextToken = p.token(before)
	return out, nil
}

// wireEvent shows a record if it is one of those that are meant. One that is not what was written is shown as that.
func (c *Call) wireEvent(r *store.AuditRecord, matches func(*audit.Event) bool) *api.Event {
	damaged := &api.Event{EventID: r.ID.String(), EventTime: r.ID.Time(), Damaged: new(bool)}
	*damaged.Damaged = true
	if !r.Intact {
		return damaged
	}
	e, err := audit.Read(c.Caller.Tenant, r.ID, r.Context, r.Body)
	if err != nil {
		return damaged
	}
	if !matches(e) {
		return nil
	}
	whole, err := e.AppendJSON(nil)
	if err != nil {
		return damaged
	}
	w := &api.Event{
		EventID: e.ID.String(), EventTime: e.At, EventName: e.Name, EventSource: e.Source(), ReadOnly: &e.ReadOnly,
		PrincipalARN: e.ARN, AccessKeyID: e.AccessKey, RequestID: e.RequestID, ErrorCode: e.ErrorCode, CloudTrailEvent: string(whole),
	}
	if e.Account != (chime.ID{}) {
		w.AccountID = e.Account.String()
	}
	return w
}

// VerifyAudit checks a stretch of the audit records against their seals (decided). A page first goes through seals, then
// counts what is not sealed.
func (c *Call) VerifyAudit(_ context.Context, in *api.VerifyAuditInput) (*api.VerifyAuditOutput, error) {
	p, err := c.page(in.NextToken, 1, 1, "VerifyAudit", in.ExpectedSeal)
	if err != nil {
		return nil, err
	}
	// A number of a seal is told from the ID of a record by its first byte, which is 0 in no ID that this millennium makes.
	after := binary.BigEndian.Uint64(p.after[:8])
	inTail := p.after[0] != 0 || p.after[15] == tailMark
	if inTail {
		return c.verifyTail(p)
	}
	check, err := c.Tx.CheckSeals(after)
	if err != nil {
		return nil, err
	}
	out := &api.VerifyAuditOutput{Seals: check.Seals, Records: check.Records, Through: int(check.Through), RemovedSeals: int(check.Removed)}
	if h := check.Head; h != nil {
		out.LastSeal = &api.AuditSeal{Number: int(h.Number), Signature: hex.EncodeToString(h.Signature[:])}
	}
	if check.Fault == nil && in.ExpectedSeal != "" && in.NextToken == "" {
		if check.Fault, err = c.expect(in.ExpectedSeal, &check); err != nil {
			return nil, err
		}
	}
	if check.Fault != nil {
		out.Fault = wireFault(check.Fault)
		return out, nil
	}
	var next chime.ID
	switch {
	case !check.Done:
		binary.BigEndian.PutUint64(next[:8], check.Through)
	case check.Head == nil || check.Head.Last == (chime.ID{}):
		next[15] = tailMark
	default:
		next = check.Head.Last
	}
	out.NextToken = p.token(next)
	return out, nil
}

// tailMark tells the beginning of records that are not sealed, where none is, from that of the seals.
const tailMark = 1

func (c *Call) verifyTail(p page) (*api.VerifyAuditOutput, error) {
	after := p.after
	if after[0] == 0 {
		after = chime.ID{}
	}
	n, last, fault, err := c.Tx.CheckTail(after)
	if err != nil {
		return nil, err
	}
	out := &api.VerifyAuditOutput{Unsealed: n}
	switch {
	case fault != nil:
		out.Fault = wireFault(fault)
	case n == store.TailPage:
		out.NextToken = p.token(last)
	}
	return out, nil
}

// expect looks for a seal that somebody has kept. The model's pattern says what it looks like.
func (c *Call) expect(seal string, check *store.AuditCheck) (*store.AuditFault, error) {
	text, signature, _ := strings.Cut(seal, ":")
	number, err := strconv.ParseUint(text, 10, 64)
	if err != nil || number == 0 {
		return nil, chime.BadRequest.Errorf("ExpectedSeal must be a number from 1 on, a colon and a signature")
	}
	if number <= check.Removed {
		return nil, chime.BadRequest.Errorf("ExpectedSeal has been removed, as it had been kept long enough; take a later one than %d", check.Removed)
	}
	found, err := c.Tx.Seals(number-1, 1)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || found[0].Number != number {
		return &store.AuditFault{Kind: store.SealRemoved, Seal: number}, nil
	}
	if s := found[0].Signature(); hex.EncodeToString(s[:]) != signature {
		return &store.AuditFault{Kind: store.SealAltered, Seal: number}, nil
	}
	return nil, nil
}

func wireFault(f *store.AuditFault) *api.AuditFault {
	w := &api.AuditFault{Kind: string(f.Kind), SealNumber: int(f.Seal)}
	if f.Record != (chime.ID{}) {
		w.EventID, w.EventTime = f.Record.String(), f.Record.Time()
	}
	return w
}
