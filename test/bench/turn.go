package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/test/harness"
)

// The operations that are measured.
const (
	createUser = "CreateUser"
	getUser    = "GetUser"
	listUsers  = "ListUsers"

	inviteUsers      = "InviteUsers"      // of fifty addresses
	batchSuspendUser = "BatchSuspendUser" // of fifty users, who leave the account
)

var (
	operations = []string{createUser, getUser, listUsers, inviteUsers, batchSuspendUser}
	// byDefault leaves out what takes the users away that others look at.
	byDefault = []string{createUser, getUser, listUsers}
)

// batchSize is how many users an operation for many is called for.
const batchSize = 50

const (
	pageSize = 100 // users of a page of ListUsers
	pages    = 200 // pages that are asked for
	// budget is how many requests are made ready for each second of a measurement of creates, which cannot be sent twice.
	budget = 25000
	// settle is how long a server is left alone before its idle memory is read.
	settle = time.Second
)

// turns measures turn after turn and keeps the figures.
type turns struct {
	options
	work    string
	program string
	bare    *bareServer
	*progress

	postgres *databases // nil on the embedded store

	*filledStore        // that is measured
	created      uint64 // addresses given away
	suspended    int    // users of the filled store that are gone in this turn
}

// turnFigures is what one turn gave.
type turnFigures struct {
	start   time.Duration
	sync    time.Duration // median of the disk's fdatasyncs
	idle    int64         // bytes
	perUser float64
	rows    []figures
}

// turn measures everything once on a store, on a server of its own.
func (t *turns) turn(n int, filled *filledStore) (err error) {
	t.filledStore = filled
	c, err := filled.copy(fmt.Sprintf("turn_%d", n+1))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.drop()) }()
	s, err := harness.Start(t.program, c.folder, harness.Options{Env: append(c.env, t.env...)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Kill()) }()
	time.Sleep(settle)
	f := turnFigures{start: s.Took}
	if f.sync, err = syncTime(t.work); err != nil {
		return err
	}
	if f.idle, err = rss(s.PID); err != nil {
		return err
	}
	tokens, err := t.tokens(s)
	if err != nil {
		return err
	}
	users := filled.users
	t.suspended = 0
	for _, connections := range t.connections {
		for _, operation := range t.operations {
			t.say("turn %d of %d: %d users, %s, %d connections", n+1, t.options.turns, filled.users, operation, connections)
			row, err := t.row(s, operation, connections, tokens)
			if err != nil {
				return fmt.Errorf("%s, %d connections: %w", operation, connections, err)
			}
			f.rows = append(f.rows, row)
			switch operation {
			case createUser:
				users += row.requests
			case inviteUsers:
				users += row.requests * batchSize
			case batchSuspendUser:
				users -= row.requests * batchSize
			}
		}
	}
	if err := s.Stop(); err != nil {
		return err
	}
	size, err := c.size()
	f.perUser = float64(size) / float64(users)
	filled.measured = append(filled.measured, f)
	return err
}

// row measures the bare server, pgbench where the server adds what pgbench can add, and the server, one after the other.
func (t *turns) row(s *harness.Server, operation string, connections int, tokens []string) (_ figures, err error) {
	l := t.load(s, operation, connections, tokens)
	if len(l.requests) == 0 {
		return figures{}, errors.New("no users are left for it; fill the store with more")
	}
	bareLoad := load{requests: l.requests, again: true, status: http.StatusOK}
	if api.ByName(operation).Method == http.MethodPost {
		bareLoad.status = http.StatusCreated
	}
	alone, err := bareLoad.send(t.bare.address, connections, t.duration)
	if err != nil {
		return figures{}, fmt.Errorf("bare server: %w", err)
	}
	f := figures{Operation: operation, Connections: connections, BareRate: alone.rate()}
	if t.postgres != nil && operation == createUser {
		var each time.Duration
		if f.SingleRate, each, err = t.postgres.single(connections, t.duration); err != nil {
			return figures{}, err
		}
		f.SingleCPU = float64(each.Nanoseconds()) / 1e3
	}
	before, err := t.spent(s)
	if err != nil {
		return figures{}, err
	}
	memory := watchRSS(s.PID)
	o, err := l.send(s.Address, connections, t.duration)
	most := memory()
	if err != nil {
		return figures{}, err
	}
	after, err := t.spent(s)
	each := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 / float64(o.requests) }
	f.Rate, f.OfBare = o.rate(), o.rate()/alone.rate()
	if f.SingleRate > 0 {
		f.OfSingle = o.rate() / f.SingleRate
	}
	f.P50, f.P99 = milliseconds(o.quantile(0.50)), milliseconds(o.quantile(0.99))
	f.CPU, f.DatabaseCPU = each(after.server-before.server), each(after.database-before.database)
	f.RSS, f.requests = float64(most)/1e6, o.requests
	return f, err
}

// spent is time on the processors.
type spent struct{ server, database time.Duration }

// spent returns what the server has spent until now, and what its database has where that is a process of its own.
func (t *turns) spent(s *harness.Server) (now spent, err error) {
	if now.server, err = cpu(s.PID); err != nil || t.postgres == nil {
		return now, err
	}
	now.database, err = t.postgres.spent()
	return now, err
}

// load makes the requests of one measurement. Signatures live for five minutes, so they are made just before.
func (t *turns) load(s *harness.Server, operation string, connections int, tokens []string) *load {
	l := &load{again: true, status: api.ByName(operation).Status}
	switch operation {
	case createUser:
		l.again = false
		for range int(budget * min(1, float64(connections)/4) * t.duration.Seconds()) {
			t.created++
			l.requests = append(l.requests, s.Request(operation, &api.CreateUserInput{
				AccountID: t.account, Email: harness.Email("created", t.created),
			}))
		}
	case inviteUsers:
		l.again = false
		for range int(budget / batchSize * t.duration.Seconds()) {
			emails := make([]string, batchSize)
			for i := range emails {
				t.created++
				emails[i] = harness.Email("invited", t.created)
			}
			l.requests = append(l.requests, s.Request(operation, &api.InviteUsersInput{AccountID: t.account, UserEmailList: emails}))
		}
	case batchSuspendUser:
		l.again = false
		share := len(t.some) / len(t.connections) // each measurement has users of its own
		for ids := range slices.Chunk(t.some[t.suspended:t.suspended+share], batchSize) {
			l.requests = append(l.requests, s.Request(operation, &api.BatchSuspendUserInput{AccountID: t.account, UserIDList: ids}))
		}
		t.suspended += share
	case getUser:
		for _, id := range t.some {
			l.requests = append(l.requests, s.Request(operation, &api.GetUserInput{AccountID: t.account, UserID: id}))
		}
	case listUsers:
		for _, token := range tokens {
			l.requests = append(l.requests, s.Request(operation, &api.ListUsersInput{
				AccountID: t.account, MaxResults: pageSize, NextToken: token,
			}))
		}
	}
	return l
}

// tokens walks the first pages of the account's list and returns the tokens that lead to whole pages, the first page's
// empty one included.
func (t *turns) tokens(s *harness.Server) ([]string, error) {
	c, err := harness.Dial(s.Address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	tokens := []string{""}
	for len(tokens) < min(pages, t.filledStore.users/pageSize) {
		out, err := harness.Call[api.ListUsersOutput](s, c, listUsers, &api.ListUsersInput{
			AccountID: t.account, MaxResults: pageSize, NextToken: tokens[len(tokens)-1],
		})
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, out.NextToken)
	}
	return tokens, nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }
