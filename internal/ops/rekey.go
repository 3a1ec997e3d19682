package ops

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
)

// rekeyRows is how many rows a step of a rekeying looks at.
const rekeyRows = 500

// RekeySecrets seals secrets with the newest key (decided). The first step makes that the key with which everything new is
// sealed, so the steps after it pass everything that is not; the last one lets the others go.
func (c *Call) RekeySecrets(_ context.Context, in *api.RekeySecretsInput) (*api.RekeySecretsOutput, error) {
	newest := c.Tx.NewestKey()
	cursor := []byte{}
	if in.NextToken == "" {
		began, err := c.Tx.BeginRekey(newest)
		if began || err != nil {
			return &api.RekeySecretsOutput{KeyID: newest.String(), NextToken: c.rekeyToken(newest.String(), cursor)}, err
		}
	} else {
		var ok bool
		if cursor, ok = c.rekeyCursor(newest.String(), in.NextToken); !ok {
			return nil, chime.BadRequest.Errorf("NextToken must be one that this operation returned for the newest key; begin again without")
		}
	}
	current, err := c.Tx.SealingKey()
	if err != nil {
		return nil, err
	}
	if current != newest {
		return nil, chime.Conflict.Errorf("another rekeying began, with a key that is newer; look at the key files of the servers")
	}
	next, n, err := c.Tx.Rewrap(cursor, rekeyRows)
	if err != nil {
		return nil, err
	}
	out := &api.RekeySecretsOutput{KeyID: newest.String(), Rewrapped: n}
	if next == nil {
		c.Tx.EndRekey(newest)
		return out, nil
	}
	out.NextToken = c.rekeyToken(out.KeyID, next)
	return out, nil
}

// rekeyToken holds how far the rekeying with a key has come, and a keyed hash over both: a token that was made up would end it
// too early.
func (c *Call) rekeyToken(key string, cursor []byte) string {
	return base64.RawURLEncoding.EncodeToString(append(c.rekeySum(key, cursor), cursor...))
}

func (c *Call) rekeyCursor(key, token string) (cursor []byte, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) < tokenSum {
		return nil, false
	}
	cursor = b[tokenSum:]
	return cursor, hmac.Equal(b[:tokenSum], c.rekeySum(key, cursor))
}

func (c *Call) rekeySum(key string, cursor []byte) []byte {
	h := hmac.New(sha256.New, c.TokenKey)
	h.Write([]byte("RekeySecrets\x00" + key + "\x00"))
	h.Write(cursor)
	return h.Sum(nil)[:tokenSum]
}
