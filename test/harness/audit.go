package harness

import (
	"encoding/json"
	"fmt"

	"github.com/carillon-server/carillon/api"
)

// CreatedUsers returns how many audit records of CreateUser say that a user was made, by the user's id. Calls that were
// refused, or that found the user there, do not count.
func CreatedUsers(s *Server, c *Conn) (map[string]int, error) {
	created := map[string]int{}
	for in := (&api.LookupEventsInput{EventName: "CreateUser", MaxResults: 1000}); ; {
		page, err := Call[api.LookupEventsOutput](s, c, "LookupEvents", in)
		if err != nil {
			return nil, err
		}
		for _, e := range page.Events {
			var whole struct {
				ResponseElements *struct {
					User struct{ UserID string }
				}
			}
			if err := json.Unmarshal([]byte(e.CloudTrailEvent), &whole); err != nil || e.Damaged != nil {
				return nil, fmt.Errorf("record %s: %w, damaged: %v", e.EventID, err, e.Damaged != nil)
			}
			if whole.ResponseElements != nil {
				created[whole.ResponseElements.User.UserID]++
			}
		}
		if in.NextToken = page.NextToken; in.NextToken == "" {
			return created, nil
		}
	}
}

// VerifyAudit checks all audit records and returns how many are sealed and how many are not. That any is not as it was
// sealed is an error.
func VerifyAudit(s *Server, c *Conn) (sealed, unsealed int, err error) {
	for in := (&api.VerifyAuditInput{}); ; {
		page, err := Call[api.VerifyAuditOutput](s, c, "VerifyAudit", in)
		if err != nil {
			return sealed, unsealed, err
		}
		if page.Fault != nil {
			return sealed, unsealed, fmt.Errorf("the audit records are not as they were sealed: %+v", page.Fault)
		}
		sealed, unsealed = sealed+page.Records, unsealed+page.Unsealed
		if in.NextToken = page.NextToken; in.NextToken == "" {
			return sealed, unsealed, nil
		}
	}
}
