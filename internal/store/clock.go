package store

import (
	"context"
	"time"
)

func scanAdvance(_ *Tx, row scanner) (*time.Duration, error) {
	var ms int64
	err := row.Scan(&ms)
	advance := time.Duration(ms) * time.Millisecond
	return &advance, err
}

// Advance returns by how much the installation's clock is before the time: nothing, unless tests advanced it.
func (t *Tx) Advance() (time.Duration, error) {
	advance, err := queryRow(t, scanAdvance, `
		select advance from test_clock
		where id = 1`)
	if advance == nil || err != nil {
		return 0, err
	}
	return *advance, nil
}

// SetAdvance puts the installation's clock before the time.
func (t *Tx) SetAdvance(advance time.Duration) {
	t.queue(`
		insert into test_clock (id, advance)
		values (1, $1)
		on conflict (id) do update
		set advance = excluded.advance`,
		advance.Milliseconds())
}

// Advance returns what [Tx.Advance] does.
func (db *DB) Advance(ctx context.Context) (advance time.Duration, err error) {
	err = db.View(ctx, 0, func(t *Tx) error {
		advance, err = t.Advance()
		return err
	})
	return advance, err
}
