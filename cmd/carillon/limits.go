package main

import (
	"math"
	"strconv"
	"strings"

	"github.com/carillon-server/carillon/internal/server"
	"github.com/carillon-server/carillon/internal/throttle"
)

// limitSettings bound what callers may ask for.
type limitSettings struct {
	Rate           []string `env:"CARILLON_RATE" placeholder:"LIMIT" help:"How many calls a second each principal may make: 50 for all operations together, read=200 and write=50 for those that only read and the others, or the name of an operation; /BURST may follow: read=200,write=50/100,CreateUser=5. More are answered with ThrottledClientException. Default: no limit."`
	MaxConnections int      `env:"CARILLON_MAX_CONNECTIONS" default:"16384" placeholder:"NUMBER" help:"How many connections there may be. One more takes the place of one that has long sent nothing. Default: ${default}."`
}

func (c *limitSettings) check() error {
	if c.MaxConnections < 1 {
		return usagef("--max-connections must be at least 1")
	}
	return nil
}

// rates returns the limits to calls, nil if there are none.
func (c *limitSettings) rates() (*server.Rates, error) {
	limits := map[string]throttle.Limit{}
	for _, text := range c.Rate {
		class, value, named := strings.Cut(text, "=")
		if !named {
			class, value = server.AllCalls, text
		}
		limit, ok := parseLimit(value)
		if !ok {
			return nil, usagef("--rate: %q must be calls a second, such as 50, read=200 or CreateUser=0.5/10: above 0, at most a million", text)
		}
		if _, twice := limits[class]; twice {
			return nil, usagef("--rate: %q is given twice", text)
		}
		limits[class] = limit
	}
	rates, err := server.NewRates(limits)
	if err != nil {
		return nil, usagef("--rate: %v", err)
	}
	return rates, nil
}

// maxRate bounds what a limit may say; more is no limit.
const maxRate = 1e6

// parseLimit reads a rate, with a burst after it or without: then it is that of a second.
func parseLimit(text string) (throttle.Limit, bool) {
	rate, burst, has := strings.Cut(text, "/")
	perSecond, err := strconv.ParseFloat(rate, 64)
	if err != nil || !(perSecond >= 1/maxRate && perSecond <= maxRate) {
		return throttle.Limit{}, false
	}
	l := throttle.Limit{PerSecond: perSecond, Burst: int(math.Ceil(perSecond))}
	if has {
		l.Burst, err = strconv.Atoi(burst)
	}
	return l, err == nil && l.Burst >= 1 && l.Burst <= maxRate
}
