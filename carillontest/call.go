package carillontest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/gate"
)

// Call calls an operation by its name, as the root of the installation: one of Amazon's or one of those that Carillon adds,
// which the SDKs lack, such as AcceptInvite and ListMail. in is what becomes a JSON object of the operation's members, such
// as a map; the answer is decoded into out, unless out is nil. Calls of this kind are not among the [Server.Requests].
func (s *Server) Call(ctx context.Context, operation string, in, out any) error {
	op := api.ByName(operation)
	if op == nil {
		return fmt.Errorf("%s is not an operation", operation)
	}
	members, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("the members of %s: %w", operation, err)
	}
	input, err := op.ReadInput(members)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	answer, err := s.gate.Do(ctx, &gate.Request{Operation: op, Input: input, Caller: tenant.Root(chime.InstallationRoot, s.AccessKeyID)})
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(api.Append(nil, op.Output, answer), out)
}

// must is Call for what fails only by a mistake in the test.
func (s *Server) must(operation string, in, out any) {
	if err := s.Call(context.Background(), operation, in, out); err != nil {
		s.fail(err)
	}
}

// AdvanceClock advances the clock that users see, by whole seconds, so that a test need not wait: for the end of an
// invitation, or of a number's time in the deletion queue. What is then due has been done when AdvanceClock returns. The
// clock is that of all AWS accounts of the server.
func (s *Server) AdvanceClock(by time.Duration) {
	s.must("AdvanceClock", map[string]any{"Seconds": int(by.Round(time.Second) / time.Second)}, nil)
}

// Drop says when a fault loses the connection.
type Drop string

// The moments: nothing has been done, or all has.
const (
	BeforeCommit Drop = "BeforeCommit"
	AfterCommit  Drop = "AfterCommit"
)

// Fault is what goes wrong on order. One of Error, Delay and Drop is needed.
type Fault struct {
	Operation string        // whose calls it strikes, * for all of Amazon's
	Error     string        // the exception to answer, such as ThrottledClientException; nothing is done then
	Drop      Drop          // the connection is lost
	Delay     time.Duration // before the operation
	Count     int           // how many calls it strikes; 0 for all that come
	Percent   int           // how likely it strikes a call; 0 for surely
	// AWSAccountID is whose calls it strikes; empty for everybody's.
	AWSAccountID string
}

// PutFault orders a fault. Of several that would strike a call the one that was ordered first does.
func (s *Server) PutFault(f Fault) {
	in := map[string]any{"Operation": f.Operation}
	if f.Error != "" {
		in["Error"] = f.Error
	}
	if f.Drop != "" {
		in["Drop"] = f.Drop
	}
	if f.Delay > 0 {
		in["DelayMilliseconds"] = max(1, f.Delay.Milliseconds())
	}
	if f.Count > 0 {
		in["Count"] = f.Count
	}
	if f.Percent > 0 {
		in["ProbabilityPercent"] = f.Percent
	}
	if f.AWSAccountID != "" {
		in["AwsAccountId"] = f.AWSAccountID
	}
	s.must("PutFault", in, nil)
}

// ClearFaults takes all faults back that are yet to strike.
func (s *Server) ClearFaults() {
	var ordered struct{ Faults []struct{ FaultId string } }
	s.must("ListFaults", struct{}{}, &ordered)
	for _, f := range ordered.Faults {
		s.must("DeleteFault", f, nil)
	}
}
