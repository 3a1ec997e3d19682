package store

import "fmt"

// directory are the tables of what a tenant holds. What says who may call, and what records who did, is not among them.
var directory = []string{
	"accounts", "users", "domains", "global_settings", "jobs", "number_holds", "numbers", "number_orders",
	"number_settings", "dial_outs", "rooms", "memberships", "bots", "bot_events", "messages", "webhooks", "conversations",
	"conversation_members", "retention",
}

// Contents is all that a tenant holds, as rows of the tables in which it is.
type Contents struct{ rows [][][]any }

// Size returns how many rows there are.
func (c *Contents) Size() int {
	n := 0
	for _, table := range c.rows {
		n += len(table)
	}
	return n
}

// Contents reads all that the tenant holds. It is meant for a transaction that writes, in which all of it is of one moment.
func (t *Tx) Contents() (*Contents, error) {
	c := &Contents{}
	for _, table := range directory {
		var rows [][]any
		// Whole rows, whatever columns they have, go back into the table they came from.
		err := t.reads.query(func(r scanner) error {
			row, err := valuesOf(r)
			rows = append(rows, row)
			return err
		}, "select * from "+table+" where tenant = $1", t.tenant)
		if err != nil {
			return nil, fmt.Errorf("read the tenant's %s: %w", table, err)
		}
		c.rows = append(c.rows, rows)
	}
	return c, nil
}

func valuesOf(r scanner) ([]any, error) {
	if r, ok := r.(pgRow); ok {
		return r.rows.Values()
	}
	return r.(row).values(), nil
}

// Clear removes all that the tenant holds.
func (t *Tx) Clear() {
	delete(t.pins, t.tenant)
	t.queue(`
		update number_stock set available = 1
		where number in (select number from number_holds where tenant = $1)`,
		t.tenant)
	for _, table := range directory {
		t.queue("delete from "+table+" where tenant = $1", t.tenant)
	}
}

// ClearAll removes all that all tenants hold, and lets the clock show the time.
func (t *Tx) ClearAll() {
	clear(t.pins)
	t.queue(`update number_stock set available = 1`)
	for _, table := range directory {
		t.queue("delete from " + table)
	}
	t.SetAdvance(0)
}

// Replace puts contents in the place of all that the tenant holds. NumberHeld is met where another tenant has taken one of
// the numbers meanwhile. Jobs that were under way when the contents were read are free to be done again.
func (t *Tx) Replace(c *Contents) {
	t.Clear()
	for i, table := range directory {
		for _, row := range c.rows[i] {
			t.queue("insert into "+table+" values "+placeholders(1, len(row)), row...)
		}
	}
	t.queue(`
		update jobs set holder = null
		where tenant = $1 and holder is not null`,
		t.tenant)
	t.queue(`
		update number_stock set available = 0
		where number in (select number from number_holds where tenant = $1)`,
		t.tenant)
}
