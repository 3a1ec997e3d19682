package ops

import (
	"context"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/store"
)

// CreateMeetingDialOut notes that a meeting was to call a number, and answers; nobody is called, and no meeting is looked for
// (decided: there are none here). FromPhoneNumber must be in the inventory, or the call is Forbidden (decided). The join
// token is not kept.
func (c *Call) CreateMeetingDialOut(_ context.Context, in *api.CreateMeetingDialOutInput) (*api.CreateMeetingDialOutOutput, error) {
	from, _ := chime.ParseE164(in.FromPhoneNumber) // no number is empty
	to, ok := chime.ParseE164(in.ToPhoneNumber)
	if !ok {
		return nil, chime.BadRequest.Errorf("ToPhoneNumber must be a telephone number in E.164 form, like +12065550100")
	}
	n, err := c.inventory(from)
	if err != nil {
		return nil, err
	}
	if n == nil || n.Status() != chime.Assigned && n.Status() != chime.Unassigned {
		return nil, chime.Forbidden.Errorf("FromPhoneNumber is not in the inventory of this AWS account")
	}
	d := &store.DialOut{ID: c.Source.NewID(), Meeting: in.MeetingID, From: from, To: to, By: c.Caller.ARN, AskedAt: c.Source.Now()}
	c.Tx.InsertDialOut(d)
	return &api.CreateMeetingDialOutOutput{TransactionID: d.ID.String()}, nil
}

// ListDialOuts lists the calls that meetings were to make (decided).
func (c *Call) ListDialOuts(_ context.Context, in *api.ListDialOutsInput) (*api.ListDialOutsOutput, error) {
	p, err := c.page(in.NextToken, in.MaxResults, defaultProfilePage, "ListDialOuts")
	if err != nil {
		return nil, err
	}
	found, err := c.Tx.DialOuts(p.after, p.limit+1)
	if err != nil {
		return nil, err
	}
	out := &api.ListDialOutsOutput{DialOuts: []api.DialOut{}}
	found, out.NextToken = cut(p, found, func(d *store.DialOut) chime.ID { return d.ID })
	for _, d := range found {
		out.DialOuts = append(out.DialOuts, api.DialOut{
			FromPhoneNumber: string(d.From), MeetingID: d.Meeting, RequestedBy: d.By, RequestedOn: d.AskedAt,
			ToPhoneNumber: string(d.To), TransactionID: d.ID.String(),
		})
	}
	return out, nil
}
