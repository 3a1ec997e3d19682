package clients

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/chime"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

func TestOperationThatIsNotBuilt(t *testing.T) {
	_, err := connect(t).GetGlobalSettings(t.Context(), &chime.GetGlobalSettingsInput{})
	var named smithy.APIError
	var answer *smithyhttp.ResponseError
	if !errors.As(err, &named) || named.ErrorCode() != "NotImplementedException" || !errors.As(err, &answer) || answer.HTTPStatusCode() != 501 {
		t.Errorf("%v, want NotImplementedException with status 501", err)
	}
	contains(t, err, "GetGlobalSettings is not built yet")
}
