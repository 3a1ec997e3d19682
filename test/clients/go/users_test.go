package clients

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/chime"
	"github.com/aws/aws-sdk-go-v2/service/chime/types"
)

func createUser(t *testing.T, c *chime.Client, in *chime.CreateUserInput) *types.User {
	t.Helper()
	return do(t, c.CreateUser, in).User
}

func listUsers(t *testing.T, c *chime.Client, in *chime.ListUsersInput) []types.User {
	t.Helper()
	return do(t, c.ListUsers, in).Users
}

func userIDs(users []types.User) (ids []string) {
	for _, u := range users {
		ids = append(ids, *u.UserId)
	}
	return ids
}

func TestCreateUser(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Users").AccountId
	user := createUser(t, c, &chime.CreateUserInput{
		AccountId: account,                        // shows 1
		Username:  aws.String("Jane Doe"),         // shows 2
		Email:     aws.String("jane@example.com"), // shows 3
		UserType:  types.UserTypePrivateUser,      // shows 4
	})
	matches(t, user.UserId, uuid)                                                                                        // shows 5
	equal(t, *user.AccountId, *account)                                                                                  // shows 6
	equal(t, *user.PrimaryEmail, "jane@example.com")                                                                     // shows 7
	equal(t, *user.DisplayName, "Jane Doe")                                                                              // shows 9
	equal(t, user.LicenseType, types.LicensePro)                                                                         // shows 10, 22
	equal(t, user.UserType, types.UserTypePrivateUser)                                                                   // shows 11, 24
	equal(t, user.UserRegistrationStatus, types.RegistrationStatusRegistered)                                            // shows 12, 27
	recent(t, user.RegisteredOn)                                                                                         // shows 14
	equal(t, *user.AlexaForBusinessMetadata, types.AlexaForBusinessMetadata{IsAlexaForBusinessEnabled: aws.Bool(false)}) // shows 16, 19
	matches(t, user.PersonalPIN, regexp.MustCompile(`^[0-9]{10}$`))                                                      // shows 18
	equal(t, do(t, c.GetUser, &chime.GetUserInput{AccountId: account, UserId: user.UserId}).User, user)
}

func TestCreateSharedDevice(t *testing.T) {
	c := connect(t)
	user := createUser(t, c, &chime.CreateUserInput{
		AccountId: createAccount(t, c, "Devices").AccountId,
		Email:     aws.String("bell.tower@example.com"),
		UserType:  types.UserTypeSharedDevice,
	})
	equal(t, user.UserType, types.UserTypeSharedDevice) // shows 25
	equal(t, *user.DisplayName, "Bell Tower")
	equal(t, user.PersonalPIN, nil)
}

func TestCreateUserWithOddNames(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Odd Names").AccountId
	for _, odd := range []struct{ name, email string }{
		{"Zoë “Bell” O'Neil 鐘 🔔", "zoë@exämple.com"},
		{`<b>&amp;\"%20+`, "a+b%20c&d=e'f@example.com"},
	} {
		user := createUser(t, c, &chime.CreateUserInput{AccountId: account, Username: &odd.name, Email: &odd.email})
		equal(t, *user.DisplayName, odd.name)
		equal(t, *user.PrimaryEmail, odd.email)
		found := listUsers(t, c, &chime.ListUsersInput{AccountId: account, UserEmail: &odd.email})
		equal(t, userIDs(found), []string{*user.UserId})
	}
}

func TestCreateUserErrors(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Errors").AccountId
	createUser(t, c, &chime.CreateUserInput{AccountId: account, Email: aws.String("taken@example.com")})
	checkErrors(t, "CreateUser", c.CreateUser, chime.CreateUserInput{AccountId: account, Email: aws.String("errors@example.com")}, []cause[chime.CreateUserInput]{
		{new(types.BadRequestException), func(in *chime.CreateUserInput) { in.UserType = "Robot" }},                    // shows 36
		{new(types.NotFoundException), func(in *chime.CreateUserInput) { in.AccountId = aws.String(unknownID) }},       // shows 33
		{new(types.ConflictException), func(in *chime.CreateUserInput) { in.Email = aws.String("Taken@Example.com") }}, // shows 34
		// The others come by faults, and those of access by keys and rates (access_test.go).
		// shows 38, 39
	})
}

func TestCreateUserAgainAfterALostAnswer(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Lost").AccountId
	carillon(t, "PutFault", "Operation=CreateUser", "Drop=AfterCommit", "Count=1")
	answer := do(t, c.CreateUser, &chime.CreateUserInput{AccountId: account, Email: aws.String("lost@example.com")})
	if attempts, _ := retry.GetAttemptResults(answer.ResultMetadata); len(attempts.Results) != 2 {
		t.Errorf("%d attempts, want 2", len(attempts.Results))
	}
	found := listUsers(t, c, &chime.ListUsersInput{AccountId: account, UserEmail: aws.String("lost@example.com")})
	equal(t, userIDs(found), []string{*answer.User.UserId})
}

func TestGetUserErrors(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Errors").AccountId
	user := createUser(t, c, &chime.CreateUserInput{AccountId: account, Email: aws.String("get.errors@example.com")})
	checkErrors(t, "GetUser", c.GetUser, chime.GetUserInput{AccountId: account, UserId: user.UserId}, []cause[chime.GetUserInput]{
		{new(types.BadRequestException), func(in *chime.GetUserInput) { in.UserId = aws.String(" ") }},
		{new(types.NotFoundException), func(in *chime.GetUserInput) { in.UserId = aws.String(unknownID) }},
	})
}

func TestListUsersByEmailAndType(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Filters").AccountId
	person := createUser(t, c, &chime.CreateUserInput{AccountId: account, Email: aws.String("filter+me@example.com")})
	device := createUser(t, c, &chime.CreateUserInput{AccountId: account, Email: aws.String("device@example.com"), UserType: types.UserTypeSharedDevice})
	person.PersonalPIN = nil // lists do not show it
	equal(t, listUsers(t, c, &chime.ListUsersInput{AccountId: account}), []types.User{*person, *device})
	equal(t, listUsers(t, c, &chime.ListUsersInput{AccountId: account, UserEmail: aws.String("Filter+Me@example.com")}), []types.User{*person})
	equal(t, listUsers(t, c, &chime.ListUsersInput{AccountId: account, UserType: types.UserTypeSharedDevice}), []types.User{*device})
	equal(t, listUsers(t, c, &chime.ListUsersInput{AccountId: account, UserEmail: aws.String("device@example.com"), UserType: types.UserTypePrivateUser}), []types.User{})
}

func TestListUsersErrors(t *testing.T) {
	c := connect(t)
	checkErrors(t, "ListUsers", c.ListUsers, chime.ListUsersInput{AccountId: createAccount(t, c, "Errors").AccountId}, []cause[chime.ListUsersInput]{
		{new(types.BadRequestException), func(in *chime.ListUsersInput) { in.MaxResults = aws.Int32(201) }},
		{new(types.NotFoundException), func(in *chime.ListUsersInput) { in.AccountId = aws.String(unknownID) }},
	})
}

func TestListUsersPages(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Pages").AccountId
	var made, found []string
	for n := range 5 {
		user := createUser(t, c, &chime.CreateUserInput{AccountId: account, Email: aws.String(fmt.Sprintf("page%d@example.com", n))})
		made = append(made, *user.UserId)
	}
	var sizes []int
	pages := chime.NewListUsersPaginator(c, &chime.ListUsersInput{AccountId: account, MaxResults: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(page.Users))
		found = append(found, userIDs(page.Users)...)
	}
	equal(t, sizes, []int{2, 2, 1})
	equal(t, found, made)
}

func getUser(t *testing.T, c *chime.Client, account, user *string) *types.User {
	t.Helper()
	return do(t, c.GetUser, &chime.GetUserInput{AccountId: account, UserId: user}).User
}

func TestUpdateUser(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Update").AccountId
	user := createUser(t, c, &chime.CreateUserInput{AccountId: account, Email: aws.String("update@example.com")})
	room := types.AlexaForBusinessMetadata{
		IsAlexaForBusinessEnabled: aws.Bool(true),
		AlexaForBusinessRoomArn:   aws.String("arn:aws:a4b:us-east-1:210987654321:room/tower"),
	}
	changed := do(t, c.UpdateUser, &chime.UpdateUserInput{
		AccountId: account, UserId: user.UserId,
		LicenseType: types.LicenseBasic, UserType: types.UserTypeSharedDevice, AlexaForBusinessMetadata: &room,
	}).User
	user.LicenseType = types.LicenseBasic // shows 20
	user.UserType = types.UserTypeSharedDevice
	user.AlexaForBusinessMetadata = &room // shows 17
	equal(t, changed, user)
	equal(t, getUser(t, c, account, user.UserId), user)
	off := &types.AlexaForBusinessMetadata{IsAlexaForBusinessEnabled: aws.Bool(false)}
	do(t, c.UpdateUser, &chime.UpdateUserInput{AccountId: account, UserId: user.UserId, AlexaForBusinessMetadata: off})
	room.IsAlexaForBusinessEnabled = aws.Bool(false) // and the room stays
	equal(t, do(t, c.UpdateUser, &chime.UpdateUserInput{AccountId: account, UserId: user.UserId}).User, user)
	equal(t, getUser(t, c, account, user.UserId), user)
}

func TestUpdateUserErrors(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Errors").AccountId
	user := createUser(t, c, &chime.CreateUserInput{AccountId: account, Email: aws.String("update.errors@example.com")})
	checkErrors(t, "UpdateUser", c.UpdateUser, chime.UpdateUserInput{AccountId: account, UserId: user.UserId}, []cause[chime.UpdateUserInput]{
		{new(types.BadRequestException), func(in *chime.UpdateUserInput) { in.LicenseType = types.LicensePlus }},
		{new(types.NotFoundException), func(in *chime.UpdateUserInput) { in.UserId = aws.String(unknownID) }},
	})
}

func TestEveryLicense(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Licenses").AccountId
	licenses := []types.License{types.LicenseBasic, types.LicensePlus, types.LicensePro, types.LicenseProTrial}
	carillon(t, "UpdateSupportedLicenses", "AccountId="+*account, "SupportedLicenses=Basic,Plus,Pro,ProTrial")
	equal(t, do(t, c.GetAccount, &chime.GetAccountInput{AccountId: account}).Account.SupportedLicenses, licenses)
	first := createUser(t, c, &chime.CreateUserInput{AccountId: account, Email: aws.String("license@example.com")}).UserId
	for _, license := range licenses {
		do(t, c.UpdateAccount, &chime.UpdateAccountInput{AccountId: account, DefaultLicense: license})
		user := createUser(t, c, &chime.CreateUserInput{AccountId: account, Email: aws.String(string(license) + "@example.com")})
		equal(t, user.LicenseType, license) // shows 20, 21, 22, 23
		do(t, c.UpdateUser, &chime.UpdateUserInput{AccountId: account, UserId: first, LicenseType: license})
		equal(t, getUser(t, c, account, first).LicenseType, license)
	}
}

func TestLogoutUser(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Logout").AccountId
	user := createUser(t, c, &chime.CreateUserInput{AccountId: account, Email: aws.String("logout@example.com")}).UserId
	epoch := func() int {
		n, err := strconv.Atoi(carillon(t, "GetUserSession", "AccountId="+*account, "UserId="+*user, "--query=UserSession.SessionEpoch"))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := epoch()
	do(t, c.LogoutUser, &chime.LogoutUserInput{AccountId: account, UserId: user})
	if after := epoch(); after <= before {
		t.Errorf("session epoch %d, then %d, want a greater one", before, after)
	}
}

func TestLogoutUserErrors(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Errors").AccountId
	user := createUser(t, c, &chime.CreateUserInput{AccountId: account, Email: aws.String("logout.errors@example.com")})
	checkErrors(t, "LogoutUser", c.LogoutUser, chime.LogoutUserInput{AccountId: account, UserId: user.UserId}, []cause[chime.LogoutUserInput]{
		{new(types.BadRequestException), func(in *chime.LogoutUserInput) { in.UserId = aws.String(" ") }},
		{new(types.NotFoundException), func(in *chime.LogoutUserInput) { in.UserId = aws.String(unknownID) }},
	})
}

func TestResetPersonalPIN(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "PIN").AccountId
	user := createUser(t, c, &chime.CreateUserInput{AccountId: account, Email: aws.String("pin@example.com")})
	after := do(t, c.ResetPersonalPIN, &chime.ResetPersonalPINInput{AccountId: account, UserId: user.UserId}).User
	matches(t, after.PersonalPIN, regexp.MustCompile(`^[0-9]{10}$`))
	if *after.PersonalPIN == *user.PersonalPIN {
		t.Errorf("PersonalPIN is still %s", *after.PersonalPIN)
	}
	user.PersonalPIN = after.PersonalPIN
	equal(t, after, user)
	equal(t, getUser(t, c, account, user.UserId), user)
}

func TestResetPersonalPINErrors(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Errors").AccountId
	user := createUser(t, c, &chime.CreateUserInput{AccountId: account, Email: aws.String("pin.errors@example.com")})
	invited := invite(t, c, account, "without.pin@example.com")[0].InviteId
	checkErrors(t, "ResetPersonalPIN", c.ResetPersonalPIN, chime.ResetPersonalPINInput{AccountId: account, UserId: user.UserId}, []cause[chime.ResetPersonalPINInput]{
		{new(types.BadRequestException), func(in *chime.ResetPersonalPINInput) { in.UserId = invited }},
		{new(types.NotFoundException), func(in *chime.ResetPersonalPINInput) { in.UserId = aws.String(unknownID) }},
	})
}
