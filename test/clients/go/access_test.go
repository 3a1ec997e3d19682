package clients

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/chime"
	"github.com/aws/aws-sdk-go-v2/service/chime/types"
	"github.com/aws/smithy-go"
)

// principal makes a principal and returns its access key, and a client that calls by it.
func principal(t *testing.T, name string) (key string, c *chime.Client) {
	t.Helper()
	carillon(t, "CreatePrincipal", "Name="+name)
	t.Cleanup(func() { carillon(t, "DeletePrincipal", "Name="+name) })
	var made struct {
		AccessKey struct {
			AccessKeyID     string `json:"AccessKeyId"`
			SecretAccessKey string
		}
	}
	if err := json.Unmarshal([]byte(carillon(t, "CreateAccessKey", "PrincipalName="+name)), &made); err != nil {
		t.Fatal(err)
	}
	o := connect(t).Options()
	o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: made.AccessKey.AccessKeyID, SecretAccessKey: made.AccessKey.SecretAccessKey}, nil
	})
	return made.AccessKey.AccessKeyID, chime.New(o)
}

func TestCreateUserByKeysThatMayNot(t *testing.T) {
	account := createAccount(t, connect(t), "Access").AccountId
	key, c := principal(t, "go")
	in := &chime.CreateUserInput{AccountId: account, Email: aws.String("refused@example.com")}

	_, err := c.CreateUser(t.Context(), in, once)
	checkError(t, err, new(types.ForbiddenException)) // shows 35
	contains(t, err, ":user/go is not authorized to perform: chime:CreateUser")

	carillon(t, "UpdateAccessKey", "AccessKeyId="+key, "Status=Inactive")
	_, err = c.CreateUser(t.Context(), in, once)
	checkError(t, err, new(types.UnauthorizedClientException)) // shows 32

	carillon(t, "DeleteAccessKey", "AccessKeyId="+key)
	_, err = c.CreateUser(t.Context(), in, once)
	var refused smithy.APIError
	if !errors.As(err, &refused) || refused.ErrorCode() != "UnrecognizedClientException" {
		t.Errorf("a deleted key: %v", err)
	}
}

func TestCreateUserBeyondTheRate(t *testing.T) {
	o := connect(t).Options()
	o.BaseEndpoint = aws.String(os.Getenv("CARILLON_TEST_RATED"))
	c := chime.New(o)
	account := createAccount(t, c, "Rated").AccountId
	createUser(t, c, &chime.CreateUserInput{AccountId: account, Email: aws.String("first@example.com")})
	_, err := c.CreateUser(t.Context(), &chime.CreateUserInput{AccountId: account, Email: aws.String("second@example.com")}, once)
	checkError(t, err, new(types.ThrottledClientException)) // shows 37
	equal(t, len(listUsers(t, c, &chime.ListUsersInput{AccountId: account})), 1)
}
