package store

import (
	"strings"
	"time"

	"github.com/carillon-server/carillon/internal/chime"
)

const numberColumns = `number, country, type, product_type, product_types, acquired, created_at, updated_at, deleted_at, account,
	user_id, associated_at, calling_name, named_at`

func scanNumber(t *Tx, row scanner) (*chime.Number, error) {
	n := chime.Number{Tenant: t.tenant}
	var number, products string
	var account, user []byte
	err := row.Scan(&number, &n.Country, &n.Type, &n.ProductType, &products, &n.Acquired, millis{&n.CreatedAt}, millis{&n.UpdatedAt},
		millis{&n.DeletedAt}, &account, &user, millis{&n.AssociatedAt}, &n.CallingName, millis{&n.NamedAt})
	n.Number, n.ProductTypes = chime.E164(number), splitProducts(products)
	copy(n.AccountID[:], account)
	copy(n.UserID[:], user)
	return &n, err
}

func joinProducts(products []chime.ProductType) string {
	names := make([]string, len(products))
	for i, p := range products {
		names[i] = string(p)
	}
	return strings.Join(names, ",")
}

func splitProducts(s string) (products []chime.ProductType) {
	for p := range strings.SplitSeq(s, ",") {
		products = append(products, chime.ProductType(p))
	}
	return products
}

// Number returns the number if it is in the tenant's inventory, or nil. The deletion queue may have let go of it: see
// chime.Number.GoneAt.
func (t *Tx) Number(number chime.E164) (*chime.Number, error) {
	return queryRow(t, scanNumber, `
		select `+numberColumns+` from numbers
		where tenant = $1 and number = $2`,
		t.tenant, string(number))
}

// NumberFilter says which numbers of an inventory are wanted. Empty members are any.
type NumberFilter struct {
	Status      chime.NumberStatus
	ProductType chime.ProductType
	AccountID   *chime.ID
	UserID      *chime.ID
}

// conditions are texts, so that the indexes on the few serve, and their parameters, of which the next is $n.
func (f NumberFilter) conditions(n int) (text string, args []any) {
	switch f.Status {
	case chime.AcquireInProgress:
		text += ` and acquired = 0`
	case chime.ReleaseInProgress:
		text += ` and deleted_at is not null`
	case chime.Assigned:
		text += ` and account is not null`
	case chime.Unassigned:
		text += ` and acquired = 1 and deleted_at is null and account is null`
	}
	for _, c := range []struct {
		name  string
		value any
		given bool
	}{
		{"product_type", string(f.ProductType), f.ProductType != ""},
		{"account", idValue(f.AccountID), f.AccountID != nil},
		{"user_id", idValue(f.UserID), f.UserID != nil},
	} {
		if c.given {
			text += ` and ` + c.name + ` = $` + string(rune('0'+n))
			args = append(args, c.value)
			n++
		}
	}
	return text, args
}

func idValue(i *chime.ID) any {
	if i == nil {
		return nil
	}
	return i[:]
}

// Numbers returns at most limit numbers of the tenant's inventory, in the order of their digits and after the given one.
// Those that the deletion queue has let go of by now are not among them.
func (t *Tx) Numbers(f NumberFilter, now time.Time, after chime.E164, limit int) ([]*chime.Number, error) {
	more, args := f.conditions(5)
	return query(t, scanNumber, `
		select `+numberColumns+` from numbers
		where tenant = $1 and number > $2 and (deleted_at is null or deleted_at > $3)`+more+`
		order by number limit $4`,
		append([]any{t.tenant, string(after), now.Add(-chime.QueueTime).UnixMilli(), limit}, args...)...)
}

// CountNumbers counts the numbers of the tenant's inventory that are not in the deletion queue, up to a limit.
func (t *Tx) CountNumbers(limit int) (int, error) {
	n, err := queryRow(t, scanCount, `
		select count(*) from (
			select 1 from numbers
			where tenant = $1 and deleted_at is null
			limit $2) as counted`,
		t.tenant, limit)
	if err != nil {
		return 0, err
	}
	return *n, nil
}

// InsertNumber puts a number into the tenant's inventory, and meets NumberHeld if one of the installation has it.
func (t *Tx) InsertNumber(n *chime.Number) {
	t.queue(`
		insert into number_holds (number, tenant)
		values ($1, $2)`,
		string(n.Number), t.tenant)
	t.setAvailable(n.Number, false)
	t.queue(`
		insert into numbers (tenant, `+numberColumns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		t.numberValues(n)...)
}

func (t *Tx) numberValues(n *chime.Number) []any {
	var account, user any
	if n.UserID != (chime.ID{}) {
		account, user = n.AccountID[:], n.UserID[:]
	}
	return []any{t.tenant, string(n.Number), n.Country, string(n.Type), string(n.ProductType), joinProducts(n.ProductTypes),
		flag(n.Acquired), toMillis(n.CreatedAt), toMillis(n.UpdatedAt), toMillis(n.DeletedAt), account, user,
		toMillis(n.AssociatedAt), n.CallingName, toMillis(n.NamedAt)}
}

// UpdateNumber writes a number that was read in this transaction.
func (t *Tx) UpdateNumber(n *chime.Number) {
	t.queue(`
		update numbers
		set country = $3, type = $4, product_type = $5, product_types = $6, acquired = $7, created_at = $8, updated_at = $9,
			deleted_at = $10, account = $11, user_id = $12, associated_at = $13, calling_name = $14, named_at = $15
		where tenant = $1 and number = $2`,
		t.numberValues(n)...)
}

// DeleteNumber takes a number out of the tenant's inventory for good: everybody can order it again.
func (t *Tx) DeleteNumber(n *chime.Number) {
	t.queue(`
		delete from numbers
		where tenant = $1 and number = $2`,
		t.tenant, string(n.Number))
	t.queue(`
		delete from number_holds
		where number = $1 and tenant = $2`,
		string(n.Number), t.tenant)
	t.setAvailable(n.Number, true)
}

func scanE164(_ *Tx, row scanner) (*chime.E164, error) {
	var number string
	err := row.Scan(&number)
	return (*chime.E164)(&number), err
}

// HeldNumbers returns the numbers from first to last that tenants of the installation have, in order.
func (t *Tx) HeldNumbers(first, last chime.E164) ([]*chime.E164, error) {
	return query(t, scanE164, `
		select number from number_holds
		where number >= $1 and number <= $2
		order by number`,
		string(first), string(last))
}

// IsHeld reports whether a tenant of the installation has the number.
func (t *Tx) IsHeld(number chime.E164) (bool, error) {
	held, err := queryRow(t, scanE164, `
		select number from number_holds
		where number = $1`,
		string(number))
	return held != nil, err
}
