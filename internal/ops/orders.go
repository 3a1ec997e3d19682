package ops

import (
	"context"
	"slices"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/audit"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/stock"
	"github.com/carillon-server/carillon/internal/store"
)

// OrderJob is the kind of the jobs that finish orders. The subject is the order.
const OrderJob = "order"

// CreatePhoneNumberOrder orders at most 50 numbers (decided). The order is Processing at first, and done after --order-delay
// (documented: examples, about 10 s; decided: 1 s). What it gets is the tenant's from the beginning: AcquireInProgress, and
// nobody else's. A number that is not to be had makes its line Failed (decided); a product type that no number of its kind
// can have is a BadRequest (documented: model). A repetition of the call gets the order that the first one made (decided).
func (c *Call) CreatePhoneNumberOrder(_ context.Context, in *api.CreatePhoneNumberOrderInput) (*api.CreatePhoneNumberOrderOutput, error) {
	if c.Tx.Met() == store.MarkMade {
		first, err := c.firstOrder()
		if err != nil {
			return nil, err
		}
		if first != nil {
			return &api.CreatePhoneNumberOrderOutput{PhoneNumberOrder: wireOrder(first)}, nil
		}
		c.Tx.DeleteMark(c.Mark)
	}
	numbers, err := orderedNumbers(in.E164PhoneNumbers)
	if err != nil {
		return nil, err
	}
	o := chime.NewOrder(c.Source, c.Caller.Tenant, chime.ProductType(in.ProductType))
	acquired, err := c.fillOrder(o, numbers)
	if err != nil {
		return nil, err
	}
	if err := c.checkQuota(len(acquired)); err != nil {
		return nil, err
	}
	for _, n := range acquired {
		c.Tx.InsertNumber(n)
	}
	c.Tx.InsertOrder(o)
	c.Tx.InsertJob(&store.Job{
		Tenant: c.Caller.Tenant, ID: c.Source.NewID(), Kind: OrderJob, Subject: o.ID, State: store.JobQueued,
		QueuedAt: o.CreatedAt, DueAt: o.CreatedAt.Add(c.OrderDelay),
	})
	if !c.Mark.IsZero() {
		c.Tx.InsertMark(c.Mark, o.ID)
	}
	return &api.CreatePhoneNumberOrderOutput{PhoneNumberOrder: wireOrder(o)}, nil
}

// firstOrder returns the order that an earlier attempt of this call made, nil if that is too long ago to count.
func (c *Call) firstOrder() (*chime.Order, error) {
	made, err := c.Tx.Made(c.Mark)
	if err != nil || made == nil || !c.repeats(*made, c.Mark) {
		return nil, err
	}
	return c.Tx.Order(*made)
}

// orderedNumbers reads the numbers of an order; one that is given twice is ordered once (inferred).
func orderedNumbers(list []string) ([]chime.E164, error) {
	if len(list) == 0 || len(list) > chime.MaxBatch {
		return nil, chime.BadRequest.Errorf("E164PhoneNumbers must have at least 1 and at most %d items", chime.MaxBatch)
	}
	var numbers []chime.E164
	for i, s := range list {
		n, ok := chime.ParseE164(s)
		if !ok {
			return nil, chime.BadRequest.Errorf("E164PhoneNumbers[%d] must be a telephone number in E.164 form, like +12065550100", i)
		}
		if !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
	}
	return numbers, nil
}

// fillOrder gives the order its lines and returns the numbers that it gets.
func (c *Call) fillOrder(o *chime.Order, numbers []chime.E164) ([]*chime.Number, error) {
	var acquired []*chime.Number
	for _, n := range numbers {
		s, available, err := c.inStock(n)
		if err != nil {
			return nil, err
		}
		if s != nil {
			if err := s.CheckProduct(o.ProductType); err != nil {
				return nil, err
			}
			available = available && slices.Contains(s.ProductTypes, o.ProductType)
		}
		if available {
			acquired = append(acquired, chime.NewNumber(c.Source, c.Caller.Tenant, s, o.ProductType))
		}
		o.Lines = append(o.Lines, chime.OrderLine{Number: n, Acquired: available})
	}
	return acquired, nil
}

// inStock returns what the stock knows of a number, nil if nothing, and whether nobody has it.
func (c *Call) inStock(n chime.E164) (_ *chime.StockNumber, available bool, err error) {
	if s := stock.Find(n); s != nil {
		held, err := c.Tx.IsHeld(n)
		return s, !held, err
	}
	s, err := c.Tx.StockNumber(n)
	if s == nil || err != nil {
		return nil, false, err
	}
	return &s.StockNumber, s.Available, nil
}

// FinishOrder ends an order: its numbers are the tenant's to use.
func (c *Call) FinishOrder(j *store.Job) error {
	o, err := c.Tx.Order(j.Subject)
	if err != nil {
		return err
	}
	if o != nil && o.Status == chime.OrderProcessing {
		if err := c.acquire(o); err != nil {
			return err
		}
		o.Finish(c.Source)
		c.Tx.UpdateOrder(o)
		c.did("FulfillPhoneNumberOrder", chime.ID{}, audit.Detail{Name: "phoneNumberOrderId", Value: o.ID.String()}, audit.Detail{Name: "status", Value: string(o.Status)})
	}
	c.Tx.DeleteJob(j)
	return nil
}

func (c *Call) acquire(o *chime.Order) error {
	for _, l := range o.Lines {
		if !l.Acquired {
			continue
		}
		n, err := c.Tx.Number(l.Number)
		if err != nil {
			return err
		}
		n.Acquire(c.Source) // it is there: nobody can delete it before
		c.Tx.UpdateNumber(n)
	}
	return nil
}

// GetPhoneNumberOrder returns an order, as it stands (documented: model GetPhoneNumberOrder).
func (c *Call) GetPhoneNumberOrder(_ context.Context, in *api.GetPhoneNumberOrderInput) (*api.GetPhoneNumberOrderOutput, error) {
	id, _ := chime.ParseID(in.PhoneNumberOrderID) // no order has the zero ID
	o, err := c.Tx.Order(id)
	if err != nil {
		return nil, err
	}
	if o == nil {
		return nil, chime.NotFound.Errorf("phone number order %s", in.PhoneNumberOrderID)
	}
	return &api.GetPhoneNumberOrderOutput{PhoneNumberOrder: wireOrder(o)}, nil
}

// ListPhoneNumberOrders lists the tenant's orders, the oldest first (decided).
func (c *Call) ListPhoneNumberOrders(_ context.Context, in *api.ListPhoneNumberOrdersInput) (*api.ListPhoneNumberOrdersOutput, error) {
	p, err := c.page(in.NextToken, in.MaxResults, defaultNumberPage, "ListPhoneNumberOrders")
	if err != nil {
		return nil, err
	}
	found, err := c.Tx.Orders(p.after, p.limit+1)
	if err != nil {
		return nil, err
	}
	out := &api.ListPhoneNumberOrdersOutput{PhoneNumberOrders: []api.PhoneNumberOrder{}}
	found, out.NextToken = cut(p, found, func(o *chime.Order) chime.ID { return o.ID })
	for _, o := range found {
		out.PhoneNumberOrders = append(out.PhoneNumberOrders, *wireOrder(o))
	}
	return out, nil
}

// wireOrder shows an order. Until it is done all of its numbers are Processing (documented: example).
func wireOrder(o *chime.Order) *api.PhoneNumberOrder {
	w := &api.PhoneNumberOrder{
		CreatedTimestamp:    o.CreatedAt,
		OrderedPhoneNumbers: make([]api.OrderedPhoneNumber, len(o.Lines)),
		PhoneNumberOrderID:  o.ID.String(),
		ProductType:         string(o.ProductType),
		Status:              string(o.Status),
		UpdatedTimestamp:    o.UpdatedAt,
	}
	for i, l := range o.Lines {
		status := api.OrderedPhoneNumberStatusFailed
		switch {
		case o.Status == chime.OrderProcessing:
			status = api.OrderedPhoneNumberStatusProcessing
		case l.Acquired:
			status = api.OrderedPhoneNumberStatusAcquired
		}
		w.OrderedPhoneNumbers[i] = api.OrderedPhoneNumber{E164PhoneNumber: string(l.Number), Status: status}
	}
	return w
}
