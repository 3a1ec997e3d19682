package ops_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/ops/opstest"
)

// TestNumberScript is what public scripts do: search by state, order, poll, associate, read, disassociate, delete, restore,
// delete, and wait for the end of the queue.
func TestNumberScript(t *testing.T) {
	t.Parallel()
	c := newTelephone(t)
	found := search(c.Caller, api.SearchAvailablePhoneNumbersInput{State: "WA", MaxResults: 1})
	if diff := cmp.Diff([]string{first}, found); diff != "" {
		t.Fatalf("search (-want +got):\n%s", diff)
	}
	o, err := order(c.Caller, "BusinessCalling", found...)
	if err != nil {
		t.Fatal(err)
	}
	want := &api.PhoneNumberOrder{
		CreatedTimestamp: c.Clock.Now(), UpdatedTimestamp: c.Clock.Now(), PhoneNumberOrderID: o.PhoneNumberOrderID,
		ProductType: "BusinessCalling", Status: "Processing",
		OrderedPhoneNumbers: []api.OrderedPhoneNumber{{E164PhoneNumber: first, Status: "Processing"}},
	}
	if diff := cmp.Diff(want, o); diff != "" {
		t.Errorf("CreatePhoneNumberOrder (-want +got):\n%s", diff)
	}
	if got := getNumber(c.Caller, first).Status; got != "AcquireInProgress" {
		t.Errorf("the number is %s while it is ordered", got)
	}
	get := &api.GetPhoneNumberOrderInput{PhoneNumberOrderID: o.PhoneNumberOrderID}
	c.wait(t, time.Second-time.Millisecond)
	if got := opstest.Must(c.Caller, api.Operations.GetPhoneNumberOrder, get).PhoneNumberOrder; got.Status != "Processing" {
		t.Errorf("the order is %s too early", got.Status)
	}
	c.wait(t, time.Millisecond)
	want.Status, want.UpdatedTimestamp, want.OrderedPhoneNumbers[0].Status = "Successful", c.Clock.Now(), "Acquired"
	if diff := cmp.Diff(want, opstest.Must(c.Caller, api.Operations.GetPhoneNumberOrder, get).PhoneNumberOrder); diff != "" {
		t.Errorf("GetPhoneNumberOrder (-want +got):\n%s", diff)
	}

	jane := c.CreateUser("jane@example.com")
	if err := associate(c.Caller, jane.UserID, first); err != nil {
		t.Fatal(err)
	}
	if got := getUser(c.Caller, jane.UserID).PrimaryProvisionedNumber; got != first {
		t.Errorf("PrimaryProvisionedNumber = %q", got)
	}
	yes := true
	number := &api.PhoneNumber{
		Associations: []api.PhoneNumberAssociation{
			{AssociatedTimestamp: c.Clock.Now(), Name: "AccountId", Value: c.Account},
			{AssociatedTimestamp: c.Clock.Now(), Name: "UserId", Value: jane.UserID},
		},
		CallingNameStatus: "Unassigned",
		Capabilities:      &api.PhoneNumberCapabilities{InboundCall: &yes, InboundMMS: &yes, InboundSMS: &yes, OutboundCall: &yes, OutboundMMS: &yes, OutboundSMS: &yes},
		Country:           "US", CreatedTimestamp: want.CreatedTimestamp, E164PhoneNumber: first, PhoneNumberID: "%2B12065550100",
		ProductType: "BusinessCalling", Status: "Assigned", Type: "Local", UpdatedTimestamp: c.Clock.Now(),
	}
	for _, id := range []string{first, "%2B12065550100", "%252B12065550100"} {
		if diff := cmp.Diff(number, getNumber(c.Caller, id)); diff != "" {
			t.Errorf("GetPhoneNumber of %s (-want +got):\n%s", id, diff)
		}
	}
	refused(t, "deletion with a user", deleteNumber(c.Caller, first), chime.Associated, "DisassociatePhoneNumberFromUser")
	if err := disassociate(c.Caller, jane.UserID); err != nil {
		t.Fatal(err)
	}
	if got := getUser(c.Caller, jane.UserID).PrimaryProvisionedNumber; got != "" {
		t.Errorf("PrimaryProvisionedNumber = %q after DisassociatePhoneNumberFromUser", got)
	}
	if err := deleteNumber(c.Caller, first); err != nil {
		t.Fatal(err)
	}
	if got := getNumber(c.Caller, first); got.Status != "ReleaseInProgress" || got.DeletionTimestamp != c.Clock.Now() {
		t.Errorf("the deleted number is %s since %s", got.Status, got.DeletionTimestamp)
	}
	c.wait(t, 24*time.Hour)
	if err := restoreNumber(c.Caller, first); err != nil {
		t.Fatal(err)
	}
	if got := getNumber(c.Caller, first); got.Status != "Unassigned" || !got.DeletionTimestamp.IsZero() || got.Associations == nil {
		t.Errorf("the restored number is %+v", got)
	}
	c.wait(t, 7*24*time.Hour) // the end of the first deletion comes to nothing
	if got := getNumber(c.Caller, first).Status; got != "Unassigned" {
		t.Errorf("a week after it was restored the number is %s", got)
	}
	if err := deleteNumber(c.Caller, first); err != nil {
		t.Fatal(err)
	}
	c.wait(t, 7*24*time.Hour-time.Millisecond)
	getNumber(c.Caller, first)
	c.Clock.Move(time.Millisecond)
	_, err = opstest.Do(c.Caller, api.Operations.GetPhoneNumber, &api.GetPhoneNumberInput{PhoneNumberID: first})
	refused(t, "GetPhoneNumber after 7 days, whether or not the job was run", err, chime.NotFound)
	refused(t, "RestorePhoneNumber after 7 days", restoreNumber(c.Caller, first), chime.NotFound)
	if got := listNumbers(c.Caller, api.ListPhoneNumbersInput{}); len(got) != 0 {
		t.Errorf("after 7 days %v are listed", got)
	}
	c.wait(t, 0)
	other := c.other()
	other.buy(t, first)
	c.wait(t, 100*24*time.Hour)
	if got := getNumber(other.Caller, first).Status; got != "Unassigned" {
		t.Errorf("the next owner's number is %s", got)
	}
}

func TestNumberIsOfOneTenant(t *testing.T) {
	t.Parallel()
	c := newTelephone(t)
	other := c.other()
	c.buy(t, first)
	if found := search(other.Caller, api.SearchAvailablePhoneNumbersInput{AreaCode: "206", MaxResults: 500}); len(found) != 99 || slices.Contains(found, first) {
		t.Errorf("another tenant finds %d numbers, want all 99 but the one that is taken", len(found))
	}
	o, err := order(other.Caller, "BusinessCalling", first, second, second, "+12065559999")
	if err != nil {
		t.Fatal(err)
	}
	c.wait(t, time.Second)
	got := opstest.Must(other.Caller, api.Operations.ListPhoneNumberOrders, &api.ListPhoneNumberOrdersInput{}).PhoneNumberOrders
	if len(got) != 1 || got[0].PhoneNumberOrderID != o.PhoneNumberOrderID || got[0].Status != "Partial" {
		t.Fatalf("ListPhoneNumberOrders = %+v", got)
	}
	want := []api.OrderedPhoneNumber{
		{E164PhoneNumber: first, Status: "Failed"}, {E164PhoneNumber: second, Status: "Acquired"}, {E164PhoneNumber: "+12065559999", Status: "Failed"},
	}
	if diff := cmp.Diff(want, got[0].OrderedPhoneNumbers); diff != "" {
		t.Errorf("the order (-want +got):\n%s", diff)
	}
	for name, err := range useNumber(other.Caller, first) {
		if err == nil {
			t.Errorf("%s works with another tenant's number", name)
			continue
		}
		kind := chime.NotFound
		if name == "CreateMeetingDialOut" {
			kind = chime.Forbidden
		}
		refused(t, name+" with another tenant's number", err, kind)
	}
	_, err = opstest.Do(other.Caller, api.Operations.GetPhoneNumberOrder, &api.GetPhoneNumberOrderInput{PhoneNumberOrderID: c.Account})
	refused(t, "GetPhoneNumberOrder of what is none", err, chime.NotFound)
	_, err = opstest.Do(c.Caller, api.Operations.GetPhoneNumberOrder, &api.GetPhoneNumberOrderInput{PhoneNumberOrderID: o.PhoneNumberOrderID})
	refused(t, "GetPhoneNumberOrder of another tenant's", err, chime.NotFound)
}

// useNumber calls every operation that names a number of the inventory.
func useNumber(c *opstest.Caller, number string) map[string]error {
	errs := map[string]error{"BatchDeletePhoneNumber": nil, "BatchUpdatePhoneNumber": nil}
	user := c.CreateUser("user" + number[1:] + "@example.com").UserID
	_, errs["GetPhoneNumber"] = opstest.Do(c, api.Operations.GetPhoneNumber, &api.GetPhoneNumberInput{PhoneNumberID: number})
	_, errs["UpdatePhoneNumber"] = opstest.Do(c, api.Operations.UpdatePhoneNumber, &api.UpdatePhoneNumberInput{PhoneNumberID: number, ProductType: "VoiceConnector"})
	errs["DeletePhoneNumber"] = deleteNumber(c, number)
	errs["RestorePhoneNumber"] = restoreNumber(c, number)
	errs["AssociatePhoneNumberWithUser"] = associate(c, user, number)
	_, errs["CreateMeetingDialOut"] = opstest.Do(c, api.Operations.CreateMeetingDialOut, &api.CreateMeetingDialOutInput{MeetingID: user, FromPhoneNumber: number, ToPhoneNumber: second, JoinToken: "token"})
	items := opstest.Must(c, api.Operations.BatchDeletePhoneNumber, &api.BatchDeletePhoneNumberInput{PhoneNumberIDs: []string{number}}).PhoneNumberErrors
	if len(items) > 0 && items[0].ErrorCode == "NotFound" {
		errs["BatchDeletePhoneNumber"] = chime.NotFound.Errorf("%s", items[0].ErrorMessage)
	}
	items = opstest.Must(c, api.Operations.BatchUpdatePhoneNumber, &api.BatchUpdatePhoneNumberInput{UpdatePhoneNumberRequestItems: []api.UpdatePhoneNumberRequestItem{{PhoneNumberID: number}}}).PhoneNumberErrors
	if len(items) > 0 && items[0].ErrorCode == "NotFound" {
		errs["BatchUpdatePhoneNumber"] = chime.NotFound.Errorf("%s", items[0].ErrorMessage)
	}
	return errs
}

func TestOrderRules(t *testing.T) {
	t.Parallel()
	c := newTelephone(t)
	many := make([]string, 51)
	for i := range many {
		many[i] = fmt.Sprintf("+120655501%02d", i)
	}
	for _, x := range []struct {
		name, product string
		numbers       []string
		kind          chime.Kind
		words         string
	}{
		{"none", "BusinessCalling", nil, chime.BadRequest, "at least 1 and at most 50"},
		{"too many", "BusinessCalling", many, chime.BadRequest, "at least 1 and at most 50"},
		{"over the quota", "BusinessCalling", many[:26], chime.LimitExceeded, "--phone-number-quota"},
		{"toll-free", "BusinessCalling", []string{"+18885550100"}, chime.BadRequest, "toll-free"},
		{"abroad", "VoiceConnector", []string{"+441212345678"}, chime.BadRequest, "SipMediaApplicationDialIn"},
	} {
		_, err := order(c.Caller, x.product, x.numbers...)
		refused(t, x.name, err, x.kind, x.words)
	}
	if got := listNumbers(c.Caller, api.ListPhoneNumbersInput{}); len(got) != 0 {
		t.Errorf("orders that were refused took %v", got)
	}
	c.buy(t, many[:24]...)
	_, err := order(c.Caller, "BusinessCalling", many[30], many[31])
	refused(t, "one more than there is room for", err, chime.LimitExceeded)
	if _, err := order(c.Caller, "BusinessCalling", many[0], many[30]); err != nil { // one of them fails anyway
		t.Errorf("an order that fills the inventory: %v", err)
	}
	c.wait(t, time.Second)
	if err := deleteNumber(c.Caller, many[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := order(c.Caller, "VoiceConnector", "+18885550100"); err != nil {
		t.Errorf("what is in the queue counts: %v", err)
	}
	refused(t, "RestorePhoneNumber into a full inventory", restoreNumber(c.Caller, many[0]), chime.LimitExceeded)

	free := newTelephone(t, func(s *ops.Settings) { s.NumberQuota = 0 })
	free.buy(t, many[:50]...)
	free.buy(t, many[50])
	if got := listNumbers(free.Caller, api.ListPhoneNumbersInput{MaxResults: 7}); !slices.Equal(got, many) {
		t.Errorf("without a quota %d numbers are there, want 51", len(got))
	}
}

func TestOrderTwice(t *testing.T) {
	t.Parallel()
	c := newTelephone(t)
	attempt := c.Attempt("one")
	one, err := order(attempt, "BusinessCalling", first)
	if err != nil {
		t.Fatal(err)
	}
	two, err := order(attempt, "BusinessCalling", first)
	if err != nil || two.PhoneNumberOrderID != one.PhoneNumberOrderID {
		t.Errorf("the repeated order is %+v, %v", two, err)
	}
	c.wait(t, 16*time.Minute)
	three, err := order(attempt, "BusinessCalling", first)
	if err != nil || three.PhoneNumberOrderID == one.PhoneNumberOrderID {
		t.Errorf("after 15 minutes the repeated order is %+v, %v", three, err)
	}
}

func TestAssociationRules(t *testing.T) {
	t.Parallel()
	c := newTelephone(t)
	c.buy(t, first, second)
	jane, joe := c.CreateUser("jane@example.com").UserID, c.CreateUser("joe@example.com").UserID
	invited := invite(c.Caller, "ann@example.com")[0].InviteID
	refused(t, "an invited user", associate(c.Caller, invited, first), chime.BadRequest, "Registered")
	refused(t, "an unknown user", associate(c.Caller, c.Account, first), chime.NotFound)
	refused(t, "an unknown number", associate(c.Caller, jane, "+12065559999"), chime.NotFound, "E164PhoneNumber")
	refused(t, "DisassociatePhoneNumberFromUser with none", disassociate(c.Caller, jane), chime.NotFound, "no phone number")
	for _, number := range []string{first, "12065550100"} { // the same pair again
		if err := associate(c.Caller, jane, number); err != nil {
			t.Errorf("associate with %s: %v", number, err)
		}
	}
	refused(t, "a second number", associate(c.Caller, jane, second), chime.BadRequest, "has a phone number")
	refused(t, "a second user", associate(c.Caller, joe, first), chime.BadRequest, "another user")
	if err := associate(c.Caller, joe, second); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		name string
		in   api.ListPhoneNumbersInput
		want []string
	}{
		{"all", api.ListPhoneNumbersInput{MaxResults: 1}, []string{first, second}},
		{"of an account", api.ListPhoneNumbersInput{FilterName: "AccountId", FilterValue: c.Account}, []string{first, second}},
		{"of a user", api.ListPhoneNumbersInput{FilterName: "UserId", FilterValue: joe}, []string{second}},
		{"of nobody", api.ListPhoneNumbersInput{FilterName: "UserId", FilterValue: invited}, nil},
		{"of what is no id", api.ListPhoneNumbersInput{FilterName: "UserId", FilterValue: "x"}, nil},
		{"of a voice connector", api.ListPhoneNumbersInput{FilterName: "VoiceConnectorId", FilterValue: joe}, nil},
		{"assigned", api.ListPhoneNumbersInput{Status: "Assigned", ProductType: "BusinessCalling"}, []string{first, second}},
		{"unassigned", api.ListPhoneNumbersInput{Status: "Unassigned"}, nil},
		{"failed", api.ListPhoneNumbersInput{Status: "AcquireFailed"}, nil},
		{"of another product", api.ListPhoneNumbersInput{ProductType: "VoiceConnector"}, nil},
	} {
		if diff := cmp.Diff(x.want, listNumbers(c.Caller, x.in)); diff != "" {
			t.Errorf("numbers %s (-want +got):\n%s", x.name, diff)
		}
	}
	for _, in := range []api.ListPhoneNumbersInput{{FilterName: "UserId"}, {FilterValue: "x"}} {
		_, err := opstest.Do(c.Caller, api.Operations.ListPhoneNumbers, &in)
		refused(t, "half a filter", err, chime.BadRequest, "FilterName and FilterValue")
	}
}

// TestNumberIsReleased removes users in every way there is: their numbers go back to the inventory.
func TestNumberIsReleased(t *testing.T) {
	t.Parallel()
	suspend := func(t *testing.T, c *telephone, user string) {
		opstest.Must(c.Caller, api.Operations.BatchSuspendUser, &api.BatchSuspendUserInput{AccountID: c.Account, UserIDList: []string{user}})
	}
	for name, remove := range map[string]func(t *testing.T, c *telephone, user string){
		"BatchSuspendUser in a Team account": suspend,
		"BatchSuspendUser in an Enterprise account": func(t *testing.T, c *telephone, user string) {
			setType(c.Caller, "EnterpriseLWA")
			suspend(t, c, user)
			if got := getUser(c.Caller, user); got.UserRegistrationStatus != "Suspended" || got.PrimaryProvisionedNumber != "" {
				t.Errorf("the suspended user is %+v", got)
			}
			refused(t, "a suspended user", associate(c.Caller, user, first), chime.BadRequest, "Registered")
			opstest.Must(c.Caller, api.Operations.BatchUnsuspendUser, &api.BatchUnsuspendUserInput{AccountID: c.Account, UserIDList: []string{user}})
			if got := getUser(c.Caller, user).PrimaryProvisionedNumber; got != "" {
				t.Errorf("the user came back with %q", got)
			}
		},
		"DeleteUser": func(t *testing.T, c *telephone, user string) {
			opstest.Must(c.Caller, api.Operations.DeleteUser, &api.DeleteUserInput{AccountID: c.Account, UserID: user})
		},
		"ReleaseDomain": func(t *testing.T, c *telephone, user string) {
			opstest.Must(c.Caller, api.Operations.ClaimDomain, &api.ClaimDomainInput{AccountID: c.Account, DomainName: "example.com"})
			opstest.Must(c.Caller, api.Operations.ReleaseDomain, &api.ReleaseDomainInput{AccountID: c.Account, DomainName: "example.com"})
		},
		"DeleteAccount": func(t *testing.T, c *telephone, user string) {
			setType(c.Caller, "EnterpriseLWA")
			suspend(t, c, user)
			if err := deleteAccount(c.Caller); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newTelephone(t)
			c.buy(t, first)
			user := c.CreateUser("jane@example.com").UserID
			if err := associate(c.Caller, user, first); err != nil {
				t.Fatal(err)
			}
			c.Clock.Move(time.Hour)
			remove(t, c, user)
			got := getNumber(c.Caller, first)
			if got.Status != "Unassigned" || len(got.Associations) != 0 || got.UpdatedTimestamp != c.Clock.Now() {
				t.Errorf("the number is %s with %v since %s", got.Status, got.Associations, got.UpdatedTimestamp)
			}
			c.Account = c.NewAccount("Next")
			if err := associate(c.Caller, c.CreateUser("next@example.com").UserID, first); err != nil {
				t.Errorf("the next user: %v", err)
			}
		})
	}
}

// TestEveryReaderShowsTheNumber goes through the operations that answer a user.
func TestEveryReaderShowsTheNumber(t *testing.T) {
	t.Parallel()
	c := newTelephone(t)
	c.buy(t, first)
	user := c.CreateUser("jane@example.com").UserID
	if err := associate(c.Caller, user, first); err != nil {
		t.Fatal(err)
	}
	a := c.Account
	for name, u := range map[string]*api.User{
		"GetUser":           getUser(c.Caller, user),
		"ListUsers":         &opstest.Must(c.Caller, api.Operations.ListUsers, &api.ListUsersInput{AccountID: a}).Users[0],
		"ListUsers, filter": &opstest.Must(c.Caller, api.Operations.ListUsers, &api.ListUsersInput{AccountID: a, UserEmail: "jane@example.com"}).Users[0],
		"UpdateUser":        opstest.Must(c.Caller, api.Operations.UpdateUser, &api.UpdateUserInput{AccountID: a, UserID: user, LicenseType: "Basic"}).User,
		"ResetPersonalPIN":  opstest.Must(c.Caller, api.Operations.ResetPersonalPIN, &api.ResetPersonalPINInput{AccountID: a, UserID: user}).User,
		"UpdateUserProfile": opstest.Must(c.Caller, api.Operations.UpdateUserProfile, &api.UpdateUserProfileInput{AccountID: a, UserID: user, DisplayName: "Jane"}).User,
	} {
		if u.PrimaryProvisionedNumber != first {
			t.Errorf("%s shows %q", name, u.PrimaryProvisionedNumber)
		}
	}
}

// TestNumberRaces lets callers race: for a number in the stock, for one in the inventory, and for a user.
func TestNumberRaces(t *testing.T) {
	t.Parallel()
	c := newTelephone(t)
	others := []*telephone{c, c.other()}
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if _, err := order(others[i%2].Caller, "BusinessCalling", first); err != nil {
				t.Errorf("order: %v", err)
			}
		})
	}
	all.Wait()
	c.wait(t, time.Second)
	var owner *telephone
	owners := 0
	for _, o := range others {
		for _, n := range listNumbers(o.Caller, api.ListPhoneNumbersInput{}) {
			if n == first {
				owner, owners = o, owners+1
			}
		}
	}
	if owners != 1 {
		t.Fatalf("%d tenants have the number", owners)
	}
	users := make([]string, 10)
	for i := range users {
		users[i] = owner.CreateUser(fmt.Sprintf("u%d@example.com", i)).UserID
	}
	var mu sync.Mutex
	won := 0
	for _, u := range users {
		all.Go(func() {
			err := associate(owner.Caller, u, first)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else {
				refused(t, "a loser", err, chime.BadRequest, "another user")
			}
		})
	}
	all.Wait()
	has := 0
	for _, u := range users {
		if getUser(owner.Caller, u).PrimaryProvisionedNumber == first {
			has++
		}
	}
	if won != 1 || has != 1 {
		t.Errorf("%d callers won and %d users have the number, want 1 and 1", won, has)
	}
}

func TestUpdateNumbers(t *testing.T) {
	t.Parallel()
	c := newTelephone(t)
	c.buy(t, first, second)
	name, empty := "Example", ""
	update := func(in api.UpdatePhoneNumberInput) (*api.PhoneNumber, error) {
		in.PhoneNumberID = first
		out, err := opstest.Do(c.Caller, api.Operations.UpdatePhoneNumber, &in)
		if err != nil {
			return nil, err
		}
		return out.PhoneNumber, nil
	}
	n, err := update(api.UpdatePhoneNumberInput{CallingName: &name})
	if err != nil || n.CallingName != name || n.CallingNameStatus != "UpdateInProgress" {
		t.Errorf("with a calling name: %+v, %v", n, err)
	}
	_, err = update(api.UpdatePhoneNumberInput{CallingName: &empty})
	refused(t, "another calling name", err, chime.Conflict)
	_, err = update(api.UpdatePhoneNumberInput{CallingName: &name, ProductType: "VoiceConnector"})
	refused(t, "both", err, chime.BadRequest, "exclude each other")
	if n, err = update(api.UpdatePhoneNumberInput{ProductType: "VoiceConnector"}); err != nil || n.ProductType != "VoiceConnector" {
		t.Errorf("with another product type: %+v, %v", n, err)
	}
	refused(t, "a user of a VoiceConnector number", associate(c.Caller, c.CreateUser("jane@example.com").UserID, first), chime.BadRequest, "BusinessCalling")
	failed := opstest.Must(c.Caller, api.Operations.BatchUpdatePhoneNumber, &api.BatchUpdatePhoneNumberInput{UpdatePhoneNumberRequestItems: []api.UpdatePhoneNumberRequestItem{
		{PhoneNumberID: "%2B12065550100", CallingName: &empty},
		{PhoneNumberID: first, ProductType: "BusinessCalling"}, // the same number again: not looked at
		{PhoneNumberID: second, CallingName: &name},
		{PhoneNumberID: "x", CallingName: &name},
		{PhoneNumberID: "+12065559999", CallingName: &name},
	}}).PhoneNumberErrors
	codes := map[string]string{}
	for _, f := range failed {
		codes[f.PhoneNumberID] = f.ErrorCode
	}
	if diff := cmp.Diff(map[string]string{"%2B12065550100": "Conflict", "x": "NotFound", "+12065559999": "NotFound"}, codes); diff != "" {
		t.Errorf("BatchUpdatePhoneNumber (-want +got):\n%s", diff)
	}
	if got := getNumber(c.Caller, first).ProductType; got != "VoiceConnector" {
		t.Errorf("the product type is %s", got)
	}
	c.wait(t, 72*time.Hour)
	if got := getNumber(c.Caller, second); got.CallingName != name || got.CallingNameStatus != "UpdateSucceeded" {
		t.Errorf("after 72 hours the calling name is %s", got.CallingNameStatus)
	}
	if n, err = update(api.UpdatePhoneNumberInput{CallingName: &empty}); err != nil || n.CallingName != "" {
		t.Errorf("after 72 hours: %+v, %v", n, err)
	}
	c.wait(t, 72*time.Hour)
	if got := getNumber(c.Caller, first).CallingNameStatus; got != "Unassigned" {
		t.Errorf("without a calling name the status is %s", got)
	}
}

func TestBatchDeleteNumbers(t *testing.T) {
	t.Parallel()
	c := newTelephone(t)
	third := "+12065550102"
	c.buy(t, first, second)
	if _, err := order(c.Caller, "BusinessCalling", third); err != nil {
		t.Fatal(err)
	}
	if err := associate(c.Caller, c.CreateUser("jane@example.com").UserID, second); err != nil {
		t.Fatal(err)
	}
	out := opstest.Must(c.Caller, api.Operations.BatchDeletePhoneNumber, &api.BatchDeletePhoneNumberInput{
		PhoneNumberIDs: []string{"%252B12065550100", second, first, third, "+12065559999"},
	})
	codes := map[string]string{}
	for _, f := range out.PhoneNumberErrors {
		codes[f.PhoneNumberID] = f.ErrorCode
	}
	if diff := cmp.Diff(map[string]string{second: "PhoneNumberAssociationsExist", third: "BadRequest", "+12065559999": "NotFound"}, codes); diff != "" {
		t.Errorf("BatchDeletePhoneNumber (-want +got):\n%s", diff)
	}
	if err := deleteNumber(c.Caller, first); err != nil {
		t.Errorf("a number that is in the queue already: %v", err)
	}
	refused(t, "RestorePhoneNumber of what is not deleted", restoreNumber(c.Caller, second), chime.BadRequest, "deletion queue")
	_, err := opstest.Do(c.Caller, api.Operations.BatchDeletePhoneNumber, &api.BatchDeletePhoneNumberInput{PhoneNumberIDs: make([]string, 51)})
	refused(t, "51 numbers", err, chime.BadRequest, "at most 50")
	_, err = opstest.Do(c.Caller, api.Operations.BatchUpdatePhoneNumber, &api.BatchUpdatePhoneNumberInput{})
	refused(t, "no numbers", err, chime.BadRequest, "at least 1")
}

func TestNumberSettings(t *testing.T) {
	t.Parallel()
	c := newTelephone(t)
	get := func() *api.GetPhoneNumberSettingsOutput {
		return opstest.Must(c.Caller, api.Operations.GetPhoneNumberSettings, &api.GetPhoneNumberSettingsInput{})
	}
	put := func(name string) error {
		_, err := opstest.Do(c.Caller, api.Operations.UpdatePhoneNumberSettings, &api.UpdatePhoneNumberSettingsInput{CallingName: name})
		return err
	}
	if diff := cmp.Diff(&api.GetPhoneNumberSettingsOutput{}, get()); diff != "" {
		t.Errorf("before they were set (-want +got):\n%s", diff)
	}
	for _, name := range []string{"Example", "Example"} { // the same again is no change
		if err := put(name); err != nil {
			t.Errorf("UpdatePhoneNumberSettings: %v", err)
		}
	}
	want := &api.GetPhoneNumberSettingsOutput{CallingName: "Example", CallingNameUpdatedTimestamp: c.Clock.Now()}
	c.Clock.Move(7*24*time.Hour - time.Millisecond)
	refused(t, "another name too soon", put("Other"), chime.BadRequest, "once in 7 days")
	if diff := cmp.Diff(want, get()); diff != "" {
		t.Errorf("GetPhoneNumberSettings (-want +got):\n%s", diff)
	}
	c.Clock.Move(time.Millisecond)
	if err := put("Other"); err != nil || get().CallingName != "Other" {
		t.Errorf("after 7 days: %v, %+v", err, get())
	}
}

func TestSearchPages(t *testing.T) {
	t.Parallel()
	c := newTelephone(t, func(s *ops.Settings) { s.NumberQuota = 0 })
	c.buy(t, "+12065550103", "+12065550199", "+15095550100")
	importNumbers(c.Caller, api.ImportPhoneNumber{E164PhoneNumber: "+12065551234", Country: "US", Type: "Local", City: "Seattle", State: "WA"},
		api.ImportPhoneNumber{E164PhoneNumber: "+15645551234", Country: "US", Type: "Local", State: "WA"})
	all := search(c.Caller, api.SearchAvailablePhoneNumbersInput{State: "WA", MaxResults: 500})
	for _, size := range []int{1, 7, 99, 100, 101} {
		var walked []string
		in := api.SearchAvailablePhoneNumbersInput{State: "WA", MaxResults: size}
		for {
			out := opstest.Must(c.Caller, api.Operations.SearchAvailablePhoneNumbers, &in)
			walked = append(walked, out.E164PhoneNumbers...)
			if in.NextToken = out.NextToken; in.NextToken == "" || len(walked) > 1000 {
				break
			}
		}
		if len(walked) != 2+600-3 || !slices.Equal(walked[:500], all) {
			t.Errorf("in pages of %d: %d numbers, want 599, as in one page", size, len(walked))
		}
	}
	if diff := cmp.Diff([]string{"+12065551234", "+15645551234", first}, all[:3]); diff != "" {
		t.Errorf("imported numbers come first (-want +got):\n%s", diff)
	}
	if got := search(c.Caller, api.SearchAvailablePhoneNumbersInput{State: "WA"}); len(got) != 10 {
		t.Errorf("%d numbers by default, want 10", len(got))
	}
	for _, in := range []api.SearchAvailablePhoneNumbersInput{
		{TollFreePrefix: "800"}, {State: "WA", TollFreePrefix: "888"}, {State: "WA", City: "Chicago"}, {Country: "FR", PhoneNumberType: "Local"},
	} {
		if got := search(c.Caller, in); got == nil || len(got) != 0 {
			t.Errorf("%+v finds %v, want an empty list", in, got)
		}
	}
	out := opstest.Must(c.Caller, api.Operations.SearchAvailablePhoneNumbers, &api.SearchAvailablePhoneNumbersInput{State: "WA"})
	_, err := opstest.Do(c.Caller, api.Operations.SearchAvailablePhoneNumbers, &api.SearchAvailablePhoneNumbersInput{State: "IL", NextToken: out.NextToken})
	refused(t, "a token of another search", err, chime.BadRequest, "NextToken")
	_, err = opstest.Do(c.Caller, api.Operations.SearchAvailablePhoneNumbers, &api.SearchAvailablePhoneNumbersInput{})
	refused(t, "a search for anything", err, chime.BadRequest, "AreaCode")
}

func TestImportedNumbers(t *testing.T) {
	t.Parallel()
	c := newTelephone(t)
	seattle := api.ImportPhoneNumber{E164PhoneNumber: "+12065551234", Country: "US", Type: "Local", City: "Seattle", State: "wa", ProductTypes: []string{"VoiceConnector"}}
	paris := api.ImportPhoneNumber{E164PhoneNumber: "+33123456789", Country: "FR", Type: "Local", City: "Paris"}
	out := importNumbers(c.Caller, seattle,
		api.ImportPhoneNumber{E164PhoneNumber: "x", Country: "US", Type: "Local"},
		seattle,
		api.ImportPhoneNumber{E164PhoneNumber: first, Country: "US", Type: "Local"},
		paris)
	if out.Imported != 2 || len(out.ImportErrors) != 3 {
		t.Fatalf("ImportPhoneNumbers = %+v", out)
	}
	for i, words := range []string{"E.164", "before", "fictional"} {
		if got := out.ImportErrors[i]; got.Row != i+2 {
			t.Errorf("error %d is about row %d", i, got.Row)
		} else {
			refused(t, words, chime.BadRequest.Errorf("%s", got.ErrorMessage), chime.BadRequest, words)
		}
	}
	yes, no := true, false
	want := []api.StockNumber{
		{Available: &yes, City: "Seattle", Country: "US", E164PhoneNumber: "+12065551234", ProductTypes: []string{"VoiceConnector"}, State: "WA", Type: "Local"},
		{Available: &yes, City: "Paris", Country: "FR", E164PhoneNumber: "+33123456789", ProductTypes: []string{"SipMediaApplicationDialIn"}, Type: "Local"},
	}
	list := func() []api.StockNumber {
		return opstest.Must(c.Caller, api.Operations.ListStock, &api.ListStockInput{}).PhoneNumbers
	}
	if diff := cmp.Diff(want, list()); diff != "" {
		t.Errorf("ListStock (-want +got):\n%s", diff)
	}
	countries := opstest.Must(c.Caller, api.Operations.ListSupportedPhoneNumberCountries, &api.ListSupportedPhoneNumberCountriesInput{ProductType: "SipMediaApplicationDialIn"}).PhoneNumberCountries
	if i := slices.IndexFunc(countries, func(c api.PhoneNumberCountry) bool { return c.CountryCode == "FR" }); len(countries) != 17 || i < 0 || !slices.Equal(countries[i].SupportedPhoneNumberTypes, []string{"Local"}) {
		t.Errorf("the supported countries are %+v", countries)
	}
	business := opstest.Must(c.Caller, api.Operations.ListSupportedPhoneNumberCountries, &api.ListSupportedPhoneNumberCountriesInput{ProductType: "BusinessCalling"}).PhoneNumberCountries
	if diff := cmp.Diff([]api.PhoneNumberCountry{{CountryCode: "US", SupportedPhoneNumberTypes: []string{"Local"}}}, business); diff != "" {
		t.Errorf("countries of BusinessCalling (-want +got):\n%s", diff)
	}

	o, err := order(c.Caller, "BusinessCalling", "+12065551234") // which it is not for
	if err != nil {
		t.Fatal(err)
	}
	c.wait(t, time.Second)
	if got := opstest.Must(c.Caller, api.Operations.GetPhoneNumberOrder, &api.GetPhoneNumberOrderInput{PhoneNumberOrderID: o.PhoneNumberOrderID}).PhoneNumberOrder.Status; got != "Failed" {
		t.Errorf("the order of a number for other products is %s", got)
	}
	if _, err := order(c.Caller, "VoiceConnector", "+12065551234"); err != nil {
		t.Fatal(err)
	}
	c.wait(t, time.Second)
	want[0].Available = &no
	importNumbers(c.Caller, seattle) // changes nothing about that
	if diff := cmp.Diff(want, list()); diff != "" {
		t.Errorf("ListStock with a number that is taken (-want +got):\n%s", diff)
	}
	remove := &api.RemoveStockInput{E164PhoneNumbers: []string{"12065551234", "+12065551234", "+19995551234"}}
	if got := opstest.Must(c.Caller, api.Operations.RemoveStock, remove).Removed; got != 1 {
		t.Errorf("RemoveStock removed %d numbers, want 1", got)
	}
	if got := getNumber(c.Caller, "+12065551234").Status; got != "Unassigned" {
		t.Errorf("the number of the inventory is %s", got)
	}
	importNumbers(c.Caller, seattle) // it comes back taken
	if diff := cmp.Diff(want, list()); diff != "" {
		t.Errorf("ListStock after a second import (-want +got):\n%s", diff)
	}
	if err := deleteNumber(c.Caller, "+12065551234"); err != nil {
		t.Fatal(err)
	}
	c.wait(t, 7*24*time.Hour)
	want[0].Available = &yes
	if diff := cmp.Diff(want, list()); diff != "" {
		t.Errorf("ListStock after the deletion queue (-want +got):\n%s", diff)
	}
}

func TestDialOuts(t *testing.T) {
	t.Parallel()
	c := newTelephone(t)
	if _, err := order(c.Caller, "VoiceConnector", first); err != nil {
		t.Fatal(err)
	}
	dial := func(from, to string) (string, error) {
		out, err := opstest.Do(c.Caller, api.Operations.CreateMeetingDialOut, &api.CreateMeetingDialOutInput{
			MeetingID: c.Account, FromPhoneNumber: from, ToPhoneNumber: to, JoinToken: "secret",
		})
		if err != nil {
			return "", err
		}
		return out.TransactionID, nil
	}
	_, err := dial(first, second)
	refused(t, "from a number that is still ordered", err, chime.Forbidden, "FromPhoneNumber")
	c.wait(t, time.Second)
	id, err := dial("12065550100", "12065550101")
	if err != nil {
		t.Fatal(err)
	}
	_, err = dial(second, first)
	refused(t, "from a number of nobody", err, chime.Forbidden, "FromPhoneNumber")
	if err := deleteNumber(c.Caller, first); err != nil {
		t.Fatal(err)
	}
	_, err = dial(first, second)
	refused(t, "from a number in the deletion queue", err, chime.Forbidden)
	want := []api.DialOut{{
		FromPhoneNumber: first, ToPhoneNumber: second, MeetingID: c.Account, TransactionID: id, RequestedBy: "arn:aws:iam::123456789012:root", RequestedOn: c.Clock.Now(),
	}}
	if diff := cmp.Diff(want, opstest.Must(c.Caller, api.Operations.ListDialOuts, &api.ListDialOutsInput{}).DialOuts); diff != "" {
		t.Errorf("ListDialOuts (-want +got):\n%s", diff)
	}
}

func TestAdvanceClock(t *testing.T) {
	t.Parallel()
	c := newTelephone(t, func(s *ops.Settings) { s.TestClock = true })
	c.buy(t, first)
	u := c.CreateUser("jane@example.com")
	if err := deleteNumber(c.Caller, first); err != nil {
		t.Fatal(err)
	}
	o, err := order(c.Caller, "BusinessCalling", second)
	if err != nil {
		t.Fatal(err)
	}
	out := opstest.Must(c.Caller, api.Operations.AdvanceClock, &api.AdvanceClockInput{Seconds: 7 * 24 * 3600})
	want := &api.AdvanceClockOutput{Now: c.Clock.Now().Add(7 * 24 * time.Hour), AdvancedSeconds: 7 * 24 * 3600}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Errorf("AdvanceClock (-want +got):\n%s", diff)
	}
	// The jobs that were due are done when it answers.
	due, err := c.DB.DueJobs(t.Context(), ops.NumberJob, want.Now, 10)
	if len(due) > 0 || err != nil {
		t.Errorf("%d jobs are due, %v", len(due), err)
	}
	if found := search(c.Caller, api.SearchAvailablePhoneNumbersInput{AreaCode: "206", MaxResults: 1}); found[0] != first {
		t.Errorf("the number is not to be had again: %v", found)
	}
	if got := opstest.Must(c.Caller, api.Operations.GetPhoneNumberOrder, &api.GetPhoneNumberOrderInput{PhoneNumberOrderID: o.PhoneNumberOrderID}).PhoneNumberOrder; got.Status != "Successful" || got.UpdatedTimestamp != want.Now {
		t.Errorf("the order is %s since %s", got.Status, got.UpdatedTimestamp)
	}
	opstest.Must(c.Caller, api.Operations.AdvanceClock, &api.AdvanceClockInput{Seconds: 1})
	if later := c.CreateUser("joe@example.com"); later.RegisteredOn != want.Now.Add(time.Second) || !u.RegisteredOn.Before(want.Now) {
		t.Errorf("the next user registered on %s, want %s", later.RegisteredOn, want.Now.Add(time.Second))
	}
	for range 10 {
		_, err = opstest.Do(c.Caller, api.Operations.AdvanceClock, &api.AdvanceClockInput{Seconds: 315360000})
	}
	refused(t, "more than a century", err, chime.BadRequest, "Seconds")

	real := newTelephone(t)
	_, err = opstest.Do(real.Caller, api.Operations.AdvanceClock, &api.AdvanceClockInput{Seconds: 1})
	refused(t, "a server for users", err, chime.Forbidden, "--test-clock")
}

// TestMarksKeepRealTime repeats a create after the clock was advanced: its 15 minutes are real ones.
func TestMarksKeepRealTime(t *testing.T) {
	t.Parallel()
	c := newTelephone(t, func(s *ops.Settings) { s.TestClock = true })
	attempt := c.Attempt("one")
	one, err := order(attempt, "BusinessCalling", first)
	if err != nil {
		t.Fatal(err)
	}
	opstest.Must(c.Caller, api.Operations.AdvanceClock, &api.AdvanceClockInput{Seconds: 3600})
	two, err := order(attempt, "BusinessCalling", first)
	if err != nil || two.PhoneNumberOrderID != one.PhoneNumberOrderID || two.Status != "Successful" {
		t.Errorf("the repeated order is %+v, %v", two, err)
	}
}
