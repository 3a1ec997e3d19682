package chime

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
)

// PIN stands for a user's personal meeting PIN: its place in an order of all ten-digit numbers that only the holder of a
// secret knows. The digits come from [PINs]. So places may be given one after the other, which keeps the index over them
// small and quick, and the digits still tell nothing of one another.
type PIN int64

// pins is how many there are: ten digits, leading zeros allowed (documented: administration guide).
const pins = 10_000_000_000

// NewPIN draws one of all PINs. The store keeps them unique: where one is taken, draw again.
func NewPIN(src Source) PIN { return PIN(src.uniform(pins)) }

// Valid reports whether the PIN is one of those there are.
func (p PIN) Valid() bool { return 0 <= p && p < pins }

// PINs turns PINs into digits: a permutation of the ten-digit numbers for each tenant. Safe for concurrent use.
type PINs struct{ block cipher.Block }

// NewPINs returns the permutations under a secret of 32 bytes.
func NewPINs(secret []byte) (PINs, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return PINs{}, fmt.Errorf("the secret of the PINs: %w", err)
	}
	return PINs{block}, nil
}

const (
	half = 100_000 // of a PIN: five digits
	// rounds is how many FF1 of NIST SP 800-38G has for a permutation of decimal numbers, whose form this is.
	rounds = 10
)

// Digits returns the ten digits of a tenant's PIN. Different PINs have different digits.
func (s PINs) Digits(t Tenant, p PIN) string {
	var block [aes.BlockSize]byte // escapes, as the cipher stands behind an interface: one for all rounds
	left, right := uint64(p)/half, uint64(p)%half
	for round := range uint64(rounds) {
		left, right = right, (left+s.mix(&block, t, round, right))%half
	}
	var digits [10]byte
	for i, n := len(digits)-1, left*half+right; i >= 0; i, n = i-1, n/10 {
		digits[i] = '0' + byte(n%10)
	}
	return string(digits[:])
}

// mix is a pseudo-random function of the tenant, the round and one half.
func (s PINs) mix(b *[aes.BlockSize]byte, t Tenant, round, value uint64) uint64 {
	binary.BigEndian.PutUint64(b[:8], uint64(t))
	binary.BigEndian.PutUint64(b[8:], round<<32|value)
	s.block.Encrypt(b[:], b[:])
	return binary.BigEndian.Uint64(b[:8]) % half
}
