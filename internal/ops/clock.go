package ops

import (
	"context"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
)

// maxAdvance bounds how far the clock can be before the time: so far that no test needs more, and every date can be shown.
const maxAdvance = 100 * 365 * 24 * time.Hour

// AdvanceClock advances the clock that users see, for every server of the installation (decided: so that tests need not
// wait). Signatures, page tokens, the 15 minutes of repeated creates and logs keep real time. Once the advance is committed,
// the jobs that it made due are run, each in a transaction of its own, and the answer comes when they are done.
func (c *Call) AdvanceClock(_ context.Context, in *api.AdvanceClockInput) (*api.AdvanceClockOutput, error) {
	if !c.TestClock {
		return nil, chime.Forbidden.Errorf("the clock cannot be advanced here; start the server with --test-clock")
	}
	before, err := c.Tx.Advance()
	if err != nil {
		return nil, err
	}
	by := time.Duration(in.Seconds) * time.Second
	if before+by > maxAdvance {
		return nil, chime.BadRequest.Errorf("Seconds: the clock can be at most %d seconds before the time", int64(maxAdvance/time.Second))
	}
	c.Tx.SetAdvance(before + by)
	c.Due = true
	return &api.AdvanceClockOutput{Now: c.Source.Now().Add(by), AdvancedSeconds: int((before + by) / time.Second)}, nil
}
