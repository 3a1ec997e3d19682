package ops

import (
	"cmp"

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
		DisplayName:              u.DisplayName,
		InvitedOn:                u.InvitedAt,
		LicenseType:              string(u.License),
		PrimaryEmail:             string(u.Email),
		PrimaryProvisionedNumber: string(u.Number),
		RegisteredOn:             u.RegisteredAt,
		UserID:                   u.ID.String(),
		UserInvitationStatus:     string(u.InvitationAt(c.Source.Now())),
		UserRegistrationStatus:   string(u.Registration),
		UserType:                 string(u.Type),
	}
	if showPIN && u.Registration != chime.Unregistered {
		w.PersonalPIN = c.PINs.Digits(u.Tenant, u.PIN)
	}
	return w
}

// itemCodes is what a batch calls an item that it could not do; others are a BadRequest.
var itemCodes = map[chime.Kind]string{
	chime.NotFound:   api.ErrorCodeNotFound,
	chime.Conflict:   api.ErrorCodeConflict,
	chime.Associated: api.ErrorCodePhoneNumberAssociationsExist,
}

func itemCode(refused *chime.Error) string {
	return cmp.Or(itemCodes[refused.Kind], api.ErrorCodeBadRequest)
}

// itemError is what a batch says of a user that it could not do.
func itemError(userID string, refused *chime.Error) api.UserError {
	message := refused.Message
	if message == "" { // refused as Amazon did: in the words that the whole call would get
		message = "Service received a bad request"
	}
	return api.UserError{UserID: userID, ErrorCode: itemCode(refused), ErrorMessage: message}
}

// wireNumber shows a number of the inventory.
func (c *Call) wireNumber(n *chime.Number) *api.PhoneNumber {
	yes, sms := true, n.SMS()
	w := &api.PhoneNumber{
		Associations:      []api.PhoneNumberAssociation{}, // shown although empty (documented: example of restore-phone-number)
		CallingName:       n.CallingName,
		CallingNameStatus: string(n.NameStatusAt(c.Source.Now())),
		Capabilities: &api.PhoneNumberCapabilities{
			InboundCall: &yes, OutboundCall: &yes,
			InboundSMS: &sms, OutboundSMS: &sms, InboundMMS: &sms, OutboundMMS: &sms,
		},
		Country:          n.Country,
		CreatedTimestamp: n.CreatedAt,
		E164PhoneNumber:  string(n.Number),
		PhoneNumberID:    n.Number.PhoneNumberID(),
		ProductType:      string(n.ProductType),
		Status:           string(n.Status()),
		Type:             string(n.Type),
		UpdatedTimestamp: n.UpdatedAt,
	}
	if n.UserID != (chime.ID{}) {
		w.Associations = []api.PhoneNumberAssociation{
			{Name: api.PhoneNumberAssociationNameAccountID, Value: n.AccountID.String(), AssociatedTimestamp: n.AssociatedAt},
			{Name: api.PhoneNumberAssociationNameUserID, Value: n.UserID.String(), AssociatedTimestamp: n.AssociatedAt},
		}
	}
	if !n.DeletedAt.IsZero() {
		w.DeletionTimestamp = n.DeletedAt
	}
	return w
}
