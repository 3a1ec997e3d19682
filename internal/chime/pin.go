package chime

import "fmt"

// PIN is a user's personal meeting PIN: ten digits, leading zeros allowed (documented: administration guide).
type PIN int64

const pins = 10_000_000_000

// NewPIN draws one of all PINs. The store keeps them unique: where one is taken, draw again.
func NewPIN(src Source) PIN { return PIN(src.uniform(pins)) }

// String returns the ten digits.
func (p PIN) String() string { return fmt.Sprintf("%010d", int64(p)) }
