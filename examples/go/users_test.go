// Package users shows how to test code that calls Amazon Chime with aws-sdk-go-v2. The server runs inside the test.
package users

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/chime"
	"github.com/aws/aws-sdk-go-v2/service/chime/types"
	"github.com/aws/smithy-go"

	"github.com/carillon-server/carillon/carillontest"
)

// start starts a server for the test alone, and returns it with a client that does not try again by itself and an account.
func start(t *testing.T) (*carillontest.Server, *chime.Client, *string) {
	srv := carillontest.Start(t)
	client := chime.New(chime.Options{
		BaseEndpoint:     &srv.URL,
		Region:           srv.Region,
		Credentials:      credentials.NewStaticCredentialsProvider(srv.AccessKeyID, srv.SecretAccessKey, ""),
		RetryMaxAttempts: 1,
	})
	out, err := client.CreateAccount(t.Context(), &chime.CreateAccountInput{Name: aws.String("Demo")})
	if err != nil {
		t.Fatal(err)
	}
	return srv, client, out.Account.AccountId
}

// meets checks that CreateUser is answered with the exception.
func meets(t *testing.T, client *chime.Client, account, email *string, exception string) {
	t.Helper()
	_, err := client.CreateUser(context.Background(), &chime.CreateUserInput{AccountId: account, Email: email})
	var answer smithy.APIError
	if !errors.As(err, &answer) || answer.ErrorCode() != exception {
		t.Errorf("CreateUser: %v, want %s", err, exception)
	}
}

func TestCreateUserMeetsEveryException(t *testing.T) {
	t.Parallel()
	srv, client, account := start(t)
	jane := aws.String("jane@example.com")
	if _, err := client.CreateUser(t.Context(), &chime.CreateUserInput{AccountId: account, Email: jane}); err != nil {
		t.Fatal(err)
	}
	meets(t, client, account, aws.String("jane"), "BadRequestException")
	meets(t, client, account, jane, "ConflictException")
	meets(t, client, aws.String("01234567-89ab-cdef-0123-456789abcdef"), jane, "NotFoundException")
	for _, exception := range []string{"UnauthorizedClientException", "ForbiddenException", "ThrottledClientException", "ServiceFailureException", "ServiceUnavailableException"} {
		srv.PutFault(carillontest.Fault{Operation: "CreateUser", Error: exception, Count: 1})
		meets(t, client, account, jane, exception)
	}
	if last := srv.Requests()[9]; last.Operation != "CreateUser" || last.Status != 503 || last.Input["Email"] != *jane {
		t.Errorf("the last call is %+v", last)
	}
}

func TestAnInvitationEnds(t *testing.T) {
	t.Parallel()
	srv, client, account := start(t)
	if _, err := client.InviteUsers(t.Context(), &chime.InviteUsersInput{AccountId: account, UserEmailList: []string{"joe@example.com"}}); err != nil {
		t.Fatal(err)
	}
	srv.AdvanceClock(31 * 24 * time.Hour)
	out, err := client.ListUsers(t.Context(), &chime.ListUsersInput{AccountId: account})
	if err != nil || len(out.Users) != 1 || out.Users[0].UserInvitationStatus != types.InviteStatusFailed {
		t.Errorf("ListUsers: %+v, %v; want a failed invitation", out, err)
	}
}
