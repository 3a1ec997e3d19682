package server

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/throttle"
)

// Rates are how often a principal may call what. A nil *Rates is no limit.
type Rates struct {
	buckets map[*api.Operation]*throttle.Buckets[string] // those of one class share theirs
}

// maxPrincipals bounds for how many principals rates are kept apart at a time.
const maxPrincipals = 1 << 14

// The classes of operations. An operation's own name is a class too, and goes before.
const (
	AllCalls = ""
	Reads    = "read"
	Writes   = "write"
)

// NewRates returns the rates of classes of operations. An error names a class that is none.
func NewRates(limits map[string]throttle.Limit) (*Rates, error) {
	if len(limits) == 0 {
		return nil, nil
	}
	elapsed := throttle.Clock()
	classes := map[string]*throttle.Buckets[string]{}
	for class, limit := range limits {
		if class != AllCalls && class != Reads && class != Writes && api.ByName(class) == nil {
			return nil, fmt.Errorf("%q is neither read nor write nor an operation", class)
		}
		classes[class] = throttle.New[string](limit, maxPrincipals, elapsed)
	}
	r := &Rates{map[*api.Operation]*throttle.Buckets[string]{}}
	for _, op := range api.AllOperations {
		kind := Writes
		if op.ReadOnly {
			kind = Reads
		}
		for _, class := range [...]string{op.Name, kind, AllCalls} {
			if classes[class] != nil {
				r.buckets[op] = classes[class]
				break
			}
		}
	}
	return r, nil
}

// throttle refuses a call that is over its principal's rate.
func (x *exchange) throttle() error {
	if x.Rates == nil {
		return nil
	}
	op := x.route.Op
	buckets := x.Rates.buckets[op]
	if buckets == nil {
		return nil
	}
	wait := buckets.Take(x.caller.ARN)
	if wait == 0 {
		return nil
	}
	x.retryAfter(wait)
	// Three operations declare no ThrottledClientException, so typed clients would not know it there. All know this one, and
	// try again after it (decided).
	if !op.Extension && !slices.Contains(op.Errors, "ThrottledClientException") {
		return chime.Unavailable.Errorf("rate exceeded; try again later")
	}
	return chime.Throttled.Errorf("try again in %v", wait.Round(time.Millisecond))
}

// retryAfter says when the client may come back, in whole seconds.
func (x *exchange) retryAfter(wait time.Duration) {
	x.w.Header()["Retry-After"] = []string{strconv.Itoa(int(math.Ceil(wait.Seconds())))}
}

// mayRetry says that the client may come back, to an answer after which it should.
func (x *exchange) mayRetry(status int) {
	if status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
		return
	}
	if _, said := x.w.Header()["Retry-After"]; !said {
		x.retryAfter(time.Second)
	}
}
