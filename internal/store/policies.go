package store

import (
	"context"
	"database/sql"

	"github.com/carillon-server/carillon/internal/chime"
)

const grantColumns = `tenant, principal, managed, name, document, changed_at`

func scanGrant(_ *Tx, row scanner) (*chime.Grant, error) {
	var g chime.Grant
	err := row.Scan(&g.Tenant, (*id)(&g.Principal), &g.Managed, &g.Name, &g.Document, millis{&g.ChangedAt})
	return &g, err
}

// Grants returns the policies of a principal, its own first, each sort by name. There are few: the operations see to it.
func (t *Tx) Grants(p *chime.Principal) ([]*chime.Grant, error) {
	return query(t, scanGrant, `
		select `+grantColumns+` from policies
		where tenant = $1 and principal = $2
		order by managed, name`,
		p.Tenant, p.ID[:])
}

// PutGrant adds a policy to a principal or replaces the one of its sort and name. change tells this change from all others.
func (t *Tx) PutGrant(g *chime.Grant, change chime.ID) {
	t.queueAccess(`
		insert into policies (`+grantColumns+`)
		values ($1, $2, $3, $4, $5, $6)
		on conflict (tenant, principal, managed, name) do update
		set document = excluded.document, changed_at = excluded.changed_at`,
		g.Tenant, g.Principal[:], flag(g.Managed), g.Name, g.Document, toMillis(g.ChangedAt))
	t.noteGranted(g, change)
}

// DeleteGrant takes a policy from a principal. change tells this change from all others.
func (t *Tx) DeleteGrant(g *chime.Grant, change chime.ID) {
	t.queueAccess(`
		delete from policies
		where tenant = $1 and principal = $2 and managed = $3 and name = $4`,
		g.Tenant, g.Principal[:], flag(g.Managed), g.Name)
	t.noteGranted(g, change)
}

// noteGranted makes every server see, with the principal's next call, that what it may do has changed.
func (t *Tx) noteGranted(g *chime.Grant, change chime.ID) {
	t.queueAccess(`
		update principals
		set granted = $3
		where tenant = $1 and id = $2`,
		g.Tenant, g.Principal[:], change[:])
}

// Granted is what a principal may do, as of the change of that ID.
type Granted struct {
	Change chime.ID
	Grants []*chime.Grant
}

// Granted returns what a principal may do, all of it as of one moment.
func (db *DB) Granted(ctx context.Context, tenant chime.Tenant, principal chime.ID) (*Granted, error) {
	found := &Granted{}
	err := db.View(ctx, tenant, func(t *Tx) error {
		var g Granted
		scan := func(_ *Tx, row scanner) (*chime.Grant, error) {
			var change []byte
			var managed sql.NullInt64
			var name, document sql.NullString
			if err := row.Scan(&change, &managed, &name, &document); err != nil {
				return nil, err
			}
			copy(g.Change[:], change)
			return &chime.Grant{Tenant: tenant, Principal: principal, Managed: managed.Int64 != 0, Name: name.String, Document: document.String}, nil
		}
		rows, err := query(t, scan, `
			select p.granted, g.managed, g.name, g.document
			from principals p
			left join policies g on g.tenant = p.tenant and g.principal = p.id
			where p.tenant = $1 and p.id = $2
			order by g.managed, g.name`,
			tenant, principal[:])
		for _, r := range rows {
			if r.Name != "" { // the principal alone, if it has none
				g.Grants = append(g.Grants, r)
			}
		}
		found = &g
		return err
	})
	if err != nil {
		return nil, err // and leave found alone: if ctx has ended, the closure may still be running
	}
	return found, nil
}
