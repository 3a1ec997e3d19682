package store

import "github.com/carillon-server/carillon/internal/chime"

// SessionEpoch returns a user's session epoch, which begins at 1; 0 if the user is not there any more.
func (t *Tx) SessionEpoch(u *chime.User) (int, error) {
	n, err := queryRow(t, scanCount, `
		select session_epoch from users
		where tenant = $1 and account = $2 and id = $3`,
		t.tenant, u.AccountID[:], u.ID[:])
	if n == nil || err != nil {
		return 0, err
	}
	return *n, nil
}

// EndSessions counts a user's session epoch up: what was signed in before is signed in no more.
func (t *Tx) EndSessions(u *chime.User) {
	t.queue(`
		update users
		set session_epoch = session_epoch + 1
		where tenant = $1 and account = $2 and id = $3`,
		t.tenant, u.AccountID[:], u.ID[:])
}
