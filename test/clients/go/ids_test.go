package clients

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/chime"
	"github.com/aws/aws-sdk-go-v2/service/chime/types"
	"github.com/aws/smithy-go"
)

// oddIDs are ids that are none: each is refused with a typed error, and never leads to another operation. An empty one
// the SDK refuses itself.
var oddIDs = map[string]smithy.APIError{
	"a b":               new(types.NotFoundException),
	"a/b":               new(types.NotFoundException),
	"%2e%2e":            new(types.NotFoundException),
	"?operation=create": new(types.NotFoundException),
	"鐘":                 new(types.NotFoundException),
	"..":                new(types.BadRequestException),
}

func TestOddAccountIDs(t *testing.T) {
	c := connect(t)
	for odd, want := range oddIDs {
		_, err := c.GetAccount(t.Context(), &chime.GetAccountInput{AccountId: &odd})
		checkError(t, err, want)
		_, err = c.CreateUser(t.Context(), &chime.CreateUserInput{AccountId: &odd, Email: aws.String("odd@example.com")})
		checkError(t, err, want)
	}
}

func TestOddUserIDs(t *testing.T) {
	c := connect(t)
	account := createAccount(t, c, "Odd").AccountId
	for odd, want := range oddIDs {
		_, err := c.GetUser(t.Context(), &chime.GetUserInput{AccountId: account, UserId: &odd})
		checkError(t, err, want)
	}
}

func TestAWSAccountID(t *testing.T) {
	_, err := connect(t).CreateUser(t.Context(), &chime.CreateUserInput{AccountId: aws.String("210987654321"), Email: aws.String("odd@example.com")})
	checkError(t, err, new(types.NotFoundException))
	contains(t, err, "210987654321 is an AWS account id")
}
