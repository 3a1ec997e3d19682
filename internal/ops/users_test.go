package ops_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops/opstest"
)

func TestCreateUserRepeated(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	in := &api.CreateUserInput{AccountID: c.Account, Email: "Jane@example.com"}
	first := opstest.Must(c.Attempt("one"), api.Operations.CreateUser, in)
	again := opstest.Must(c.Attempt("one"), api.Operations.CreateUser, in)
	if diff := cmp.Diff(first, again); diff != "" || first.User.PersonalPIN == "" {
		t.Errorf("a repetition (-first +again):\n%s", diff)
	}
	conflict := func(what string, c *opstest.Caller) {
		t.Helper()
		if out, err := opstest.Do(c, api.Operations.CreateUser, in); !errors.Is(err, chime.Conflict) || strings.Contains(err.Error(), in.Email) {
			t.Errorf("%s: %+v, %v, want a conflict that does not repeat the address", what, out, err)
		}
	}
	conflict("another call", c.Attempt("two"))
	conflict("a call without an invocation", c)
	c.Clock.Move(15*time.Minute - time.Second)
	opstest.Must(c.Attempt("one"), api.Operations.CreateUser, in)
	c.Clock.Move(2 * time.Second)
	conflict("the same call after fifteen minutes", c.Attempt("one"))
}

// TestCreateUserAttemptsAtOnce is a client that gave up waiting for its first attempts, all of which arrive.
func TestCreateUserAttemptsAtOnce(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	in := &api.CreateUserInput{AccountID: c.Account, Email: "jane@example.com"}
	answers := make(chan string)
	for range 20 {
		go func() {
			out, err := opstest.Do(c.Attempt("one"), api.Operations.CreateUser, in)
			if err != nil {
				answers <- err.Error()
				return
			}
			answers <- out.User.UserID
		}()
	}
	first := <-answers
	for range 19 {
		if got := <-answers; got != first {
			t.Errorf("an attempt got %s, another %s", got, first)
		}
	}
	if n := len(opstest.Must(c, api.Operations.ListUsers, &api.ListUsersInput{AccountID: c.Account}).Users); n != 1 {
		t.Errorf("there are %d users, want 1", n)
	}
}

func TestCreateUserConflicts(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	c.CreateUser("Straße@Example.com")
	another := c.NewAccount("Another")
	for _, in := range []*api.CreateUserInput{
		{AccountID: c.Account, Email: "sTRAßE@example.COM"},
		{AccountID: another, Email: "Straße@Example.com"},
		{AccountID: c.Account, Username: "straße@example.com"},
	} {
		if _, err := opstest.Do(c, api.Operations.CreateUser, in); !errors.Is(err, chime.Conflict) {
			t.Errorf("%+v: %v, want a conflict", in, err)
		}
	}
	c.Of(999999999999).CreateUser("Straße@Example.com") // tenants do not learn of each other
	_, err := opstest.Do(c, api.Operations.CreateUser, &api.CreateUserInput{AccountID: c.Account, Email: "no address"})
	if !errors.Is(err, chime.BadRequest) {
		t.Errorf("no address: %v, want a bad request", err)
	}
	_, err = opstest.Do(c, api.Operations.CreateUser, &api.CreateUserInput{AccountID: c.Of(999999999999).Account, Email: "a@example.com"})
	if !errors.Is(err, chime.NotFound) {
		t.Errorf("in another tenant's account: %v, want not found", err)
	}
}

func TestGetUser(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	u := c.CreateUser("jane@example.com")
	got := opstest.Must(c, api.Operations.GetUser, &api.GetUserInput{AccountID: strings.ToUpper(c.Account), UserID: strings.ToUpper(u.UserID)})
	if diff := cmp.Diff(u, got.User); diff != "" {
		t.Errorf("GetUser (-want +got):\n%s", diff)
	}
	other := c.Of(999999999999)
	for _, test := range []struct {
		caller        *opstest.Caller
		account, user string
		want          string
	}{
		{c, c.NewAccount("Another"), u.UserID, "is not in account"},
		{c, c.Account, c.Account, "is not in account"},
		{c, c.Account, "jane@example.com", "is not in account"},
		{c, other.Account, u.UserID, "account " + other.Account},
		{c, "123456789012", u.UserID, "AWS account id"},
		{other, c.Account, u.UserID, "account " + c.Account},
		{other, other.Account, u.UserID, "is not in account"},
	} {
		_, err := opstest.Do(test.caller, api.Operations.GetUser, &api.GetUserInput{AccountID: test.account, UserID: test.user})
		if !errors.Is(err, chime.NotFound) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("GetUser(%s, %s): %v, want not found with %q", test.account, test.user, err, test.want)
		}
	}
}

// TestListUsersWhileOthersCome walks a list in pages of changing sizes while users are added between the pages: each one who
// was there from the beginning appears once.
func TestListUsersWhileOthersCome(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	want := map[string]int{}
	for i := range 20 {
		want[c.CreateUser(fmt.Sprintf("u%d@example.com", i)).UserID] = 1
	}
	got := map[string]int{}
	in := &api.ListUsersInput{AccountID: c.Account}
	for page := 0; ; page++ {
		if page > 100 {
			t.Fatal("the list does not end")
		}
		in.MaxResults = 1 + page%4
		out := opstest.Must(c, api.Operations.ListUsers, in)
		if out.NextToken != "" && len(out.Users) != in.MaxResults {
			t.Errorf("page %d has %d users of %d, and more are to come", page, len(out.Users), in.MaxResults)
		}
		for _, u := range out.Users {
			got[u.UserID]++
			if u.PersonalPIN != "" {
				t.Error("the list shows a PIN")
			}
		}
		if in.NextToken = out.NextToken; in.NextToken == "" {
			break
		}
		if page < 5 {
			c.CreateUser(fmt.Sprintf("late%d@example.com", page))
		}
	}
	for id, n := range got {
		if n != 1 {
			t.Errorf("user %s appears %d times", id, n)
		}
		delete(want, id)
	}
	if len(want) != 0 {
		t.Errorf("%d users do not appear", len(want))
	}
}

func TestListUsersFilters(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	for i := range 3 {
		c.CreateUser(fmt.Sprintf("u%d@example.com", i))
		in := &api.CreateUserInput{AccountID: c.Account, Email: fmt.Sprintf("room%d@example.com", i), UserType: "SharedDevice"}
		opstest.Must(c, api.Operations.CreateUser, in)
	}
	another := c.NewAccount("Another")
	for _, test := range []struct {
		in   api.ListUsersInput
		want int
	}{
		{api.ListUsersInput{AccountID: c.Account}, 6},
		{api.ListUsersInput{AccountID: c.Account, UserType: "SharedDevice"}, 3},
		{api.ListUsersInput{AccountID: c.Account, UserType: "PrivateUser"}, 3},
		{api.ListUsersInput{AccountID: c.Account, UserEmail: "U1@EXAMPLE.com"}, 1},
		{api.ListUsersInput{AccountID: c.Account, UserEmail: "u1@example.com", UserType: "SharedDevice"}, 0},
		{api.ListUsersInput{AccountID: c.Account, UserEmail: "u1@example"}, 0},
		{api.ListUsersInput{AccountID: another, UserEmail: "u1@example.com"}, 0},
		{api.ListUsersInput{AccountID: another}, 0},
	} {
		out := opstest.Must(c, api.Operations.ListUsers, &test.in)
		if len(out.Users) != test.want || out.Users == nil || out.NextToken != "" {
			t.Errorf("%+v: %d users, token %q; want %d and none", test.in, len(out.Users), out.NextToken, test.want)
		}
	}
	if _, err := opstest.Do(c.Of(999999999999), api.Operations.ListUsers, &api.ListUsersInput{AccountID: c.Account}); !errors.Is(err, chime.NotFound) {
		t.Errorf("another tenant's list: %v, want not found", err)
	}
}

func TestPageTokens(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	for i := range 3 {
		c.CreateUser(fmt.Sprintf("u%d@example.com", i))
	}
	another, other := c.NewAccount("Another"), c.Of(999999999999)
	token := opstest.Must(c, api.Operations.ListUsers, &api.ListUsersInput{AccountID: c.Account, MaxResults: 1}).NextToken
	list := func(caller *opstest.Caller, in api.ListUsersInput) error {
		_, err := opstest.Do(caller, api.Operations.ListUsers, &in)
		return err
	}
	for _, size := range []int{0, 1, 2, 200} {
		if err := list(c, api.ListUsersInput{AccountID: c.Account, NextToken: token, MaxResults: size}); err != nil {
			t.Errorf("with a page of %d: %v", size, err)
		}
	}
	refused := map[string]error{
		"another account":   list(c, api.ListUsersInput{AccountID: another, NextToken: token}),
		"another type":      list(c, api.ListUsersInput{AccountID: c.Account, NextToken: token, UserType: "PrivateUser"}),
		"another address":   list(c, api.ListUsersInput{AccountID: c.Account, NextToken: token, UserEmail: "u1@example.com"}),
		"another tenant":    list(other, api.ListUsersInput{AccountID: c.Account, NextToken: token}),
		"with a line break": list(c, api.ListUsersInput{AccountID: c.Account, NextToken: token + "\n"}),
	}
	_, refused["another list"] = opstest.Do(c, api.Operations.ListAccounts, &api.ListAccountsInput{NextToken: token})
	for i := range len(token) {
		refused[fmt.Sprintf("without character %d", i)] = list(c, api.ListUsersInput{AccountID: c.Account, NextToken: token[:i] + token[i+1:]})
		for bit := range 8 {
			flipped := []byte(token)
			flipped[i] ^= 1 << bit
			refused[fmt.Sprintf("bit %d of character %d flipped", bit, i)] = list(c, api.ListUsersInput{AccountID: c.Account, NextToken: string(flipped)})
		}
	}
	for name, err := range refused {
		if !errors.Is(err, chime.BadRequest) || !strings.Contains(err.Error(), "NextToken must be one that this list returned") {
			t.Errorf("%s: %v, want a bad request", name, err)
		}
	}
}
