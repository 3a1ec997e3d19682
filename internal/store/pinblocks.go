package store

import (
	"context"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/carillon-server/carillon/internal/chime"
)

// pinBlock is how many PINs a server takes at a time. What is left of a block when the server ends is left out.
const pinBlock = 10_000

// pinBlocks are the PINs that this server has taken for itself from the order that all share. Safe for concurrent use.
type pinBlocks struct {
	// A block is taken over a connection beyond the pool's: whoever needs a PIN may hold one of those, and all of them may
	// be held by such.
	config *pgx.ConnConfig

	mu     sync.Mutex // held while a block is taken: who needs it waits
	blocks map[chime.Tenant]pinRange
}

// pinRange is what is left of a block; where PINs are drawn, there is no order and no end.
type pinRange struct {
	next, end chime.PIN
	drawn     bool
}

func newPINBlocks(pool *pgxpool.Pool) *pinBlocks {
	return &pinBlocks{config: pool.Config().ConnConfig, blocks: map[chime.Tenant]pinRange{}}
}

// next returns the first of n PINs that follow one another.
func (b *pinBlocks) next(tenant chime.Tenant, n chime.PIN) (next chime.PIN, ordered bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	left := b.blocks[tenant]
	if left.end-left.next < n && !left.drawn {
		if left, err = b.take(tenant, max(n, pinBlock)); err != nil {
			return 0, false, fmt.Errorf("take PINs: %w", err)
		}
	}
	next = left.next
	if !left.drawn {
		left.next += n
	}
	if len(b.blocks) >= maxOrders {
		clear(b.blocks)
	}
	b.blocks[tenant] = left
	return next, !left.drawn, nil
}

// drop forgets what is left for a tenant, in whose order somebody else has given PINs.
func (b *pinBlocks) drop(tenant chime.Tenant) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.blocks, tenant)
}

// take takes a block of n for the tenant. It begins behind all that were taken, and behind the last PIN that is in use: a copy
// from another store has PINs and no blocks. Where nobody knows whether the block was taken, it is left out.
func (b *pinBlocks) take(tenant chime.Tenant, n chime.PIN) (taken pinRange, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), attemptTime)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, b.config)
	if err != nil {
		return taken, err
	}
	defer conn.Close(ctx)
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.Serializable}, func(tx pgx.Tx) error {
		t := Tx{tenant: tenant, reads: pgSession{ctx, tx}}
		begin, err := queryRow(&t, scanPIN, `select next from pin_blocks where tenant = $1`, tenant)
		if err != nil {
			return err
		}
		last, err := t.lastPIN()
		if err != nil {
			return err
		}
		if begin != nil {
			taken.next = *begin
		}
		if last != nil {
			taken.next = max(taken.next, *last+1)
		}
		taken.end = taken.next + n
		if !(taken.end - 1).Valid() {
			taken.drawn = true
			return nil
		}
		_, err = tx.Exec(ctx, `
			insert into pin_blocks (tenant, next)
			values ($1, $2)
			on conflict (tenant) do update set next = excluded.next`,
			tenant, int64(taken.end))
		return err
	})
	return taken, err
}
