package store

import (
	"errors"
	"testing"
)

// TestVerdict: a refusal is nobody's to tell when its reason may be lost.
func TestVerdict(t *testing.T) {
	refused, full, unknown := errors.New("taken"), errors.New("full"), &Unknown{errors.New("no sync")}
	for _, c := range []struct{ refused, err, want error }{
		{nil, nil, nil},
		{refused, nil, refused},
		{nil, full, full},
		{refused, full, refused},
		{nil, unknown, unknown},
		{refused, unknown, unknown},
	} {
		if got := verdict(c.refused, c.err); got != c.want {
			t.Errorf("refused with %v, ended with %v: %v, want %v", c.refused, c.err, got, c.want)
		}
	}
}
