package ops

import (
	"context"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
)

// GetAccountSettings returns what an account allows in meetings; both are off at first (documented: example).
func (c *Call) GetAccountSettings(_ context.Context, in *api.GetAccountSettingsInput) (*api.GetAccountSettingsOutput, error) {
	a, err := c.account(in.AccountID)
	if err != nil {
		return nil, err
	}
	s := a.Settings
	return &api.GetAccountSettingsOutput{AccountSettings: &api.AccountSettings{
		DisableRemoteControl: &s.DisableRemoteControl,
		EnableDialOut:        &s.EnableDialOut,
	}}, nil
}

// UpdateAccountSettings changes the settings that are given (inferred: the example sets one).
func (c *Call) UpdateAccountSettings(_ context.Context, in *api.UpdateAccountSettingsInput) (*api.UpdateAccountSettingsOutput, error) {
	a, err := c.account(in.AccountID)
	if err != nil {
		return nil, err
	}
	if v := in.AccountSettings.DisableRemoteControl; v != nil {
		a.Settings.DisableRemoteControl = *v
	}
	if v := in.AccountSettings.EnableDialOut; v != nil {
		a.Settings.EnableDialOut = *v
	}
	c.Tx.UpdateAccount(a)
	return &api.UpdateAccountSettingsOutput{}, nil
}

// GetUserSettings returns a user's telephony settings; all are off at first (documented: administration guide).
func (c *Call) GetUserSettings(_ context.Context, in *api.GetUserSettingsInput) (*api.GetUserSettingsOutput, error) {
	u, err := c.user(in.AccountID, in.UserID)
	if err != nil {
		return nil, err
	}
	s, err := c.Tx.Telephony(u)
	if err != nil {
		return nil, err
	}
	if s == nil { // removed by a neighbour since the last query
		return nil, errNoUser(in.AccountID, in.UserID)
	}
	return &api.GetUserSettingsOutput{UserSettings: &api.UserSettings{Telephony: &api.TelephonySettings{
		InboundCalling:  s.InboundCalling,
		OutboundCalling: s.OutboundCalling,
		SMS:             s.SMS,
	}}}, nil
}

// UpdateUserSettings replaces a user's telephony settings (documented: model, which requires all three).
func (c *Call) UpdateUserSettings(_ context.Context, in *api.UpdateUserSettingsInput) (*api.UpdateUserSettingsOutput, error) {
	u, err := c.user(in.AccountID, in.UserID)
	if err != nil {
		return nil, err
	}
	s := in.UserSettings.Telephony
	c.Tx.UpdateTelephony(u, chime.Telephony{InboundCalling: s.InboundCalling, OutboundCalling: s.OutboundCalling, SMS: s.SMS})
	return &api.UpdateUserSettingsOutput{}, nil
}

// GetGlobalSettings returns where the tenant's call detail records shall go. Both members are there, empty if unset
// (inferred).
func (c *Call) GetGlobalSettings(context.Context, *api.GetGlobalSettingsInput) (*api.GetGlobalSettingsOutput, error) {
	s, err := c.Tx.GlobalSettings()
	if err != nil {
		return nil, err
	}
	return &api.GetGlobalSettingsOutput{
		BusinessCalling: &api.BusinessCallingSettings{CdrBucket: s.BusinessCallingBucket},
		VoiceConnector:  &api.VoiceConnectorSettings{CdrBucket: s.VoiceConnectorBucket},
	}, nil
}

// UpdateGlobalSettings replaces each of the members that are given; one without a bucket switches its records off
// (inferred). No record is ever written: this server places no calls.
func (c *Call) UpdateGlobalSettings(_ context.Context, in *api.UpdateGlobalSettingsInput) (*api.UpdateGlobalSettingsOutput, error) {
	s, err := c.Tx.GlobalSettings()
	if err != nil {
		return nil, err
	}
	if in.BusinessCalling != nil {
		s.BusinessCallingBucket = in.BusinessCalling.CdrBucket
	}
	if in.VoiceConnector != nil {
		s.VoiceConnectorBucket = in.VoiceConnector.CdrBucket
	}
	c.Tx.PutGlobalSettings(s)
	return &api.UpdateGlobalSettingsOutput{}, nil
}
