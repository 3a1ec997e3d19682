package gate_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/gate"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/ops/opstest"
)

// emails returns the addresses of the caller's users.
func emails(c *opstest.Caller) []string {
	var all []string
	for _, u := range opstest.Must(c, api.Operations.ListUsers, &api.ListUsersInput{AccountID: c.Account}).Users {
		all = append(all, u.PrimaryEmail)
	}
	return all
}

func create(c *opstest.Caller, email string) error {
	_, err := opstest.Do(c, api.Operations.CreateUser, &api.CreateUserInput{AccountID: c.Account, Email: email})
	return err
}

func order(c *opstest.Caller, in api.PutFaultInput) *api.Fault {
	return opstest.Must(c, api.Operations.PutFault, &in).Fault
}

// custom is an operation that inserts an account of the name in its input and then does what it likes.
func custom(then func(ctx context.Context, name string) error) *api.Operation {
	return &api.Operation{Name: "Custom", Invoke: func(ctx context.Context, s api.Operations, in any) (any, error) {
		c, name := s.(*ops.Call), in.(*string)
		c.Tx.InsertAccount(chime.NewAccount(c.Source, c.Caller.Tenant, *name))
		return name, then(ctx, *name)
	}}
}

func names(c *opstest.Caller) []string {
	var all []string
	for _, a := range opstest.Must(c, api.Operations.ListAccounts, &api.ListAccountsInput{}).Accounts {
		all = append(all, a.Name)
	}
	return all
}

func TestFaultBeforeAndAfterTheCommit(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	order(c, api.PutFaultInput{Operation: "CreateUser", Drop: api.FaultDropBeforeCommit, Count: 1})
	if err := create(c, "before@example.com"); !errors.Is(err, gate.ErrDrop) {
		t.Errorf("dropped before the commit: %v", err)
	}
	order(c, api.PutFaultInput{Operation: "CreateUser", Drop: api.FaultDropAfterCommit, Count: 1})
	if err := create(c, "after@example.com"); !errors.Is(err, gate.ErrDrop) {
		t.Errorf("dropped after the commit: %v", err)
	}
	order(c, api.PutFaultInput{Operation: "CreateUser", Error: "ConflictException", Count: 1})
	var ordered *gate.Exception
	if err := create(c, "error@example.com"); !errors.As(err, &ordered) || ordered.Name != "ConflictException" {
		t.Errorf("error on order: %v", err)
	}
	if diff := cmp.Diff([]string{"after@example.com"}, emails(c)); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
	// A call that fails by itself has an answer, which nobody ordered to be lost.
	order(c, api.PutFaultInput{Operation: "CreateUser", Drop: api.FaultDropAfterCommit, Count: 1})
	if err := create(c, "after@example.com"); !errors.Is(err, chime.Conflict) {
		t.Errorf("a conflict under a fault that drops after the commit: %v", err)
	}
}

func TestFaultsStrikeWhatTheyAreFor(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	other := c.Of(999999999999)
	order(c, api.PutFaultInput{Operation: "*", Error: "ConflictException"}) // which ListUsers and GetUser do not declare
	order(c, api.PutFaultInput{Operation: "CreateUser", Error: "NotFoundException", Count: 2})
	order(c, api.PutFaultInput{Operation: "ListUsers", Error: "ThrottledClientException", AWSAccountID: other.Tenant.String()})
	struck := func(err error) string {
		var e *gate.Exception
		if !errors.As(err, &e) {
			return fmt.Sprint(err)
		}
		return e.Name
	}
	list := func(c *opstest.Caller) error {
		_, err := opstest.Do(c, api.Operations.ListUsers, &api.ListUsersInput{AccountID: c.Account})
		return err
	}
	if got := []string{struck(create(c, "a@example.com")), struck(list(c)), struck(list(other))}; !cmp.Equal(got, []string{"ConflictException", "<nil>", "ThrottledClientException"}) {
		t.Errorf("struck: %q", got)
	}
	faults := opstest.Must(c, api.Operations.ListFaults, &api.ListFaultsInput{}).Faults
	var counts []int
	for _, f := range faults {
		counts = append(counts, f.Struck)
	}
	if diff := cmp.Diff([]int{1, 0, 1}, counts); diff != "" {
		t.Fatalf("counts of strikes (-want +got):\n%s", diff)
	}
	opstest.Must(c, api.Operations.DeleteFault, &api.DeleteFaultInput{FaultID: faults[0].FaultID})
	var got []string
	for i := range 3 {
		got = append(got, struck(create(c, fmt.Sprintf("u%d@example.com", i))))
	}
	if diff := cmp.Diff([]string{"NotFoundException", "NotFoundException", "<nil>"}, got); diff != "" {
		t.Errorf("a fault of two strikes (-want +got):\n%s", diff)
	}
}

func TestFaultOfAProbability(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	order(c, api.PutFaultInput{Operation: "GetAccount", Error: "NotFoundException", ProbabilityPercent: 50})
	failed := 0
	for range 400 {
		if _, err := opstest.Do(c, api.Operations.GetAccount, &api.GetAccountInput{AccountID: c.Account}); err != nil {
			failed++
		}
	}
	// Ten times the standard deviation: chance alone does not get there.
	if failed < 100 || failed > 300 {
		t.Errorf("%d of 400 calls failed, want about half", failed)
	}
}

func TestFaultDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := opstest.New(t)
		order(c, api.PutFaultInput{Operation: "CreateUser", DelayMilliseconds: 60_000, Count: 2})
		begun := time.Now()
		if err := create(c, "a@example.com"); err != nil || time.Since(begun) != time.Minute {
			t.Errorf("delayed: %v after %v, want a minute", err, time.Since(begun))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		in := &api.CreateUserInput{AccountID: c.Account, Email: "b@example.com"}
		begun = time.Now()
		_, err := opstest.Run[api.CreateUserOutput](ctx, c, api.ByName("CreateUser"), in)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Second {
			t.Errorf("given up: %v after %v, want a second", err, time.Since(begun))
		}
		if diff := cmp.Diff([]string{"a@example.com"}, emails(c)); diff != "" {
			t.Errorf("users (-want +got):\n%s", diff)
		}
	})
}

func TestAnErrorLeavesNothing(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	failure := errors.New("changed my mind")
	op := custom(func(context.Context, string) error { return failure })
	name := "Left behind"
	if out, err := opstest.Run[string](t.Context(), c, op, &name); !errors.Is(err, failure) || out != nil {
		t.Errorf("Do = %v, %v", out, err)
	}
	if diff := cmp.Diff([]string{"Example"}, names(c)); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
}

// TestPanic lets an operation panic among others that wait for the same commit.
func TestPanic(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	op := custom(func(_ context.Context, name string) error {
		if strings.HasPrefix(name, "bad") {
			panic("a bug in " + name)
		}
		return nil
	})
	type result struct {
		name     string
		err      error
		panicked any
	}
	results := make(chan result)
	var want []string
	for i := range 40 {
		name := fmt.Sprintf("good %d", i)
		if i%4 == 0 {
			name = fmt.Sprintf("bad %d", i)
		}
		go func() {
			r := result{name: name}
			defer func() {
				r.panicked = recover()
				results <- r
			}()
			_, r.err = opstest.Run[string](t.Context(), c, op, &name)
		}()
	}
	for range 40 {
		r := <-results
		bad := strings.HasPrefix(r.name, "bad")
		if r.err != nil || bad != (r.panicked != nil) || bad && !strings.Contains(fmt.Sprint(r.panicked), "a bug in "+r.name) {
			t.Errorf("%s: error %v, panic %v", r.name, r.err, r.panicked)
		}
		if !bad {
			want = append(want, r.name)
		}
	}
	got := map[string]bool{}
	for _, name := range names(c) {
		got[name] = true
	}
	for _, name := range want {
		if !got[name] {
			t.Errorf("%s is not there", name)
		}
	}
	if len(got) != len(want)+1 {
		t.Errorf("there are %d accounts, want %d", len(got), len(want)+1)
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ran := custom(func(context.Context, string) error { t.Error("the operation ran"); return nil })
	name := "Cancelled"
	if _, err := opstest.Run[string](ctx, c, ran, &name); !errors.Is(err, context.Canceled) {
		t.Errorf("before it began: %v, want cancelled", err)
	}

	// The caller goes while the operation runs: the call may return before it has ended, its neighbours are made.
	ctx, cancel = context.WithCancel(t.Context())
	running, finish := make(chan bool), make(chan bool)
	op := custom(func(context.Context, string) error { close(running); <-finish; return nil })
	gone := make(chan error)
	go func() {
		_, err := opstest.Run[string](ctx, c, op, &name)
		gone <- err
	}()
	<-running
	neighbour := make(chan error)
	go func() { neighbour <- create(c, "neighbour@example.com") }()
	cancel()
	close(finish)
	if err := <-gone; err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("while it ran: %v, want cancelled or nothing", err)
	}
	if err := <-neighbour; err != nil {
		t.Errorf("the neighbour: %v", err)
	}
	if diff := cmp.Diff([]string{"neighbour@example.com"}, emails(c)); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
}

// TestReadOnly checks that reads do not wait for the writer.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	running, finish := make(chan bool), make(chan bool)
	op := custom(func(context.Context, string) error { close(running); <-finish; return nil })
	done := make(chan error)
	go func() {
		name := "Slow"
		_, err := opstest.Run[string](t.Context(), c, op, &name)
		done <- err
	}()
	<-running
	if diff := cmp.Diff([]string{"Example"}, names(c)); diff != "" {
		t.Errorf("accounts while a write is under way (-want +got):\n%s", diff)
	}
	close(finish)
	if err := <-done; err != nil {
		t.Errorf("the write: %v", err)
	}
	if diff := cmp.Diff([]string{"Example", "Slow"}, names(c)); diff != "" {
		t.Errorf("accounts after it (-want +got):\n%s", diff)
	}
}
