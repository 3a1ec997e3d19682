package clients

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/chime"
	"github.com/aws/aws-sdk-go-v2/service/chime/types"
)

func invite(t *testing.T, c *chime.Client, account *string, emails ...string) []types.Invite {
	t.Helper()
	return do(t, c.InviteUsers, &chime.InviteUsersInput{AccountId: account, UserEmailList: emails}).Invites
}

func TestInviteUsers(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Invites").AccountId
	emails := []string{"invited@example.com", "déjà.vu@example.com", "Invited@Example.com"}
	invites := do(t, c.InviteUsers, &chime.InviteUsersInput{AccountId: account, UserEmailList: emails, UserType: types.UserTypeSharedDevice}).Invites
	equal(t, len(invites), 3)
	for i, email := range []string{emails[0], emails[1], emails[0]} {
		matches(t, invites[i].InviteId, uuid)
		equal(t, invites[i], types.Invite{InviteId: invites[i].InviteId, Status: types.InviteStatusPending, EmailAddress: &email, EmailStatus: types.EmailStatusSent})
	}
	equal(t, invites[2], invites[0])
	user := getUser(t, c, account, invites[0].InviteId)
	recent(t, user.InvitedOn) // shows 15
	equal(t, *user, types.User{
		UserId:                   invites[0].InviteId,
		AccountId:                account,
		PrimaryEmail:             aws.String("invited@example.com"),
		UserType:                 types.UserTypeSharedDevice,
		UserRegistrationStatus:   types.RegistrationStatusUnregistered, // shows 12, 26
		UserInvitationStatus:     types.InviteStatusPending,            // shows 13, 29
		InvitedOn:                user.InvitedOn,
		AlexaForBusinessMetadata: &types.AlexaForBusinessMetadata{IsAlexaForBusinessEnabled: aws.Bool(false)},
	})
	equal(t, listUsers(t, c, &chime.ListUsersInput{AccountId: account, UserEmail: aws.String("invited@example.com")}), []types.User{*user})
}

func TestAcceptedInvitation(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Accept").AccountId
	first := invite(t, c, account, "accept@example.com")[0]
	carillon(t, "AcceptInvite", "AccountId="+*account, "InviteId="+*first.InviteId, "DisplayName=Ann Zusage")
	user := getUser(t, c, account, first.InviteId)
	equal(t, user.UserRegistrationStatus, types.RegistrationStatusRegistered)
	equal(t, user.UserInvitationStatus, types.InviteStatusAccepted) // shows 13, 30
	equal(t, *user.DisplayName, "Ann Zusage")
	equal(t, user.LicenseType, types.LicensePro)
	matches(t, user.PersonalPIN, regexp.MustCompile(`^[0-9]{10}$`))
	if user.RegisteredOn.Before(*user.InvitedOn) {
		t.Errorf("registered on %v, before the invitation on %v", user.RegisteredOn, user.InvitedOn)
	}
	again := invite(t, c, account, "accept@example.com")[0]
	first.Status, first.EmailStatus = types.InviteStatusAccepted, types.EmailStatusNotSent
	equal(t, again, first)
}

func TestDeclinedInvitation(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Decline").AccountId
	invites := invite(t, c, account, "decline@example.com")
	carillon(t, "DeclineInvite", "AccountId="+*account, "InviteId="+*invites[0].InviteId)
	equal(t, getUser(t, c, account, invites[0].InviteId).UserInvitationStatus, types.InviteStatusFailed) // shows 13, 31
	equal(t, invite(t, c, account, "decline@example.com"), invites)
	equal(t, getUser(t, c, account, invites[0].InviteId).UserInvitationStatus, types.InviteStatusPending)
}

func TestWithdrawnInvitation(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Withdraw").AccountId
	invited := invite(t, c, account, "withdraw@example.com")[0].InviteId
	do(t, c.BatchSuspendUser, &chime.BatchSuspendUserInput{AccountId: account, UserIdList: []string{*invited}})
	_, err := c.GetUser(t.Context(), &chime.GetUserInput{AccountId: account, UserId: invited})
	checkError(t, err, new(types.NotFoundException))
}

func TestInviteUsersErrors(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Errors").AccountId
	var many []string
	for n := range 51 {
		many = append(many, fmt.Sprintf("invite%d@example.com", n))
	}
	members := chime.InviteUsersInput{AccountId: account, UserEmailList: []string{"invite.errors@example.com"}}
	checkErrors(t, "InviteUsers", c.InviteUsers, members, []cause[chime.InviteUsersInput]{
		{new(types.BadRequestException), func(in *chime.InviteUsersInput) { in.UserEmailList = many }},
		{new(types.NotFoundException), func(in *chime.InviteUsersInput) { in.AccountId = aws.String(unknownID) }},
	})
	_, err := c.InviteUsers(t.Context(), &chime.InviteUsersInput{AccountId: account, UserEmailList: []string{"beside@example.com", "nobody"}})
	checkError(t, err, new(types.BadRequestException))
	contains(t, err, "UserEmailList[1]")
	equal(t, listUsers(t, c, &chime.ListUsersInput{AccountId: account, UserEmail: aws.String("beside@example.com")}), []types.User{})
}
