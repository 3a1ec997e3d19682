package fault

import (
	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/test/harness"
)

// checkRecords holds the audit records of creates against the users: each user has one, and there are no others. It also
// checks that the records are as they were sealed.
func (s *server) checkRecords(there map[string]api.User) {
	s.t.Helper()
	conn, err := s.dial()
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	recorded, err := harness.CreatedUsers(s.Server, conn)
	if err != nil {
		s.t.Fatal(err)
	}
	for user := range there {
		if recorded[user] != 1 {
			s.t.Errorf("user %s is there and has %d records", user, recorded[user])
		}
		delete(recorded, user)
	}
	for user := range recorded {
		s.t.Errorf("user %s has a record and is not there", user)
	}
	sealed, unsealed, err := harness.VerifyAudit(s.Server, conn)
	if err != nil {
		s.t.Error(err)
	}
	s.t.Logf("%d users have a record each; %d records are sealed, %d are not yet", len(there), sealed, unsealed)
}
