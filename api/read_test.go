package api_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
)

func TestReadInput(t *testing.T) {
	t.Parallel()
	op := api.ByName("CreateUser")
	got, err := op.ReadInput([]byte(`{"AccountId": "a/b", "Email": "jane@example.com"}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&api.CreateUserInput{AccountID: "a/b", Email: "jane@example.com"}, got); diff != "" {
		t.Errorf("ReadInput (-want +got):\n%s", diff)
	}
	for members, want := range map[string]string{
		`{"AccountId": "a", "Email": "jane"}`: "Email must be an e-mail address, like name@example.com",
		`{"Email": "jane@example.com"}`:       "AccountId must not be empty",
		`[]`:                                  "",
	} {
		if in, err := op.ReadInput([]byte(members)); err == nil || want != "" && fmt.Sprint(err) != want {
			t.Errorf("%s: %v, %v; want %q", members, in, err, want)
		}
	}
}
