package store

import (
	"bytes"
	"context"
	"time"

	"github.com/carillon-server/carillon/internal/chime"
)

// retireStep is how many records a transaction removes.
const retireStep = 1000

// RetireAudit removes the records of all tenants that were made before a time, with their seals, in small steps. Whole seals
// go, and another one is added before, which says so: what is left can still be checked. What is not sealed stays.
func (db *DB) RetireAudit(ctx context.Context, before, now time.Time) error {
	tenants, err := db.tenantsWithRecords(ctx)
	if err != nil {
		return err
	}
	for _, tenant := range tenants {
		if err := db.retire(ctx, tenant, before, now); err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) retire(ctx context.Context, tenant chime.Tenant, before, now time.Time) error {
	var head *SealHead
	var removed, through uint64
	var last chime.ID
	err := db.View(ctx, tenant, func(t *Tx) (err error) {
		if head, err = t.SealHead(); head == nil || err != nil {
			return err
		}
		if removed, err = t.removedSeals(); err != nil {
			return err
		}
		through, last, err = t.oldSeals(AuditMoment(before))
		return err
	})
	if head == nil || through == 0 || err != nil {
		return err
	}
	if through > removed {
		s := following(head, now)
		s.Removed = through
		added, err := db.addSeal(ctx, tenant, head, s)
		if !added || err != nil {
			return err // another server sealed meanwhile: the next time will do
		}
	}
	return db.removeSealed(ctx, tenant, through, last)
}

// oldSeals returns the number of the last seal whose records were all made before an ID, and the last of them; 0 for none.
// Of those that are there: some may have been removed already.
func (t *Tx) oldSeals(before chime.ID) (through uint64, last chime.ID, err error) {
	for after := uint64(0); ; {
		seals, err := t.Seals(after, 100)
		if err != nil {
			return 0, last, err
		}
		for _, s := range seals {
			end := s.Last()
			if !s.intact || bytes.Compare(end[:], before[:]) >= 0 {
				return through, last, nil
			}
			if after = s.Number; len(s.IDs) > 0 { // one that only says what was removed goes with those behind it
				through, last = s.Number, end
			}
		}
		if len(seals) == 0 {
			return through, last, nil
		}
	}
}

// removeSealed removes the records up to one, then the seals up to one, then contexts that nothing names any more.
func (db *DB) removeSealed(ctx context.Context, tenant chime.Tenant, through uint64, last chime.ID) error {
	for {
		var left []*AuditRecord
		err := db.View(ctx, tenant, func(t *Tx) (err error) {
			left, err = t.auditSums(chime.ID{}, last, retireStep)
			return err
		})
		if err != nil {
			return err
		}
		if len(left) == 0 {
			break
		}
		err = db.Update(ctx, tenant, func(t *Tx) error {
			t.queueAside(`
				delete from audit
				where tenant = $1 and id <= $2`,
				t.tenant, left[len(left)-1].ID[:])
			return nil
		})
		if err != nil {
			return err
		}
	}
	return db.Update(ctx, tenant, func(t *Tx) error {
		t.queueAside(`
			delete from audit_seals
			where tenant = $1 and number <= $2`,
			t.tenant, int64(through))
		t.queueAside(`
			delete from audit_contexts
			where tenant = $1 and month < $2`,
			t.tenant, month(last))
		return nil
	})
}
