package gate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/audit"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/gate"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/ops/opstest"
)

// events returns what was recorded so far of the caller's tenant, the earliest first, late records too.
func events(c *opstest.Caller) []api.Event {
	if _, err := c.Gate.WriteLate(context.Background()); err != nil {
		panic(err)
	}
	var all []api.Event
	in := &api.LookupEventsInput{MaxResults: 1000}
	for {
		out := opstest.Must(c, api.Operations.LookupEvents, in)
		all = append(all, out.Events...)
		if in.NextToken = out.NextToken; in.NextToken == "" {
			slices.Reverse(all)
			return all
		}
	}
}

// since returns the names of what was recorded after the first events, refusals with their exceptions.
func since(c *opstest.Caller, n int) []string {
	var all []string
	for _, e := range events(c)[n:] {
		name := e.EventName
		if e.ErrorCode != "" {
			name += " " + e.ErrorCode
		}
		if strings.Contains(e.CloudTrailEvent, `"directoryChanged":false`) {
			name += " unchanged"
		}
		all = append(all, name)
	}
	return all
}

// changing is an operation of the tables that does nothing but add an account.
func changing(op *api.Operation) *api.Operation {
	same := *op
	same.Invoke = func(_ context.Context, s api.Operations, _ any) (any, error) {
		c := s.(*ops.Call)
		if !op.ReadOnly {
			c.Tx.InsertAccount(chime.NewAccount(c.Source, c.Caller.Tenant, op.Name))
		}
		return op.Output.New(), nil
	}
	return &same
}

// TestEveryOperationIsRecorded runs each operation of the tables through the gate: one that changes something leaves one
// record, one that reads leaves none, and where reads are wanted one.
func TestEveryOperationIsRecorded(t *testing.T) {
	t.Parallel()
	for _, level := range []audit.Level{audit.Changes, audit.Reads, audit.Off} {
		c := opstest.New(t, func(s *ops.Settings) { s.Audit = level })
		var want []string
		before := len(events(c))
		for _, op := range api.AllOperations {
			if ops.Prepares(op.Input.New()) {
				continue // it would ask the world first; recorded like all others
			}
			_, err := c.Gate.Do(t.Context(), &gate.Request{Operation: changing(op), Input: op.Input.New(), Caller: c.Tenant.Root(chime.InstallationRoot, "AKIDEXAMPLE")})
			if err != nil {
				t.Fatalf("%s: %v", op.Name, err)
			}
			if level == audit.Reads || level == audit.Changes && !op.ReadOnly {
				want = append(want, op.Name)
			}
		}
		got := since(c, before)
		got = slices.DeleteFunc(got, func(name string) bool { return name == "LookupEvents" }) // of this test
		want = slices.DeleteFunc(want, func(name string) bool { return name == "LookupEvents" })
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("level %d: recorded (-want +got):\n%s", level, diff)
		}
	}
}

func TestRecordOfAChange(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	before := len(events(c))
	u := c.CreateUser("jane@example.com")
	if err := create(c, "jane@example.com"); !errors.Is(err, chime.Conflict) {
		t.Errorf("again: %v", err)
	}
	opstest.Must(c, api.Operations.UpdateUser, &api.UpdateUserInput{AccountID: c.Account, UserID: u.UserID, LicenseType: "Basic"})
	opstest.Must(c, api.Operations.UpdateUser, &api.UpdateUserInput{AccountID: c.Account, UserID: u.UserID, LicenseType: "Basic"})
	if diff := cmp.Diff([]string{"CreateUser", "UpdateUser", "UpdateUser unchanged"}, since(c, before)); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	e := events(c)[before]
	if e.AccountID != c.Account || e.PrincipalARN != "arn:aws:iam::123456789012:root" || e.AccessKeyID != "AKIDEXAMPLE" || *e.ReadOnly {
		t.Errorf("event = %+v", e)
	}
	if strings.Contains(fmt.Sprint(events(c)), "jane") {
		t.Errorf("an address is recorded: %+v", events(c))
	}
	var whole struct {
		ResponseElements struct{ User struct{ UserID string } }
	}
	if err := json.Unmarshal([]byte(e.CloudTrailEvent), &whole); err != nil || whole.ResponseElements.User.UserID != u.UserID {
		t.Errorf("%s: %v", e.CloudTrailEvent, err)
	}
}

func TestRepetitionIsNoChange(t *testing.T) {
	t.Parallel()
	c := opstest.New(t).Attempt("one")
	before := len(events(c))
	c.CreateUser("jane@example.com")
	c.CreateUser("jane@example.com")
	if diff := cmp.Diff([]string{"CreateUser", "CreateUser unchanged"}, since(c, before)); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	before := len(events(c))
	refuse := func() {
		c.Gate.Refused(c.Tenant, &gate.Request{Operation: api.ByName("CreateUser"), Input: &api.CreateUserInput{}, Caller: chime.Caller{AccessKeyID: "AKIDOTHER"}},
			"UnrecognizedClientException", "no")
	}
	refuse()
	if diff := cmp.Diff([]string{"CreateUser UnrecognizedClientException"}, since(c, before)); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	if e := events(c)[before]; e.AccessKeyID != "AKIDOTHER" || e.PrincipalARN != "" {
		t.Errorf("event = %+v", e)
	}
	const more = 1500
	for range more {
		refuse()
	}
	dropped, err := c.Gate.WriteLate(t.Context())
	if dropped == 0 || dropped == more || err != nil {
		t.Errorf("%d of %d were dropped, %v", dropped, more, err)
	}
	all := since(c, before+1)
	if got := len(all); got != more-dropped+1 || !slices.Contains(all, "DropAuditRecords") {
		t.Errorf("%d records after %d were dropped, want %d with one that says so", got, dropped, more-dropped+1)
	}
}

// TestFloodsLeaveRoom lets calls be refused a great many times over. Those that were turned away at the door must not fill the
// disk, and none must take the room of another tenant, or of callers who are known.
func TestFloodsLeaveRoom(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	other := c.Of(210987654321)
	known := chime.Caller{Tenant: c.Tenant, ARN: "arn:aws:iam::123456789012:user/jane"}
	refuse := func(of *opstest.Caller, times int, caller chime.Caller, in any) {
		for range times {
			c.Gate.Refused(of.Tenant, &gate.Request{Operation: api.ByName("ResetPersonalPIN"), Input: in, Caller: caller}, "ForbiddenException", "no")
		}
	}
	count := func(of *opstest.Caller) (n int) {
		for _, e := range events(of) {
			if e.EventName == "ResetPersonalPIN" {
				n++
			}
		}
		return n
	}
	for range 5 {
		refuse(c, 1000, chime.Caller{}, nil) // nobody
		if _, err := c.Gate.WriteLate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(c); n == 0 || n > 300 {
		t.Errorf("%d records of 5000 calls that nobody signed", n)
	}
	before := count(c)
	refuse(c, 1, known, nil)
	if n := count(c) - before; n != 1 {
		t.Errorf("%d records of the first call by a disabled key", n)
	}
	refuse(c, 10_000, known, &api.ResetPersonalPINInput{})
	refuse(other, 10, known, &api.ResetPersonalPINInput{})
	if n := count(other); n != 10 {
		t.Errorf("%d records of another tenant's 10 refusals during the flood", n)
	}
}

func TestLookupEvents(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	start := c.Clock.Now()
	for n := range 5 {
		c.Clock.Move(time.Hour)
		c.CreateUser(fmt.Sprintf("u%d@example.com", n))
	}
	other := c.NewAccount("Another")
	foreign := c.Of(210987654321)
	names := func(c *opstest.Caller, in api.LookupEventsInput) string {
		var all []string
		for page := 0; ; page++ {
			out := opstest.Must(c, api.Operations.LookupEvents, &in)
			for _, e := range out.Events {
				all = append(all, e.EventName)
			}
			if in.NextToken = out.NextToken; in.NextToken == "" || page > 100 {
				return strings.Join(all, " ")
			}
		}
	}
	const user, users = "CreateUser", "CreateUser CreateUser CreateUser CreateUser CreateUser"
	for name, test := range map[string]struct {
		c    *opstest.Caller
		in   api.LookupEventsInput
		want string
	}{
		"all":                 {c, api.LookupEventsInput{}, "CreateAccount " + users + " CreateAccount"},
		"by pages":            {c, api.LookupEventsInput{MaxResults: 2}, "CreateAccount " + users + " CreateAccount"},
		"by name":             {c, api.LookupEventsInput{EventName: user, MaxResults: 2}, users},
		"by account":          {c, api.LookupEventsInput{AccountID: other}, "CreateAccount"},
		"by what is no ID":    {c, api.LookupEventsInput{AccountID: "other"}, ""},
		"by principal":        {c, api.LookupEventsInput{PrincipalARN: "arn:aws:iam::123456789012:user/jane"}, ""},
		"by the first hour":   {c, api.LookupEventsInput{EndTime: start.Add(time.Hour)}, "CreateUser CreateAccount"},
		"by the last hour":    {c, api.LookupEventsInput{StartTime: start.Add(5 * time.Hour)}, "CreateAccount CreateUser"},
		"by an hour":          {c, api.LookupEventsInput{StartTime: start.Add(2 * time.Hour), EndTime: start.Add(3 * time.Hour)}, "CreateUser CreateUser"},
		"of another tenant":   {foreign, api.LookupEventsInput{}, "CreateAccount"},
		"of another's things": {foreign, api.LookupEventsInput{AccountID: c.Account}, ""},
	} {
		if got := names(test.c, test.in); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
	first := opstest.Must(c, api.Operations.LookupEvents, &api.LookupEventsInput{MaxResults: 1})
	if _, err := opstest.Do(c, api.Operations.LookupEvents, &api.LookupEventsInput{EventName: user, NextToken: first.NextToken}); !errors.Is(err, chime.BadRequest) {
		t.Errorf("a token of another search: %v", err)
	}
}

func TestVerifyAudit(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	verify := func(in api.VerifyAuditInput) (records, unsealed int, last api.AuditSeal) {
		t.Helper()
		for {
			out := opstest.Must(c, api.Operations.VerifyAudit, &in)
			if out.Fault != nil {
				t.Fatalf("fault: %+v", out.Fault)
			}
			records, unsealed = records+out.Records, unsealed+out.Unsealed
			if out.LastSeal != nil {
				last = *out.LastSeal
			}
			if in.NextToken = out.NextToken; in.NextToken == "" {
				return records, unsealed, last
			}
		}
	}
	if records, unsealed, _ := verify(api.VerifyAuditInput{}); records != 0 || unsealed != 1 {
		t.Errorf("%d records, %d unsealed, want 0, 1", records, unsealed)
	}
	c.CreateUser("one@example.com")
	if err := c.DB.SealAudit(t.Context(), c.Clock.Now(), false); err != nil {
		t.Fatal(err)
	}
	c.CreateUser("two@example.com")
	records, unsealed, last := verify(api.VerifyAuditInput{})
	if records != 2 || unsealed != 1 || last.Number != 1 {
		t.Errorf("%d records, %d unsealed, last seal %d, want 2, 1, 1", records, unsealed, last.Number)
	}
	expected := fmt.Sprintf("%d:%s", last.Number, last.Signature)
	verify(api.VerifyAuditInput{ExpectedSeal: expected})
	for seal, want := range map[string]string{"1:" + strings.Repeat("0", 64): "SealAltered", "2" + expected[1:]: "SealRemoved"} {
		out := opstest.Must(c, api.Operations.VerifyAudit, &api.VerifyAuditInput{ExpectedSeal: seal})
		if out.Fault == nil || out.Fault.Kind != want {
			t.Errorf("expecting %s: %+v, want %s", seal, out.Fault, want)
		}
	}
}

// TestOwnWork has the server remove users by a job, which nobody called.
func TestOwnWork(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	before := len(events(c))
	if err := c.Gate.Work(t.Context(), c.Tenant, func(call *ops.Call) error {
		call.Did = append(call.Did, audit.Work{Name: "RemoveUsers", Agent: call.Caller.ARN, Details: []audit.Detail{audit.Count(3)}})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	all := events(c)[before:]
	if len(all) != 1 || all[0].EventName != "RemoveUsers" || all[0].PrincipalARN != "carillon" || !strings.Contains(all[0].CloudTrailEvent, `{"count":"3"}`) {
		t.Errorf("events = %+v", all)
	}
}
