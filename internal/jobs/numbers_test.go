package jobs_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/gate"
	"github.com/carillon-server/carillon/internal/ops"
)

const number = "+12065550100"

// order orders a number.
func (f *fixture) order(t *testing.T) *api.PhoneNumberOrder {
	t.Helper()
	return call[api.CreatePhoneNumberOrderOutput](t, f, "CreatePhoneNumberOrder", &api.CreatePhoneNumberOrderInput{
		ProductType: "BusinessCalling", E164PhoneNumbers: []string{number},
	}).PhoneNumberOrder
}

// TestNumbers ends an order and the deletion of its number, in a runner that runs.
func TestNumbers(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.Pace(10*time.Millisecond, time.Second)
	stop := f.run(t)
	defer stop()
	o := f.order(t)
	eventually(t, "the order is done", func() bool {
		return call[api.GetPhoneNumberOrderOutput](t, f, "GetPhoneNumberOrder", &api.GetPhoneNumberOrderInput{PhoneNumberOrderID: o.PhoneNumberOrderID}).PhoneNumberOrder.Status == "Successful"
	})
	call[api.DeletePhoneNumberOutput](t, f, "DeletePhoneNumber", &api.DeletePhoneNumberInput{PhoneNumberID: number})
	f.clock.Move(chime.QueueTime)
	eventually(t, "the number can be ordered again", func() bool {
		found := call[api.SearchAvailablePhoneNumbersOutput](t, f, "SearchAvailablePhoneNumbers", &api.SearchAvailablePhoneNumbersInput{AreaCode: "206", MaxResults: 1})
		return found.E164PhoneNumbers[0] == number
	})
}

// TestSettle waits for a runner that would not look for a long time, after the clock was moved.
func TestSettle(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.gate = gate.New(f.db, f.source, ops.Settings{OrderDelay: 24 * time.Hour})
	f.Runner = f.runner(nil)
	f.Pace(time.Hour, time.Second)
	stop := f.run(t)
	defer stop()
	o := f.order(t)
	f.clock.Move(24 * time.Hour)
	if err := f.Settle(t.Context()); err != nil {
		t.Fatalf("Settle: %v", err)
	}
	got := call[api.GetPhoneNumberOrderOutput](t, f, "GetPhoneNumberOrder", &api.GetPhoneNumberOrderInput{PhoneNumberOrderID: o.PhoneNumberOrderID}).PhoneNumberOrder
	if got.Status != "Successful" || got.UpdatedTimestamp != f.clock.Now() {
		t.Errorf("the order is %s since %s", got.Status, got.UpdatedTimestamp)
	}
}

// TestSettleWithoutRunner ends with its caller where nobody does the jobs.
func TestSettleWithoutRunner(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.order(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := f.Settle(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Settle: %v, want the end of its time", err)
	}
}
