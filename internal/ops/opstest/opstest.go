// Package opstest runs operations as the server does, through the gate and on a real store, without HTTP.
package opstest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/backup"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/gate"
	"github.com/carillon-server/carillon/internal/letter"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/store"
	"github.com/carillon-server/carillon/internal/store/storetest"
)

// Tenant is whose calls a [Caller] makes unless it is told otherwise.
const Tenant chime.Tenant = 123456789012

// Caller makes calls. Copies share the store and the clock.
type Caller struct {
	Gate    *gate.Gate
	DB      *store.DB // behind the gate, for jobs
	Raw     *storetest.Raw
	Clock   *chimetest.Clock
	Tenant  chime.Tenant
	Account string     // the id of an account of Tenant, for operations that need one
	Mark    store.Mark // of the calls; zero if they cannot be repeated

	As *chime.Caller // who calls; nil for the root of Tenant

	t testing.TB
}

// New returns a caller on a new store, on the engine that [storetest.Open] chooses. The settings are those of a server without
// an SMTP server, where faults may be ordered, as changed.
func New(t testing.TB, change ...func(*ops.Settings)) *Caller {
	t.Helper()
	c := &Caller{Clock: chimetest.NewClock(), Tenant: Tenant, t: t}
	source := c.Clock.Source()
	c.DB, c.Raw = storetest.OpenRaw(t, source.Random)
	backups := backup.NewKeeper(c.DB, t.TempDir(), c.Clock.Now)
	t.Cleanup(func() {
		if err := backups.Close(); err != nil {
			t.Errorf("end the backups: %v", err)
		}
	})
	letters, err := letter.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	settings := ops.Settings{Faults: ops.NewFaults(), Letters: letters, PublicURL: "http://carillon.example.com", Mailbox: true, Backups: backups}
	for _, fn := range change {
		fn(&settings)
	}
	c.Gate = gate.New(c.DB, source, settings)
	c.Account = c.NewAccount("Example")
	return c
}

// Strict is a change of the settings: what Amazon refused is refused.
func Strict(s *ops.Settings) { s.Rules = chime.Strict }

// NewAccount adds an account to the tenant and returns its id.
func (c *Caller) NewAccount(name string) string {
	c.t.Helper()
	return Must(c, api.Operations.CreateAccount, &api.CreateAccountInput{Name: name}).Account.AccountID
}

// Of returns a caller of another tenant, with an account there.
func (c *Caller) Of(tenant chime.Tenant) *Caller {
	c.t.Helper()
	other := *c
	other.Tenant = tenant
	other.Account = other.NewAccount("Example")
	return &other
}

// Attempt returns a caller whose calls are attempts of one invocation: the same call made twice by it is a repetition.
func (c *Caller) Attempt(invocation string) *Caller {
	attempt := *c
	sum := sha256.Sum256([]byte(invocation))
	attempt.Mark = store.Mark(sum[:])
	return &attempt
}

// CreateUser adds a user to the caller's account and returns it.
func (c *Caller) CreateUser(email string) *api.User {
	c.t.Helper()
	return Must(c, api.Operations.CreateUser, &api.CreateUserInput{AccountID: c.Account, Email: email}).User
}

// Caller returns who makes the calls: As, or else the root of the tenant. That of the tenant [Tenant] is the installation's.
func (c *Caller) Caller() chime.Caller {
	switch {
	case c.As != nil:
		return *c.As
	case c.Tenant == Tenant:
		return c.Tenant.Root(chime.InstallationRoot, "AKIDEXAMPLE")
	}
	return c.Tenant.Root(chime.TenantRoot, "AKIDEXAMPLE")
}

// Do calls an operation, named by its method, which also tells the types: Do(c, api.Operations.CreateUser, in).
func Do[In, Out any](c *Caller, _ func(api.Operations, context.Context, *In) (*Out, error), in *In) (*Out, error) {
	return Run[Out](context.Background(), c, rowOf[In](), in)
}

// Run calls an operation that need not be one of the API.
func Run[Out any](ctx context.Context, c *Caller, op *api.Operation, in any) (*Out, error) {
	out, err := Raw(ctx, c, op, in)
	if err != nil {
		return nil, err
	}
	return out.(*Out), nil
}

// Raw is [Run] where the type of the output is not known.
func Raw(ctx context.Context, c *Caller, op *api.Operation, in any) (any, error) {
	return c.Gate.Do(ctx, &gate.Request{Operation: op, Input: in, Caller: c.Caller(), Mark: c.Mark})
}

// Must is [Do] for a call that succeeds.
func Must[In, Out any](c *Caller, operation func(api.Operations, context.Context, *In) (*Out, error), in *In) *Out {
	c.t.Helper()
	out, err := Do(c, operation, in)
	if err != nil {
		c.t.Fatalf("%T: %v", in, err)
	}
	return out
}

// rowOf returns the operation with the input.
func rowOf[In any]() *api.Operation {
	for _, op := range api.AllOperations {
		if _, ok := op.Input.New().(*In); ok {
			return op
		}
	}
	panic(fmt.Sprintf("no operation has the input %T", new(In)))
}
