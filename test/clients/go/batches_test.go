package clients

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/chime"
	"github.com/aws/aws-sdk-go-v2/service/chime/types"
)

// In batches an id that is given twice counts once; what is refused comes in the order of the request; the rest is done.

// makeUsers makes an account with users, and returns the ids of all.
func makeUsers(t *testing.T, c *chime.Client, name string, emails ...string) (account *string, users []string) {
	t.Helper()
	account = createAccount(t, c, name).AccountId
	for _, email := range emails {
		users = append(users, *createUser(t, c, &chime.CreateUserInput{AccountId: account, Email: &email}).UserId)
	}
	return account, users
}

type userError struct {
	user string
	code types.ErrorCode
}

func checkUserErrors(t *testing.T, got []types.UserError, want ...userError) {
	t.Helper()
	var found []userError
	for _, e := range got {
		found = append(found, userError{*e.UserId, e.ErrorCode})
		if aws.ToString(e.ErrorMessage) == "" {
			t.Errorf("the error of %s has no message", *e.UserId)
		}
	}
	equal(t, found, want)
}

func registrations(t *testing.T, c *chime.Client, account *string) (all []types.RegistrationStatus) {
	t.Helper()
	for _, u := range listUsers(t, c, &chime.ListUsersInput{AccountId: account}) {
		all = append(all, u.UserRegistrationStatus)
	}
	return all
}

func TestBatchUpdateUser(t *testing.T) {
	c := connect(t)
	account, users := makeUsers(t, c, "Batch Update", "ann.update@example.com", "bob.update@example.com")
	ann, bob := users[0], users[1]
	alexa := types.AlexaForBusinessMetadata{
		IsAlexaForBusinessEnabled: aws.Bool(true),
		AlexaForBusinessRoomArn:   aws.String("arn:aws:a4b:us-east-1:210987654321:room/belfry"),
	}
	answer := do(t, c.BatchUpdateUser, &chime.BatchUpdateUserInput{AccountId: account, UpdateUserRequestItems: []types.UpdateUserRequestItem{
		{UserId: aws.String(unknownID), LicenseType: types.LicenseBasic},
		{UserId: &ann, LicenseType: types.LicenseBasic, UserType: types.UserTypeSharedDevice, AlexaForBusinessMetadata: &alexa},
		{UserId: &bob, LicenseType: types.LicensePlus},
		{UserId: &ann, LicenseType: types.LicensePro},
		{UserId: aws.String(unknownID), LicenseType: types.LicensePro},
	}})
	checkUserErrors(t, answer.UserErrors, userError{unknownID, types.ErrorCodeNotFound}, userError{bob, types.ErrorCodeBadRequest})
	found := listUsers(t, c, &chime.ListUsersInput{AccountId: account})
	equal(t, found[0].LicenseType, types.LicenseBasic)
	equal(t, found[0].UserType, types.UserTypeSharedDevice)
	equal(t, *found[0].AlexaForBusinessMetadata, alexa)
	equal(t, found[1].LicenseType, types.LicensePro)
	equal(t, found[1].UserType, types.UserTypePrivateUser)
}

func TestBatchUpdateUserErrors(t *testing.T) {
	c := connect(t)
	account, users := makeUsers(t, c, "Errors", "batch.update.errors@example.com")
	item := []types.UpdateUserRequestItem{{UserId: &users[0]}}
	checkErrors(t, "BatchUpdateUser", c.BatchUpdateUser, chime.BatchUpdateUserInput{AccountId: account, UpdateUserRequestItems: item}, []cause[chime.BatchUpdateUserInput]{
		{new(types.BadRequestException), func(in *chime.BatchUpdateUserInput) { in.UpdateUserRequestItems = slices.Repeat(item, 21) }},
		{new(types.NotFoundException), func(in *chime.BatchUpdateUserInput) { in.AccountId = aws.String(unknownID) }},
	})
}

func TestBatchSuspendAndUnsuspend(t *testing.T) {
	c := connect(t)
	account, users := makeUsers(t, c, "Suspend", "ann.suspend@example.com", "bob.suspend@example.com", "cat.suspend@example.com")
	ann, bob, cat := users[0], users[1], users[2]
	suspend := func(users ...string) []types.UserError {
		return do(t, c.BatchSuspendUser, &chime.BatchSuspendUserInput{AccountId: account, UserIdList: users}).UserErrors
	}
	carillon(t, "UpdateAccountType", "AccountId="+*account, "AccountType=EnterpriseLWA")
	unknown, nobody := userError{unknownID, types.ErrorCodeNotFound}, userError{"nobody", types.ErrorCodeNotFound}
	checkUserErrors(t, suspend("nobody", ann, unknownID, bob, ann, "nobody"), nobody, unknown)
	equal(t, registrations(t, c, account), []types.RegistrationStatus{"Suspended", "Suspended", "Registered"}) // shows 12, 28
	checkUserErrors(t, suspend(ann))
	answer := do(t, c.BatchUnsuspendUser, &chime.BatchUnsuspendUserInput{AccountId: account, UserIdList: []string{unknownID, cat, ann, ann, "nobody"}})
	checkUserErrors(t, answer.UserErrors, unknown, nobody)
	equal(t, registrations(t, c, account), []types.RegistrationStatus{"Registered", "Suspended", "Registered"})
}

func TestBatchSuspendInATeam(t *testing.T) {
	c := connect(t)
	account, users := makeUsers(t, c, "Team", "ann.team@example.com", "bob.team@example.com")
	checkUserErrors(t, do(t, c.BatchSuspendUser, &chime.BatchSuspendUserInput{AccountId: account, UserIdList: users[:1]}).UserErrors)
	equal(t, registrations(t, c, account), []types.RegistrationStatus{"Registered"})
	answer := do(t, c.BatchUnsuspendUser, &chime.BatchUnsuspendUserInput{AccountId: account, UserIdList: users[:1]})
	checkUserErrors(t, answer.UserErrors, userError{users[0], types.ErrorCodeNotFound})
	createUser(t, c, &chime.CreateUserInput{AccountId: account, Email: aws.String("ann.team@example.com")}) // the address is free again
}

func TestBatchSuspendUserErrors(t *testing.T) {
	c := connect(t)
	account, users := makeUsers(t, c, "Errors", "batch.suspend.errors@example.com")
	checkErrors(t, "BatchSuspendUser", c.BatchSuspendUser, chime.BatchSuspendUserInput{AccountId: account, UserIdList: users}, []cause[chime.BatchSuspendUserInput]{
		{new(types.BadRequestException), func(in *chime.BatchSuspendUserInput) { in.UserIdList = slices.Repeat(users, 51) }},
		{new(types.NotFoundException), func(in *chime.BatchSuspendUserInput) { in.AccountId = aws.String(unknownID) }},
	})
}

func TestBatchUnsuspendUserErrors(t *testing.T) {
	c := connect(t)
	account, users := makeUsers(t, c, "Errors", "batch.unsuspend.errors@example.com")
	checkErrors(t, "BatchUnsuspendUser", c.BatchUnsuspendUser, chime.BatchUnsuspendUserInput{AccountId: account, UserIdList: users}, []cause[chime.BatchUnsuspendUserInput]{
		{new(types.BadRequestException), func(in *chime.BatchUnsuspendUserInput) { in.UserIdList = slices.Repeat(users, 51) }},
		{new(types.NotFoundException), func(in *chime.BatchUnsuspendUserInput) { in.AccountId = aws.String(unknownID) }},
	})
}
