package chime

import "time"

// OrderStatus is how far an order of numbers has come.
type OrderStatus string

// The states of an order.
const (
	OrderProcessing OrderStatus = "Processing"
	OrderSuccessful OrderStatus = "Successful"
	OrderPartial    OrderStatus = "Partial"
	OrderFailed     OrderStatus = "Failed"
)

// MaxBatch is the most numbers that one call can be about (documented for batches: service authorization reference; decided
// for orders).
const MaxBatch = 50

// Order is an order of numbers. What it gets is decided, and held, as it is placed; it is told when the order is done.
type Order struct {
	Tenant      Tenant
	ID          ID
	ProductType ProductType
	Status      OrderStatus
	Lines       []OrderLine // no number twice
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// OrderLine is what becomes of a number that was ordered.
type OrderLine struct {
	Number   E164
	Acquired bool // or Failed, once the order is done
}

// NewOrder returns an order under way.
func NewOrder(src Source, tenant Tenant, p ProductType) *Order {
	return &Order{Tenant: tenant, ID: src.NewID(), ProductType: p, Status: OrderProcessing, CreatedAt: src.Now(), UpdatedAt: src.Now()}
}

// Finish ends the order: Successful with all of its numbers, Failed with none, Partial otherwise (documented: model
// PhoneNumberOrderStatus).
func (o *Order) Finish(src Source) {
	acquired := 0
	for _, l := range o.Lines {
		if l.Acquired {
			acquired++
		}
	}
	switch acquired {
	case len(o.Lines):
		o.Status = OrderSuccessful
	case 0:
		o.Status = OrderFailed
	default:
		o.Status = OrderPartial
	}
	o.UpdatedAt = src.Now()
}
