package clients

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/chime"
	"github.com/aws/aws-sdk-go-v2/service/chime/types"
)

// The cases order numbers of an area code of their own each, as a number that was deleted cannot be had again for 7 days.
// They give back what they ordered: the inventory holds 25 numbers, as long as the server is told nothing else.

const (
	nobodys  = "+12065559999"
	business = types.PhoneNumberProductTypeBusinessCalling
	voice    = types.PhoneNumberProductTypeVoiceConnector
)

func search(t *testing.T, c *chime.Client, in chime.SearchAvailablePhoneNumbersInput) []string {
	t.Helper()
	return do(t, c.SearchAvailablePhoneNumbers, &in).E164PhoneNumbers
}

func searchArea(t *testing.T, c *chime.Client, area string, count int32) []string {
	t.Helper()
	return search(t, c, chime.SearchAvailablePhoneNumbersInput{AreaCode: &area, MaxResults: &count})
}

func createOrder(t *testing.T, c *chime.Client, product types.PhoneNumberProductType, numbers ...string) *types.PhoneNumberOrder {
	t.Helper()
	return do(t, c.CreatePhoneNumberOrder, &chime.CreatePhoneNumberOrderInput{ProductType: product, E164PhoneNumbers: numbers}).PhoneNumberOrder
}

// finished waits for the end of an order, and returns it.
func finished(t *testing.T, c *chime.Client, order *types.PhoneNumberOrder) *types.PhoneNumberOrder {
	t.Helper()
	for order.Status == types.PhoneNumberOrderStatusProcessing {
		time.Sleep(50 * time.Millisecond)
		order = do(t, c.GetPhoneNumberOrder, &chime.GetPhoneNumberOrderInput{PhoneNumberOrderId: order.PhoneNumberOrderId}).PhoneNumberOrder
	}
	return order
}

// take orders numbers, gives them back after the case, and returns them.
func take(t *testing.T, c *chime.Client, area string, count int32) []string {
	t.Helper()
	numbers := searchArea(t, c, area, count)
	equal(t, finished(t, c, createOrder(t, c, business, numbers...)).Status, types.PhoneNumberOrderStatusSuccessful)
	giveBack(t, c, numbers...)
	return numbers
}

// giveBack deletes numbers after the case.
func giveBack(t *testing.T, c *chime.Client, numbers ...string) {
	afterwards(t, c.BatchDeletePhoneNumber, &chime.BatchDeletePhoneNumberInput{PhoneNumberIds: numbers})
}

// afterwards makes a call after the case, when its context has ended.
func afterwards[In, Out any](t *testing.T, call operation[In, Out], in *In) {
	t.Cleanup(func() {
		if _, err := call(context.WithoutCancel(t.Context()), in); err != nil {
			t.Error(err)
		}
	})
}

func getNumber(t *testing.T, c *chime.Client, id string) *types.PhoneNumber {
	t.Helper()
	return do(t, c.GetPhoneNumber, &chime.GetPhoneNumberInput{PhoneNumberId: &id}).PhoneNumber
}

func updateNumber(t *testing.T, c *chime.Client, in chime.UpdatePhoneNumberInput) *types.PhoneNumber {
	t.Helper()
	return do(t, c.UpdatePhoneNumber, &in).PhoneNumber
}

func deleteNumber(t *testing.T, c *chime.Client, id string) {
	t.Helper()
	do(t, c.DeletePhoneNumber, &chime.DeletePhoneNumberInput{PhoneNumberId: &id})
}

func restoreNumber(t *testing.T, c *chime.Client, id string) *types.PhoneNumber {
	t.Helper()
	return do(t, c.RestorePhoneNumber, &chime.RestorePhoneNumberInput{PhoneNumberId: &id}).PhoneNumber
}

func numberStatuses(t *testing.T, c *chime.Client, numbers ...string) (all []types.PhoneNumberStatus) {
	t.Helper()
	for _, n := range numbers {
		all = append(all, getNumber(t, c, n).Status)
	}
	return all
}

// A subscriber is a user with an account of their own.
type subscriber struct{ account, user *string }

func createSubscriber(t *testing.T, c *chime.Client, email string) subscriber {
	t.Helper()
	account := createAccount(t, c, "Numbers").AccountId
	return subscriber{account, createUser(t, c, &chime.CreateUserInput{AccountId: account, Email: &email}).UserId}
}

func (s subscriber) associate(t *testing.T, c *chime.Client, number string) {
	t.Helper()
	do(t, c.AssociatePhoneNumberWithUser, &chime.AssociatePhoneNumberWithUserInput{AccountId: s.account, UserId: s.user, E164PhoneNumber: &number})
}

func (s subscriber) disassociation() *chime.DisassociatePhoneNumberFromUserInput {
	return &chime.DisassociatePhoneNumberFromUserInput{AccountId: s.account, UserId: s.user}
}

type numberError struct {
	id   string
	code types.ErrorCode
}

func checkNumberErrors(t *testing.T, got []types.PhoneNumberError, want ...numberError) {
	t.Helper()
	var refused []numberError
	for _, e := range got {
		refused = append(refused, numberError{*e.PhoneNumberId, e.ErrorCode})
		if aws.ToString(e.ErrorMessage) == "" {
			t.Errorf("%s is refused without a message", *e.PhoneNumberId)
		}
	}
	equal(t, refused, want)
}

func TestNumberScript(t *testing.T) {
	c := connect(t)
	s := createSubscriber(t, c, "script.number@example.com")
	illinois := chime.SearchAvailablePhoneNumbersInput{State: aws.String("IL"), MaxResults: aws.Int32(1)}
	number := search(t, c, illinois)[0]
	matches(t, &number, regexp.MustCompile(`^\+1[0-9]{3}55501[0-9]{2}$`))
	equal(t, finished(t, c, createOrder(t, c, business, number)).Status, types.PhoneNumberOrderStatusSuccessful)
	equal(t, getUser(t, c, s.account, s.user).PrimaryProvisionedNumber, nil)
	s.associate(t, c, number)
	equal(t, *getUser(t, c, s.account, s.user).PrimaryProvisionedNumber, number) // shows 8
	do(t, c.DisassociatePhoneNumberFromUser, s.disassociation())
	equal(t, getUser(t, c, s.account, s.user).PrimaryProvisionedNumber, nil)
	equal(t, getNumber(t, c, number).Associations, []types.PhoneNumberAssociation{})
	deleteNumber(t, c, number)
	deleted := getNumber(t, c, number)
	equal(t, deleted.Status, types.PhoneNumberStatusReleaseInProgress)
	recent(t, deleted.DeletionTimestamp)
	restored := restoreNumber(t, c, number)
	equal(t, restored.Status, types.PhoneNumberStatusUnassigned)
	equal(t, restored.DeletionTimestamp, nil)
	equal(t, getNumber(t, c, number), restored)
	deleteNumber(t, c, number)
	if search(t, c, illinois)[0] == number {
		t.Errorf("%s is to be had again", number)
	}
}

func TestSearchAvailablePhoneNumbers(t *testing.T) {
	c := connect(t)
	equal(t, search(t, c, chime.SearchAvailablePhoneNumbersInput{State: aws.String("WA"), City: aws.String("Seattle"), MaxResults: aws.Int32(2)}),
		[]string{"+12065550100", "+12065550101"})
	equal(t, search(t, c, chime.SearchAvailablePhoneNumbersInput{
		AreaCode: aws.String("206"), Country: aws.String("US"), PhoneNumberType: types.PhoneNumberTypeLocal, MaxResults: aws.Int32(1),
	}), []string{"+12065550100"})
	equal(t, search(t, c, chime.SearchAvailablePhoneNumbersInput{TollFreePrefix: aws.String("888"), MaxResults: aws.Int32(1)}), []string{"+18885550100"})
	equal(t, search(t, c, chime.SearchAvailablePhoneNumbersInput{AreaCode: aws.String("206"), State: aws.String("IL")}), []string{})
}

func TestSearchAvailablePhoneNumbersPages(t *testing.T) {
	c := connect(t)
	in := &chime.SearchAvailablePhoneNumbersInput{AreaCode: aws.String("206"), MaxResults: aws.Int32(60)}
	first := do(t, c.SearchAvailablePhoneNumbers, in)
	in.NextToken = first.NextToken
	rest := do(t, c.SearchAvailablePhoneNumbers, in)
	equal(t, rest.NextToken, nil)
	var want []string
	for n := range 100 {
		want = append(want, fmt.Sprintf("+120655501%02d", n))
	}
	equal(t, slices.Concat(first.E164PhoneNumbers, rest.E164PhoneNumbers), want)
}

func TestSearchAvailablePhoneNumbersErrors(t *testing.T) {
	c := connect(t)
	checkErrors(t, "SearchAvailablePhoneNumbers", c.SearchAvailablePhoneNumbers, chime.SearchAvailablePhoneNumbersInput{AreaCode: aws.String("206")},
		[]cause[chime.SearchAvailablePhoneNumbersInput]{
			{new(types.BadRequestException), func(in *chime.SearchAvailablePhoneNumbersInput) { in.AreaCode = aws.String("20") }},
			{new(types.AccessDeniedException), nil},
		})
}

func TestListSupportedPhoneNumberCountries(t *testing.T) {
	c := connect(t)
	countries := func(product types.PhoneNumberProductType) map[string][]types.PhoneNumberType {
		found := map[string][]types.PhoneNumberType{}
		for _, country := range do(t, c.ListSupportedPhoneNumberCountries, &chime.ListSupportedPhoneNumberCountriesInput{ProductType: product}).PhoneNumberCountries {
			found[*country.CountryCode] = country.SupportedPhoneNumberTypes
		}
		return found
	}
	equal(t, countries(business), map[string][]types.PhoneNumberType{"US": {types.PhoneNumberTypeLocal}})
	equal(t, countries(voice), map[string][]types.PhoneNumberType{"US": {types.PhoneNumberTypeLocal, types.PhoneNumberTypeTollFree}})
	if sip := countries(types.PhoneNumberProductTypeSipMediaApplicationDialIn); sip["US"] == nil || sip["GB"] == nil {
		t.Errorf("the countries of SipMediaApplicationDialIn are %v", sip)
	}
}

func TestListSupportedPhoneNumberCountriesErrors(t *testing.T) {
	c := connect(t)
	checkErrors(t, "ListSupportedPhoneNumberCountries", c.ListSupportedPhoneNumberCountries, chime.ListSupportedPhoneNumberCountriesInput{ProductType: business},
		[]cause[chime.ListSupportedPhoneNumberCountriesInput]{
			{new(types.BadRequestException), func(in *chime.ListSupportedPhoneNumberCountriesInput) { in.ProductType = "Fax" }},
			{new(types.AccessDeniedException), nil},
		})
}

func TestPhoneNumberOrders(t *testing.T) {
	c := connect(t)
	number := searchArea(t, c, "312", 1)[0]
	order := createOrder(t, c, voice, number, nobodys)
	giveBack(t, c, number)
	matches(t, order.PhoneNumberOrderId, uuid)
	recent(t, order.CreatedTimestamp)
	equal(t, *order, types.PhoneNumberOrder{
		PhoneNumberOrderId: order.PhoneNumberOrderId,
		ProductType:        voice,
		Status:             types.PhoneNumberOrderStatusProcessing,
		OrderedPhoneNumbers: []types.OrderedPhoneNumber{
			{E164PhoneNumber: &number, Status: types.OrderedPhoneNumberStatusProcessing},
			{E164PhoneNumber: aws.String(nobodys), Status: types.OrderedPhoneNumberStatusProcessing},
		},
		CreatedTimestamp: order.CreatedTimestamp,
		UpdatedTimestamp: order.CreatedTimestamp,
	})
	if searchArea(t, c, "312", 1)[0] == number {
		t.Errorf("%s is to be had twice", number)
	}
	done := finished(t, c, order)
	if !done.UpdatedTimestamp.After(*order.UpdatedTimestamp) {
		t.Errorf("the order was updated on %v, and before on %v", done.UpdatedTimestamp, order.UpdatedTimestamp)
	}
	order.Status, order.UpdatedTimestamp = types.PhoneNumberOrderStatusPartial, done.UpdatedTimestamp
	order.OrderedPhoneNumbers[0].Status = types.OrderedPhoneNumberStatusAcquired
	order.OrderedPhoneNumbers[1].Status = types.OrderedPhoneNumberStatusFailed
	equal(t, done, order)
	equal(t, finished(t, c, createOrder(t, c, voice, number)).Status, types.PhoneNumberOrderStatusFailed)
}

func TestCreatePhoneNumberOrderErrors(t *testing.T) {
	c := connect(t)
	numbers := searchArea(t, c, "773", 26)
	giveBack(t, c, numbers[0])
	checkErrors(t, "CreatePhoneNumberOrder", c.CreatePhoneNumberOrder, chime.CreatePhoneNumberOrderInput{ProductType: business, E164PhoneNumbers: numbers[:1]},
		[]cause[chime.CreatePhoneNumberOrderInput]{
			{new(types.BadRequestException), func(in *chime.CreatePhoneNumberOrderInput) { in.E164PhoneNumbers = []string{"+18885550100"} }},
			{new(types.ResourceLimitExceededException), func(in *chime.CreatePhoneNumberOrderInput) { in.E164PhoneNumbers = numbers }},
			{new(types.AccessDeniedException), nil},
		})
	for getNumber(t, c, numbers[0]).Status != types.PhoneNumberStatusUnassigned {
		time.Sleep(50 * time.Millisecond)
	}
}

func TestGetPhoneNumberOrderErrors(t *testing.T) {
	c := connect(t)
	order := finished(t, c, createOrder(t, c, business, nobodys))
	equal(t, order.Status, types.PhoneNumberOrderStatusFailed)
	checkErrors(t, "GetPhoneNumberOrder", c.GetPhoneNumberOrder, chime.GetPhoneNumberOrderInput{PhoneNumberOrderId: order.PhoneNumberOrderId},
		[]cause[chime.GetPhoneNumberOrderInput]{
			{new(types.BadRequestException), func(in *chime.GetPhoneNumberOrderInput) { in.PhoneNumberOrderId = aws.String("..") }},
			{new(types.NotFoundException), func(in *chime.GetPhoneNumberOrderInput) { in.PhoneNumberOrderId = aws.String(unknownID) }},
		})
}

func TestListPhoneNumberOrders(t *testing.T) {
	c := connect(t)
	var made, found []types.PhoneNumberOrder
	for range 2 {
		made = append(made, *finished(t, c, createOrder(t, c, voice, nobodys)))
	}
	in := &chime.ListPhoneNumberOrdersInput{MaxResults: aws.Int32(3)}
	for {
		page := do(t, c.ListPhoneNumberOrders, in)
		if len(page.PhoneNumberOrders) > 3 {
			t.Errorf("a page of %d orders", len(page.PhoneNumberOrders))
		}
		found = append(found, page.PhoneNumberOrders...)
		if in.NextToken = page.NextToken; in.NextToken == nil {
			break
		}
	}
	equal(t, found[len(found)-2:], made)
}

func TestListPhoneNumberOrdersErrors(t *testing.T) {
	c := connect(t)
	checkErrors(t, "ListPhoneNumberOrders", c.ListPhoneNumberOrders, chime.ListPhoneNumberOrdersInput{}, []cause[chime.ListPhoneNumberOrdersInput]{
		{new(types.BadRequestException), func(in *chime.ListPhoneNumberOrdersInput) { in.NextToken = aws.String("forged") }},
	})
}

func TestGetPhoneNumber(t *testing.T) {
	c := connect(t)
	number := take(t, c, "630", 1)[0]
	found := getNumber(t, c, number)
	if !found.UpdatedTimestamp.After(*found.CreatedTimestamp) {
		t.Errorf("the number was ordered on %v and acquired on %v", found.CreatedTimestamp, found.UpdatedTimestamp)
	}
	yes := aws.Bool(true)
	equal(t, *found, types.PhoneNumber{
		PhoneNumberId:     aws.String(strings.Replace(number, "+", "%2B", 1)),
		E164PhoneNumber:   &number,
		Country:           aws.String("US"),
		Type:              types.PhoneNumberTypeLocal,
		ProductType:       business,
		Status:            types.PhoneNumberStatusUnassigned,
		Capabilities:      &types.PhoneNumberCapabilities{InboundCall: yes, OutboundCall: yes, InboundSMS: yes, OutboundSMS: yes, InboundMMS: yes, OutboundMMS: yes},
		Associations:      []types.PhoneNumberAssociation{},
		CallingNameStatus: types.CallingNameStatusUnassigned,
		CreatedTimestamp:  found.CreatedTimestamp,
		UpdatedTimestamp:  found.UpdatedTimestamp,
	})
}

func TestGetPhoneNumberErrors(t *testing.T) {
	c := connect(t)
	checkErrors(t, "GetPhoneNumber", c.GetPhoneNumber, chime.GetPhoneNumberInput{PhoneNumberId: &take(t, c, "847", 1)[0]}, []cause[chime.GetPhoneNumberInput]{
		{new(types.BadRequestException), func(in *chime.GetPhoneNumberInput) { in.PhoneNumberId = aws.String("..") }},
		{new(types.NotFoundException), func(in *chime.GetPhoneNumberInput) { in.PhoneNumberId = aws.String(nobodys) }},
	})
}

func TestFormsOfNumberIDs(t *testing.T) {
	c := connect(t)
	numbers := take(t, c, "815", 3)
	ids := []string{numbers[0], strings.Replace(numbers[1], "+", "%2B", 1), strings.Replace(numbers[2], "+", "%252B", 1)}
	var items []types.UpdatePhoneNumberRequestItem
	for i, id := range ids {
		equal(t, *getNumber(t, c, id).E164PhoneNumber, numbers[i])
		updateNumber(t, c, chime.UpdatePhoneNumberInput{PhoneNumberId: &id, ProductType: voice})
		deleteNumber(t, c, id)
		restored := restoreNumber(t, c, id)
		equal(t, restored.Status, types.PhoneNumberStatusUnassigned)
		equal(t, restored.ProductType, voice)
		items = append(items, types.UpdatePhoneNumberRequestItem{PhoneNumberId: &id, ProductType: business})
	}
	checkNumberErrors(t, do(t, c.BatchUpdatePhoneNumber, &chime.BatchUpdatePhoneNumberInput{UpdatePhoneNumberRequestItems: items}).PhoneNumberErrors)
	for _, number := range numbers {
		equal(t, getNumber(t, c, number).ProductType, business)
	}
	checkNumberErrors(t, do(t, c.BatchDeletePhoneNumber, &chime.BatchDeletePhoneNumberInput{PhoneNumberIds: ids}).PhoneNumberErrors)
	equal(t, numberStatuses(t, c, numbers...), slices.Repeat([]types.PhoneNumberStatus{types.PhoneNumberStatusReleaseInProgress}, 3))
}

func TestListPhoneNumbers(t *testing.T) {
	c := connect(t)
	list := func(in chime.ListPhoneNumbersInput) (found []string, next *string) {
		page := do(t, c.ListPhoneNumbers, &in)
		for _, n := range page.PhoneNumbers {
			found = append(found, *n.E164PhoneNumber)
		}
		return found, page.NextToken
	}
	numbers := take(t, c, "217", 3)
	s := createSubscriber(t, c, "list.numbers@example.com")
	s.associate(t, c, numbers[0])
	afterwards(t, c.DisassociatePhoneNumberFromUser, s.disassociation())
	updateNumber(t, c, chime.UpdatePhoneNumberInput{PhoneNumberId: &numbers[1], ProductType: voice})
	every, _ := list(chime.ListPhoneNumbersInput{}) // also what was deleted is listed
	equal(t, slices.DeleteFunc(every, func(n string) bool { return !slices.Contains(numbers, n) }), numbers)
	for _, filter := range []struct {
		in   chime.ListPhoneNumbersInput
		want []string
	}{
		{chime.ListPhoneNumbersInput{Status: types.PhoneNumberStatusAssigned}, numbers[:1]},
		{chime.ListPhoneNumbersInput{Status: types.PhoneNumberStatusUnassigned}, numbers[1:]},
		{chime.ListPhoneNumbersInput{Status: types.PhoneNumberStatusUnassigned, ProductType: voice}, numbers[1:2]},
		{chime.ListPhoneNumbersInput{FilterName: types.PhoneNumberAssociationNameUserId, FilterValue: s.user}, numbers[:1]},
		{chime.ListPhoneNumbersInput{FilterName: types.PhoneNumberAssociationNameAccountId, FilterValue: s.account, Status: types.PhoneNumberStatusUnassigned}, nil},
	} {
		found, _ := list(filter.in)
		equal(t, found, filter.want)
	}
	in := chime.ListPhoneNumbersInput{Status: types.PhoneNumberStatusUnassigned, MaxResults: aws.Int32(1)}
	first, next := list(in)
	equal(t, first, numbers[1:2])
	in.NextToken = next
	rest, _ := list(in)
	equal(t, rest, numbers[2:])
}

func TestListPhoneNumbersErrors(t *testing.T) {
	c := connect(t)
	checkErrors(t, "ListPhoneNumbers", c.ListPhoneNumbers, chime.ListPhoneNumbersInput{}, []cause[chime.ListPhoneNumbersInput]{
		{new(types.BadRequestException), func(in *chime.ListPhoneNumbersInput) { in.FilterName = types.PhoneNumberAssociationNameUserId }},
	})
}

func TestUpdatePhoneNumber(t *testing.T) {
	c := connect(t)
	number := take(t, c, "618", 1)[0]
	changed := updateNumber(t, c, chime.UpdatePhoneNumberInput{PhoneNumberId: &number, ProductType: voice})
	equal(t, changed.ProductType, voice)
	equal(t, getNumber(t, c, number), changed)
	named := updateNumber(t, c, chime.UpdatePhoneNumberInput{PhoneNumberId: &number, CallingName: aws.String("Bell Tower")})
	changed.CallingName, changed.CallingNameStatus = aws.String("Bell Tower"), types.CallingNameStatusUpdateInProgress
	changed.UpdatedTimestamp = named.UpdatedTimestamp
	equal(t, named, changed)
	equal(t, getNumber(t, c, number), named)
}

func TestUpdatePhoneNumberErrors(t *testing.T) {
	c := connect(t)
	numbers := take(t, c, "708", 2)
	updateNumber(t, c, chime.UpdatePhoneNumberInput{PhoneNumberId: &numbers[1], CallingName: aws.String("Belfry")})
	checkErrors(t, "UpdatePhoneNumber", c.UpdatePhoneNumber, chime.UpdatePhoneNumberInput{PhoneNumberId: &numbers[0], CallingName: aws.String("Bell Tower")},
		[]cause[chime.UpdatePhoneNumberInput]{
			{new(types.BadRequestException), func(in *chime.UpdatePhoneNumberInput) { in.ProductType = voice }}, // one of both at a time
			{new(types.NotFoundException), func(in *chime.UpdatePhoneNumberInput) { in.PhoneNumberId = aws.String(nobodys) }},
			{new(types.ConflictException), func(in *chime.UpdatePhoneNumberInput) { in.PhoneNumberId = &numbers[1] }},
		})
}

func TestBatchUpdatePhoneNumber(t *testing.T) {
	c := connect(t)
	numbers := take(t, c, "309", 2)
	answer := do(t, c.BatchUpdatePhoneNumber, &chime.BatchUpdatePhoneNumberInput{UpdatePhoneNumberRequestItems: []types.UpdatePhoneNumberRequestItem{
		{PhoneNumberId: aws.String(nobodys), CallingName: aws.String("Nobody")},
		{PhoneNumberId: &numbers[0], CallingName: aws.String("Bell Tower")},
		{PhoneNumberId: &numbers[1], ProductType: voice},
	}})
	checkNumberErrors(t, answer.PhoneNumberErrors, numberError{nobodys, types.ErrorCodeNotFound})
	equal(t, *getNumber(t, c, numbers[0]).CallingName, "Bell Tower")
	equal(t, getNumber(t, c, numbers[1]).ProductType, voice)
}

func TestBatchUpdatePhoneNumberErrors(t *testing.T) {
	c := connect(t)
	items := []types.UpdatePhoneNumberRequestItem{{PhoneNumberId: aws.String(nobodys), CallingName: aws.String("Bell Tower")}}
	checkErrors(t, "BatchUpdatePhoneNumber", c.BatchUpdatePhoneNumber, chime.BatchUpdatePhoneNumberInput{UpdatePhoneNumberRequestItems: items},
		[]cause[chime.BatchUpdatePhoneNumberInput]{
			{new(types.BadRequestException), func(in *chime.BatchUpdatePhoneNumberInput) {
				in.UpdatePhoneNumberRequestItems = slices.Repeat(items, 51)
			}},
		})
}

func TestBatchDeletePhoneNumber(t *testing.T) {
	c := connect(t)
	numbers := take(t, c, "425", 3)
	s := createSubscriber(t, c, "batch.delete.numbers@example.com")
	s.associate(t, c, numbers[0])
	answer := do(t, c.BatchDeletePhoneNumber, &chime.BatchDeletePhoneNumberInput{PhoneNumberIds: []string{numbers[0], numbers[1], nobodys, numbers[2], numbers[1]}})
	checkNumberErrors(t, answer.PhoneNumberErrors, numberError{numbers[0], types.ErrorCodePhoneNumberAssociationsExist}, numberError{nobodys, types.ErrorCodeNotFound})
	do(t, c.DisassociatePhoneNumberFromUser, s.disassociation())
	equal(t, numberStatuses(t, c, numbers...), []types.PhoneNumberStatus{
		types.PhoneNumberStatusUnassigned, types.PhoneNumberStatusReleaseInProgress, types.PhoneNumberStatusReleaseInProgress,
	})
}

func TestDeleteAndDisassociateErrors(t *testing.T) {
	c := connect(t)
	numbers := take(t, c, "509", 2)
	s, other := createSubscriber(t, c, "one.delete.errors@example.com"), createSubscriber(t, c, "other.delete.errors@example.com")
	s.associate(t, c, numbers[0])
	checkErrors(t, "DeletePhoneNumber", c.DeletePhoneNumber, chime.DeletePhoneNumberInput{PhoneNumberId: &numbers[1]}, []cause[chime.DeletePhoneNumberInput]{
		{new(types.BadRequestException), func(in *chime.DeletePhoneNumberInput) { in.PhoneNumberId = &numbers[0] }},
		{new(types.NotFoundException), func(in *chime.DeletePhoneNumberInput) { in.PhoneNumberId = aws.String(nobodys) }},
	})
	checkErrors(t, "BatchDeletePhoneNumber", c.BatchDeletePhoneNumber, chime.BatchDeletePhoneNumberInput{PhoneNumberIds: numbers[1:]}, []cause[chime.BatchDeletePhoneNumberInput]{
		{new(types.BadRequestException), func(in *chime.BatchDeletePhoneNumberInput) { in.PhoneNumberIds = slices.Repeat(numbers[1:], 51) }},
	})
	checkErrors(t, "DisassociatePhoneNumberFromUser", c.DisassociatePhoneNumberFromUser, *s.disassociation(), []cause[chime.DisassociatePhoneNumberFromUserInput]{
		{new(types.BadRequestException), func(in *chime.DisassociatePhoneNumberFromUserInput) { in.UserId = aws.String("..") }},
		{new(types.NotFoundException), func(in *chime.DisassociatePhoneNumberFromUserInput) { *in = *other.disassociation() }},
	})
}

func TestRestorePhoneNumberErrors(t *testing.T) {
	c := connect(t)
	numbers := take(t, c, "360", 2)
	deleteNumber(t, c, numbers[0])
	rest := take(t, c, "224", 24) // with which the inventory is full
	in := chime.RestorePhoneNumberInput{PhoneNumberId: &numbers[0]}
	_, err := c.RestorePhoneNumber(t.Context(), &in, once)
	checkError(t, err, new(types.ResourceLimitExceededException))
	do(t, c.BatchDeletePhoneNumber, &chime.BatchDeletePhoneNumberInput{PhoneNumberIds: rest})
	checkErrors(t, "RestorePhoneNumber", c.RestorePhoneNumber, in, []cause[chime.RestorePhoneNumberInput]{
		{new(types.BadRequestException), func(in *chime.RestorePhoneNumberInput) { in.PhoneNumberId = &numbers[1] }},
		{new(types.NotFoundException), func(in *chime.RestorePhoneNumberInput) { in.PhoneNumberId = aws.String(nobodys) }},
	})
}

func TestAssociatePhoneNumberWithUser(t *testing.T) {
	c := connect(t)
	number := take(t, c, "331", 1)[0]
	s := createSubscriber(t, c, "associate@example.com")
	for range 2 { // the same pair again stays
		s.associate(t, c, number)
	}
	afterwards(t, c.DisassociatePhoneNumberFromUser, s.disassociation())
	found := getNumber(t, c, number)
	equal(t, found.Status, types.PhoneNumberStatusAssigned)
	at := found.Associations[0].AssociatedTimestamp
	recent(t, at)
	equal(t, found.Associations, []types.PhoneNumberAssociation{
		{Name: types.PhoneNumberAssociationNameAccountId, Value: s.account, AssociatedTimestamp: at},
		{Name: types.PhoneNumberAssociationNameUserId, Value: s.user, AssociatedTimestamp: at},
	})
	equal(t, *listUsers(t, c, &chime.ListUsersInput{AccountId: s.account})[0].PrimaryProvisionedNumber, number) // shows 8
}

func TestAssociatePhoneNumberWithUserErrors(t *testing.T) {
	c := connect(t)
	numbers := take(t, c, "253", 2)
	s, other := createSubscriber(t, c, "one.associate.errors@example.com"), createSubscriber(t, c, "other.associate.errors@example.com")
	other.associate(t, c, numbers[0])
	afterwards(t, c.DisassociatePhoneNumberFromUser, other.disassociation())
	checkErrors(t, "AssociatePhoneNumberWithUser", c.AssociatePhoneNumberWithUser,
		chime.AssociatePhoneNumberWithUserInput{AccountId: s.account, UserId: s.user, E164PhoneNumber: &numbers[1]},
		[]cause[chime.AssociatePhoneNumberWithUserInput]{
			{new(types.BadRequestException), func(in *chime.AssociatePhoneNumberWithUserInput) { in.E164PhoneNumber = &numbers[0] }},
			{new(types.NotFoundException), func(in *chime.AssociatePhoneNumberWithUserInput) { in.E164PhoneNumber = aws.String(nobodys) }},
			{new(types.AccessDeniedException), nil},
		})
	do(t, c.DisassociatePhoneNumberFromUser, s.disassociation())
}

func TestPhoneNumberSettings(t *testing.T) {
	c := connect(t)
	do(t, c.UpdatePhoneNumberSettings, &chime.UpdatePhoneNumberSettingsInput{CallingName: aws.String("Carillon")})
	settings := do(t, c.GetPhoneNumberSettings, &chime.GetPhoneNumberSettingsInput{})
	equal(t, *settings.CallingName, "Carillon")
	recent(t, settings.CallingNameUpdatedTimestamp)
}

func TestPhoneNumberSettingsErrors(t *testing.T) {
	c := connect(t)
	checkErrors(t, "GetPhoneNumberSettings", c.GetPhoneNumberSettings, chime.GetPhoneNumberSettingsInput{}, nil)
	in := chime.UpdatePhoneNumberSettingsInput{CallingName: aws.String("Carillon")}
	do(t, c.UpdatePhoneNumberSettings, &in)
	checkErrors(t, "UpdatePhoneNumberSettings", c.UpdatePhoneNumberSettings, in, []cause[chime.UpdatePhoneNumberSettingsInput]{
		{new(types.BadRequestException), func(in *chime.UpdatePhoneNumberSettingsInput) { in.CallingName = aws.String("Sooner") }}, // than 7 days after
	})
}

// dialOut takes a number, and returns the members of a call that a meeting is to make from it.
func dialOut(t *testing.T, c *chime.Client, area string) chime.CreateMeetingDialOutInput {
	t.Helper()
	return chime.CreateMeetingDialOutInput{
		MeetingId: aws.String(unknownID), FromPhoneNumber: &take(t, c, area, 1)[0], ToPhoneNumber: aws.String(nobodys), JoinToken: aws.String("token"),
	}
}

func TestCreateMeetingDialOut(t *testing.T) {
	c := connect(t)
	in := dialOut(t, c, "779")
	answer := do(t, c.CreateMeetingDialOut, &in)
	var asked struct{ DialOuts []map[string]string }
	if err := json.Unmarshal([]byte(carillon(t, "ListDialOuts", "MaxResults=100")), &asked); err != nil {
		t.Fatal(err)
	}
	last := asked.DialOuts[len(asked.DialOuts)-1]
	equal(t, last, map[string]string{
		"TransactionId":   *answer.TransactionId,
		"MeetingId":       unknownID,
		"FromPhoneNumber": *in.FromPhoneNumber,
		"ToPhoneNumber":   nobodys,
		"RequestedBy":     "arn:aws:iam::210987654321:root",
		"RequestedOn":     last["RequestedOn"],
	})
}

func TestCreateMeetingDialOutErrors(t *testing.T) {
	c := connect(t)
	checkErrors(t, "CreateMeetingDialOut", c.CreateMeetingDialOut, dialOut(t, c, "872"), []cause[chime.CreateMeetingDialOutInput]{
		{new(types.BadRequestException), func(in *chime.CreateMeetingDialOutInput) { in.ToPhoneNumber = aws.String("phone") }},
		{new(types.ForbiddenException), func(in *chime.CreateMeetingDialOutInput) { in.FromPhoneNumber = aws.String(nobodys) }},
		{new(types.AccessDeniedException), nil},
		{new(types.ResourceLimitExceededException), nil},
	})
}
