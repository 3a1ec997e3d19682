package chime_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
)

func TestParseNumberID(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"+12065550100", "%2B12065550100", "%2b12065550100", "%252B12065550100", "%25252B12065550100", "12065550100"} {
		if n, ok := chime.ParseNumberID(s); !ok || n != "+12065550100" || n.PhoneNumberID() != "%2B12065550100" {
			t.Errorf("ParseNumberID(%q) = %q, %t", s, n, ok)
		}
	}
	for _, s := range []string{"", "+", "%2B", "%", "%25", "+1", "++12065550100", "%2B+12065550100", "+0123456789", "+1206555010x", "+1234567890123456", "+1 206 555 0100", "phone"} {
		if n, ok := chime.ParseNumberID(s); ok {
			t.Errorf("ParseNumberID(%q) = %q", s, n)
		}
	}
}

func FuzzParseNumberID(f *testing.F) {
	for _, s := range []string{"+12065550100", "%2B12065550100", "%252B12065550100", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, ok := chime.ParseNumberID(s)
		if !ok {
			return
		}
		for _, again := range []string{string(n), n.PhoneNumberID(), strings.Replace(n.PhoneNumberID(), "%", "%25", 1)} {
			if got, ok := chime.ParseNumberID(again); !ok || got != n {
				t.Errorf("ParseNumberID(%q) = %q, %t; want %q", again, got, ok, n)
			}
		}
	})
}

func TestSearchRules(t *testing.T) {
	t.Parallel()
	local := chime.NumberSearch{Country: "US", Type: chime.Local, Prefix: "+1"}
	with := func(change func(*chime.NumberSearch)) chime.NumberSearch {
		s := local
		change(&s)
		return s
	}
	for _, c := range []struct {
		query chime.NumberQuery
		want  chime.NumberSearch
		words string // of a refusal
	}{
		{query: chime.NumberQuery{State: "IL"}, want: with(func(s *chime.NumberSearch) { s.State = "il" })},
		{query: chime.NumberQuery{State: "IL", City: " Chicago", Country: "US", Type: "Local"}, want: with(func(s *chime.NumberSearch) { s.State, s.City = "il", "chicago" })},
		{query: chime.NumberQuery{AreaCode: "206"}, want: with(func(s *chime.NumberSearch) { s.Prefix = "+1206" })},
		{query: chime.NumberQuery{TollFreePrefix: "888"}, want: chime.NumberSearch{Country: "US", Type: chime.TollFree, Prefix: "+1888"}},
		{query: chime.NumberQuery{TollFreePrefix: "888", State: "IL"}, want: chime.NumberSearch{Country: "US", Type: chime.TollFree, Prefix: "+1888", State: "il", Nothing: true}},
		{query: chime.NumberQuery{TollFreePrefix: "888", Type: "Local"}, want: chime.NumberSearch{Country: "US", Type: chime.TollFree, Prefix: "+1888", Nothing: true}},
		{query: chime.NumberQuery{TollFreePrefix: "888", AreaCode: "206"}, want: chime.NumberSearch{Country: "US", Type: chime.TollFree, Prefix: "+1206", Nothing: true}},
		{query: chime.NumberQuery{Country: "GB", Type: "TollFree"}, want: chime.NumberSearch{Country: "GB", Type: chime.TollFree}},
		{query: chime.NumberQuery{}, words: "one of AreaCode, City, State and TollFreePrefix"},
		{query: chime.NumberQuery{Type: "Local"}, words: "one of AreaCode"},
		{query: chime.NumberQuery{City: "Chicago"}, words: "State is required"},
		{query: chime.NumberQuery{AreaCode: "20"}, words: "three digits"},
		{query: chime.NumberQuery{AreaCode: "2%6"}, words: "three digits"},
		{query: chime.NumberQuery{Country: "GB"}, words: "PhoneNumberType is required"},
		{query: chime.NumberQuery{Country: "GB", Type: "Local", City: "London"}, words: "United States only"},
	} {
		got, err := c.query.Search()
		if c.words != "" {
			if !errors.Is(err, chime.BadRequest) || !strings.Contains(err.Error(), c.words) {
				t.Errorf("%+v: %v, want a bad request with %q", c.query, err, c.words)
			}
			continue
		}
		if err != nil || got != c.want {
			t.Errorf("%+v: %+v, %v; want %+v", c.query, got, err, c.want)
		}
	}
}

func TestNewStockNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		number, country, kind, city, state string
		products                           []string
		words                              string
	}{
		{"+12065551234", "US", "Local", "Seattle", "wa", nil, ""},
		{"12065551234", "US", "Local", "", "", []string{"VoiceConnector", "VoiceConnector"}, ""},
		{"+18885551234", "US", "TollFree", "", "", []string{"VoiceConnector"}, ""},
		{"+33123456789", "FR", "Local", "Paris", "", nil, ""},
		{"+61212345679", "AU", "Local", "Sydney", "NSW", nil, ""},
		{"x", "US", "Local", "", "", nil, "E164PhoneNumber"},
		{"+12065551234", "us", "Local", "", "", nil, "Country"},
		{"+33123456789", "US", "Local", "", "", nil, "begin with +1"},
		{"+1206555123", "US", "Local", "", "", nil, "11 digits"},
		{"+12065551234", "US", "Mobile", "", "", nil, "Type must be one of Local, TollFree"},
		{"+12065551234", "US", "Local", strings.Repeat("x", 101), "WA", nil, "City"},
		{"+12065551234", "US", "Local", "Seattle", "", nil, "State is required"},
		{"+12065551234", "US", "Local", "Seattle", "Washington", nil, "postal code"},
		{"+12065551234", "US", "Local", "", "", []string{"Fax"}, "ProductTypes must be some of"},
		{"+18885551234", "US", "TollFree", "", "", []string{"BusinessCalling"}, "toll-free"},
		{"+33123456789", "FR", "Local", "", "", []string{"VoiceConnector"}, "outside the United States"},
	} {
		n, err := chime.NewStockNumber(c.number, c.country, c.kind, c.city, c.state, c.products)
		if c.words == "" {
			if err != nil || len(n.ProductTypes) == 0 || n.State != strings.ToUpper(c.state) {
				t.Errorf("%+v: %+v, %v", c, n, err)
			}
			continue
		}
		if !errors.Is(err, chime.BadRequest) || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%+v: %v, want a bad request with %q", c, err, c.words)
		}
	}
}

// number returns a number of the inventory whose order is done.
func number(t *testing.T, src chime.Source, p chime.ProductType) *chime.Number {
	t.Helper()
	s, err := chime.NewStockNumber("+12065550100", "US", "Local", "", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	n := chime.NewNumber(src, 123456789012, s, p)
	n.Acquire(src)
	return n
}

func TestNumberStates(t *testing.T) {
	t.Parallel()
	clock := chimetest.NewClock()
	src := clock.Source()
	a := chime.NewAccount(src, 123456789012, "Example")
	jane, err := a.NewUser(src, "", "jane@example.com", "")
	if err != nil {
		t.Fatal(err)
	}
	joe := a.Invite(src, "joe@example.com", "")
	ann, err := a.NewUser(src, "", "ann@example.com", "")
	if err != nil {
		t.Fatal(err)
	}
	n := number(t, src, chime.BusinessCalling)
	want := func(status chime.NumberStatus) {
		t.Helper()
		if got := n.Status(); got != status {
			t.Errorf("the number is %s, want %s", got, status)
		}
	}
	refuse := func(what string, err error, kind chime.Kind, words string) {
		t.Helper()
		if !errors.Is(err, kind) || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v, want %v with %q", what, err, kind, words)
		}
	}
	n.Acquired = false
	want(chime.AcquireInProgress)
	_, err = n.Associate(src, jane)
	refuse("Associate while it is acquired", err, chime.BadRequest, "still being acquired")
	_, err = n.Delete(src)
	refuse("Delete while it is acquired", err, chime.BadRequest, "still being acquired")
	_, err = n.Update(src, chime.NumberChange{})
	refuse("Update while it is acquired", err, chime.BadRequest, "still being acquired")
	n.Acquire(src)
	want(chime.Unassigned)
	_, err = n.Associate(src, joe)
	refuse("Associate with an invited user", err, chime.BadRequest, "must be Registered")

	clock.Move(time.Hour)
	for _, outcome := range []chime.Outcome{chime.Changed, chime.Unchanged} {
		if got, err := n.Associate(src, jane); got != outcome || err != nil {
			t.Errorf("Associate: %v, %v; want %v", got, err, outcome)
		}
	}
	want(chime.Assigned)
	if jane.Number != n.Number || n.AssociatedAt != clock.Now() || n.UpdatedAt != clock.Now() {
		t.Errorf("jane has %q since %s", jane.Number, n.AssociatedAt)
	}
	_, err = n.Associate(src, ann)
	refuse("Associate with a second user", err, chime.BadRequest, "another user")
	_, err = n.Delete(src)
	refuse("Delete with a user", err, chime.Associated, "DisassociatePhoneNumberFromUser")
	_, err = n.Update(src, chime.NumberChange{ProductType: chime.VoiceConnector})
	refuse("another product type with a user", err, chime.BadRequest, "DisassociatePhoneNumberFromUser")
	refuse("Restore of what is not deleted", n.Restore(src), chime.BadRequest, "not in the deletion queue")
	n.Release(src)
	want(chime.Unassigned)

	for _, outcome := range []chime.Outcome{chime.Changed, chime.Unchanged} {
		if got, err := n.Delete(src); got != outcome || err != nil {
			t.Errorf("Delete: %v, %v; want %v", got, err, outcome)
		}
	}
	want(chime.ReleaseInProgress)
	_, err = n.Associate(src, ann)
	refuse("Associate in the queue", err, chime.BadRequest, "RestorePhoneNumber")
	if end := clock.Now().Add(7 * 24 * time.Hour); n.GoneAt(end.Add(-time.Millisecond)) || !n.GoneAt(end) {
		t.Error("the queue does not end after 7 days")
	}
	if err := n.Restore(src); err != nil {
		t.Errorf("Restore: %v", err)
	}
	want(chime.Unassigned)
	if n.GoneAt(clock.Now().Add(1000 * time.Hour)) {
		t.Error("a number that was restored goes")
	}
}

func TestAssociateTwoNumbers(t *testing.T) {
	t.Parallel()
	src := chimetest.Source()
	a := chime.NewAccount(src, 123456789012, "Example")
	jane, err := a.NewUser(src, "", "jane@example.com", "")
	if err != nil {
		t.Fatal(err)
	}
	jane.Number = "+12065550199"
	if _, err := number(t, src, chime.BusinessCalling).Associate(src, jane); !errors.Is(err, chime.BadRequest) || !strings.Contains(err.Error(), "has a phone number") {
		t.Errorf("a second number: %v", err)
	}
	jane.Number = ""
	if _, err := number(t, src, chime.VoiceConnector).Associate(src, jane); !errors.Is(err, chime.BadRequest) || !strings.Contains(err.Error(), "BusinessCalling") {
		t.Errorf("a VoiceConnector number: %v", err)
	}
}

func TestNumberUpdate(t *testing.T) {
	t.Parallel()
	clock := chimetest.NewClock()
	src := clock.Source()
	n := number(t, src, chime.BusinessCalling)
	name := func(s string) chime.NumberChange { return chime.NumberChange{CallingName: &s} }
	update := func(c chime.NumberChange, want chime.Outcome, status chime.CallingNameStatus) {
		t.Helper()
		if got, err := n.Update(src, c); got != want || err != nil {
			t.Errorf("Update: %v, %v; want %v", got, err, want)
		}
		if got := n.NameStatusAt(clock.Now()); got != status {
			t.Errorf("the calling name is %s, want %s", got, status)
		}
	}
	update(chime.NumberChange{}, chime.Unchanged, chime.NameUnassigned)
	update(chime.NumberChange{ProductType: chime.BusinessCalling}, chime.Unchanged, chime.NameUnassigned)
	update(chime.NumberChange{ProductType: chime.VoiceConnector}, chime.Changed, chime.NameUnassigned)
	update(name(""), chime.Unchanged, chime.NameUnassigned)
	update(name("Example"), chime.Changed, chime.NameInProgress)
	for _, again := range []string{"Example", "Other", ""} {
		if _, err := n.Update(src, name(again)); !errors.Is(err, chime.Conflict) {
			t.Errorf("a calling name while one is pending: %v", err)
		}
	}
	update(chime.NumberChange{ProductType: chime.BusinessCalling}, chime.Changed, chime.NameInProgress)
	clock.Move(72*time.Hour - time.Millisecond)
	if _, err := n.Update(src, name("Other")); !errors.Is(err, chime.Conflict) {
		t.Errorf("just before the 72 hours are over: %v", err)
	}
	clock.Move(time.Millisecond)
	update(name("Example"), chime.Unchanged, chime.NameSucceeded)
	update(name(""), chime.Changed, chime.NameInProgress)
	clock.Move(72 * time.Hour)
	update(chime.NumberChange{}, chime.Unchanged, chime.NameUnassigned)

	both := name("Both")
	both.ProductType = chime.VoiceConnector
	for what, c := range map[string]chime.NumberChange{
		"exclude each other":                             both,
		"must be one of BusinessCalling, VoiceConnector": {ProductType: chime.SipMedia},
	} {
		n.ProductTypes = []chime.ProductType{chime.BusinessCalling, chime.VoiceConnector}
		if _, err := n.Update(src, c); !errors.Is(err, chime.BadRequest) || !strings.Contains(err.Error(), what) {
			t.Errorf("Update: %v, want a bad request with %q", err, what)
		}
	}
	n.Type = chime.TollFree
	n.ProductType = chime.VoiceConnector
	if _, err := n.Update(src, chime.NumberChange{ProductType: chime.BusinessCalling}); !errors.Is(err, chime.BadRequest) || !strings.Contains(err.Error(), "toll-free") {
		t.Errorf("BusinessCalling for a toll-free number: %v", err)
	}
}

func TestDefaultCallingName(t *testing.T) {
	t.Parallel()
	clock := chimetest.NewClock()
	src := clock.Source()
	var s chime.NumberSettings
	for _, c := range []struct {
		move    time.Duration
		name    string
		want    chime.Outcome
		refused bool
	}{
		{0, "Example", chime.Changed, false},
		{0, "Example", chime.Unchanged, false},
		{7*24*time.Hour - time.Millisecond, "Other", chime.Unchanged, true},
		{time.Millisecond, "Other", chime.Changed, false},
		{time.Hour, "", chime.Unchanged, true},
		{7 * 24 * time.Hour, "", chime.Changed, false},
		{0, "", chime.Unchanged, false},
	} {
		clock.Move(c.move)
		before := s
		got, err := s.SetCallingName(src, c.name)
		if got != c.want || c.refused != errors.Is(err, chime.BadRequest) || !c.refused && err != nil {
			t.Errorf("SetCallingName(%q) at %s = %v, %v; want %v", c.name, clock.Now(), got, err, c.want)
		}
		if c.refused && s != before {
			t.Errorf("SetCallingName(%q) was refused and changed %+v to %+v", c.name, before, s)
		}
	}
}

func TestOrderFinish(t *testing.T) {
	t.Parallel()
	src := chimetest.Source()
	for want, lines := range map[chime.OrderStatus][]chime.OrderLine{
		chime.OrderSuccessful: {{Acquired: true}, {Acquired: true}},
		chime.OrderPartial:    {{Acquired: true}, {}},
		chime.OrderFailed:     {{}, {}},
	} {
		o := chime.NewOrder(src, 123456789012, chime.VoiceConnector)
		if o.Status != chime.OrderProcessing {
			t.Errorf("a new order is %s", o.Status)
		}
		o.Lines = lines
		if o.Finish(src); o.Status != want {
			t.Errorf("%+v: %s, want %s", lines, o.Status, want)
		}
	}
}

func TestProductTypes(t *testing.T) {
	t.Parallel()
	got := [][]chime.ProductType{
		chime.ProductTypes("US", chime.Local), chime.ProductTypes("US", chime.TollFree), chime.ProductTypes("GB", chime.Local),
	}
	want := [][]chime.ProductType{
		{chime.BusinessCalling, chime.VoiceConnector, chime.SipMedia}, {chime.VoiceConnector, chime.SipMedia}, {chime.SipMedia},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ProductTypes (-want +got):\n%s", diff)
	}
}
