package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"github.com/carillon-server/carillon/internal/chime"
)

// SealAudit seals what has been recorded since the last time and is settled: of the tenants that this process made records
// for or found at the start, or of all. What could not be sealed is tried again the next time all are.
func (db *DB) SealAudit(ctx context.Context, now time.Time, all bool) error {
	tenants := db.auditor.takeUnsealed()
	if all {
		var err error
		if tenants, err = db.tenantsWithRecords(ctx); err != nil {
			return err
		}
	}
	// Also with nothing to seal, so that nobody waits for this process.
	settled, err := db.engine.settled(ctx)
	if err != nil {
		return errors.Join(err, db.recordedAll(tenants))
	}
	var errs []error
	for _, tenant := range tenants {
		more := true
		for more && err == nil {
			more, err = db.seal(ctx, tenant, settled, now)
		}
		errs = append(errs, err)
		err = nil
	}
	return errors.Join(errs...)
}

func (a *auditor) takeUnsealed() (tenants []chime.Tenant) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for t := range a.unsealed {
		tenants = append(tenants, t)
	}
	clear(a.unsealed)
	slices.Sort(tenants)
	return tenants
}

func (db *DB) recordedAll(tenants []chime.Tenant) error {
	for _, t := range tenants {
		db.auditor.recorded(t)
	}
	return nil
}

// seal adds a seal to a tenant's, and reports whether there is more to be sealed. What came while it looked, or is not
// settled yet, is left for the next time.
func (db *DB) seal(ctx context.Context, tenant chime.Tenant, settled moment, now time.Time) (more bool, err error) {
	var before *SealHead
	var found []*AuditRecord
	unsettled := false
	err = db.View(ctx, tenant, func(t *Tx) (err error) {
		if before, err = t.SealHead(); err != nil {
			return err
		}
		var last chime.ID
		if before != nil {
			last = before.Last
		}
		if found, err = t.auditSums(last, settled.end(), maxSealed); err != nil || len(found) == maxSealed {
			return err
		}
		late, err := t.auditSums(settled.end(), lastID, 1)
		unsettled = len(late) > 0
		return err
	})
	if err != nil {
		return false, err
	}
	if unsettled {
		db.auditor.recorded(tenant)
	}
	if len(found) == 0 {
		return false, nil
	}
	s := following(before, now)
	hash := sha256.New()
	for _, r := range found {
		s.IDs = append(s.IDs, r.ID)
		hash.Write(r.sum[:])
	}
	hash.Sum(s.sums[:0])
	added, err := db.addSeal(ctx, tenant, before, s)
	if !added { // another server has sealed meanwhile
		db.auditor.recorded(tenant)
	}
	return added && len(found) == maxSealed, err
}

// lastID is later than any.
var lastID = chime.ID(bytes.Repeat([]byte{0xff}, 16))

// following returns a seal that follows the last one and covers nothing yet.
func following(before *SealHead, now time.Time) *Seal {
	s := &Seal{Number: 1, At: now, sums: sha256.Sum256(nil)}
	if before != nil {
		s.Number, s.Previous, s.After = before.Number+1, before.Signature, before.Last
	}
	return s
}

// addSeal adds a seal unless the last is not any more the one that it follows. It goes on saying what was removed.
func (db *DB) addSeal(ctx context.Context, tenant chime.Tenant, before *SealHead, s *Seal) (bool, error) {
	var added bool // not a result of the function: returning would write to it while the closure may still be running
	err := db.Update(ctx, tenant, func(t *Tx) error {
		now, err := t.SealHead()
		if err != nil {
			return err
		}
		if added = (now == nil) == (before == nil) && (now == nil || now.Signature == before.Signature); !added {
			return nil
		}
		if before != nil {
			last, err := t.Seals(before.Number-1, 1)
			if err != nil {
				return err
			}
			if len(last) > 0 && last[0].intact {
				s.Removed = max(s.Removed, last[0].Removed)
			}
		}
		t.insertSeal(s, before == nil)
		return nil
	})
	if err != nil {
		return false, err // without reading added, if ctx has ended
	}
	return added, nil
}

// auditSums is auditUpTo without the records themselves.
func (t *Tx) auditSums(after, last chime.ID, limit int) ([]*AuditRecord, error) {
	return query(t, scanAuditSum, `
		select id, sum from audit
		where tenant = $1 and id > $2 and id <= $3
		order by id limit $4`,
		t.tenant, after[:], last[:], limit)
}

func scanAuditSum(_ *Tx, row scanner) (*AuditRecord, error) {
	var r AuditRecord
	var sum []byte
	err := row.Scan((*id)(&r.ID), &sum)
	copy(r.sum[:], sum)
	return &r, err
}
