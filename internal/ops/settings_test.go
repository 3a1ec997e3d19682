package ops_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops/opstest"
)

func TestUpdateAccount(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	want := getAccount(c)
	update := func(in api.UpdateAccountInput) {
		t.Helper()
		in.AccountID = c.Account
		got := opstest.Must(c, api.Operations.UpdateAccount, &in).Account
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("UpdateAccount (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, getAccount(c)); diff != "" {
			t.Errorf("GetAccount (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]api.Account{*want}, opstest.Must(c, api.Operations.ListAccounts, &api.ListAccountsInput{}).Accounts); diff != "" {
			t.Errorf("ListAccounts (-want +got):\n%s", diff)
		}
	}
	update(api.UpdateAccountInput{})
	want.Name = "New"
	update(api.UpdateAccountInput{Name: "New"})
	want.DefaultLicense = "Basic"
	update(api.UpdateAccountInput{DefaultLicense: "Basic"})
	for _, accountType := range accountTypes {
		setType(c, accountType)
		want.AccountType = accountType
		update(api.UpdateAccountInput{})
	}
}

func TestAccountSettings(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	on, off := true, false
	for _, step := range []struct{ in, want *api.AccountSettings }{
		{&api.AccountSettings{}, &api.AccountSettings{DisableRemoteControl: &off, EnableDialOut: &off}},
		{&api.AccountSettings{EnableDialOut: &on}, &api.AccountSettings{DisableRemoteControl: &off, EnableDialOut: &on}},
		{&api.AccountSettings{DisableRemoteControl: &on}, &api.AccountSettings{DisableRemoteControl: &on, EnableDialOut: &on}},
		{&api.AccountSettings{DisableRemoteControl: &off, EnableDialOut: &off}, &api.AccountSettings{DisableRemoteControl: &off, EnableDialOut: &off}},
	} {
		opstest.Must(c, api.Operations.UpdateAccountSettings, &api.UpdateAccountSettingsInput{AccountID: c.Account, AccountSettings: step.in})
		got := opstest.Must(c, api.Operations.GetAccountSettings, &api.GetAccountSettingsInput{AccountID: c.Account}).AccountSettings
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("GetAccountSettings (-want +got):\n%s", diff)
		}
	}
}

func TestUserSettings(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	users := []string{c.CreateUser("jane@example.com").UserID, invite(c, "pending@example.com")[0].InviteID}
	for _, user := range users {
		shows := func(want api.TelephonySettings) {
			t.Helper()
			got := opstest.Must(c, api.Operations.GetUserSettings, &api.GetUserSettingsInput{AccountID: c.Account, UserID: user}).UserSettings
			if diff := cmp.Diff(&want, got.Telephony); diff != "" {
				t.Errorf("GetUserSettings (-want +got):\n%s", diff)
			}
		}
		shows(api.TelephonySettings{})
		for _, s := range []api.TelephonySettings{{InboundCalling: true}, {OutboundCalling: true}, {SMS: true}, {}} {
			in := &api.UpdateUserSettingsInput{AccountID: c.Account, UserID: user, UserSettings: &api.UserSettings{Telephony: &s}}
			opstest.Must(c, api.Operations.UpdateUserSettings, in)
			shows(s)
		}
	}
}

func TestGlobalSettings(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	other := c.Of(999999999999)
	bucket := func(s string) *string { return &s }
	for _, step := range []struct {
		in          api.UpdateGlobalSettingsInput
		calls, voic *string
	}{
		{api.UpdateGlobalSettingsInput{}, nil, nil},
		{api.UpdateGlobalSettingsInput{BusinessCalling: &api.BusinessCallingSettings{CdrBucket: bucket("b1")}}, bucket("b1"), nil},
		{api.UpdateGlobalSettingsInput{VoiceConnector: &api.VoiceConnectorSettings{CdrBucket: bucket("v1")}}, bucket("b1"), bucket("v1")},
		{api.UpdateGlobalSettingsInput{BusinessCalling: &api.BusinessCallingSettings{}}, nil, bucket("v1")},
		{api.UpdateGlobalSettingsInput{BusinessCalling: &api.BusinessCallingSettings{CdrBucket: bucket("b2")}, VoiceConnector: &api.VoiceConnectorSettings{CdrBucket: bucket("v2")}}, bucket("b2"), bucket("v2")},
	} {
		opstest.Must(c, api.Operations.UpdateGlobalSettings, &step.in)
		got := opstest.Must(c, api.Operations.GetGlobalSettings, &api.GetGlobalSettingsInput{})
		want := &api.GetGlobalSettingsOutput{BusinessCalling: &api.BusinessCallingSettings{CdrBucket: step.calls}, VoiceConnector: &api.VoiceConnectorSettings{CdrBucket: step.voic}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("GetGlobalSettings (-want +got):\n%s", diff)
		}
	}
	got := opstest.Must(other, api.Operations.GetGlobalSettings, &api.GetGlobalSettingsInput{})
	if got.BusinessCalling.CdrBucket != nil || got.VoiceConnector.CdrBucket != nil {
		t.Errorf("another tenant has %+v", got)
	}
}

func TestDelegateGroups(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	associate := func(names ...string) error {
		in := &api.AssociateSigninDelegateGroupsWithAccountInput{AccountID: c.Account}
		for _, n := range names {
			in.SigninDelegateGroups = append(in.SigninDelegateGroups, api.SigninDelegateGroup{GroupName: n})
		}
		_, err := opstest.Do(c, api.Operations.AssociateSigninDelegateGroupsWithAccount, in)
		return err
	}
	disassociate := func(c *opstest.Caller, names ...string) error {
		in := &api.DisassociateSigninDelegateGroupsFromAccountInput{AccountID: c.Account, GroupNames: names}
		_, err := opstest.Do(c, api.Operations.DisassociateSigninDelegateGroupsFromAccount, in)
		return err
	}
	shows := func(names ...string) {
		t.Helper()
		want := []api.SigninDelegateGroup{}
		for _, n := range names {
			want = append(want, api.SigninDelegateGroup{GroupName: n})
		}
		if diff := cmp.Diff(want, getAccount(c).SigninDelegateGroups); diff != "" {
			t.Errorf("SigninDelegateGroups (-want +got):\n%s", diff)
		}
	}
	shows()
	if err := associate("b, with a comma", "a", "a"); err != nil {
		t.Error(err)
	}
	shows("b, with a comma", "a")
	if err := disassociate(c, "b, with a comma", "unknown"); err != nil {
		t.Error(err)
	}
	shows("a")
	refused(t, "a group without a name", associate("c", ""), chime.BadRequest, "SigninDelegateGroups[1].GroupName is required")
	many := make([]string, 100)
	for i := range many {
		many[i] = fmt.Sprint("g", i)
	}
	refused(t, "too many groups", associate(many...), chime.BadRequest, "at most 100")
	shows("a")

	strict := opstest.New(t, opstest.Strict)
	_, err := opstest.Do(strict, api.Operations.AssociateSigninDelegateGroupsWithAccount, &api.AssociateSigninDelegateGroupsWithAccountInput{AccountID: strict.Account, SigninDelegateGroups: []api.SigninDelegateGroup{{GroupName: "g"}}})
	asAmazon(t, "Associate in a Team account", err)
	asAmazon(t, "Disassociate in a Team account", disassociate(strict, "g"))
}
