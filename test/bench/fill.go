package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/store"
	"github.com/carillon-server/carillon/test/harness"
)

// filledStore is a store with users in one account, closed.
type filledStore struct {
	engine
	account  string
	users    int
	some     []string // IDs from all over the account
	measured []turnFigures
}

const (
	fillBatch = 400_000 // users of one transaction: the more, the more changes of an index's page are written at once
	someUsers = 20000   // about how many are looked at by GetUser
)

var source = chime.Source{
	Now:    func() time.Time { return time.Now().UTC().Truncate(time.Millisecond) },
	NewID:  func() chime.ID { return chime.ID(uuid.Must(uuid.NewV7())) },
	Random: rand.Reader,
}

// fill brings the store to the number of users. It writes through the store's own package, so the rows are those
// that as many calls of CreateUser would have left, only sooner. What an earlier run left there is used.
func fill(e engine, users int, p *progress) (_ *filledStore, err error) {
	db, err := e.open(context.Background())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tenant, _ := chime.ParseTenant(harness.Tenant)
	account, err := benchAccount(db, tenant)
	if err != nil {
		return nil, err
	}
	f := &filledStore{engine: e, account: account.ID.String()}
	if err := f.look(db, tenant, account.ID, max(1, users/someUsers)); err != nil {
		return nil, err
	}
	if f.users > users {
		return nil, fmt.Errorf("the store has %d users already; ask for at least as many, or choose another folder", f.users)
	}
	if f.users == users {
		return f, nil
	}
	for done := f.users; done < users; done += fillBatch {
		p.say("fill the store: %d of %d users", done, users)
		if err := insert(db, account, done, min(done+fillBatch, users)); err != nil {
			return nil, err
		}
	}
	return f, f.look(db, tenant, account.ID, max(1, users/someUsers))
}

// benchAccount returns the tenant's first account, made if there is none.
func benchAccount(db *store.DB, tenant chime.Tenant) (account *chime.Account, err error) {
	err = db.Update(context.Background(), tenant, func(tx *store.Tx) error {
		found, err := tx.Accounts("", chime.ID{}, 1)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			account = found[0]
			return nil
		}
		account = chime.NewAccount(source, tenant, "Bench")
		tx.InsertAccount(account)
		return nil
	})
	return account, err
}

// insert adds the users numbered from, up to but not to, in one transaction, and in the order of their addresses: the index
// over them is walked once for all.
func insert(db *store.DB, account *chime.Account, from, to int) error {
	emails := make([]string, 0, to-from)
	for n := from; n < to; n++ {
		emails = append(emails, harness.Email("filled", uint64(n)))
	}
	slices.Sort(emails)
	return db.Update(context.Background(), account.Tenant, func(tx *store.Tx) error {
		for _, email := range emails {
			u, err := account.NewUser(source, "", email, chime.PrivateUser)
			if err != nil {
				return err
			}
			if next, ordered, err := tx.NextPIN(); err != nil {
				return err
			} else if ordered {
				u.PIN = next
			}
			tx.InsertUser(u, store.Mark(uuid.New()))
		}
		return nil
	})
}

// look counts the users and notes the ID of every step-th.
func (f *filledStore) look(db *store.DB, tenant chime.Tenant, account chime.ID, step int) error {
	f.users, f.some = 0, nil
	for after, more := (chime.ID{}), true; more; {
		err := db.View(context.Background(), tenant, func(tx *store.Tx) error {
			users, err := tx.Users(account, "", after, 5000)
			for _, u := range users {
				if f.users++; f.users%step == 0 {
					f.some = append(f.some, u.ID.String())
				}
				after = u.ID
			}
			more = len(users) > 0
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
