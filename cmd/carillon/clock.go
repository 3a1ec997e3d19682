package main

import (
	"context"
	"fmt"
	"time"

	"github.com/carillon-server/carillon/internal/store"
)

// numberSettings are the settings of telephone numbers, and of the clock by which tests see what becomes of them.
type numberSettings struct {
	OrderDelay       time.Duration `env:"CARILLON_ORDER_DELAY" default:"1s" help:"How long an order of phone numbers is Processing. Default: ${default}."`
	PhoneNumberQuota int           `env:"CARILLON_PHONE_NUMBER_QUOTA" default:"25" help:"How many phone numbers an AWS account can have; 0 is any number. Default: ${default}."`
	TestClock        bool          `env:"CARILLON_TEST_CLOCK" help:"Let callers advance the clock (AdvanceClock). For tests: the database cannot be served without this flag afterwards."`
}

func (c *numberSettings) check() error {
	switch {
	case c.OrderDelay < 0:
		return usagef("--order-delay must not be negative")
	case c.PhoneNumberQuota < 0:
		return usagef("--phone-number-quota must not be negative; 0 is any number")
	}
	return nil
}

// checkClock refuses a database whose clock tests have advanced, unless this server is for tests too.
func (c *numberSettings) checkClock(ctx context.Context, db *store.DB) error {
	if c.TestClock {
		return nil
	}
	advance, err := db.Advance(ctx)
	if err != nil {
		return err
	}
	if advance != 0 {
		return fmt.Errorf("the clock of this database was advanced by %s, so it belongs to tests; start with --test-clock, or choose another folder with --data", advance)
	}
	return nil
}
