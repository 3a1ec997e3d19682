// Package seal encrypts the secrets that the server must be able to read again: AES-256-GCM, under a key that is kept apart
// from the database. What is sealed says which key opens it, and opens only where it belongs.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

// KeyID names a key without telling anything of it. The zero KeyID names none.
type KeyID [8]byte

// String returns 16 hexadecimal digits.
func (id KeyID) String() string { return hex.EncodeToString(id[:]) }

// keySize is how many bytes a key has.
const keySize = 32

// Ring holds keys, the newest first. It does not change, and is safe for concurrent use.
type Ring struct {
	newest KeyID
	keys   map[KeyID]cipher.AEAD
}

// Parse reads keys as [NewKey] makes them, the newest first: one on a line, or with spaces or commas between. What follows a #
// on a line is a remark. The error tells nothing of a key.
func Parse(text string) (*Ring, error) {
	r := &Ring{keys: map[KeyID]cipher.AEAD{}}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line, _, _ = strings.Cut(line, "#")
		for _, word := range strings.FieldsFunc(line, func(c rune) bool { return c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r' }) {
			if err := r.add(word); err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
		}
	}
	if len(r.keys) == 0 {
		return nil, errors.New("there is no key")
	}
	return r, nil
}

func (r *Ring) add(text string) error {
	key, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(key) != keySize {
		return fmt.Errorf("a key must be %d bytes in base64", keySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return err
	}
	id := idOf(key)
	if len(r.keys) == 0 {
		r.newest = id
	}
	r.keys[id] = aead
	return nil
}

func idOf(key []byte) (id KeyID) {
	sum := sha256.Sum256(append([]byte("carillon key id\x00"), key...))
	copy(id[:], sum[:])
	return id
}

// NewKey returns a new key as text.
func NewKey(random io.Reader) string {
	key := make([]byte, keySize)
	read(random, key)
	return base64.StdEncoding.EncodeToString(key)
}

// Newest returns the first key of the ring.
func (r *Ring) Newest() KeyID { return r.newest }

// Has reports whether the ring has the key.
func (r *Ring) Has(id KeyID) bool { return r.keys[id] != nil }

// The form of what is sealed: a version, the key's id, a nonce, and the encrypted secret with its tag.
const (
	version   = 1
	nonceSize = 12
	header    = 1 + len(KeyID{}) + nonceSize
)

// Seal encrypts a secret with the key of that id, which the ring must have. It opens only with the same about, which says what
// the secret is: so a sealed secret cannot be put in another's place.
func (r *Ring) Seal(id KeyID, about, secret []byte, random io.Reader) []byte {
	sealed := make([]byte, header, header+len(secret)+16)
	sealed[0] = version
	copy(sealed[1:], id[:])
	nonce := sealed[header-nonceSize:]
	read(random, nonce)
	return r.keys[id].Seal(sealed, nonce, secret, about)
}

// Errors of Open, but for a [MissingKeyError].
var errDamaged = errors.New("a sealed secret is damaged, or stands in another's place")

// MissingKeyError says that the ring lacks the key with which something was sealed.
type MissingKeyError struct{ Key KeyID }

func (e *MissingKeyError) Error() string { return "the key " + e.Key.String() + " is missing" }

// Open decrypts what [Ring.Seal] made.
func (r *Ring) Open(about, sealed []byte) ([]byte, error) {
	id, ok := KeyOf(sealed)
	if !ok {
		return nil, errDamaged
	}
	aead := r.keys[id]
	if aead == nil {
		return nil, &MissingKeyError{id}
	}
	secret, err := aead.Open(nil, sealed[header-nonceSize:header], sealed[header:], about)
	if err != nil {
		return nil, errDamaged
	}
	return secret, nil
}

// KeyOf returns the id of the key with which something was sealed.
func KeyOf(sealed []byte) (id KeyID, ok bool) {
	if len(sealed) < header || sealed[0] != version {
		return KeyID{}, false
	}
	copy(id[:], sealed[1:])
	return id, true
}

func read(random io.Reader, b []byte) {
	if _, err := io.ReadFull(random, b); err != nil {
		panic(fmt.Errorf("read randomness: %w", err))
	}
}
