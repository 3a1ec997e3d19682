package api

import (
	"testing"
	"time"
)

func BenchmarkDecodeCreateUser(b *testing.B) {
	route, err := Match("POST", "/accounts/12345678-1234-1234-1234-123456789012/users?operation=create")
	if err != nil {
		b.Fatal(err)
	}
	body := []byte(`{"Username": "jdoe", "Email": "j+d@example.com", "UserType": "PrivateUser"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := route.Op.Decode(route, body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMatchCreateUser(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Match("POST", "/accounts/12345678-1234-1234-1234-123456789012/users?operation=create"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendUser(b *testing.B) {
	enabled := true
	at := time.Date(2020, 1, 15, 22, 38, 9, 806e6, time.UTC)
	out := &CreateUserOutput{User: &User{
		UserID: "019a5b1c-7d2e-7f3a-8b4c-5d6e7f8a9b0c", AccountID: "12345678-1234-1234-1234-123456789012",
		PrimaryEmail: "jane.doe@example.com", PrimaryProvisionedNumber: "+12065550100", DisplayName: "Jane Doe",
		LicenseType: LicensePro, UserType: UserTypePrivateUser, UserRegistrationStatus: RegistrationStatusRegistered,
		UserInvitationStatus: InviteStatusAccepted, RegisteredOn: at, InvitedOn: at, PersonalPIN: "0123456789",
		AlexaForBusinessMetadata: &AlexaForBusinessMetadata{IsAlexaForBusinessEnabled: &enabled, AlexaForBusinessRoomARN: "arn"},
	}}
	s := ByName("CreateUser").Output
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = Append(dst[:0], s, out)
	}
}
