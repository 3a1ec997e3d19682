package ops

import (
	"context"
	"errors"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/store"
)

// GetPhoneNumber returns a number of the inventory. Its id may be the number itself, as the official examples have it, or
// what the answers call PhoneNumberId, also encoded once more (documented, probed).
func (c *Call) GetPhoneNumber(_ context.Context, in *api.GetPhoneNumberInput) (*api.GetPhoneNumberOutput, error) {
	n, err := c.number(in.PhoneNumberID)
	if err != nil {
		return nil, err
	}
	return &api.GetPhoneNumberOutput{PhoneNumber: c.wireNumber(n)}, nil
}

// ListPhoneNumbers lists the inventory in the order of its digits (decided), those of a status, a product type and an
// association where given (documented: model ListPhoneNumbers). FilterName and FilterValue need each other (inferred). No
// number is ever associated with anything but a user and the account.
func (c *Call) ListPhoneNumbers(_ context.Context, in *api.ListPhoneNumbersInput) (*api.ListPhoneNumbersOutput, error) {
	if (in.FilterName == "") != (in.FilterValue == "") {
		return nil, chime.BadRequest.Errorf("FilterName and FilterValue need each other")
	}
	p, err := c.page(in.NextToken, in.MaxResults, defaultNumberPage, "ListPhoneNumbers", in.Status, in.ProductType, in.FilterName, in.FilterValue)
	if err != nil {
		return nil, err
	}
	out := &api.ListPhoneNumbersOutput{PhoneNumbers: []api.PhoneNumber{}}
	filter, some := numberFilter(in)
	if !some {
		return out, nil
	}
	_, after := numberAt(p.after)
	found, err := c.Tx.Numbers(filter, c.Source.Now(), after, p.limit+1)
	if err != nil {
		return nil, err
	}
	found, out.NextToken = cut(p, found, func(n *chime.Number) chime.ID { return position(0, n.Number) })
	for _, n := range found {
		out.PhoneNumbers = append(out.PhoneNumbers, *c.wireNumber(n))
	}
	return out, nil
}

// numberFilter returns what is asked for, and whether there can be any.
func numberFilter(in *api.ListPhoneNumbersInput) (f store.NumberFilter, some bool) {
	f.Status, f.ProductType = chime.NumberStatus(in.Status), chime.ProductType(in.ProductType)
	switch f.Status {
	case "", chime.AcquireInProgress, chime.Unassigned, chime.Assigned, chime.ReleaseInProgress:
	default:
		return f, false
	}
	id, isID := chime.ParseID(in.FilterValue)
	switch in.FilterName {
	case "":
		return f, true
	case api.PhoneNumberAssociationNameAccountID:
		f.AccountID = &id
	case api.PhoneNumberAssociationNameUserID:
		f.UserID = &id
	default:
		return f, false
	}
	return f, isID
}

// UpdatePhoneNumber changes the product type of a number that nobody has, or its calling name, which the network takes 72
// hours for; a change of it in that time is a Conflict (documented: model UpdatePhoneNumber; class inferred). The new name
// shows at once (decided). A call that changes nothing succeeds (inferred).
func (c *Call) UpdatePhoneNumber(_ context.Context, in *api.UpdatePhoneNumberInput) (*api.UpdatePhoneNumberOutput, error) {
	n, err := c.number(in.PhoneNumberID)
	if err != nil {
		return nil, err
	}
	if err := c.updateNumber(n, in.ProductType, in.CallingName); err != nil {
		return nil, err
	}
	return &api.UpdatePhoneNumberOutput{PhoneNumber: c.wireNumber(n)}, nil
}

func (c *Call) updateNumber(n *chime.Number, product string, name *string) error {
	outcome, err := n.Update(c.Source, chime.NumberChange{ProductType: chime.ProductType(product), CallingName: name})
	if outcome == chime.Changed {
		c.Tx.UpdateNumber(n)
	}
	return err
}

// BatchUpdatePhoneNumber updates at most 50 numbers as UpdatePhoneNumber does (documented: model, service authorization
// reference).
func (c *Call) BatchUpdatePhoneNumber(_ context.Context, in *api.BatchUpdatePhoneNumberInput) (*api.BatchUpdatePhoneNumberOutput, error) {
	ids := make([]string, len(in.UpdatePhoneNumberRequestItems))
	for i, item := range in.UpdatePhoneNumberRequestItems {
		ids[i] = item.PhoneNumberID
	}
	failed, err := c.eachNumber("UpdatePhoneNumberRequestItems", ids, func(i int, n *chime.Number) error {
		item := &in.UpdatePhoneNumberRequestItems[i]
		return c.updateNumber(n, item.ProductType, item.CallingName)
	})
	return &api.BatchUpdatePhoneNumberOutput{PhoneNumberErrors: failed}, err
}

// DeletePhoneNumber puts a number that nobody has into the deletion queue, from which it can be restored for 7 days
// (documented: model DeletePhoneNumber). A number that is there already stays (decided). One that a user has is a BadRequest
// with the code PhoneNumberAssociationsExist (inferred from the name of the code).
func (c *Call) DeletePhoneNumber(_ context.Context, in *api.DeletePhoneNumberInput) (*api.DeletePhoneNumberOutput, error) {
	n, err := c.number(in.PhoneNumberID)
	if err != nil {
		return nil, err
	}
	return &api.DeletePhoneNumberOutput{}, c.deleteNumber(n)
}

// BatchDeletePhoneNumber deletes at most 50 numbers as DeletePhoneNumber does (documented: model, service authorization
// reference).
func (c *Call) BatchDeletePhoneNumber(_ context.Context, in *api.BatchDeletePhoneNumberInput) (*api.BatchDeletePhoneNumberOutput, error) {
	failed, err := c.eachNumber("PhoneNumberIds", in.PhoneNumberIDs, func(_ int, n *chime.Number) error { return c.deleteNumber(n) })
	return &api.BatchDeletePhoneNumberOutput{PhoneNumberErrors: failed}, err
}

// NumberJob is the kind of the jobs at the end of the deletion queue. The payload is the number.
const NumberJob = "number"

func (c *Call) deleteNumber(n *chime.Number) error {
	outcome, err := n.Delete(c.Source)
	if outcome != chime.Changed || err != nil {
		return err
	}
	c.Tx.UpdateNumber(n)
	c.Tx.InsertJob(&store.Job{
		Tenant: c.Caller.Tenant, ID: c.Source.NewID(), Kind: NumberJob, Payload: string(n.Number), State: store.JobQueued,
		QueuedAt: n.DeletedAt, DueAt: n.DeletedAt.Add(chime.QueueTime),
	})
	return nil
}

// LetGoOfNumber ends the deletion of a number, unless it was restored.
func (c *Call) LetGoOfNumber(j *store.Job) error {
	n, err := c.Tx.Number(chime.E164(j.Payload))
	if err != nil {
		return err
	}
	if n != nil && n.GoneAt(c.Source.Now()) {
		c.Tx.DeleteNumber(n)
		c.did("ReleasePhoneNumber", chime.ID{})
	}
	c.Tx.DeleteJob(j)
	return nil
}

// RestorePhoneNumber takes a number out of the deletion queue, as long as the inventory has room (documented: model
// RestorePhoneNumber declares ResourceLimitExceeded; decided: what is in the queue does not count). A number that is not in
// the queue is a BadRequest (inferred).
func (c *Call) RestorePhoneNumber(_ context.Context, in *api.RestorePhoneNumberInput) (*api.RestorePhoneNumberOutput, error) {
	n, err := c.number(in.PhoneNumberID)
	if err != nil {
		return nil, err
	}
	if err := n.Restore(c.Source); err != nil {
		return nil, err
	}
	if err := c.checkQuota(1); err != nil {
		return nil, err
	}
	c.Tx.UpdateNumber(n)
	return &api.RestorePhoneNumberOutput{PhoneNumber: c.wireNumber(n)}, nil
}

// checkQuota refuses more numbers than the inventory has room for. Those in the deletion queue do not count.
func (c *Call) checkQuota(more int) error {
	if c.NumberQuota == 0 {
		return nil
	}
	n, err := c.Tx.CountNumbers(c.NumberQuota)
	if err != nil {
		return err
	}
	if n+more > c.NumberQuota {
		return chime.LimitExceeded.Errorf("an AWS account can have %d phone numbers; delete some, or start the server with a higher --phone-number-quota", c.NumberQuota)
	}
	return nil
}

// GetPhoneNumberSettings returns the default calling name, nothing before it was set (inferred). It shows a new one at once
// (decided).
func (c *Call) GetPhoneNumberSettings(context.Context, *api.GetPhoneNumberSettingsInput) (*api.GetPhoneNumberSettingsOutput, error) {
	s, err := c.Tx.NumberSettings()
	if err != nil {
		return nil, err
	}
	return &api.GetPhoneNumberSettingsOutput{CallingName: s.CallingName, CallingNameUpdatedTimestamp: s.UpdatedAt}, nil
}

// UpdatePhoneNumberSettings sets the default calling name, once in 7 days (documented: model; decided: the same name again is
// no change). Sooner is a BadRequest (inferred: no Conflict is declared).
func (c *Call) UpdatePhoneNumberSettings(_ context.Context, in *api.UpdatePhoneNumberSettingsInput) (*api.UpdatePhoneNumberSettingsOutput, error) {
	s, err := c.Tx.NumberSettings()
	if err != nil {
		return nil, err
	}
	outcome, err := s.SetCallingName(c.Source, in.CallingName)
	if err != nil {
		return nil, err
	}
	if outcome == chime.Changed {
		c.Tx.PutNumberSettings(s)
	}
	return &api.UpdatePhoneNumberSettingsOutput{}, nil
}

// number returns the number of that id in the tenant's inventory, or NotFound.
func (c *Call) number(numberID string) (*chime.Number, error) {
	if e164, ok := chime.ParseNumberID(numberID); ok {
		n, err := c.inventory(e164)
		if n != nil || err != nil {
			return n, err
		}
	}
	return nil, chime.NotFound.Errorf("phone number %s is not in the inventory of this AWS account", numberID)
}

// inventory returns the number if it is in the tenant's inventory, or nil.
func (c *Call) inventory(e164 chime.E164) (*chime.Number, error) {
	n, err := c.Tx.Number(e164)
	if n != nil && n.GoneAt(c.Source.Now()) {
		return nil, err
	}
	return n, err
}

// eachNumber does something with each of the numbers and returns what was refused, in the order of the request. A number
// that is given twice, in whatever form, counts once, the first time; an unknown one is NotFound (both inferred).
func (c *Call) eachNumber(member string, ids []string, do func(i int, n *chime.Number) error) ([]api.PhoneNumberError, error) {
	if len(ids) == 0 || len(ids) > chime.MaxBatch {
		return nil, chime.BadRequest.Errorf("%s must have at least 1 and at most %d items", member, chime.MaxBatch)
	}
	failed := []api.PhoneNumberError{} // shown although empty (documented: examples)
	seen := make(map[chime.E164]bool, len(ids))
	for i, id := range ids {
		if e164, ok := chime.ParseNumberID(id); ok {
			if seen[e164] {
				continue
			}
			seen[e164] = true
		}
		n, err := c.number(id)
		if err == nil {
			err = do(i, n)
		}
		if refused := (*chime.Error)(nil); errors.As(err, &refused) {
			failed = append(failed, api.PhoneNumberError{PhoneNumberID: id, ErrorCode: itemCode(refused), ErrorMessage: refused.Message})
		} else if err != nil {
			return nil, err
		}
	}
	return failed, nil
}

// position is where a page of numbers ends: in a part of the list, at a number, whose digits fit into an ID.
func position(part byte, n chime.E164) (id chime.ID) {
	id[0] = part
	copy(id[1:], n[1:])
	return id
}

// numberAt undoes position. The number is empty at the beginning of the list.
func numberAt(id chime.ID) (part byte, n chime.E164) {
	size := 1
	for size < len(id) && id[size] != 0 {
		size++
	}
	if size == 1 {
		return id[0], ""
	}
	return id[0], chime.E164("+" + string(id[1:size]))
}
