package store

import (
	"bytes"
	"crypto/sha256"

	"github.com/carillon-server/carillon/internal/chime"
)

// AuditFault is the first thing found that is not as it was sealed.
type AuditFault struct {
	Kind   AuditFaultKind
	Record chime.ID // zero if it is about a seal
	Seal   uint64   // the seal itself, or the one that covers the record; 0 if there is none
}

// AuditFaultKind says what is wrong.
type AuditFaultKind string

// The kinds of faults. The head is what names the last seal.
const (
	RecordRemoved AuditFaultKind = "RecordRemoved"
	RecordAdded   AuditFaultKind = "RecordAdded"
	RecordAltered AuditFaultKind = "RecordAltered"
	SealRemoved   AuditFaultKind = "SealRemoved"
	SealAdded     AuditFaultKind = "SealAdded"
	SealAltered   AuditFaultKind = "SealAltered"
	HeadRemoved   AuditFaultKind = "HeadRemoved"
	HeadAltered   AuditFaultKind = "HeadAltered"
)

// AuditCheck is what a step of checking found.
type AuditCheck struct {
	Seals, Records int         // that were checked in this step
	Through        uint64      // the last seal that was checked
	Head           *SealHead   // nil if nothing has been sealed
	Removed        uint64      // the seals up to this one were removed by retention
	Done           bool        // that was the last seal
	Fault          *AuditFault // nil if all is well so far
}

// A step of checking ends once it has seen so many.
const (
	checkedRecords = 5000
	checkedSeals   = 500
)

// CheckSeals checks some of the tenant's seals with their records, in order and after the one with that number.
func (t *Tx) CheckSeals(after uint64) (c AuditCheck, err error) {
	c.Through = after
	if c.Head, err = t.SealHead(); err != nil {
		return c, err
	}
	if c.Head == nil {
		return c, t.checkNothing(&c)
	}
	if !c.Head.Intact {
		c.Fault = &AuditFault{Kind: HeadAltered, Seal: c.Head.Number}
		return c, nil
	}
	if c.Removed, err = t.removedSeals(); err != nil {
		return c, err
	}
	c.Through = max(c.Through, c.Removed)
	var before *Seal
	if c.Through > c.Removed {
		previous, err := t.Seals(c.Through-1, 1)
		if err != nil {
			return c, err
		}
		if len(previous) > 0 && previous[0].Number == c.Through {
			before = previous[0]
		}
	}
	for c.Seals < checkedSeals && c.Records < checkedRecords && c.Through < c.Head.Number {
		next, err := t.Seals(c.Through, 1)
		if err != nil {
			return c, err
		}
		fault, err := t.checkSeal(c.Through+1, before, next)
		if err != nil {
			return c, err
		}
		if fault != nil {
			// It may have been removed since this began, as it had been kept long enough.
			removed, err := t.removedSeals()
			if err != nil {
				return c, err
			}
			if removed > c.Through {
				c.Through, c.Removed, before = removed, removed, nil
				continue
			}
			c.Fault = fault
			return c, nil
		}
		before = next[0]
		c.Through = before.Number
		c.Seals++
		c.Records += len(before.IDs)
	}
	if c.Done = c.Through >= c.Head.Number; c.Done {
		return c, t.checkEnd(&c, before)
	}
	return c, nil
}

// checkNothing finds seals although nothing says that there are any.
func (t *Tx) checkNothing(c *AuditCheck) error {
	c.Done = true
	left, err := t.Seals(0, 1)
	if len(left) == 0 || err != nil {
		return err
	}
	// They may have been made since the head was looked for.
	head, err := t.SealHead()
	if head == nil {
		c.Fault = &AuditFault{Kind: HeadRemoved}
	}
	return err
}

// checkEnd finds what comes after the last seal, or a last seal that is another.
func (t *Tx) checkEnd(c *AuditCheck, last *Seal) error {
	if last != nil && last.Number == c.Head.Number && (last.signature != c.Head.Signature || last.Last() != c.Head.Last) {
		c.Fault = &AuditFault{Kind: HeadAltered, Seal: c.Head.Number}
		return nil
	}
	more, err := t.Seals(c.Head.Number, 1)
	if len(more) == 0 || err != nil {
		return err
	}
	head, err := t.SealHead()
	if err == nil && (head == nil || head.Number < more[0].Number) {
		c.Fault = &AuditFault{Kind: SealAdded, Seal: more[0].Number}
	}
	return err
}

// removedSeals returns up to which number seals were removed by retention, as the last seal that is there says, or the one
// before it.
func (t *Tx) removedSeals() (uint64, error) {
	last, err := query(t, scanSeal, `
		select number, seal, signature from audit_seals
		where tenant = $1
		order by number desc limit 2`,
		t.tenant)
	for _, s := range last {
		if s.intact {
			return s.Removed, err
		}
	}
	return 0, err
}

// checkSeal checks a seal, which has to have a number and to follow the one before if that is there, and its records.
func (t *Tx) checkSeal(number uint64, before *Seal, found []*Seal) (*AuditFault, error) {
	if len(found) == 0 || found[0].Number != number {
		return &AuditFault{Kind: SealRemoved, Seal: number}, nil
	}
	s := found[0]
	if !s.intact || before != nil && (s.Previous != before.signature || s.After != before.Last()) {
		return &AuditFault{Kind: SealAltered, Seal: number}, nil
	}
	records, err := t.auditUpTo(s.After, s.Last(), len(s.IDs)+1)
	if err != nil {
		return nil, err
	}
	hash := sha256.New()
	for i, want := range s.IDs {
		if len(records) <= i {
			return &AuditFault{RecordRemoved, want, number}, nil
		}
		r := records[i]
		hash.Write(r.sum[:])
		switch order := bytes.Compare(r.ID[:], want[:]); {
		case order < 0:
			return &AuditFault{RecordAdded, r.ID, number}, nil
		case order > 0:
			return &AuditFault{RecordRemoved, want, number}, nil
		case !r.Intact:
			return &AuditFault{RecordAltered, want, number}, nil
		}
	}
	if len(records) > len(s.IDs) {
		return &AuditFault{RecordAdded, records[len(s.IDs)].ID, number}, nil
	}
	if [sha256.Size]byte(hash.Sum(nil)) != s.sums {
		return &AuditFault{Kind: SealAltered, Seal: number}, nil
	}
	return nil, nil
}

// CheckTail counts records after one, and checks that each is as it was written. They are not sealed yet: whether any is
// missing cannot be known.
func (t *Tx) CheckTail(after chime.ID) (n int, last chime.ID, fault *AuditFault, err error) {
	found, err := t.auditUpTo(after, lastID, checkedRecords)
	for _, r := range found {
		n++
		if last = r.ID; !r.Intact && fault == nil {
			fault = &AuditFault{Kind: RecordAltered, Record: r.ID}
		}
	}
	return n, last, fault, err
}

// TailPage is how many records CheckTail counts at most.
const TailPage = checkedRecords
