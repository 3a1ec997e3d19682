package store

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/carillon-server/carillon/internal/chime"
)

// Mark is what a create leaves behind so that its repetition is known: 16 bytes of a hash over who asked for what in
// which attempt. The zero Mark is none: the call cannot be repeated.
type Mark [16]byte

// IsZero reports whether the mark is none.
func (m Mark) IsZero() bool { return m == Mark{} }

// MarkLife is how long a repetition gets the first answer (decided).
const MarkLife = 15 * time.Minute

func scanMark(_ *Tx, row scanner) (*Mark, error) {
	var m id
	err := row.Scan(&m)
	return (*Mark)(&m), err
}

func scanMade(_ *Tx, row scanner) (*chime.ID, error) {
	var i id
	err := row.Scan(&i)
	return (*chime.ID)(&i), err
}

// Made returns the ID of what the marked call made, or nil if nothing is known of it.
func (t *Tx) Made(m Mark) (*chime.ID, error) {
	return queryRow(t, scanMade, `
		select made from marks
		where tenant = $1 and mark = $2`,
		t.tenant, m[:])
}

// InsertMark notes that the marked call made the thing, and meets MarkMade if such a call has made one before.
func (t *Tx) InsertMark(m Mark, made chime.ID) {
	t.queue(`
		insert into marks (tenant, mark, made)
		values ($1, $2, $3)`,
		t.tenant, m[:], made[:])
}

// DeleteMark forgets a marked call.
func (t *Tx) DeleteMark(m Mark) {
	t.queue(`
		delete from marks
		where tenant = $1 and mark = $2`,
		t.tenant, m[:])
}

// ClearMarks forgets the calls of all tenants that were made longer than MarkLife before now.
func (db *DB) ClearMarks(ctx context.Context, now time.Time) error {
	var before chime.ID
	binary.BigEndian.PutUint64(before[:], uint64(now.Add(-MarkLife).UnixMilli())<<16)
	return db.Update(ctx, 0, func(t *Tx) error {
		t.queue(`delete from marks where made < $1`, before[:])
		return nil
	})
}
