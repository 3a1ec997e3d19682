package chime

import (
	"slices"
	"time"
)

// NumberStatus is where a number of the inventory stands.
type NumberStatus string

// The states of a number. The API has more for what goes wrong between Amazon and telephone companies.
const (
	AcquireInProgress NumberStatus = "AcquireInProgress"
	Unassigned        NumberStatus = "Unassigned"
	Assigned          NumberStatus = "Assigned"
	ReleaseInProgress NumberStatus = "ReleaseInProgress"
)

// CallingNameStatus is how far a change of a calling name has come.
type CallingNameStatus string

// The states of a calling name.
const (
	NameUnassigned CallingNameStatus = "Unassigned"
	NameInProgress CallingNameStatus = "UpdateInProgress"
	NameSucceeded  CallingNameStatus = "UpdateSucceeded"
)

const (
	// QueueTime is how long a deleted number can be restored (documented: model DeletePhoneNumber).
	QueueTime = 7 * 24 * time.Hour
	// NameTime is how long the telephone network takes to change a calling name (documented: model UpdatePhoneNumber, up to
	// 72 hours; decided: all of them).
	NameTime = 72 * time.Hour
	// DefaultNameTime is how long a default calling name stays at least (documented: model UpdatePhoneNumberSettings).
	DefaultNameTime = 7 * 24 * time.Hour
)

// Number is a telephone number in the inventory of a tenant.
type Number struct {
	Tenant       Tenant
	Number       E164 // in one inventory of the installation at a time
	Country      string
	Type         NumberType
	ProductType  ProductType
	ProductTypes []ProductType // that it can have
	Acquired     bool          // its order is done
	CreatedAt    time.Time
	UpdatedAt    time.Time
	DeletedAt    time.Time // when it came into the deletion queue, zero while it is not there
	AccountID    ID        // whose user has it, zero if nobody
	UserID       ID
	AssociatedAt time.Time
	CallingName  string
	NamedAt      time.Time // when the calling name was changed last, zero if never
}

// NewNumber returns a number of the stock that an order takes.
func NewNumber(src Source, tenant Tenant, s *StockNumber, p ProductType) *Number {
	return &Number{
		Tenant: tenant, Number: s.Number, Country: s.Country, Type: s.Type, ProductType: p, ProductTypes: s.ProductTypes,
		CreatedAt: src.Now(), UpdatedAt: src.Now(),
	}
}

// Status returns where the number stands. In the deletion queue it is ReleaseInProgress (decided).
func (n *Number) Status() NumberStatus {
	switch {
	case !n.Acquired:
		return AcquireInProgress
	case !n.DeletedAt.IsZero():
		return ReleaseInProgress
	case n.UserID != ID{}:
		return Assigned
	}
	return Unassigned
}

// GoneAt reports whether the deletion queue has let go of the number by then.
func (n *Number) GoneAt(now time.Time) bool {
	return !n.DeletedAt.IsZero() && !now.Before(n.DeletedAt.Add(QueueTime))
}

// SMS reports whether the number takes text messages: toll-free ones do not (inferred).
func (n *Number) SMS() bool { return n.Type != TollFree }

// Acquire puts a number whose order is done at the tenant's disposal.
func (n *Number) Acquire(src Source) { n.Acquired, n.UpdatedAt = true, src.Now() }

// checkUsable refuses to change a number that is still ordered or already deleted.
func (n *Number) checkUsable() error {
	switch n.Status() {
	case AcquireInProgress:
		return BadRequest.Errorf("the phone number is still being acquired; wait until its order is done")
	case ReleaseInProgress:
		return BadRequest.Errorf("the phone number is in the deletion queue; restore it with RestorePhoneNumber first")
	}
	return nil
}

// Associate gives the number to a user who is registered. Both must be free, and the number a BusinessCalling one
// (documented for the product type: administration guide; inferred for the rest). A pair that is associated stays so.
func (n *Number) Associate(src Source, u *User) (Outcome, error) {
	if n.UserID == u.ID && u.Number == n.Number {
		return Unchanged, nil
	}
	if u.Registration != Registered {
		return Unchanged, BadRequest.Errorf("user %s must be Registered to have a phone number", u.ID)
	}
	if err := n.checkUsable(); err != nil {
		return Unchanged, err
	}
	switch {
	case n.ProductType != BusinessCalling:
		return Unchanged, BadRequest.Errorf("E164PhoneNumber must be a number of the product type BusinessCalling; change it with UpdatePhoneNumber")
	case n.UserID != ID{}:
		return Unchanged, BadRequest.Errorf("E164PhoneNumber is associated with another user; disassociate it with DisassociatePhoneNumberFromUser first")
	case u.Number != "":
		return Unchanged, BadRequest.Errorf("user %s has a phone number; disassociate it with DisassociatePhoneNumberFromUser first", u.ID)
	}
	n.AccountID, n.UserID, n.AssociatedAt, n.UpdatedAt = u.AccountID, u.ID, src.Now(), src.Now()
	u.Number = n.Number
	return Changed, nil
}

const inUse = "the phone number is associated with a user; disassociate it with DisassociatePhoneNumberFromUser first"

// Release takes the number from its user.
func (n *Number) Release(src Source) {
	n.AccountID, n.UserID, n.AssociatedAt, n.UpdatedAt = ID{}, ID{}, time.Time{}, src.Now()
}

// Delete puts the number into the deletion queue. Nobody may have it (documented: model DeletePhoneNumber; the code is
// inferred from its name). One that is there already stays, with the time it has left (decided).
func (n *Number) Delete(src Source) (Outcome, error) {
	switch n.Status() {
	case AcquireInProgress:
		return Unchanged, n.checkUsable()
	case ReleaseInProgress:
		return Unchanged, nil
	case Assigned:
		return Unchanged, Associated.Errorf("%s", inUse)
	}
	n.DeletedAt, n.UpdatedAt = src.Now(), src.Now()
	return Changed, nil
}

// Restore takes the number out of the deletion queue; it must be there (inferred).
func (n *Number) Restore(src Source) error {
	if n.DeletedAt.IsZero() {
		return BadRequest.Errorf("the phone number is not in the deletion queue")
	}
	n.DeletedAt, n.UpdatedAt = time.Time{}, src.Now()
	return nil
}

// NumberChange is what UpdatePhoneNumber may change: one of the two (documented: model UpdatePhoneNumber). Nothing given
// changes nothing.
type NumberChange struct {
	ProductType ProductType
	CallingName *string // empty: none any more
}

// Update changes the number. Another product type wants a number that nobody has (observed), and one that it can have.
// A calling name that is being changed cannot be changed again (documented; the class is inferred).
func (n *Number) Update(src Source, c NumberChange) (Outcome, error) {
	if err := n.checkUsable(); err != nil {
		return Unchanged, err
	}
	switch {
	case c.ProductType != "" && c.CallingName != nil:
		return Unchanged, BadRequest.Errorf("ProductType and CallingName exclude each other: one of them can be changed at a time")
	case c.CallingName != nil:
		return n.rename(src, *c.CallingName)
	case c.ProductType == "" || c.ProductType == n.ProductType:
		return Unchanged, nil
	}
	if err := checkProduct(n.Country, n.Type, c.ProductType); err != nil {
		return Unchanged, err
	}
	switch {
	case !slices.Contains(n.ProductTypes, c.ProductType):
		return Unchanged, BadRequest.Errorf("ProductType must be one of %s for this phone number", joinProducts(n.ProductTypes))
	case n.Status() == Assigned:
		return Unchanged, BadRequest.Errorf("%s", inUse)
	}
	n.ProductType, n.UpdatedAt = c.ProductType, src.Now()
	return Changed, nil
}

func (n *Number) rename(src Source, name string) (Outcome, error) {
	if n.NameStatusAt(src.Now()) == NameInProgress {
		return Unchanged, Conflict.Errorf("CallingName is being changed; wait until the CallingNameStatus of the phone number is no longer UpdateInProgress")
	}
	if name == n.CallingName {
		return Unchanged, nil
	}
	n.CallingName, n.NamedAt, n.UpdatedAt = name, src.Now(), src.Now()
	return Changed, nil
}

// NameStatusAt returns how far the last change of the calling name has come by then.
func (n *Number) NameStatusAt(now time.Time) CallingNameStatus {
	switch {
	case !n.NamedAt.IsZero() && now.Before(n.NamedAt.Add(NameTime)):
		return NameInProgress
	case n.CallingName == "":
		return NameUnassigned
	}
	return NameSucceeded
}

// NumberSettings are what holds for all numbers of a tenant.
type NumberSettings struct {
	CallingName string    // of numbers without one of their own
	UpdatedAt   time.Time // zero if it was never set
}

// SetCallingName replaces the default calling name, once in seven days (documented: model UpdatePhoneNumberSettings). The
// same name again is no change, so that a client may repeat its call (decided).
func (s *NumberSettings) SetCallingName(src Source, name string) (Outcome, error) {
	now := src.Now()
	if !s.UpdatedAt.IsZero() && name == s.CallingName {
		return Unchanged, nil
	}
	if free := s.UpdatedAt.Add(DefaultNameTime); !s.UpdatedAt.IsZero() && now.Before(free) {
		return Unchanged, BadRequest.Errorf("CallingName can be changed once in 7 days, next at %s", free.Format("2006-01-02T15:04:05.000Z07:00"))
	}
	s.CallingName, s.UpdatedAt = name, now
	return Changed, nil
}
