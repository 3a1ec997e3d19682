package sigv4

import (
	"crypto/sha256"
	"strings"
	"sync"
)

// maxKeys bounds the signing keys remembered: a key of a day and a region takes about 300 bytes.
const maxKeys = 4096

// keyCache remembers derived signing keys; the zero value is empty. Only keys that verified a signature come into it, so only holders of
// secrets can fill it. It is safe for concurrent use.
type keyCache struct {
	mu   sync.RWMutex
	keys map[keyScope]signingKey
}

// keyScope is what a signing key is derived for. The service is not in it, because a verifier has only one.
type keyScope struct{ accessKeyID, date, region string }

// signingKey is a derived key with the secret it came from. The secret tells a key that was rotated: the old one is not found again.
type signingKey struct {
	secret string
	key    [sha256.Size]byte
}

// find returns the key derived from the secret for the scope of s, and whether it was there.
func (c *keyCache) find(s *Signature, secret string) (key [sha256.Size]byte, found bool) {
	c.mu.RLock()
	k, found := c.keys[keyScope{s.AccessKeyID, s.Date, s.Region}]
	c.mu.RUnlock()
	if !found || k.secret != secret { // both are the server's own: no caller can learn from the time this takes
		return key, false
	}
	return k.key, true
}

// store remembers a key in place of any other for the scope of s. A full cache first forgets one, whichever comes first.
func (c *keyCache) store(s *Signature, secret string, key [sha256.Size]byte) {
	// The scope is cloned because it is part of a whole Authorization header, which would be kept with it.
	scope := keyScope{strings.Clone(s.AccessKeyID), strings.Clone(s.Date), strings.Clone(s.Region)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys == nil {
		c.keys = make(map[keyScope]signingKey)
	}
	if _, replaces := c.keys[scope]; !replaces && len(c.keys) >= maxKeys {
		for k := range c.keys {
			delete(c.keys, k)
			break
		}
	}
	c.keys[scope] = signingKey{secret, key}
}

// deriveKey returns the key that signs for the credential scope of s: the secret, hashed with one part of the scope after the other.
func deriveKey(secret string, s *Signature) [sha256.Size]byte {
	var space [128]byte
	key := mac(append(append(space[:0], "AWS4"...), secret...), s.Date)
	key = mac(key[:], s.Region)
	key = mac(key[:], s.Service)
	return mac(key[:], terminator)
}

// mac is HMAC-SHA256 (RFC 2104). The standard library's allocates its two hashes, which would be most of what a verification costs.
func mac[T string | []byte](key []byte, message T) [sha256.Size]byte {
	if len(key) > sha256.BlockSize {
		sum := sha256.Sum256(key)
		key = sum[:]
	}
	var pad [sha256.BlockSize]byte
	copy(pad[:], key)
	for i := range pad {
		pad[i] ^= 0x36
	}
	var space [512]byte
	inner := sha256.Sum256(append(append(space[:0], pad[:]...), message...))
	for i := range pad {
		pad[i] ^= 0x36 ^ 0x5c
	}
	return sha256.Sum256(append(append(space[:0], pad[:]...), inner[:]...))
}
