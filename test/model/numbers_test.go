package model

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/gate"
	"github.com/carillon-server/carillon/internal/jobs"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/ops/opstest"
	"github.com/carillon-server/carillon/internal/seal/sealtest"
	"github.com/carillon-server/carillon/internal/stock"
	"github.com/carillon-server/carillon/internal/store"
	"github.com/carillon-server/carillon/internal/store/pgtest"
)

// modelQuota is how many numbers a tenant of the model can have: fewer than there are.
const modelQuota = 3

func TestNumbersOnSQLite(t *testing.T) {
	runNumbers(t, 1, func(source chime.Source) (*store.DB, error) {
		return store.Open(t.Context(), t.TempDir(), source.Random, sealtest.Keys)
	})
}

// TestNumbersOnPostgres takes one sequence of four, as TestModelOnPostgres does.
func TestNumbersOnPostgres(t *testing.T) {
	database := pgtest.Database(t)
	runNumbers(t, 4, func(source chime.Source) (*store.DB, error) {
		return store.OpenPostgres(t.Context(), database, source.Random, sealtest.Keys)
	})
}

// runNumbers does random things to a few numbers, in two tenants, and compares each of them with a model after every step: no
// number is ever in two hands, and none is lost. Each sequence has tenants, numbers and users of its own.
func runNumbers(t *testing.T, every int, open func(chime.Source) (*store.DB, error)) {
	clock := chimetest.NewClock()
	source := clock.Source()
	db, err := open(source)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	}()
	g := gate.New(db, source, ops.Settings{OrderDelay: time.Second, NumberQuota: modelQuota})
	runner := jobs.New(jobs.Config{DB: db, Gate: g, Source: source, Log: slog.New(slog.DiscardHandler)})
	areas := stock.Search(chime.NumberSearch{Country: chime.America, Type: chime.Local, Prefix: "+1"}, "")
	sequence := 0
	rapid.Check(t, func(r *rapid.T) {
		if sequence++; sequence%every != 0 {
			return
		}
		m := &numberModel{r: r, clock: clock, runner: runner, numbers: map[string]*modelNumber{}}
		for i := range 2 {
			c := &opstest.Caller{Gate: g, Clock: clock, Tenant: chime.Tenant(200000000000 + sequence*2 + i)}
			c.Account = must(r, c, api.Operations.CreateAccount, &api.CreateAccountInput{Name: "Example"}).Account.AccountID
			m.tenants, m.users = append(m.tenants, c), append(m.users, map[string]string{})
			for j := range 3 {
				m.addUser(i, fmt.Sprintf("u%d@example.com", j))
			}
		}
		numbers := areas[sequence%len(areas)].After("")
		for i := range 5 {
			m.numbers[string(numbers[sequence/len(areas)%20*5+i])] = &modelNumber{owner: -1}
		}
		r.Repeat(map[string]func(*rapid.T){
			"order":        m.order,
			"race":         m.race,
			"associate":    m.associate,
			"disassociate": m.disassociate,
			"remove":       m.remove,
			"delete":       m.delete,
			"restore":      m.restore,
			"wait":         m.wait,
			"":             m.compare,
		})
		m.empty()
	})
}

// must is opstest.Must within a sequence.
func must[In, Out any](r *rapid.T, c *opstest.Caller, operation func(api.Operations, context.Context, *In) (*Out, error), in *In) *Out {
	out, err := opstest.Do(c, operation, in)
	if err != nil {
		r.Fatalf("%T: %v", in, err)
	}
	return out
}

// numberModel is what should be.
type numberModel struct {
	r       *rapid.T
	clock   *chimetest.Clock
	runner  *jobs.Runner
	tenants []*opstest.Caller
	users   []map[string]string // of each tenant: by id, with the number
	numbers map[string]*modelNumber
}

type modelNumber struct {
	owner     int // -1: nobody
	acquired  bool
	orderedAt time.Time
	deletedAt time.Time // zero: not in the queue
	user      string
}

func (m *numberModel) now() time.Time { return m.clock.Now() }

func (m *numberModel) addUser(tenant int, email string) {
	c := m.tenants[tenant]
	u := must(m.r, c, api.Operations.CreateUser, &api.CreateUserInput{AccountID: c.Account, Email: email}).User
	m.users[tenant][u.UserID] = ""
}

func (m *numberModel) getUser(tenant int, user string) *api.User {
	c := m.tenants[tenant]
	return must(m.r, c, api.Operations.GetUser, &api.GetUserInput{AccountID: c.Account, UserID: user}).User
}

// runDue does the jobs that are due.
func (m *numberModel) runDue() {
	if err := m.runner.RunDue(context.Background()); err != nil {
		m.r.Fatal(err)
	}
}

func (m *numberModel) disassociateFrom(tenant int, user string) error {
	c := m.tenants[tenant]
	_, err := opstest.Do(c, api.Operations.DisassociatePhoneNumberFromUser, &api.DisassociatePhoneNumberFromUserInput{AccountID: c.Account, UserID: user})
	return err
}

func (m *numberModel) deleteFrom(tenant int, e164 string) error {
	_, err := opstest.Do(m.tenants[tenant], api.Operations.DeletePhoneNumber, &api.DeletePhoneNumberInput{PhoneNumberID: e164})
	return err
}

func (m *numberModel) orderFor(tenant int, numbers ...string) error {
	_, err := opstest.Do(m.tenants[tenant], api.Operations.CreatePhoneNumberOrder, &api.CreatePhoneNumberOrderInput{ProductType: "BusinessCalling", E164PhoneNumbers: numbers})
	return err
}

func (m *numberModel) gone(n *modelNumber) bool {
	return !n.deletedAt.IsZero() && !m.now().Before(n.deletedAt.Add(7*24*time.Hour))
}

// has reports whether the number is in the tenant's inventory, as it shows.
func (m *numberModel) has(tenant int, n *modelNumber) bool { return n.owner == tenant && !m.gone(n) }

func (m *numberModel) count(tenant int) (numbers int) {
	for _, n := range m.numbers {
		if n.owner == tenant && n.deletedAt.IsZero() {
			numbers++
		}
	}
	return numbers
}

func (m *numberModel) anyNumber(r *rapid.T) string {
	return rapid.SampledFrom(slices.Sorted(maps.Keys(m.numbers))).Draw(r, "number")
}

func (m *numberModel) anyTenant(r *rapid.T) int { return rapid.IntRange(0, 1).Draw(r, "tenant") }

func (m *numberModel) anyUser(r *rapid.T, tenant int) string {
	return rapid.SampledFrom(slices.Sorted(maps.Keys(m.users[tenant]))).Draw(r, "user")
}

// expect checks what came of a call, whose kind of refusal is given; chime.Failure stands for success.
func (m *numberModel) expect(what string, err error, want chime.Kind) {
	if want == chime.Failure && err != nil || want != chime.Failure && !errors.Is(err, want) {
		m.r.Fatalf("%s: %v, want %v", what, err, want)
	}
}

func (m *numberModel) order(r *rapid.T) {
	tenant := m.anyTenant(r)
	numbers := rapid.SliceOfNDistinct(rapid.SampledFrom(slices.Sorted(maps.Keys(m.numbers))), 1, 3, rapid.ID).Draw(r, "numbers")
	var free []string
	for _, e164 := range numbers {
		if m.numbers[e164].owner < 0 {
			free = append(free, e164)
		}
	}
	err := m.orderFor(tenant, numbers...)
	if m.count(tenant)+len(free) > modelQuota {
		m.expect("order", err, chime.LimitExceeded)
		return
	}
	m.expect("order", err, chime.Failure)
	for _, e164 := range free {
		*m.numbers[e164] = modelNumber{owner: tenant, orderedAt: m.now()}
	}
}

// race lets both tenants order a number at once, where both have room for it.
func (m *numberModel) race(r *rapid.T) {
	e164 := m.anyNumber(r)
	if m.numbers[e164].owner >= 0 || m.count(0) == modelQuota || m.count(1) == modelQuota {
		r.Skip("nothing to race for")
	}
	errs := make([]error, 2)
	var both sync.WaitGroup
	for i := range m.tenants {
		both.Go(func() { errs[i] = m.orderFor(i, e164) })
	}
	both.Wait()
	for i, tenant := range m.tenants {
		_, err := opstest.Do(tenant, api.Operations.GetPhoneNumber, &api.GetPhoneNumberInput{PhoneNumberID: e164})
		if err == nil {
			if m.numbers[e164].owner >= 0 {
				r.Fatalf("both tenants have %s", e164)
			}
			*m.numbers[e164] = modelNumber{owner: i, orderedAt: m.now()}
		}
	}
	if err := errors.Join(errs...); m.numbers[e164].owner < 0 || err != nil {
		r.Fatalf("tenant %d has %s after the race, %v", m.numbers[e164].owner, e164, err)
	}
}

func (m *numberModel) associate(r *rapid.T) {
	tenant, e164 := m.anyTenant(r), m.anyNumber(r)
	user, n := m.anyUser(r, tenant), m.numbers[e164]
	c := m.tenants[tenant]
	_, err := opstest.Do(c, api.Operations.AssociatePhoneNumberWithUser, &api.AssociatePhoneNumberWithUserInput{AccountID: c.Account, UserID: user, E164PhoneNumber: e164})
	switch {
	case !m.has(tenant, n):
		m.expect("associate", err, chime.NotFound)
	case n.user == user:
		m.expect("associate", err, chime.Failure)
	case !n.acquired || !n.deletedAt.IsZero() || n.user != "" || m.users[tenant][user] != "":
		m.expect("associate", err, chime.BadRequest)
	default:
		m.expect("associate", err, chime.Failure)
		n.user, m.users[tenant][user] = user, e164
	}
}

func (m *numberModel) disassociate(r *rapid.T) {
	tenant := m.anyTenant(r)
	user := m.anyUser(r, tenant)
	err := m.disassociateFrom(tenant, user)
	e164 := m.users[tenant][user]
	if e164 == "" {
		m.expect("disassociate", err, chime.NotFound)
		return
	}
	m.expect("disassociate", err, chime.Failure)
	m.numbers[e164].user, m.users[tenant][user] = "", ""
}

// remove removes a user, and lets another come.
func (m *numberModel) remove(r *rapid.T) {
	tenant := m.anyTenant(r)
	c, user := m.tenants[tenant], m.anyUser(r, tenant)
	email := m.getUser(tenant, user).PrimaryEmail
	if rapid.Bool().Draw(r, "suspend") {
		must(r, c, api.Operations.BatchSuspendUser, &api.BatchSuspendUserInput{AccountID: c.Account, UserIDList: []string{user}})
	} else {
		must(r, c, api.Operations.DeleteUser, &api.DeleteUserInput{AccountID: c.Account, UserID: user})
	}
	if e164 := m.users[tenant][user]; e164 != "" {
		m.numbers[e164].user = ""
	}
	delete(m.users[tenant], user)
	m.addUser(tenant, email)
}

func (m *numberModel) delete(r *rapid.T) {
	tenant, e164 := m.anyTenant(r), m.anyNumber(r)
	n := m.numbers[e164]
	err := m.deleteFrom(tenant, e164)
	switch {
	case !m.has(tenant, n):
		m.expect("delete", err, chime.NotFound)
	case !n.acquired:
		m.expect("delete", err, chime.BadRequest)
	case n.user != "":
		m.expect("delete", err, chime.Associated)
	default:
		m.expect("delete", err, chime.Failure)
		if n.deletedAt.IsZero() {
			n.deletedAt = m.now()
		}
	}
}

func (m *numberModel) restore(r *rapid.T) {
	tenant, e164 := m.anyTenant(r), m.anyNumber(r)
	n := m.numbers[e164]
	_, err := opstest.Do(m.tenants[tenant], api.Operations.RestorePhoneNumber, &api.RestorePhoneNumberInput{PhoneNumberID: e164})
	switch {
	case !m.has(tenant, n):
		m.expect("restore", err, chime.NotFound)
	case n.deletedAt.IsZero():
		m.expect("restore", err, chime.BadRequest)
	case m.count(tenant) == modelQuota:
		m.expect("restore", err, chime.LimitExceeded)
	default:
		m.expect("restore", err, chime.Failure)
		n.deletedAt = time.Time{}
	}
}

// wait moves the clock, and does what is due then or leaves it.
func (m *numberModel) wait(r *rapid.T) {
	d := rapid.SampledFrom([]time.Duration{0, time.Second, time.Hour, 4 * 24 * time.Hour, 7 * 24 * time.Hour}).Draw(r, "time")
	m.clock.Move(d)
	if rapid.IntRange(0, 3).Draw(r, "jobs") == 0 {
		return
	}
	m.runDue()
	for _, n := range m.numbers {
		if n.owner >= 0 && !m.now().Before(n.orderedAt.Add(time.Second)) {
			n.acquired = true
		}
		if m.gone(n) {
			*n = modelNumber{owner: -1}
		}
	}
}

// compare looks at everything from both tenants.
func (m *numberModel) compare(r *rapid.T) {
	found := m.search()
	for e164, n := range m.numbers {
		for i, tenant := range m.tenants {
			out, err := opstest.Do(tenant, api.Operations.GetPhoneNumber, &api.GetPhoneNumberInput{PhoneNumberID: e164})
			if !m.has(i, n) {
				m.expect("GetPhoneNumber", err, chime.NotFound)
				continue
			}
			m.expect("GetPhoneNumber", err, chime.Failure)
			if got, want := out.PhoneNumber.Status, n.status(); got != want {
				r.Fatalf("%s is %s, want %s", e164, got, want)
			}
			user := ""
			if a := out.PhoneNumber.Associations; len(a) > 0 {
				user = a[1].Value
			}
			if user != n.user {
				r.Fatalf("%s is with %q, want %q", e164, user, n.user)
			}
		}
		if got, want := slices.Contains(found, e164), n.owner < 0; got != want {
			r.Fatalf("the search finds %s: %t, want %t", e164, got, want)
		}
	}
	for i, users := range m.users {
		for user, e164 := range users {
			if got := m.getUser(i, user).PrimaryProvisionedNumber; got != e164 {
				r.Fatalf("user %s has %q, want %q", user, got, e164)
			}
		}
	}
}

// search returns what can be had in the area of the numbers.
func (m *numberModel) search() []string {
	area := slices.Sorted(maps.Keys(m.numbers))[0][2:5]
	return must(m.r, m.tenants[0], api.Operations.SearchAvailablePhoneNumbers, &api.SearchAvailablePhoneNumbersInput{AreaCode: area, MaxResults: 500}).E164PhoneNumbers
}

func (n *modelNumber) status() string {
	switch {
	case !n.acquired:
		return "AcquireInProgress"
	case !n.deletedAt.IsZero():
		return "ReleaseInProgress"
	case n.user != "":
		return "Assigned"
	}
	return "Unassigned"
}

// empty gives all numbers back, and sees them back in the stock.
func (m *numberModel) empty() {
	m.clock.Move(time.Second)
	m.runDue()
	for i, users := range m.users {
		for user, e164 := range users {
			if e164 != "" {
				m.expect("disassociate", m.disassociateFrom(i, user), chime.Failure)
			}
		}
	}
	for e164, n := range m.numbers {
		if n.owner >= 0 && !m.gone(n) {
			m.expect("delete", m.deleteFrom(n.owner, e164), chime.Failure)
		}
	}
	m.clock.Move(7 * 24 * time.Hour)
	m.runDue()
	found := m.search()
	for e164 := range m.numbers {
		if !slices.Contains(found, e164) {
			m.r.Fatalf("%s is lost", e164)
		}
	}
}
