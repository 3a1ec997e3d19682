package store

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/carillon-server/carillon/internal/chime"
)

// Seal covers the audit records of a tenant that come after those of the seal before it: it lists their IDs, and hashes their
// sums. It is signed together with its number and with the signature of the seal before, so that none can be left out.
type Seal struct {
	Number   uint64
	At       time.Time
	Previous SealSignature // zero for the first
	After    chime.ID      // the last of what is sealed before
	IDs      []chime.ID    // of the records, in their order; none where the seal only says what was removed
	Removed  uint64        // the seals up to this one were removed with their records, as they had been kept long enough
	sums     [sha256.Size]byte

	signature SealSignature
	intact    bool
}

// SealSignature is a keyed hash over a seal.
type SealSignature [sha256.Size]byte

// maxSealed bounds the records that a seal covers, so that to check one is a small step.
const maxSealed = 2000

// Last is the ID up to which records are sealed.
func (s *Seal) Last() chime.ID {
	if len(s.IDs) == 0 {
		return s.After
	}
	return s.IDs[len(s.IDs)-1]
}

// Signature returns what the seal is signed with.
func (s *Seal) Signature() SealSignature { return s.signature }

// sealForm tells the form of a seal from others to come.
const sealForm = 1

// encode returns the seal as it is kept and signed. IDs are listed as what they are after the one before: by their moments,
// doubled, with one added where the lane is another.
func (s *Seal) encode() []byte {
	b := make([]byte, 0, 128+3*len(s.IDs))
	b = append(b, sealForm)
	b = binary.AppendUvarint(b, uint64(s.At.UnixMilli()))
	b = append(b, s.Previous[:]...)
	b = append(b, s.After[:]...)
	b = binary.AppendUvarint(b, s.Removed)
	b = append(b, s.sums[:]...)
	b = binary.AppendUvarint(b, uint64(len(s.IDs)))
	before, in, lanes := momentOf(s.After), lane{}, []lane(nil)
	for _, id := range s.IDs {
		step := uint64(momentOf(id)-before) << 1
		before = momentOf(id)
		l := laneOf(id)
		if l == in {
			b = binary.AppendUvarint(b, step)
			continue
		}
		in = l
		b = binary.AppendUvarint(b, step|1)
		n := slices.Index(lanes, l)
		if n < 0 {
			n = len(lanes)
			lanes = append(lanes, l)
			b = binary.AppendUvarint(b, uint64(n))
			b = append(b, l[:]...)
			continue
		}
		b = binary.AppendUvarint(b, uint64(n))
	}
	return b
}

var errSealForm = errors.New("a seal of an unknown form")

// decode reads what encode returned.
func (s *Seal) decode(b []byte) error {
	r := bytes.NewReader(b)
	failed := false
	number := func() uint64 {
		n, err := binary.ReadUvarint(r)
		failed = failed || err != nil
		return n
	}
	fill := func(to []byte) {
		n, _ := r.Read(to)
		failed = failed || n < len(to)
	}
	if form, err := r.ReadByte(); err != nil || form != sealForm {
		return errSealForm
	}
	s.At = time.UnixMilli(int64(number())).UTC()
	fill(s.Previous[:])
	fill(s.After[:])
	s.Removed = number()
	fill(s.sums[:])
	n := number()
	if failed || n > maxSealed {
		return errSealForm
	}
	at, in, lanes := momentOf(s.After), lane{}, []lane(nil)
	for range n {
		step := number()
		at += moment(step >> 1)
		if step&1 != 0 {
			switch i := number(); {
			case i < uint64(len(lanes)):
				in = lanes[i]
			default:
				fill(in[:])
				lanes = append(lanes, in)
			}
		}
		if failed {
			return errSealForm
		}
		s.IDs = append(s.IDs, at.in(in))
	}
	return nil
}

// sign returns the signature of an encoded seal.
func (a *auditor) sign(tenant chime.Tenant, number uint64, seal []byte) SealSignature {
	return a.keyed(func(b []byte) []byte {
		b = append(b, 's')
		b = binary.BigEndian.AppendUint64(b, uint64(tenant))
		b = binary.BigEndian.AppendUint64(b, number)
		return append(b, seal...)
	})
}

// SealHead says which seal is the last of a tenant, so that the last ones cannot be taken away without a trace.
type SealHead struct {
	Number    uint64
	Last      chime.ID
	Signature SealSignature
	Intact    bool
	sum       [sha256.Size]byte
}

func (a *auditor) headSum(tenant chime.Tenant, h *SealHead) [sha256.Size]byte {
	return a.keyed(func(b []byte) []byte {
		b = append(b, 'h')
		b = binary.BigEndian.AppendUint64(b, uint64(tenant))
		b = binary.BigEndian.AppendUint64(b, h.Number)
		b = append(b, h.Last[:]...)
		return append(b, h.Signature[:]...)
	})
}

// SealHead returns the tenant's last seal by name, nil if nothing has been sealed.
func (t *Tx) SealHead() (*SealHead, error) {
	h, err := queryRow(t, scanSealHead, `
		select number, last, signature, sum from audit_heads
		where tenant = $1`,
		t.tenant)
	if h != nil {
		sum := t.auditor.headSum(t.tenant, h)
		h.Intact = hmac.Equal(sum[:], h.sum[:])
	}
	return h, err
}

func scanSealHead(_ *Tx, row scanner) (*SealHead, error) {
	var h SealHead
	var number int64
	var signature, sum []byte
	err := row.Scan(&number, (*id)(&h.Last), &signature, &sum)
	h.Number = uint64(number)
	copy(h.Signature[:], signature)
	copy(h.sum[:], sum)
	return &h, err
}

// Seals returns at most limit seals of the tenant, in their order and after the given number.
func (t *Tx) Seals(after uint64, limit int) ([]*Seal, error) {
	return query(t, scanSeal, `
		select number, seal, signature from audit_seals
		where tenant = $1 and number > $2
		order by number limit $3`,
		t.tenant, int64(after), limit)
}

func scanSeal(t *Tx, row scanner) (*Seal, error) {
	var s Seal
	var number int64
	var body, signature []byte
	if err := row.Scan(&number, &body, &signature); err != nil {
		return nil, err
	}
	s.Number = uint64(number)
	copy(s.signature[:], signature)
	should := t.auditor.sign(t.tenant, s.Number, body)
	s.intact = hmac.Equal(should[:], signature) && s.decode(body) == nil
	return &s, nil
}

// insertSeal signs a seal and adds it behind the one before.
func (t *Tx) insertSeal(s *Seal, first bool) {
	body := s.encode()
	s.signature = t.auditor.sign(t.tenant, s.Number, body)
	h := SealHead{Number: s.Number, Last: s.Last(), Signature: s.signature}
	h.sum = t.auditor.headSum(t.tenant, &h)
	t.queueAside(`
		insert into audit_seals (tenant, number, seal, signature)
		values ($1, $2, $3, $4)`,
		t.tenant, int64(s.Number), body, s.signature[:])
	text := `
		update audit_heads
		set number = $2, last = $3, signature = $4, sum = $5
		where tenant = $1`
	if first {
		text = `
		insert into audit_heads (tenant, number, last, signature, sum)
		values ($1, $2, $3, $4, $5)`
	}
	t.queueAside(text, t.tenant, int64(h.Number), h.Last[:], h.Signature[:], h.sum[:])
}

// queueAside queues a write that changes nothing that is remembered: what audit is made of, or new users.
func (t *Tx) queueAside(text string, args ...any) {
	t.writes = append(t.writes, write{text: text, args: args, aside: true})
}
