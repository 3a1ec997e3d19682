package clients

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/chime"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

func TestOperationThatIsNotBuilt(t *testing.T) {
	_, err := connect(t).RedactConversationMessage(t.Context(), &chime.RedactConversationMessageInput{
		AccountId: aws.String(unknownID), ConversationId: aws.String(unknownID), MessageId: aws.String(unknownID),
	})
	var named smithy.APIError
	var answer *smithyhttp.ResponseError
	if !errors.As(err, &named) || named.ErrorCode() != "NotImplementedException" || !errors.As(err, &answer) || answer.HTTPStatusCode() != 501 {
		t.Errorf("%v, want NotImplementedException with status 501", err)
	}
	contains(t, err, "RedactConversationMessage is not built yet")
}
