package ops_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/jobs"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/ops/opstest"
)

const (
	first  = "+12065550100"
	second = "+12065550101"
)

// telephone is a caller with a runner of jobs.
type telephone struct {
	*opstest.Caller
	runner *jobs.Runner
}

// newTelephone returns a caller whose orders take a second and whose inventory has room for 25 numbers.
func newTelephone(t testing.TB, changes ...func(*ops.Settings)) *telephone {
	t.Helper()
	c := &telephone{}
	defaults := func(s *ops.Settings) {
		s.OrderDelay, s.NumberQuota = time.Second, 25
		s.RunDue = func(ctx context.Context) error { return c.runner.RunDue(ctx) }
	}
	c.Caller = opstest.New(t, append([]func(*ops.Settings){defaults}, changes...)...)
	c.runner = jobs.New(jobs.Config{DB: c.DB, Gate: c.Gate, Source: c.Clock.Source(), Log: slog.New(slog.DiscardHandler)})
	return c
}

// of returns a caller of another tenant.
func (c *telephone) other() *telephone {
	other := *c
	other.Caller = c.Of(opstest.Tenant + 1)
	return &other
}

// wait moves the clock and does what is due then.
func (c *telephone) wait(t testing.TB, d time.Duration) {
	t.Helper()
	c.Clock.Move(d)
	if err := c.runner.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func order(c *opstest.Caller, product string, numbers ...string) (*api.PhoneNumberOrder, error) {
	out, err := opstest.Do(c, api.Operations.CreatePhoneNumberOrder, &api.CreatePhoneNumberOrderInput{ProductType: product, E164PhoneNumbers: numbers})
	if err != nil {
		return nil, err
	}
	return out.PhoneNumberOrder, nil
}

// buy orders numbers for BusinessCalling and waits until they are there.
func (c *telephone) buy(t testing.TB, numbers ...string) {
	t.Helper()
	if _, err := order(c.Caller, "BusinessCalling", numbers...); err != nil {
		t.Fatal(err)
	}
	c.wait(t, time.Second)
	for _, n := range numbers {
		if got := getNumber(c.Caller, n).Status; got != "Unassigned" {
			t.Fatalf("the number is %s after its order", got)
		}
	}
}

func getNumber(c *opstest.Caller, id string) *api.PhoneNumber {
	return opstest.Must(c, api.Operations.GetPhoneNumber, &api.GetPhoneNumberInput{PhoneNumberID: id}).PhoneNumber
}

func search(c *opstest.Caller, in api.SearchAvailablePhoneNumbersInput) []string {
	return opstest.Must(c, api.Operations.SearchAvailablePhoneNumbers, &in).E164PhoneNumbers
}

func associate(c *opstest.Caller, userID, number string) error {
	_, err := opstest.Do(c, api.Operations.AssociatePhoneNumberWithUser, &api.AssociatePhoneNumberWithUserInput{AccountID: c.Account, UserID: userID, E164PhoneNumber: number})
	return err
}

func disassociate(c *opstest.Caller, userID string) error {
	_, err := opstest.Do(c, api.Operations.DisassociatePhoneNumberFromUser, &api.DisassociatePhoneNumberFromUserInput{AccountID: c.Account, UserID: userID})
	return err
}

func deleteNumber(c *opstest.Caller, id string) error {
	_, err := opstest.Do(c, api.Operations.DeletePhoneNumber, &api.DeletePhoneNumberInput{PhoneNumberID: id})
	return err
}

func restoreNumber(c *opstest.Caller, id string) error {
	_, err := opstest.Do(c, api.Operations.RestorePhoneNumber, &api.RestorePhoneNumberInput{PhoneNumberID: id})
	return err
}

func listNumbers(c *opstest.Caller, in api.ListPhoneNumbersInput) (numbers []string) {
	for {
		out := opstest.Must(c, api.Operations.ListPhoneNumbers, &in)
		for _, n := range out.PhoneNumbers {
			numbers = append(numbers, n.E164PhoneNumber)
		}
		if in.NextToken = out.NextToken; in.NextToken == "" {
			return numbers
		}
	}
}

func importNumbers(c *opstest.Caller, rows ...api.ImportPhoneNumber) *api.ImportPhoneNumbersOutput {
	return opstest.Must(c, api.Operations.ImportPhoneNumbers, &api.ImportPhoneNumbersInput{PhoneNumbers: rows})
}
