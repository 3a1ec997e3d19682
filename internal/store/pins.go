package store

import "github.com/carillon-server/carillon/internal/chime"

// pinOrder is the next PIN of each tenant that had one given since the start. It belongs to the writer of the embedded
// store, beside which nobody else gives PINs.
type pinOrder map[chime.Tenant]chime.PIN

// maxOrders bounds how many tenants are remembered; the others are looked up again.
const maxOrders = 10_000

// NextPIN returns the tenant's next PIN, one after the last that is in use, or after the last that this server has given
// where several share the store. ordered is false where there is no order: in a transaction that only reads, and where the
// last of all PINs is in use. The caller draws one then.
func (t *Tx) NextPIN() (next chime.PIN, ordered bool, err error) { return t.NextPINs(1) }

// NextPINs is NextPIN for n PINs that follow one another, of which it returns the first.
func (t *Tx) NextPINs(n int) (next chime.PIN, ordered bool, err error) {
	if t.blocks != nil {
		return t.blocks.next(t.tenant, chime.PIN(n))
	}
	if t.pins == nil {
		return 0, false, nil
	}
	next, known := t.pins[t.tenant]
	if !known || t.met == UserPIN {
		last, err := t.lastPIN()
		if err != nil {
			return 0, false, err
		}
		if last != nil {
			next = *last + 1
		}
	}
	if !(next + chime.PIN(n) - 1).Valid() {
		return 0, false, nil
	}
	if len(t.pins) >= maxOrders {
		clear(t.pins)
	}
	t.pins[t.tenant] = next + chime.PIN(n) // whatever becomes of the operation: a PIN that is left out is no loss
	return next, true, nil
}

// lastPIN returns the last of the tenant's PINs that is in use, or nil.
func (t *Tx) lastPIN() (*chime.PIN, error) {
	return queryRow(t, scanPIN, `
		select pin from users
		where tenant = $1 and pin is not null
		order by pin desc limit 1`,
		t.tenant)
}

func scanPIN(_ *Tx, row scanner) (*chime.PIN, error) {
	var p chime.PIN
	err := row.Scan(&p)
	return &p, err
}
