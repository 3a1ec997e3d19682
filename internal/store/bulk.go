package store

import (
	"sync"

	"github.com/carillon-server/carillon/internal/chime"
)

// bulkRows is how many users a statement of an import looks for or writes. What is left of them goes one by one, so that
// there are two statements of each kind to be kept.
const bulkRows = 100

// inBulk calls fn with the items, bulkRows or one at a time.
func inBulk[T any](items []T, fn func([]T) error) error {
	for len(items) > 0 {
		n := 1
		if len(items) >= bulkRows {
			n = bulkRows
		}
		if err := fn(items[:n]); err != nil {
			return err
		}
		items = items[n:]
	}
	return nil
}

// MadeUser is a user with the mark of the call that made it, the zero Mark if that left none.
type MadeUser struct {
	chime.User
	Mark Mark
}

func scanMadeUser(t *Tx, row scanner) (*MadeUser, error) {
	u := MadeUser{User: chime.User{Tenant: t.tenant}}
	var mark []byte
	err := readUser(&u.User, row, &mark)
	copy(u.Mark[:], mark)
	return &u, err
}

// UsersByEmail returns those of the tenant's users that have one of the addresses, which are folded, in no order. As with
// UserByEmail their account may be deleted. Where few are there it costs little: their index alone is looked at, and only who
// is found is read. Asked for whole users by many addresses, SQLite would read all of the tenant's.
func (t *Tx) UsersByEmail(folded []string) ([]*MadeUser, error) {
	var taken []*string
	err := inBulk(folded, func(some []string) error {
		args := make([]any, 0, 1+len(some))
		args = append(args, t.tenant)
		for _, s := range some {
			args = append(args, s)
		}
		found, err := query(t, scanText, takenEmails(len(some)), args...)
		taken = append(taken, found...)
		return err
	})
	if err != nil {
		return nil, err
	}
	all := make([]*MadeUser, 0, len(taken))
	for _, key := range taken {
		u, err := queryRow(t, scanMadeUser, `
			select `+userColumns+`, mark from users
			where tenant = $1 and email_key = $2`,
			t.tenant, *key)
		if err != nil {
			return nil, err
		}
		if u != nil { // on PostgreSQL another server may have removed them
			all = append(all, u)
		}
	}
	return all, nil
}

func scanText(_ *Tx, row scanner) (*string, error) {
	var s string
	err := row.Scan(&s)
	return &s, err
}

// TakenPINs returns those of the PINs that users of the tenant have.
func (t *Tx) TakenPINs(pins []chime.PIN) (map[chime.PIN]bool, error) {
	taken := map[chime.PIN]bool{}
	err := inBulk(pins, func(some []chime.PIN) error {
		args := make([]any, 0, 1+len(some))
		args = append(args, t.tenant)
		for _, p := range some {
			args = append(args, int64(p))
		}
		found, err := query(t, scanPIN, takenPINs(len(some)), args...)
		for _, p := range found {
			taken[*p] = true
		}
		return err
	})
	return taken, err
}

// InsertUsers adds users as InsertUser does, many with a statement.
func (t *Tx) InsertUsers(users []*chime.User, m Mark) {
	var mark any
	if !m.IsZero() {
		mark = m[:]
	}
	_ = inBulk(users, func(some []*chime.User) error { // which has no error of its own
		args := make([]any, 0, userWidth*len(some))
		for _, u := range some {
			args = append(append(args, t.userValues(u)...), mark)
		}
		t.queueAside(insertUsers(len(some)), args...)
		return nil
	})
}

// userWidth is how many values a user has in a row: the tenant, userColumns and the mark.
const userWidth = 18

// The statements for bulkRows users, and for one.
var (
	takenEmails = bulk(func(n int) string {
		return `
		select email_key from users
		where tenant = $1 and email_key in ` + list(2, n)
	})
	takenPINs = bulk(func(n int) string {
		return `
		select pin from users
		where tenant = $1 and pin in ` + list(2, n)
	})
	insertUsers = bulk(func(n int) string {
		return `
		insert into users (tenant, ` + userColumns + `, mark)
		values ` + placeholders(n, userWidth)
	})
)

// bulk returns the texts for bulkRows users and for one, each made when it is first wanted.
func bulk(text func(n int) string) func(n int) string {
	one := sync.OnceValue(func() string { return text(1) })
	many := sync.OnceValue(func() string { return text(bulkRows) })
	return func(n int) string {
		if n == 1 {
			return one()
		}
		return many()
	}
}
