package store

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/seal/sealtest"
)

const auditTenant chime.Tenant = 123456789012

// sealed is a store with six records under three seals, and one that is not sealed.
type sealed struct {
	*DB
	ids []chime.ID
	t   *testing.T
}

func newSealed(t *testing.T) *sealed {
	t.Helper()
	db, err := Open(t.Context(), t.TempDir(), rand.Reader, sealtest.Keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s := &sealed{DB: db, t: t}
	for n := range 7 {
		s.update(func(tx *Tx) { tx.Record(time.Now(), []byte("context"), []byte(fmt.Sprint("record ", n))) })
		if n%2 == 1 {
			if err := db.SealAudit(t.Context(), time.Now(), false); err != nil {
				t.Fatal(err)
			}
		}
	}
	err = db.View(t.Context(), auditTenant, func(tx *Tx) error {
		found, err := tx.auditUpTo(chime.ID{}, lastID, 10)
		for _, r := range found {
			s.ids = append(s.ids, r.ID)
		}
		return err
	})
	if err != nil || len(s.ids) != 7 {
		t.Fatalf("%d records, %v", len(s.ids), err)
	}
	return s
}

func (s *sealed) update(fn func(*Tx)) {
	s.t.Helper()
	if err := s.Update(s.t.Context(), auditTenant, func(tx *Tx) error { fn(tx); return nil }); err != nil {
		s.t.Fatal(err)
	}
}

// exec does to the database what somebody does who has got at it.
func (s *sealed) exec(text string, args ...any) {
	s.t.Helper()
	s.update(func(tx *Tx) { tx.queueAside(text, args...) })
}

// fault checks everything, the tail too, and returns the first fault as text.
func (s *sealed) fault() string {
	s.t.Helper()
	var found *AuditFault
	err := s.View(s.t.Context(), auditTenant, func(tx *Tx) error {
		c, err := tx.CheckSeals(0)
		if found = c.Fault; found != nil || err != nil || c.Head == nil {
			return err
		}
		_, _, found, err = tx.CheckTail(c.Head.Last)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if found == nil {
		return "none"
	}
	for n, id := range s.ids {
		if id == found.Record {
			return fmt.Sprintf("%s: record %d of seal %d", found.Kind, n, found.Seal)
		}
	}
	if found.Record != (chime.ID{}) {
		return fmt.Sprintf("%s: a record of seal %d", found.Kind, found.Seal)
	}
	return fmt.Sprintf("%s: seal %d", found.Kind, found.Seal)
}

func TestTampering(t *testing.T) {
	t.Parallel()
	remove := func(n int) func(*sealed) {
		return func(s *sealed) { s.exec(`delete from audit where id = $1`, s.ids[n][:]) }
	}
	cut := func(s *sealed) {
		s.exec(`delete from audit_seals where number = 3`)
		for _, id := range s.ids[4:] {
			s.exec(`delete from audit where id = $1`, id[:])
		}
	}
	for name, test := range map[string]struct {
		tamper func(*sealed)
		want   string
	}{
		"nothing":              {func(*sealed) {}, "none"},
		"the first removed":    {remove(0), "RecordRemoved: record 0 of seal 1"},
		"one removed":          {remove(3), "RecordRemoved: record 3 of seal 2"},
		"the last removed":     {remove(5), "RecordRemoved: record 5 of seal 3"},
		"an unsealed one":      {remove(6), "none"},
		"two removed":          {func(s *sealed) { remove(4)(s); remove(1)(s) }, "RecordRemoved: record 1 of seal 1"},
		"one altered":          {func(s *sealed) { s.exec(`update audit set record = $1 where id = $2`, []byte("other"), s.ids[2][:]) }, "RecordAltered: record 2 of seal 2"},
		"an unsealed altered":  {func(s *sealed) { s.exec(`update audit set record = $1 where id = $2`, []byte("other"), s.ids[6][:]) }, "RecordAltered: record 6 of seal 0"},
		"the context altered":  {func(s *sealed) { s.exec(`update audit_contexts set context = $1`, []byte("other")) }, "RecordAltered: record 0 of seal 1"},
		"the context removed":  {func(s *sealed) { s.exec(`delete from audit_contexts`) }, "RecordAltered: record 0 of seal 1"},
		"given another tenant": {func(s *sealed) { s.exec(`update audit set tenant = 1 where id = $1`, s.ids[2][:]) }, "RecordRemoved: record 2 of seal 2"},
		"one added in between": {func(s *sealed) { s.forge(s.ids[2], 1) }, "RecordAdded: a record of seal 2"},
		"one added in front":   {func(s *sealed) { s.forge(chime.ID{1}, 0) }, "RecordAdded: a record of seal 1"},
		"two in another order": {reorder, "RecordAltered: record 2 of seal 2"},
		"a seal removed":       {func(s *sealed) { s.exec(`delete from audit_seals where number = 2`) }, "SealRemoved: seal 2"},
		"the first seal":       {func(s *sealed) { s.exec(`delete from audit_seals where number = 1`) }, "SealRemoved: seal 1"},
		"a seal altered":       {func(s *sealed) { s.exec(`update audit_seals set seal = $1 where number = 2`, []byte("other")) }, "SealAltered: seal 2"},
		"a seal of another":    {func(s *sealed) { s.exec(`update audit_seals set tenant = 1 where number = 2`) }, "SealRemoved: seal 2"},
		"a seal repeated":      {repeat, "SealAltered: seal 2"},
		"the last cut off":     {cut, "SealRemoved: seal 3"},
		"all removed":          {func(s *sealed) { s.exec(`delete from audit`) }, "RecordRemoved: record 0 of seal 1"},
		"the head removed":     {func(s *sealed) { s.exec(`delete from audit_heads`) }, "HeadRemoved: seal 0"},
		"the head put back":    {func(s *sealed) { cut(s); s.exec(`update audit_heads set number = 2`) }, "HeadAltered: seal 2"},
		"a seal added": {func(s *sealed) {
			s.exec(`insert into audit_seals (tenant, number, seal, signature) values ($1, 4, $2, $2)`, auditTenant, []byte("x"))
		}, "SealAdded: seal 4"},
		"a removal pretended":   {func(s *sealed) { s.exec(`delete from audit_seals where number < 3`); remove(0)(s) }, "SealRemoved: seal 1"},
		"the seal's signature":  {func(s *sealed) { s.exec(`update audit_seals set signature = $1 where number = 1`, make([]byte, 32)) }, "SealAltered: seal 1"},
		"the record's own hash": {func(s *sealed) { s.exec(`update audit set sum = $1 where id = $2`, make([]byte, 16), s.ids[1][:]) }, "RecordAltered: record 1 of seal 1"},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			s := newSealed(t)
			test.tamper(s)
			if got := s.fault(); got != test.want {
				t.Errorf("fault = %s, want %s", got, test.want)
			}
		})
	}
}

// forge adds a record as one can who knows how records look but not the key.
func (s *sealed) forge(after chime.ID, by byte) {
	after[len(after)-1] += by
	s.exec(insertAudit, auditTenant, after[:], []byte{}, []byte("forged"), make([]byte, 16))
}

// reorder gives two records each other's IDs.
func reorder(s *sealed) {
	a, b, aside := s.ids[2], s.ids[3], chime.ID{0xff}
	const rename = `update audit set id = $2 where id = $1`
	s.exec(rename, a[:], aside[:])
	s.exec(rename, b[:], a[:])
	s.exec(rename, aside[:], b[:])
}

// repeat puts an earlier seal in the place of a later one.
func repeat(s *sealed) {
	s.exec(`delete from audit_seals where number = 2`)
	s.exec(`insert into audit_seals (tenant, number, seal, signature) select tenant, 2, seal, signature from audit_seals where number = 1`)
}

// TestSealsFollowTheHead makes sure that a seal which is added later does not hide that earlier ones were cut off.
func TestSealsFollowTheHead(t *testing.T) {
	t.Parallel()
	s := newSealed(t)
	s.exec(`delete from audit_seals where number = 3`)
	for _, id := range s.ids[4:] {
		s.exec(`delete from audit where id = $1`, id[:])
	}
	s.update(func(tx *Tx) { tx.Record(time.Now(), nil, []byte("later")) })
	if err := s.SealAudit(t.Context(), time.Now(), true); err != nil {
		t.Fatal(err)
	}
	if got, want := s.fault(), "SealRemoved: seal 3"; got != want {
		t.Errorf("fault = %s, want %s", got, want)
	}
}

func TestIssuer(t *testing.T) {
	t.Parallel()
	i, err := newIssuer(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	first := i.next(at)
	second := i.next(at.Add(-time.Hour)) // a clock that was put back
	if string(second[:]) <= string(first[:]) {
		t.Errorf("%s does not come after %s", second, first)
	}
	if !first.Time().Equal(at) || momentOf(first).in(laneOf(first)) != first {
		t.Errorf("%s is not of %v, or not of its moment and lane", first, at)
	}
	if v := first.String(); v[14] != '7' || !strings.ContainsRune("89ab", rune(v[19])) {
		t.Errorf("%s is no UUID of version 7", v)
	}
	early := i.depart()
	third := i.next(at)
	if got := i.settled(at.Add(time.Hour)); got >= momentOf(third) || got < momentOf(second) {
		t.Errorf("settled up to %x while %x is under way", got, momentOf(third))
	}
	late := i.depart()
	fourth := i.next(at)
	i.land(late)
	if got := i.settled(at.Add(time.Hour)); got >= momentOf(third) {
		t.Errorf("settled up to %x while the first is under way", got)
	}
	i.land(early)
	if got := i.settled(at.Add(time.Hour)); got < momentOf(fourth) || i.next(at).Time().Before(at.Add(time.Hour)) {
		t.Errorf("settled up to %x when all had ended, and the next ID is not later", got)
	}
}
