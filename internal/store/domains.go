package store

import "github.com/carillon-server/carillon/internal/chime"

const domainColumns = `id, account, name, claimed_at`

func scanDomain(t *Tx, row scanner) (*chime.Domain, error) {
	d := chime.Domain{Tenant: t.tenant}
	err := row.Scan((*id)(&d.ID), (*id)(&d.AccountID), &d.Name, millis{&d.ClaimedAt})
	return &d, err
}

// Domain returns the claimed domain of that name, which is in lower case, or nil.
func (t *Tx) Domain(name string) (*chime.Domain, error) {
	return queryRow(t, scanDomain, `
		select `+domainColumns+` from domains
		where tenant = $1 and name = $2`,
		t.tenant, name)
}

// Domains returns at most limit claimed domains of the tenant in the order of their IDs and after the given one.
func (t *Tx) Domains(after chime.ID, limit int) ([]*chime.Domain, error) {
	return query(t, scanDomain, `
		select `+domainColumns+` from domains
		where tenant = $1 and id > $2
		order by id limit $3`,
		t.tenant, after[:], limit)
}

// DomainsOfAccount returns at most limit domains of the account in the order of their IDs and after the given one.
func (t *Tx) DomainsOfAccount(account, after chime.ID, limit int) ([]*chime.Domain, error) {
	return query(t, scanDomain, `
		select `+domainColumns+` from domains
		where tenant = $1 and account = $2 and id > $3
		order by id limit $4`,
		t.tenant, account[:], after[:], limit)
}

// InsertDomain adds a claimed domain, and meets DomainName if it is claimed already.
func (t *Tx) InsertDomain(d *chime.Domain) {
	t.queue(`
		insert into domains (tenant, `+domainColumns+`)
		values ($1, $2, $3, $4, $5)`,
		t.tenant, d.ID[:], d.AccountID[:], d.Name, toMillis(d.ClaimedAt))
}

// DeleteDomain removes a claimed domain.
func (t *Tx) DeleteDomain(d *chime.Domain) {
	t.queue(`
		delete from domains
		where tenant = $1 and id = $2`,
		t.tenant, d.ID[:])
}
