// Package chime is the domain: accounts, users, licenses, PINs and the rules they obey.
//
// It is pure. It reads no clock, no store and no network: what varies comes in through a [Source],
// what is refused comes out as an [Error] of a [Kind]. It imports the standard library only.
package chime

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"time"
)

// Source is everything that varies: a test fixes it, the program takes it from the system.
type Source struct {
	// Now is the time that users see: when something was created, registered, updated. UTC, whole milliseconds.
	Now func() time.Time
	// NewID never returns the same ID twice, nor one below an earlier one of this process. The time within is real time.
	NewID func() ID
	// Random is cryptographically strong. A failed read is a panic: without randomness nothing here is safe.
	Random io.Reader
}

// uniform returns a number in [0, n), each as likely as the other.
func (s Source) uniform(n uint64) uint64 {
	limit := ^uint64(0) - ^uint64(0)%n
	for {
		var b [8]byte
		if _, err := io.ReadFull(s.Random, b[:]); err != nil {
			panic(fmt.Errorf("read randomness: %w", err))
		}
		if x := binary.BigEndian.Uint64(b[:]); x < limit {
			return x % n
		}
	}
}

// ID identifies an account or a user: a UUID of version 7, so that IDs made later sort later.
// The wire shows its 36 characters. Source: decided; Amazon's were random UUIDs (observed).
type ID [16]byte

// String returns the usual 36 characters in lower case.
func (id ID) String() string {
	b := make([]byte, 36)
	hex.Encode(b, id[:4])
	hex.Encode(b[9:], id[4:6])
	hex.Encode(b[14:], id[6:8])
	hex.Encode(b[19:], id[8:10])
	hex.Encode(b[24:], id[10:])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b)
}

// Time returns the moment at which the ID was made, in whole milliseconds.
func (id ID) Time() time.Time {
	ms := int64(id[0])<<40 | int64(id[1])<<32 | int64(id[2])<<24 | int64(id[3])<<16 | int64(id[4])<<8 | int64(id[5])
	return time.UnixMilli(ms).UTC()
}

// ParseID reads the 36 characters of an ID, in either case. Any UUID will do, whatever its version.
func ParseID(s string) (ID, bool) {
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return ID{}, false
	}
	at := 0
	for _, part := range [...]string{s[:8], s[9:13], s[14:18], s[19:23], s[24:]} {
		n, err := hex.Decode(id[at:], []byte(part))
		if err != nil {
			return ID{}, false
		}
		at += n
	}
	return id, true
}

// Tenant is an AWS account: the owner of Chime accounts, users and everything else. Its number has 12 digits.
type Tenant int64

// String returns the 12 digits.
func (t Tenant) String() string { return fmt.Sprintf("%012d", int64(t)) }

// ParseTenant reads 12 digits, no more and no fewer.
func ParseTenant(s string) (Tenant, bool) {
	if len(s) != 12 {
		return 0, false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return Tenant(n), err == nil
}
