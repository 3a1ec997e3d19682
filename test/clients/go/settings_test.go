package clients

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/chime"
	"github.com/aws/aws-sdk-go-v2/service/chime/types"
)

// userWithSettings makes an account with one user, and returns the ids of both.
func userWithSettings(t *testing.T, c *chime.Client, email string) (account, user *string) {
	t.Helper()
	account = createAccount(t, c, "Settings of Users").AccountId
	return account, createUser(t, c, &chime.CreateUserInput{AccountId: account, Email: &email}).UserId
}

func TestAccountSettings(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Settings").AccountId
	for _, step := range []struct{ change, want types.AccountSettings }{
		{types.AccountSettings{}, types.AccountSettings{DisableRemoteControl: aws.Bool(false), EnableDialOut: aws.Bool(false)}},
		{types.AccountSettings{DisableRemoteControl: aws.Bool(true)}, types.AccountSettings{DisableRemoteControl: aws.Bool(true), EnableDialOut: aws.Bool(false)}},
		{types.AccountSettings{EnableDialOut: aws.Bool(true)}, types.AccountSettings{DisableRemoteControl: aws.Bool(true), EnableDialOut: aws.Bool(true)}},
	} {
		do(t, c.UpdateAccountSettings, &chime.UpdateAccountSettingsInput{AccountId: account, AccountSettings: &step.change})
		equal(t, *do(t, c.GetAccountSettings, &chime.GetAccountSettingsInput{AccountId: account}).AccountSettings, step.want)
	}
}

func TestGetAccountSettingsErrors(t *testing.T) {
	c := connect(t)
	members := chime.GetAccountSettingsInput{AccountId: createAccount(t, c, "Errors").AccountId}
	checkErrors(t, "GetAccountSettings", c.GetAccountSettings, members, []cause[chime.GetAccountSettingsInput]{
		{new(types.BadRequestException), func(in *chime.GetAccountSettingsInput) { in.AccountId = aws.String(" ") }},
		{new(types.NotFoundException), func(in *chime.GetAccountSettingsInput) { in.AccountId = aws.String(unknownID) }},
	})
}

func TestUpdateAccountSettingsErrors(t *testing.T) {
	c := connect(t)
	members := chime.UpdateAccountSettingsInput{
		AccountId:       createAccount(t, c, "Errors").AccountId,
		AccountSettings: &types.AccountSettings{EnableDialOut: aws.Bool(true)},
	}
	checkErrors(t, "UpdateAccountSettings", c.UpdateAccountSettings, members, []cause[chime.UpdateAccountSettingsInput]{
		{new(types.BadRequestException), func(in *chime.UpdateAccountSettingsInput) { in.AccountId = aws.String(" ") }},
		{new(types.NotFoundException), func(in *chime.UpdateAccountSettingsInput) { in.AccountId = aws.String(unknownID) }},
		{new(types.ConflictException), nil},
	})
}

func TestUserSettings(t *testing.T) {
	c := connect(t)
	account, user := userWithSettings(t, c, "settings@example.com")
	settings := func() types.TelephonySettings {
		return *do(t, c.GetUserSettings, &chime.GetUserSettingsInput{AccountId: account, UserId: user}).UserSettings.Telephony
	}
	equal(t, settings(), types.TelephonySettings{InboundCalling: aws.Bool(false), OutboundCalling: aws.Bool(false), SMS: aws.Bool(false)})
	want := types.TelephonySettings{InboundCalling: aws.Bool(false), OutboundCalling: aws.Bool(true), SMS: aws.Bool(true)}
	do(t, c.UpdateUserSettings, &chime.UpdateUserSettingsInput{AccountId: account, UserId: user, UserSettings: &types.UserSettings{Telephony: &want}})
	equal(t, settings(), want)
}

func TestGetUserSettingsErrors(t *testing.T) {
	c := connect(t)
	account, user := userWithSettings(t, c, "get.settings.errors@example.com")
	members := chime.GetUserSettingsInput{AccountId: account, UserId: user}
	checkErrors(t, "GetUserSettings", c.GetUserSettings, members, []cause[chime.GetUserSettingsInput]{
		{new(types.BadRequestException), func(in *chime.GetUserSettingsInput) { in.UserId = aws.String("..") }},
		{new(types.NotFoundException), func(in *chime.GetUserSettingsInput) { in.UserId = aws.String(unknownID) }},
	})
}

func TestUpdateUserSettingsErrors(t *testing.T) {
	c := connect(t)
	account, user := userWithSettings(t, c, "update.settings.errors@example.com")
	on := types.TelephonySettings{InboundCalling: aws.Bool(true), OutboundCalling: aws.Bool(true), SMS: aws.Bool(true)}
	members := chime.UpdateUserSettingsInput{AccountId: account, UserId: user, UserSettings: &types.UserSettings{Telephony: &on}}
	checkErrors(t, "UpdateUserSettings", c.UpdateUserSettings, members, []cause[chime.UpdateUserSettingsInput]{
		{new(types.BadRequestException), func(in *chime.UpdateUserSettingsInput) { in.UserId = aws.String("..") }},
		{new(types.NotFoundException), func(in *chime.UpdateUserSettingsInput) { in.UserId = aws.String(unknownID) }},
	})
}

func TestGlobalSettings(t *testing.T) {
	c := connect(t)
	check := func(calls, connectors *string) {
		t.Helper()
		answer := do(t, c.GetGlobalSettings, &chime.GetGlobalSettingsInput{})
		equal(t, *answer.BusinessCalling, types.BusinessCallingSettings{CdrBucket: calls})
		equal(t, *answer.VoiceConnector, types.VoiceConnectorSettings{CdrBucket: connectors})
	}
	calls, other, connectors := aws.String("calls"), aws.String("other-calls"), aws.String("connectors")
	do(t, c.UpdateGlobalSettings, &chime.UpdateGlobalSettingsInput{
		BusinessCalling: &types.BusinessCallingSettings{CdrBucket: calls},
		VoiceConnector:  &types.VoiceConnectorSettings{CdrBucket: connectors},
	})
	check(calls, connectors)
	do(t, c.UpdateGlobalSettings, &chime.UpdateGlobalSettingsInput{BusinessCalling: &types.BusinessCallingSettings{CdrBucket: other}})
	check(other, connectors)
	do(t, c.UpdateGlobalSettings, &chime.UpdateGlobalSettingsInput{BusinessCalling: &types.BusinessCallingSettings{}})
	check(nil, connectors)
}

func TestGlobalSettingsErrors(t *testing.T) {
	c := connect(t)
	checkErrors(t, "GetGlobalSettings", c.GetGlobalSettings, chime.GetGlobalSettingsInput{}, nil)
	members := chime.UpdateGlobalSettingsInput{VoiceConnector: &types.VoiceConnectorSettings{CdrBucket: aws.String("connectors")}}
	checkErrors(t, "UpdateGlobalSettings", c.UpdateGlobalSettings, members, nil)
}
