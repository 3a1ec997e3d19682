package carillontest_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/carillon-server/carillon/carillontest"
)

// In a test it is carillontest.Start(t), which closes the server and makes errors failures of the test.
func Example() {
	srv, err := carillontest.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()
	ctx := context.Background()

	// An SDK would call it at srv.URL with srv.AccessKeyID and srv.SecretAccessKey. Call needs none.
	var demo struct{ Account struct{ AccountId string } }
	if err := srv.Call(ctx, "CreateAccount", map[string]any{"Name": "Demo"}, &demo); err != nil {
		log.Fatal(err)
	}
	jane := map[string]any{"AccountId": demo.Account.AccountId, "Email": "jane@example.com"}
	var created struct{ User struct{ PersonalPIN string } }
	if err := srv.Call(ctx, "CreateUser", jane, &created); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(created.User.PersonalPIN), "digits")
	fmt.Println(srv.Call(ctx, "CreateUser", jane, nil))
	// Output:
	// 10 digits
	// CreateUser: Email belongs to another user of this AWS account
}

func ExampleServer_PutFault() {
	srv, err := carillontest.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()

	// The next two calls of CreateUser are answered 429, then all is well.
	srv.PutFault(carillontest.Fault{Operation: "CreateUser", Error: "ThrottledClientException", Count: 2})
	// A user is made, and the client does not get to know.
	srv.PutFault(carillontest.Fault{Operation: "CreateUser", Drop: carillontest.AfterCommit, Count: 1})
	// From now on every call takes its time.
	srv.PutFault(carillontest.Fault{Operation: "*", Delay: 50 * time.Millisecond})
}

func ExampleServer_AdvanceClock() {
	srv, err := carillontest.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()
	srv.AdvanceClock(30 * 24 * time.Hour) // open invitations have ended now
}

func ExampleServer_Requests() {
	srv, err := carillontest.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()

	// ... the code under test runs ...

	for _, r := range srv.Requests() {
		if r.Operation == "CreateUser" && r.Status == 201 {
			fmt.Println(r.Input["Email"])
		}
	}
}
