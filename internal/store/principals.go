package store

import (
	"github.com/carillon-server/carillon/internal/chime"
)

// Who has access is kept by the installation for all tenants: what follows takes the tenant rather than have it from the
// transaction.

const tenancyColumns = `tenant, name, suspended, created_at, version`

func scanTenancy(_ *Tx, row scanner) (*chime.Tenancy, error) {
	var t chime.Tenancy
	err := row.Scan(&t.Tenant, &t.Name, &t.Suspended, millis{&t.CreatedAt}, &t.Version)
	return &t, err
}

// Tenancy returns what is kept about a tenant, or nil.
func (t *Tx) Tenancy(tenant chime.Tenant) (*chime.Tenancy, error) {
	return queryRow(t, scanTenancy, `
		select `+tenancyColumns+` from tenants
		where tenant = $1`,
		tenant)
}

// Tenancies returns at most limit tenancies in the order of their numbers and after the given one.
func (t *Tx) Tenancies(after chime.Tenant, limit int) ([]*chime.Tenancy, error) {
	return query(t, scanTenancy, `
		select `+tenancyColumns+` from tenants
		where tenant > $1
		order by tenant limit $2`,
		after, limit)
}

// InsertTenancy adds a tenancy, and meets TenantTaken if there is one of that tenant.
func (t *Tx) InsertTenancy(y *chime.Tenancy) {
	t.queueAccess(`
		insert into tenants (`+tenancyColumns+`)
		values ($1, $2, $3, $4, $5)`,
		y.Tenant, y.Name, flag(y.Suspended), toMillis(y.CreatedAt), y.Version)
}

// UpdateTenancy writes a tenancy that was read in this transaction, and counts its version up.
func (t *Tx) UpdateTenancy(y *chime.Tenancy) {
	y.Version++
	t.queueAccess(`
		update tenants
		set name = $2, suspended = $3, version = $4
		where tenant = $1`,
		y.Tenant, y.Name, flag(y.Suspended), y.Version)
}

// DeleteTenancy removes a tenancy with all its principals, their keys and policies. What the tenant has besides stays.
func (t *Tx) DeleteTenancy(tenant chime.Tenant) {
	for _, table := range [...]string{"access_keys", "policies", "principals", "tenants"} {
		t.queueAccess(`
			delete from `+table+`
			where tenant = $1`,
			tenant)
	}
}

// HasDirectory reports whether a tenant has anything that outlives a call: accounts, be they deleted and not yet forgotten, or
// phone numbers.
func (t *Tx) HasDirectory(tenant chime.Tenant) (bool, error) {
	found, err := query(t, scanTenant, `
		select tenant from accounts where tenant = $1
		union
		select tenant from numbers where tenant = $1`,
		tenant)
	return len(found) > 0, err
}

// ForgetSettings removes a tenant's own settings.
func (t *Tx) ForgetSettings(tenant chime.Tenant) {
	for _, table := range [...]string{"global_settings", "number_settings", "number_orders", "dial_outs"} {
		t.queue(`
			delete from `+table+`
			where tenant = $1`,
			tenant)
	}
}

const principalColumns = `tenant, id, name, created_at`

func scanPrincipal(_ *Tx, row scanner) (*chime.Principal, error) {
	var p chime.Principal
	err := row.Scan(&p.Tenant, (*id)(&p.ID), &p.Name, millis{&p.CreatedAt})
	return &p, err
}

// Principal returns the tenant's principal of that name, in whichever case, or nil.
func (t *Tx) Principal(tenant chime.Tenant, name string) (*chime.Principal, error) {
	return queryRow(t, scanPrincipal, `
		select `+principalColumns+` from principals
		where tenant = $1 and name_key = $2`,
		tenant, chime.FoldPrincipal(name))
}

// PrincipalByID returns the tenant's principal of that ID, or nil.
func (t *Tx) PrincipalByID(tenant chime.Tenant, principal chime.ID) (*chime.Principal, error) {
	return queryRow(t, scanPrincipal, `
		select `+principalColumns+` from principals
		where tenant = $1 and id = $2`,
		tenant, principal[:])
}

// Principals returns at most limit principals of the tenant in the order of their IDs and after the given one.
func (t *Tx) Principals(tenant chime.Tenant, after chime.ID, limit int) ([]*chime.Principal, error) {
	return query(t, scanPrincipal, `
		select `+principalColumns+` from principals
		where tenant = $1 and id > $2
		order by id limit $3`,
		tenant, after[:], limit)
}

// InsertPrincipal adds a principal, and meets PrincipalName if the tenant has one of that name.
func (t *Tx) InsertPrincipal(p *chime.Principal) {
	t.queueAccess(`
		insert into principals (`+principalColumns+`, name_key)
		values ($1, $2, $3, $4, $5)`,
		p.Tenant, p.ID[:], p.Name, toMillis(p.CreatedAt), chime.FoldPrincipal(p.Name))
}

// DeletePrincipal removes a principal, its keys and its policies.
func (t *Tx) DeletePrincipal(p *chime.Principal) {
	t.queueAccess(`
		delete from policies
		where tenant = $1 and principal = $2`,
		p.Tenant, p.ID[:])
	t.queueAccess(`
		delete from access_keys
		where tenant = $1 and principal = $2`,
		p.Tenant, p.ID[:])
	t.queueAccess(`
		delete from principals
		where tenant = $1 and id = $2`,
		p.Tenant, p.ID[:])
}

const keyColumns = `id, tenant, principal, slot, inactive, created_at, last_used_at`

func keyPlaces(k *chime.AccessKey) []any {
	return []any{&k.ID, &k.Tenant, (*id)(&k.Principal), &k.Slot, &k.Inactive, millis{&k.CreatedAt}, millis{&k.LastUsedAt}}
}

func scanKey(_ *Tx, row scanner) (*chime.AccessKey, error) {
	var k chime.AccessKey
	err := row.Scan(keyPlaces(&k)...)
	return &k, err
}

// AccessKey returns the tenant's access key, or nil.
func (t *Tx) AccessKey(tenant chime.Tenant, id string) (*chime.AccessKey, error) {
	return queryRow(t, scanKey, `
		select `+keyColumns+` from access_keys
		where id = $1 and tenant = $2`,
		id, tenant)
}

// AccessKeys returns the access keys of a principal, or of the tenant's root if that is the zero ID. There are two at most.
func (t *Tx) AccessKeys(tenant chime.Tenant, principal chime.ID) ([]*chime.AccessKey, error) {
	return query(t, scanKey, `
		select `+keyColumns+` from access_keys
		where tenant = $1 and principal = $2
		order by slot`,
		tenant, principal[:])
}

// InsertAccessKey adds an access key and seals its secret. It meets KeySlot if the principal has a key in that slot.
func (t *Tx) InsertAccessKey(k *chime.AccessKey, secret string) error {
	sealed, err := t.seal("access_keys", k.Tenant, []byte(k.ID), secret)
	if err != nil {
		return err
	}
	t.queueAccess(`
		insert into access_keys (`+keyColumns+`, sealed_secret)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		k.ID, k.Tenant, k.Principal[:], k.Slot, flag(k.Inactive), toMillis(k.CreatedAt), toMillis(k.LastUsedAt), sealed)
	return nil
}

// UpdateAccessKey writes whether a key is inactive.
func (t *Tx) UpdateAccessKey(k *chime.AccessKey) {
	t.queueAccess(`
		update access_keys
		set inactive = $3
		where id = $1 and tenant = $2`,
		k.ID, k.Tenant, flag(k.Inactive))
}

// DeleteAccessKey removes a key.
func (t *Tx) DeleteAccessKey(k *chime.AccessKey) {
	t.queueAccess(`
		delete from access_keys
		where id = $1 and tenant = $2`,
		k.ID, k.Tenant)
}
