package store

import (
	"context"
	"strings"
	"time"

	"github.com/carillon-server/carillon/internal/chime"
)

const accountColumns = `id, name, type, status, default_license, supported_licenses, created_at, version, deleted_at,
	delegate_groups, disable_remote_control, enable_dial_out`

func scanAccount(t *Tx, row scanner) (*chime.Account, error) {
	a := chime.Account{Tenant: t.tenant}
	return &a, readAccount(&a, row)
}

// readAccount reads accountColumns, then what more is given.
func readAccount(a *chime.Account, row scanner, more ...any) error {
	var licenses, groups string
	err := row.Scan(append([]any{(*id)(&a.ID), &a.Name, &a.Type, &a.Status, &a.DefaultLicense, &licenses, millis{&a.CreatedAt},
		&a.Version, millis{&a.DeletedAt}, &groups, &a.Settings.DisableRemoteControl, &a.Settings.EnableDialOut}, more...)...)
	for l := range strings.SplitSeq(licenses, ",") {
		a.SupportedLicenses = append(a.SupportedLicenses, chime.License(l))
	}
	if groups != "" {
		a.DelegateGroups = strings.Split(groups, "\n")
	}
	return err
}

// Account returns the account, or nil if the tenant has no such account or it is deleted.
func (t *Tx) Account(account chime.ID) (*chime.Account, error) {
	return queryRow(t, scanAccount, `
		select `+accountColumns+` from accounts
		where tenant = $1 and id = $2 and deleted_at is null`,
		t.tenant, account[:])
}

// host is an account and who claimed a domain.
type host struct {
	account chime.Account
	owner   *chime.ID
}

func scanHost(t *Tx, row scanner) (*host, error) {
	h := host{account: chime.Account{Tenant: t.tenant}}
	var owner []byte
	if err := readAccount(&h.account, row, &owner); err != nil {
		return nil, err
	}
	if owner != nil {
		h.owner = new(chime.ID)
		copy(h.owner[:], owner)
	}
	return &h, nil
}

// AccountAndOwner returns the account as Account does, and the account of the tenant that claimed the domain, nil if none
// did. It is one query, since every CreateUser makes it.
func (t *Tx) AccountAndOwner(account chime.ID, domain string) (*chime.Account, *chime.ID, error) {
	key := hostKey{t.tenant, account, domain}
	if known, ok := t.hosts[key]; ok {
		return &known.account, known.owner, nil // a copy: nobody changes what is remembered
	}
	if known, ok := t.shared.find(key); ok {
		t.relied = &reliance{key, known, true}
		return &known.account, known.owner, nil
	}
	h, err := queryGuarded(t, scanHost, `
		select `+accountColumns+`, (select d.account from domains d where d.tenant = $1 and d.name = $3) from accounts
		where tenant = $1 and id = $2 and deleted_at is null`,
		t.tenant, account[:], domain)
	if h == nil || err != nil {
		return nil, nil, err
	}
	t.hosts.remember(key, h)
	t.relied = &reliance{key, *h, false}
	return &h.account, h.owner, nil
}

// DeletedAccount returns the account if it is deleted, and nil otherwise.
func (t *Tx) DeletedAccount(account chime.ID) (*chime.Account, error) {
	return queryRow(t, scanAccount, `
		select `+accountColumns+` from accounts
		where tenant = $1 and id = $2 and deleted_at is not null`,
		t.tenant, account[:])
}

// Accounts returns at most limit accounts whose name begins with prefix, letter for letter, in the order of their IDs and
// after the given one. Deleted ones are not among them.
func (t *Tx) Accounts(prefix string, after chime.ID, limit int) ([]*chime.Account, error) {
	if prefix == "" {
		return query(t, scanAccount, `
			select `+accountColumns+` from accounts
			where tenant = $1 and id > $2 and deleted_at is null
			order by id limit $3`,
			t.tenant, after[:], limit)
	}
	return query(t, scanAccount, `
		select `+accountColumns+` from accounts
		where tenant = $1 and id > $2 and name >= $3 and name < $4 and deleted_at is null
		order by id limit $5`,
		t.tenant, after[:], prefix, prefix+"\U0010ffff", limit)
}

// DeletedAccounts returns at most limit accounts that were deleted after the given time, in the order of their IDs and
// after the given one.
func (t *Tx) DeletedAccounts(since time.Time, after chime.ID, limit int) ([]*chime.Account, error) {
	return query(t, scanAccount, `
		select `+accountColumns+` from accounts
		where tenant = $1 and id > $2 and deleted_at is not null and deleted_at > $3
		order by id limit $4`,
		t.tenant, after[:], since.UnixMilli(), limit)
}

// InsertAccount adds an account.
func (t *Tx) InsertAccount(a *chime.Account) {
	t.queue(`
		insert into accounts (tenant, `+accountColumns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		t.tenant, a.ID[:], a.Name, string(a.Type), string(a.Status), string(a.DefaultLicense),
		joinLicenses(a), toMillis(a.CreatedAt), a.Version, toMillis(a.DeletedAt),
		strings.Join(a.DelegateGroups, "\n"), flag(a.Settings.DisableRemoteControl),
		flag(a.Settings.EnableDialOut))
}

// UpdateAccount writes an account that was read in this transaction, and counts its version up.
func (t *Tx) UpdateAccount(a *chime.Account) {
	a.Version++
	t.queue(`
		update accounts
		set name = $3, type = $4, status = $5, default_license = $6, supported_licenses = $7, version = $8, deleted_at = $9,
			delegate_groups = $10, disable_remote_control = $11, enable_dial_out = $12
		where tenant = $1 and id = $2`,
		t.tenant, a.ID[:], a.Name, string(a.Type), string(a.Status), string(a.DefaultLicense), joinLicenses(a), a.Version,
		toMillis(a.DeletedAt), strings.Join(a.DelegateGroups, "\n"), flag(a.Settings.DisableRemoteControl),
		flag(a.Settings.EnableDialOut))
}

func joinLicenses(a *chime.Account) string {
	licenses := make([]string, len(a.SupportedLicenses))
	for i, l := range a.SupportedLicenses {
		licenses[i] = string(l)
	}
	return strings.Join(licenses, ",")
}

// UsersInTheWay counts the account's users that are not suspended, up to a limit.
func (t *Tx) UsersInTheWay(account chime.ID, limit int) (int, error) {
	n, err := queryRow(t, scanCount, `
		select count(*) from (
			select 1 from users
			where tenant = $1 and account = $2 and registration <> 'Suspended'
			limit $3) as counted`,
		t.tenant, account[:], limit)
	if err != nil {
		return 0, err
	}
	return *n, nil
}

func scanCount(_ *Tx, row scanner) (*int, error) {
	var n int
	err := row.Scan(&n)
	return &n, err
}

// PurgeAccounts forgets accounts of all tenants that were deleted at the given time or before, once their users are gone.
func (db *DB) PurgeAccounts(ctx context.Context, before time.Time) error {
	return db.Update(ctx, 0, func(t *Tx) error {
		t.queue(`
			delete from accounts
			where deleted_at <= $1 and not exists (
				select 1 from users
				where users.tenant = accounts.tenant and users.account = accounts.id)`,
			before.UnixMilli())
		return nil
	})
}
