package store

import (
	"strings"

	"github.com/carillon-server/carillon/internal/chime"
)

const accountColumns = `id, name, type, status, default_license, supported_licenses, created_at, version`

func scanAccount(t *Tx, row scanner) (*chime.Account, error) {
	a := chime.Account{Tenant: t.tenant}
	var licenses string
	err := row.Scan((*id)(&a.ID), &a.Name, &a.Type, &a.Status, &a.DefaultLicense, &licenses, millis{&a.CreatedAt}, &a.Version)
	for l := range strings.SplitSeq(licenses, ",") {
		a.SupportedLicenses = append(a.SupportedLicenses, chime.License(l))
	}
	return &a, err
}

// Account returns the account, or nil if the tenant has no such account.
func (t *Tx) Account(account chime.ID) (*chime.Account, error) {
	return queryRow(t, scanAccount, `
		select `+accountColumns+` from accounts
		where tenant = $1 and id = $2`,
		t.tenant, account[:])
}

// Accounts returns at most limit accounts whose name begins with prefix, letter for letter, in the order of their IDs and
// after the given one.
func (t *Tx) Accounts(prefix string, after chime.ID, limit int) ([]*chime.Account, error) {
	if prefix == "" {
		return query(t, scanAccount, `
			select `+accountColumns+` from accounts
			where tenant = $1 and id > $2
			order by id limit $3`,
			t.tenant, after[:], limit)
	}
	return query(t, scanAccount, `
		select `+accountColumns+` from accounts
		where tenant = $1 and id > $2 and name >= $3 and name < $4
		order by id limit $5`,
		t.tenant, after[:], prefix, prefix+"\U0010ffff", limit)
}

// InsertAccount adds an account.
func (t *Tx) InsertAccount(a *chime.Account) {
	licenses := make([]string, len(a.SupportedLicenses))
	for i, l := range a.SupportedLicenses {
		licenses[i] = string(l)
	}
	t.queue(`
		insert into accounts (tenant, `+accountColumns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		t.tenant, a.ID[:], a.Name, string(a.Type), string(a.Status), string(a.DefaultLicense),
		strings.Join(licenses, ","), toMillis(a.CreatedAt), a.Version)
}
