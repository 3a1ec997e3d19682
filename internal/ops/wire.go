package ops

import (
	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
)

// What the domain calls a thing and what the wire calls it meet here.

func wireAccount(a *chime.Account) *api.Account {
	licenses := make([]string, len(a.SupportedLicenses))
	for i, l := range a.SupportedLicenses {
		licenses[i] = string(l)
	}
	groups := []api.SigninDelegateGroup{} // shown although empty (observed)
	for _, g := range a.DelegateGroups {
		groups = append(groups, api.SigninDelegateGroup{GroupName: g})
	}
	return &api.Account{
		AccountID:            a.ID.String(),
		AccountStatus:        string(a.Status),
		AccountType:          string(a.Type),
		AWSAccountID:         a.Tenant.String(),
		CreatedTimestamp:     a.CreatedAt,
		DefaultLicense:       string(a.DefaultLicense),
		Name:                 a.Name,
		SigninDelegateGroups: groups,
		SupportedLicenses:    licenses,
	}
}

const (
	withPIN    = true
	withoutPIN = false
)

// wireUser shows a user; the PIN where the operation shows it, never before registration (decided).
func (c *Call) wireUser(u *chime.User, showPIN bool) *api.User {
	enabled := u.Alexa.Enabled
	w := &api.User{
		AccountID: u.AccountID.String(),
		AlexaForBusinessMetadata: &api.AlexaForBusinessMetadata{ // shown although off (documented: every example)
			AlexaForBusinessRoomARN:   u.Alexa.RoomARN,
			IsAlexaForBusinessEnabled: &enabled,
		},
		DisplayName:            u.DisplayName,
		InvitedOn:              u.InvitedAt,
		LicenseType:            string(u.License),
		PrimaryEmail:           string(u.Email),
		RegisteredOn:           u.RegisteredAt,
		UserID:                 u.ID.String(),
		UserInvitationStatus:   string(u.InvitationAt(c.Source.Now())),
		UserRegistrationStatus: string(u.Registration),
		UserType:               string(u.Type),
	}
	if showPIN && u.Registration != chime.Unregistered {
		w.PersonalPIN = c.PINs.Digits(u.Tenant, u.PIN)
	}
	return w
}

// itemError is what a batch says of an item that it could not do.
func itemError(userID string, refused *chime.Error) api.UserError {
	code := api.ErrorCodeBadRequest
	if refused.Kind == chime.NotFound {
		code = api.ErrorCodeNotFound
	}
	message := refused.Message
	if message == "" { // refused as Amazon did: in the words that the whole call would get
		message = "Service received a bad request"
	}
	return api.UserError{UserID: userID, ErrorCode: code, ErrorMessage: message}
}
