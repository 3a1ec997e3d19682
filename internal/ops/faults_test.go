package ops_test

import (
	"errors"
	"testing"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops/opstest"
)

func TestFaultsAreBounded(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	in := &api.PutFaultInput{Operation: "GetUser", DelayMilliseconds: 1}
	for range 100 {
		opstest.Must(c, api.Operations.PutFault, in)
	}
	if _, err := opstest.Do(c, api.Operations.PutFault, in); !errors.Is(err, chime.BadRequest) {
		t.Errorf("one fault too many: %v, want a bad request", err)
	}
	faults := opstest.Must(c, api.Operations.ListFaults, &api.ListFaultsInput{}).Faults
	if len(faults) != 100 {
		t.Fatalf("there are %d faults, want 100", len(faults))
	}
	opstest.Must(c, api.Operations.DeleteFault, &api.DeleteFaultInput{FaultID: faults[50].FaultID})
	opstest.Must(c, api.Operations.PutFault, in)
}
