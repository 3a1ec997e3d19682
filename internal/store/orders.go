package store

import (
	"strings"

	"github.com/carillon-server/carillon/internal/chime"
)

const orderColumns = `id, product_type, status, lines, created_at, updated_at`

func scanOrder(t *Tx, row scanner) (*chime.Order, error) {
	o := chime.Order{Tenant: t.tenant}
	var lines string
	err := row.Scan((*id)(&o.ID), &o.ProductType, &o.Status, &lines, millis{&o.CreatedAt}, millis{&o.UpdatedAt})
	for line := range strings.SplitSeq(lines, "\n") {
		number, _, acquired := strings.Cut(line, " ")
		o.Lines = append(o.Lines, chime.OrderLine{Number: chime.E164(number), Acquired: acquired})
	}
	return &o, err
}

// Order returns the tenant's order, or nil.
func (t *Tx) Order(order chime.ID) (*chime.Order, error) {
	return queryRow(t, scanOrder, `
		select `+orderColumns+` from number_orders
		where tenant = $1 and id = $2`,
		t.tenant, order[:])
}

// Orders returns at most limit orders of the tenant in the order of their IDs and after the given one.
func (t *Tx) Orders(after chime.ID, limit int) ([]*chime.Order, error) {
	return query(t, scanOrder, `
		select `+orderColumns+` from number_orders
		where tenant = $1 and id > $2
		order by id limit $3`,
		t.tenant, after[:], limit)
}

// InsertOrder adds an order.
func (t *Tx) InsertOrder(o *chime.Order) {
	lines := make([]string, len(o.Lines))
	for i, l := range o.Lines {
		lines[i] = string(l.Number)
		if l.Acquired {
			lines[i] += " acquired"
		}
	}
	t.queue(`
		insert into number_orders (tenant, `+orderColumns+`)
		values ($1, $2, $3, $4, $5, $6, $7)`,
		t.tenant, o.ID[:], string(o.ProductType), string(o.Status), strings.Join(lines, "\n"), toMillis(o.CreatedAt),
		toMillis(o.UpdatedAt))
}

// UpdateOrder writes how far an order has come that was read in this transaction.
func (t *Tx) UpdateOrder(o *chime.Order) {
	t.queue(`
		update number_orders
		set status = $3, updated_at = $4
		where tenant = $1 and id = $2`,
		t.tenant, o.ID[:], string(o.Status), toMillis(o.UpdatedAt))
}

func scanNumberSettings(_ *Tx, row scanner) (*chime.NumberSettings, error) {
	var s chime.NumberSettings
	err := row.Scan(&s.CallingName, millis{&s.UpdatedAt})
	return &s, err
}

// NumberSettings returns the settings of the tenant's numbers; the zero value if none were made.
func (t *Tx) NumberSettings() (*chime.NumberSettings, error) {
	s, err := queryRow(t, scanNumberSettings, `
		select calling_name, updated_at from number_settings
		where tenant = $1`,
		t.tenant)
	if s == nil && err == nil {
		s = &chime.NumberSettings{}
	}
	return s, err
}

// PutNumberSettings replaces the settings of the tenant's numbers.
func (t *Tx) PutNumberSettings(s *chime.NumberSettings) {
	t.queue(`
		insert into number_settings (tenant, calling_name, updated_at)
		values ($1, $2, $3)
		on conflict (tenant) do update
		set calling_name = excluded.calling_name, updated_at = excluded.updated_at`,
		t.tenant, s.CallingName, toMillis(s.UpdatedAt))
}
