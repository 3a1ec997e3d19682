package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/seal"
)

// sealer seals secrets before they are written, and opens them. It is safe for concurrent use.
type sealer struct {
	source seal.Source
	random io.Reader
	ring   atomic.Pointer[seal.Ring]
	decoy  []byte // what stands for the secret of an access key that nobody has; it opens like one, and only in that place

	mu     sync.Mutex
	looked time.Time // when the source was last asked for a key that was missing
}

// lookEvery bounds how often the source is asked for a key that is missing.
const lookEvery = time.Second

// load reads the keys anew.
func (s *sealer) load() error {
	ring, err := s.source.Load()
	if err == nil {
		s.ring.Store(ring)
	}
	return err
}

// open opens what was sealed. With a key that is not known yet, it looks whether the source has it by now: another server may
// have begun to use a new one.
func (s *sealer) open(about, sealed []byte) ([]byte, error) {
	secret, err := s.ring.Load().Open(about, sealed)
	var missing *seal.MissingKeyError
	if !errors.As(err, &missing) {
		return secret, err
	}
	if err := s.find(missing.Key); err != nil {
		return nil, err
	}
	return s.ring.Load().Open(about, sealed)
}

// find sees to it that the ring has the key.
func (s *sealer) find(id seal.KeyID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ring.Load().Has(id) {
		return nil
	}
	err := error(&seal.MissingKeyError{Key: id})
	if time.Since(s.looked) >= lookEvery {
		s.looked = time.Now()
		err = errors.Join(err, s.load())
	}
	if s.ring.Load().Has(id) {
		return nil
	}
	return &unavailable{"the server lacks the key of a secret", fmt.Errorf("%w: add it to %s", err, s.source)}
}

// about says what a sealed secret is, so that it opens in no other place.
func about(table string, tenant chime.Tenant, id []byte) []byte {
	b := append([]byte(table), 0)
	b = binary.BigEndian.AppendUint64(b, uint64(tenant))
	return append(b, id...)
}

// sealingKeys are the keys with which secrets of the database are sealed: first the one that seals new ones. The zero KeyID
// stands for secrets of a release before, which are not sealed yet.
type sealingKeys []seal.KeyID

func (k sealingKeys) bytes() []byte {
	var b []byte
	for _, id := range k {
		b = append(b, id[:]...)
	}
	return b
}

func toSealingKeys(b []byte) (keys sealingKeys) {
	for id := range slices.Chunk(b, len(seal.KeyID{})) {
		keys = append(keys, seal.KeyID(id))
	}
	return keys
}

const sealingKeysName = "sealing keys"

// sealingKeys reads which keys seal. That is read in the transaction of what is sealed, so that none is sealed with a former key
// once a rekeying has begun.
func (t *Tx) sealingKeys() (sealingKeys, error) {
	found, err := queryRow(t, scanBytes, `
		select value from secrets
		where name = $1`,
		sealingKeysName)
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, errors.New("the database does not say which key seals its secrets")
	}
	return toSealingKeys(*found), nil
}

func (t *Tx) setSealingKeys(keys sealingKeys) {
	t.queue(`
		update secrets
		set value = $2
		where name = $1`,
		sealingKeysName, keys.bytes())
}

// seal seals a secret that stands at the id of a table.
func (t *Tx) seal(table string, tenant chime.Tenant, id []byte, secret string) ([]byte, error) {
	keys, err := t.sealingKeys()
	if err != nil {
		return nil, err
	}
	if err := t.seals.find(keys[0]); err != nil {
		return nil, err
	}
	return t.seals.ring.Load().Seal(keys[0], about(table, tenant, id), []byte(secret), t.seals.random), nil
}

// open opens what seal made.
func (t *Tx) open(table string, tenant chime.Tenant, id, sealed []byte) (string, error) {
	secret, err := t.seals.open(about(table, tenant, id), sealed)
	if err != nil {
		return "", fmt.Errorf("%s: %w", table, err)
	}
	return string(secret), nil
}

// unlock finds the keys that seal the database's secrets. It makes a first one only for a database that has none sealed.
func (s *sealer) unlock(ctx context.Context, db *sql.DB) (sealingKeys, error) {
	keys, err := readSealingKeys(ctx, db)
	if err != nil {
		return nil, err
	}
	err = s.load()
	switch missing := errors.Is(err, fs.ErrNotExist); {
	case missing && keys != nil:
		return nil, fmt.Errorf("the secrets in the database are sealed with the key %s, and %s is not there: copy it from the data folder of the server that made it, or from a backup, to there", keys[0], s.source)
	case missing:
		ring, err := s.source.Make(s.random)
		if err != nil {
			return nil, err
		}
		s.ring.Store(ring)
	case err != nil:
		return nil, err
	}
	if keys == nil {
		first := sealingKeys{s.ring.Load().Newest(), seal.KeyID{}}
		if _, err := db.ExecContext(ctx, `insert into secrets (name, value) values ($1, $2) on conflict do nothing`, sealingKeysName, first.bytes()); err != nil {
			return nil, fmt.Errorf("note the key that seals secrets: %w", explain(err))
		}
		if keys, err = readSealingKeys(ctx, db); err != nil {
			return nil, err
		}
	}
	for _, id := range keys {
		if id != (seal.KeyID{}) && !s.ring.Load().Has(id) {
			return nil, fmt.Errorf("the secrets in the database are sealed with the key %s, which is not in %s: copy the keys of the server that made it, or of a backup, to there", id, s.source)
		}
	}
	return keys, nil
}

func readSealingKeys(ctx context.Context, db *sql.DB) (sealingKeys, error) {
	var value []byte
	err := db.QueryRowContext(ctx, `select value from secrets where name = $1`, sealingKeysName).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read which key seals secrets: %w", explain(err))
	}
	return toSealingKeys(value), nil
}

// secret returns the installation's secret of that name, which becomes the fresh one where there is none.
func (s *sealer) secret(ctx context.Context, db *sql.DB, key seal.KeyID, name string, fresh []byte) ([]byte, error) {
	here := about("secrets", 0, []byte(name))
	if _, err := db.ExecContext(ctx, `insert into secrets (name, value, sealed) values ($1, $2, 1) on conflict do nothing`,
		name, s.ring.Load().Seal(key, here, fresh, s.random)); err != nil {
		return nil, fmt.Errorf("make the secret for %s: %w", name, explain(err))
	}
	var value []byte
	var sealed int64
	if err := db.QueryRowContext(ctx, `select value, sealed from secrets where name = $1`, name).Scan(&value, &sealed); err != nil {
		return nil, fmt.Errorf("read the secret for %s: %w", name, explain(err))
	}
	if sealed == 0 {
		return value, nil
	}
	secret, err := s.open(here, value)
	if err != nil {
		return nil, fmt.Errorf("read the secret for %s: %w", name, err)
	}
	return secret, nil
}

// rewrapRows is how many rows a step at the start of a server looks at.
const rewrapRows = 500

// sealRest seals what a release before has left in clear.
func (db *DB) sealRest(ctx context.Context, keys sealingKeys) error {
	if !slices.Contains(keys, seal.KeyID{}) {
		return nil
	}
	for cursor := []byte{}; cursor != nil; {
		var next []byte
		err := db.Update(ctx, 0, func(t *Tx) (err error) {
			next, _, err = t.Rewrap(cursor, rewrapRows)
			return err
		})
		if err != nil {
			return fmt.Errorf("seal the secrets in the database: %w", err)
		}
		cursor = next
	}
	return db.Update(ctx, 0, func(t *Tx) error {
		keys, err := t.sealingKeys()
		if err != nil {
			return err
		}
		t.setSealingKeys(slices.DeleteFunc(keys, func(id seal.KeyID) bool { return id == seal.KeyID{} }))
		return nil
	})
}

// LoadKeys reads the keys that seal secrets anew.
func (db *DB) LoadKeys() error { return db.seals.load() }

// NewestKey returns the newest key of those that were read last.
func (t *Tx) NewestKey() seal.KeyID { return t.seals.ring.Load().Newest() }

// SealingKey returns the key that seals new secrets.
func (t *Tx) SealingKey() (seal.KeyID, error) {
	keys, err := t.sealingKeys()
	if err != nil {
		return seal.KeyID{}, err
	}
	return keys[0], nil
}

// BeginRekey makes the key the one that seals new secrets, and reports whether it was not. What was sealed before is to be
// rewrapped.
func (t *Tx) BeginRekey(id seal.KeyID) (began bool, err error) {
	keys, err := t.sealingKeys()
	if err != nil || keys[0] == id {
		return false, err
	}
	former := slices.DeleteFunc(keys, func(k seal.KeyID) bool { return k == id })
	t.setSealingKeys(append(sealingKeys{id}, former...))
	return true, nil
}

// EndRekey says that everything is sealed with one key.
func (t *Tx) EndRekey(id seal.KeyID) { t.setSealingKeys(sealingKeys{id}) }

// Rewrap seals with the key that seals new secrets what is sealed with another, or not at all: one step, which looks at most at
// limit rows after the cursor. The cursor of the first step is empty; the last step returns none. It returns how many secrets it
// has sealed.
func (t *Tx) Rewrap(cursor []byte, limit int) (next []byte, n int, err error) {
	keys, err := t.sealingKeys()
	if err != nil {
		return nil, 0, err
	}
	if err := t.seals.find(keys[0]); err != nil {
		return nil, 0, err
	}
	w := rewrapping{Tx: t, key: keys[0], limit: limit}
	stage, after := "access_keys", []byte(nil)
	if len(cursor) > 0 {
		name, rest, _ := strings.Cut(string(cursor), "\x00")
		stage, after = name, []byte(rest)
	}
	var last []byte
	switch stage {
	case "access_keys":
		if last, err = w.accessKeys(after); last == nil {
			stage = "bots"
		}
	case "bots":
		if last, err = w.bots(after); last == nil {
			stage = "secrets"
		}
	case "secrets":
		return nil, w.n, w.secrets()
	default:
		return nil, 0, chime.BadRequest.Errorf("NextToken must be one that this operation returned")
	}
	return append([]byte(stage+"\x00"), last...), w.n, err
}

// rewrapping is a step of Rewrap.
type rewrapping struct {
	*Tx
	key   seal.KeyID
	limit int
	n     int
}

// again returns a secret sealed anew, or nil if it is sealed with the right key.
func (w *rewrapping) again(table string, tenant chime.Tenant, id, sealed []byte, clear string) ([]byte, error) {
	if sealed != nil {
		if by, ok := seal.KeyOf(sealed); ok && by == w.key {
			return nil, nil
		}
		secret, err := w.open(table, tenant, id, sealed)
		if err != nil {
			return nil, err
		}
		clear = secret
	}
	w.n++
	return w.seals.ring.Load().Seal(w.key, about(table, tenant, id), []byte(clear), w.seals.random), nil
}

func (w *rewrapping) accessKeys(after []byte) (last []byte, err error) {
	type wrapped struct {
		tenant chime.Tenant
		id     string
		sealed []byte
	}
	found, err := query(w.Tx, func(_ *Tx, row scanner) (*wrapped, error) {
		var k wrapped
		err := row.Scan(&k.tenant, &k.id, &k.sealed)
		return &k, err
	}, `
		select tenant, id, sealed_secret from access_keys
		where id > $1
		order by id limit $2`,
		string(after), w.limit)
	if err != nil {
		return nil, err
	}
	for _, k := range found {
		again, err := w.again("access_keys", k.tenant, []byte(k.id), k.sealed, "")
		if err != nil {
			return nil, err
		}
		if again != nil {
			w.queueAccess(`
				update access_keys
				set sealed_secret = $2
				where id = $1`,
				k.id, again)
		}
	}
	if len(found) < w.limit {
		return nil, nil
	}
	return []byte(found[len(found)-1].id), nil
}

func (w *rewrapping) bots(after []byte) (last []byte, err error) {
	type wrapped struct {
		tenant      chime.Tenant
		account, id chime.ID
		clear       string
		sealed      []byte
	}
	after = append(after, make([]byte, max(0, 40-len(after)))...)
	found, err := query(w.Tx, func(_ *Tx, row scanner) (*wrapped, error) {
		var b wrapped
		err := row.Scan(&b.tenant, (*id)(&b.account), (*id)(&b.id), &b.clear, &b.sealed)
		return &b, err
	}, `
		select tenant, account, id, security_token, sealed_token from bots
		where (tenant, account, id) > ($1, $2, $3)
		order by tenant, account, id limit $4`,
		chime.Tenant(binary.BigEndian.Uint64(after)), after[8:24], after[24:40], w.limit)
	if err != nil {
		return nil, err
	}
	for _, b := range found {
		again, err := w.again("bots", b.tenant, b.id[:], b.sealed, b.clear)
		if err != nil {
			return nil, err
		}
		if again != nil {
			w.queue(`
				update bots
				set security_token = '', sealed_token = $4
				where tenant = $1 and account = $2 and id = $3`,
				b.tenant, b.account[:], b.id[:], again)
		}
	}
	if len(found) < w.limit {
		return nil, nil
	}
	b := found[len(found)-1]
	last = binary.BigEndian.AppendUint64(nil, uint64(b.tenant))
	return append(append(last, b.account[:]...), b.id[:]...), nil
}

// publicSecrets are the rows of the table of secrets that are none.
var publicSecrets = []string{sealingKeysName, rootKeyName, begunName}

func (w *rewrapping) secrets() error {
	type wrapped struct {
		name   string
		value  []byte
		sealed bool
	}
	found, err := query(w.Tx, func(_ *Tx, row scanner) (*wrapped, error) {
		var s wrapped
		err := row.Scan(&s.name, &s.value, &s.sealed)
		return &s, err
	}, `
		select name, value, sealed from secrets
		order by name`)
	if err != nil {
		return err
	}
	for _, s := range found {
		if slices.Contains(publicSecrets, s.name) {
			continue
		}
		var sealed []byte
		if s.sealed {
			sealed = s.value
		}
		again, err := w.again("secrets", 0, []byte(s.name), sealed, string(s.value))
		if err != nil {
			return err
		}
		if again != nil {
			w.queue(`
				update secrets
				set value = $2, sealed = 1
				where name = $1`,
				s.name, again)
		}
	}
	return nil
}
