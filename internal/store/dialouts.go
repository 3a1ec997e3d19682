package store

import (
	"time"

	"github.com/carillon-server/carillon/internal/chime"
)

// DialOut is a call that a meeting was to make. Nobody makes it.
type DialOut struct {
	ID       chime.ID
	Meeting  string
	From, To chime.E164
	By       string // the ARN of who asked for it
	AskedAt  time.Time
}

const dialOutColumns = `id, meeting, from_number, to_number, asked_by, asked_at`

func scanDialOut(_ *Tx, row scanner) (*DialOut, error) {
	var d DialOut
	var from, to string
	err := row.Scan((*id)(&d.ID), &d.Meeting, &from, &to, &d.By, millis{&d.AskedAt})
	d.From, d.To = chime.E164(from), chime.E164(to)
	return &d, err
}

// DialOuts returns at most limit calls of the tenant in the order of their IDs and after the given one.
func (t *Tx) DialOuts(after chime.ID, limit int) ([]*DialOut, error) {
	return query(t, scanDialOut, `
		select `+dialOutColumns+` from dial_outs
		where tenant = $1 and id > $2
		order by id limit $3`,
		t.tenant, after[:], limit)
}

// InsertDialOut adds a call.
func (t *Tx) InsertDialOut(d *DialOut) {
	t.queue(`
		insert into dial_outs (tenant, `+dialOutColumns+`)
		values ($1, $2, $3, $4, $5, $6, $7)`,
		t.tenant, d.ID[:], d.Meeting, string(d.From), string(d.To), d.By, toMillis(d.AskedAt))
}
