package ops

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/carillon-server/carillon/internal/chime"
)

// link is what the token of an invitation's link says: whose it is, and a keyed hash over that and the invitation's
// generation. So nothing secret is kept, the latest link alone is good, and every server of an installation knows it.
type link struct {
	tenant        chime.Tenant
	account, user chime.ID
	sum           [16]byte
}

// linkSize is how many bytes a token holds.
const linkSize = 8 + 16 + 16 + 16

// LinkTenant returns whose invitation a token claims to be for. It checks nothing: the operations do.
func LinkTenant(token string) (chime.Tenant, bool) {
	l, ok := parseLink(token)
	return l.tenant, ok
}

// LinkAccount returns whose account an invitation is to, as its token claims, or nothing if it is no token. It checks nothing:
// the operations do.
func LinkAccount(token string) string {
	l, ok := parseLink(token)
	if !ok {
		return ""
	}
	return l.account.String()
}

func parseLink(token string) (l link, ok bool) {
	if len(token) != base64.RawURLEncoding.EncodedLen(linkSize) { // the decoder skips line breaks
		return link{}, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) != linkSize {
		return link{}, false
	}
	l.tenant = chime.Tenant(binary.BigEndian.Uint64(b))
	copy(l.account[:], b[8:])
	copy(l.user[:], b[24:])
	copy(l.sum[:], b[40:])
	return l, true
}

// linkToken returns the token for a user's invitation of that generation.
func (c *Call) linkToken(u *chime.User, generation int) string {
	b := make([]byte, 0, linkSize)
	b = binary.BigEndian.AppendUint64(b, uint64(u.Tenant))
	b = append(b, u.AccountID[:]...)
	b = append(b, u.ID[:]...)
	sum := c.linkSum(b, generation)
	return base64.RawURLEncoding.EncodeToString(append(b, sum[:]...))
}

func (c *Call) linkSum(whose []byte, generation int) (sum [16]byte) {
	h := hmac.New(sha256.New, c.LinkKey)
	h.Write(whose)
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(generation)))
	copy(sum[:], h.Sum(nil))
	return sum
}

// matches reports whether the token was made for that generation of the user's invitation.
func (c *Call) matches(l link, generation int) bool {
	whose := binary.BigEndian.AppendUint64(make([]byte, 0, linkSize), uint64(l.tenant))
	whose = append(append(whose, l.account[:]...), l.user[:]...)
	sum := c.linkSum(whose, generation)
	return hmac.Equal(l.sum[:], sum[:])
}
