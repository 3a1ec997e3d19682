package ops

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/carillon-server/carillon/internal/chime"
)

// defaultProfilePage is how many accounts or users a page has when the call does not say (documented: model).
const defaultProfilePage = 100

// defaultNumberPage is how many numbers, orders or dial-outs a page has when the call does not say (decided), and
// defaultSearchPage how many numbers a search finds (documented: example).
const (
	defaultNumberPage = 99
	defaultSearchPage = 10
)

// page is the part of a list that a call asks for.
type page struct {
	after chime.ID
	limit int
	list  []byte // what the list is of: a token is good for the same list only
	key   []byte
}

// page reads a call's paging members. list names the operation, then its filters. A token is the ID at which the last
// page ended and a keyed hash over it, the tenant and the list; the page size may change from page to page (documented:
// developer guide). A token that was not made for this list is a BadRequest (inferred).
func (c *Call) page(token string, maxResults, byDefault int, list ...string) (page, error) {
	p := page{limit: maxResults, key: c.TokenKey}
	if p.limit == 0 {
		p.limit = byDefault
	}
	p.list = binary.BigEndian.AppendUint64(nil, uint64(c.Caller.Tenant))
	for _, s := range list {
		p.list = append(binary.AppendUvarint(p.list, uint64(len(s))), s...)
	}
	if token == "" {
		return p, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	// The length is that of the text too: the decoder would skip line breaks.
	if err == nil && len(b) == len(p.after)+tokenSum && len(token) == base64.RawURLEncoding.EncodedLen(len(b)) {
		p.after = chime.ID(b[:len(p.after)])
		if hmac.Equal(b[len(p.after):], p.sum(p.after)) {
			return p, nil
		}
	}
	return page{}, chime.BadRequest.Errorf("NextToken must be one that this list returned, used with the same filters")
}

// tokenSum is how much of the hash a token carries, in bytes.
const tokenSum = 16

func (p page) sum(last chime.ID) []byte {
	h := hmac.New(sha256.New, p.key)
	h.Write(p.list)
	h.Write(last[:])
	return h.Sum(nil)[:tokenSum]
}

// cut takes what was found, one more than the page holds if there is more, and returns the page and the token of the next
// one: empty on the last page, as an empty token in an answer would make some clients loop (documented: developer guide).
func cut[T any](p page, found []T, id func(T) chime.ID) ([]T, string) {
	if len(found) <= p.limit {
		return found, ""
	}
	found = found[:p.limit]
	return found, p.token(id(found[p.limit-1]))
}

// token is the NextToken of a page that ends with an ID.
func (p page) token(last chime.ID) string {
	return base64.RawURLEncoding.EncodeToString(append(last[:], p.sum(last)...))
}
