package ops_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/gate"
	"github.com/carillon-server/carillon/internal/ops/opstest"
	"github.com/carillon-server/carillon/internal/policy"
)

// person is a principal with an access key.
type person struct {
	root *opstest.Caller
	name string
	key  string
}

func newPerson(c *opstest.Caller, name string) *person {
	opstest.Must(c, api.Operations.CreatePrincipal, &api.CreatePrincipalInput{Name: name})
	key := opstest.Must(c, api.Operations.CreateAccessKey, &api.CreateAccessKeyInput{PrincipalName: name}).AccessKey
	return &person{c, name, key.AccessKeyID}
}

// now returns the person as a caller, whose key was looked up this moment, as it is with every request.
func (p *person) now(t *testing.T) *opstest.Caller {
	t.Helper()
	a, _, err := p.root.DB.Access(t.Context(), p.key)
	if a == nil || err != nil {
		t.Fatalf("look up %s: %v, %v", p.key, a, err)
	}
	c := *p.root
	c.As = &a.Caller
	return &c
}

func (p *person) put(name, document string) error {
	_, err := opstest.Do(p.root, api.Operations.PutPrincipalPolicy, &api.PutPrincipalPolicyInput{PrincipalName: p.name, PolicyName: name, PolicyDocument: document})
	return err
}

// allow makes a document of one statement that allows actions on resources, both as JSON.
func allow(actions, resources string) string {
	return `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ` + actions + `, "Resource": ` + resources + `}}`
}

func TestPrincipalPolicies(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	jane := newPerson(c, "jane")
	list := func() []string {
		return opstest.Must(c, api.Operations.ListPrincipalPolicies, &api.ListPrincipalPoliciesInput{PrincipalName: "jane"}).PolicyNames
	}
	if diff := cmp.Diff([]string{}, list()); diff != "" {
		t.Errorf("of a new principal (-want +got):\n%s", diff)
	}
	first, second := allow(`"chime:Get*"`, `"*"`), allow(`"chime:List*"`, `"*"`)
	for name, document := range map[string]string{"b": first, "a": first} {
		if err := jane.put(name, document); err != nil {
			t.Fatal(err)
		}
	}
	if err := jane.put("a", second); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, list()); diff != "" {
		t.Errorf("ListPrincipalPolicies (-want +got):\n%s", diff)
	}
	got := opstest.Must(c, api.Operations.GetPrincipalPolicy, &api.GetPrincipalPolicyInput{PrincipalName: "jane", PolicyName: "a"})
	if diff := cmp.Diff(&api.GetPrincipalPolicyOutput{PrincipalName: "jane", PolicyName: "a", PolicyDocument: second}, got); diff != "" {
		t.Errorf("GetPrincipalPolicy (-want +got):\n%s", diff)
	}
	opstest.Must(c, api.Operations.DeletePrincipalPolicy, &api.DeletePrincipalPolicyInput{PrincipalName: "jane", PolicyName: "a"})
	if diff := cmp.Diff([]string{"b"}, list()); diff != "" {
		t.Errorf("after DeletePrincipalPolicy (-want +got):\n%s", diff)
	}
	_, err := opstest.Do(c, api.Operations.DeletePrincipalPolicy, &api.DeletePrincipalPolicyInput{PrincipalName: "jane", PolicyName: "a"})
	refused(t, "DeletePrincipalPolicy again", err, chime.NotFound, "principal jane has no policy a of its own")
	_, err = opstest.Do(c, api.Operations.GetPrincipalPolicy, &api.GetPrincipalPolicyInput{PrincipalName: "jane", PolicyName: "a"})
	refused(t, "GetPrincipalPolicy", err, chime.NotFound, "principal jane has no policy a of its own")
	refused(t, "a bad policy", jane.put("c", "{\n  \"Version\": \"2012-10-17\",\n  \"Statment\": []}"), chime.BadRequest, `PolicyDocument, line 3, column 3: unknown element "Statment"; allowed are Version, Id, Statement`)
	for _, name := range []string{"john", "Jane"} {
		refused(t, "a policy of "+name, (&person{c, name, ""}).put("x", first), chime.NotFound, "principal "+name+" is not in AWS account")
	}
	refused(t, "a policy of another tenant's", (&person{tenant(c, 7), "jane", ""}).put("x", first), chime.NotFound, "principal jane is not")
}

func TestPrincipalPoliciesAreBounded(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	jane := newPerson(c, "jane")
	long := func(n int) string { // of n characters that count
		frame := allow(`"chime:*"`, `"*"`)
		return strings.Replace(frame, `"Effect"`, `"Sid": "`+strings.Repeat("x", n-policy.Size(frame)-len(`"Sid":"",`))+`", "Effect"`, 1)
	}
	if n := policy.Size(long(1000)); n != 1000 {
		t.Fatalf("%d characters", n)
	}
	for _, name := range []string{"a", "b"} {
		if err := jane.put(name, long(1024)); err != nil {
			t.Fatal(err)
		}
	}
	if err := jane.put("b", long(1024)); err != nil {
		t.Errorf("the same again: %v", err)
	}
	refused(t, "one character more", jane.put("b", long(1025)), chime.LimitExceeded, "would have 2049 characters", "they may have 2048")
	opstest.Must(c, api.Operations.AttachManagedPolicy, &api.AttachManagedPolicyInput{PrincipalName: "jane", PolicyName: "AmazonChimeFullAccess"})
	if err := jane.put("b", long(1000)); err != nil {
		t.Errorf("beside an attached policy: %v", err)
	}
}

func TestManagedPolicies(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	jane := newPerson(c, "jane")
	names := opstest.Must(c, api.Operations.ListManagedPolicies, &api.ListManagedPoliciesInput{}).PolicyNames
	if diff := cmp.Diff(policy.ManagedNames(), names); diff != "" {
		t.Errorf("ListManagedPolicies (-want +got):\n%s", diff)
	}
	got := opstest.Must(c, api.Operations.GetManagedPolicy, &api.GetManagedPolicyInput{PolicyName: "AmazonChimeReadOnly"})
	if got.PolicyName != "AmazonChimeReadOnly" || !strings.Contains(got.PolicyDocument, "chime:SearchAvailablePhoneNumbers") {
		t.Errorf("GetManagedPolicy: %+v", got)
	}
	attach := func(name string) error {
		_, err := opstest.Do(c, api.Operations.AttachManagedPolicy, &api.AttachManagedPolicyInput{PrincipalName: "jane", PolicyName: name})
		return err
	}
	detach := func(name string) error {
		_, err := opstest.Do(c, api.Operations.DetachManagedPolicy, &api.DetachManagedPolicyInput{PrincipalName: "jane", PolicyName: name})
		return err
	}
	for _, name := range []string{"AmazonChimeReadOnly", "AmazonChimeReadOnly", "AmazonChimeUserManagement"} {
		if err := attach(name); err != nil {
			t.Error(err)
		}
	}
	if err := jane.put("AmazonChimeReadOnly", allow(`"carillon:GetMail"`, `"*"`)); err != nil {
		t.Errorf("one of the principal's own under the same name: %v", err)
	}
	list := func() []string {
		return opstest.Must(c, api.Operations.ListAttachedPolicies, &api.ListAttachedPoliciesInput{PrincipalName: "jane"}).PolicyNames
	}
	if diff := cmp.Diff([]string{"AmazonChimeReadOnly", "AmazonChimeUserManagement"}, list()); diff != "" {
		t.Errorf("ListAttachedPolicies (-want +got):\n%s", diff)
	}
	if err := detach("AmazonChimeReadOnly"); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"AmazonChimeUserManagement"}, list()); diff != "" {
		t.Errorf("after DetachManagedPolicy (-want +got):\n%s", diff)
	}
	refused(t, "DetachManagedPolicy again", detach("AmazonChimeReadOnly"), chime.NotFound, "policy AmazonChimeReadOnly is not attached to principal jane")
	refused(t, "AttachManagedPolicy", attach("AdministratorAccess"), chime.NotFound, "called AdministratorAccess; ListManagedPolicies lists them")
	_, err := opstest.Do(c, api.Operations.GetManagedPolicy, &api.GetManagedPolicyInput{PolicyName: "AdministratorAccess"})
	refused(t, "GetManagedPolicy", err, chime.NotFound, "AdministratorAccess")
}

// TestPoliciesDecideAtOnce gives a principal policies and takes them away, and asks each time what it may do.
func TestPoliciesDecideAtOnce(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	user := c.CreateUser("jim@example.com").UserID
	jane := newPerson(c, "jane")
	get := func() error {
		_, err := opstest.Do(jane.now(t), api.Operations.GetUser, &api.GetUserInput{AccountID: c.Account, UserID: user})
		return err
	}
	may := func(when string, want bool) {
		t.Helper()
		if err := get(); (err == nil) != want || err != nil && !errors.Is(err, chime.Forbidden) {
			t.Errorf("%s: GetUser: %v", when, err)
		}
	}
	may("at the beginning", false)
	refused(t, "GetUser", get(), chime.Forbidden, "User: arn:aws:iam::123456789012:user/jane is not authorized to perform: chime:GetUser on resource: arn:aws:chime::123456789012:account/"+c.Account+"/user/"+user+
		" because no identity-based policy allows the chime:GetUser action")
	for range 2 {
		if err := jane.put("read", allow(`"chime:get*"`, `"*"`)); err != nil {
			t.Fatal(err)
		}
		may("with a policy", true)
		opstest.Must(c, api.Operations.DeletePrincipalPolicy, &api.DeletePrincipalPolicyInput{PrincipalName: "jane", PolicyName: "read"})
		may("without it", false)
		opstest.Must(c, api.Operations.AttachManagedPolicy, &api.AttachManagedPolicyInput{PrincipalName: "jane", PolicyName: "AmazonChimeReadOnly"})
		may("with an attached one", true)
		if err := jane.put("never", strings.Replace(allow(`"chime:GetUser"`, `"*"`), "Allow", "Deny", 1)); err != nil {
			t.Fatal(err)
		}
		may("with one that denies", false)
		refused(t, "GetUser", get(), chime.Forbidden, "with an explicit deny in an identity-based policy")
		opstest.Must(c, api.Operations.DeletePrincipalPolicy, &api.DeletePrincipalPolicyInput{PrincipalName: "jane", PolicyName: "never"})
		may("without that", true)
		opstest.Must(c, api.Operations.DetachManagedPolicy, &api.DetachManagedPolicyInput{PrincipalName: "jane", PolicyName: "AmazonChimeReadOnly"})
		may("with none again", false)
	}
	if err := jane.put("read", allow(`"*"`, `"*"`)); err != nil {
		t.Fatal(err)
	}
	opstest.Must(c, api.Operations.DeletePrincipal, &api.DeletePrincipalInput{Name: "jane"})
	jane = newPerson(c, "jane")
	may("another of the same name", false)
	if got := opstest.Must(c, api.Operations.ListPrincipalPolicies, &api.ListPrincipalPoliciesInput{PrincipalName: "jane"}).PolicyNames; len(got) > 0 {
		t.Errorf("another of the same name has policies %v", got)
	}
}

// TestOneAccountForOneTeam hands an account to a team, which then reaches nothing else.
func TestOneAccountForOneTeam(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	theirs := *c
	theirs.Account = c.NewAccount("Theirs")
	other := c.CreateUser("other@example.com").UserID
	team := newPerson(c, "team")
	arn := "arn:aws:chime::123456789012:account/" + theirs.Account
	if err := team.put("account", allow(`["chime:*", "carillon:*"]`, `["`+arn+`", "`+arn+`/*"]`)); err != nil {
		t.Fatal(err)
	}
	caller := team.now(t)
	caller.Account = theirs.Account
	user := caller.CreateUser("jane@example.com").UserID
	for name, err := range map[string]error{
		"GetUser":     failure(opstest.Do(caller, api.Operations.GetUser, &api.GetUserInput{AccountID: strings.ToUpper(theirs.Account), UserID: user})),
		"InviteUsers": failure(opstest.Do(caller, api.Operations.InviteUsers, &api.InviteUsersInput{AccountID: theirs.Account, UserEmailList: []string{"i@example.com"}})),
		"ListDomains": failure(opstest.Do(caller, api.Operations.ListDomains, &api.ListDomainsInput{AccountID: theirs.Account})),
	} {
		if err != nil {
			t.Errorf("%s in the team's account: %v", name, err)
		}
	}
	for name, err := range map[string]error{
		"GetUser":            failure(opstest.Do(caller, api.Operations.GetUser, &api.GetUserInput{AccountID: c.Account, UserID: other})),
		"BatchSuspendUser":   failure(opstest.Do(caller, api.Operations.BatchSuspendUser, &api.BatchSuspendUserInput{AccountID: c.Account, UserIDList: []string{other}})),
		"ListAccounts":       failure(opstest.Do(caller, api.Operations.ListAccounts, &api.ListAccountsInput{})),
		"CreateAccount":      failure(opstest.Do(caller, api.Operations.CreateAccount, &api.CreateAccountInput{Name: "More"})),
		"ListDomains":        failure(opstest.Do(caller, api.Operations.ListDomains, &api.ListDomainsInput{})),
		"PutPrincipalPolicy": failure(opstest.Do(caller, api.Operations.PutPrincipalPolicy, &api.PutPrincipalPolicyInput{PrincipalName: "team", PolicyName: "more", PolicyDocument: allow(`"*"`, `"*"`)})),
	} {
		refused(t, name, err, chime.Forbidden, "is not authorized to perform: ", ":"+name+" on resource: ")
	}
	// The items of a batch are the account's: whoever may suspend in an account may suspend any of its users.
	opstest.Must(caller, api.Operations.BatchSuspendUser, &api.BatchSuspendUserInput{AccountID: theirs.Account, UserIDList: []string{user}})
	if got := getUser(c, other).UserRegistrationStatus; got != "Registered" {
		t.Errorf("after refusals the other account's user is %s", got)
	}
}

// TestDeclaredAccessDenied wants the class that an operation declares.
func TestDeclaredAccessDenied(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	jane := newPerson(c, "jane").now(t)
	_, err := opstest.Do(jane, api.Operations.SearchAvailablePhoneNumbers, &api.SearchAvailablePhoneNumbersInput{})
	refused(t, "SearchAvailablePhoneNumbers", err, chime.AccessDenied, "is not authorized to perform: chime:SearchAvailablePhoneNumbers on resource: *")
	_, err = opstest.Do(jane, api.Operations.ListPhoneNumbers, &api.ListPhoneNumbersInput{})
	refused(t, "ListPhoneNumbers", err, chime.Forbidden, "chime:ListPhoneNumbers")
}

// TestEveryOperationAsksThePolicies calls all operations by a principal that may do nothing, and by one that may do all.
func TestEveryOperationAsksThePolicies(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	nobody, all := newPerson(c, "nobody"), newPerson(c, "all")
	if err := all.put("all", allow(`["chime:*", "carillon:*"]`, `"*"`)); err != nil {
		t.Fatal(err)
	}
	for _, op := range api.AllOperations {
		_, err := opstest.Run[any](t.Context(), nobody.now(t), op, op.Input.New())
		if !errors.Is(err, chime.Forbidden) && !errors.Is(err, chime.AccessDenied) || !strings.Contains(err.Error(), op.Name) {
			t.Errorf("%s by nobody: %v", op.Name, err)
		}
		_, err = c.Gate.Do(t.Context(), &gate.Request{Operation: op, Input: op.Input.New(), Caller: *all.now(t).As})
		switch {
		case op.Installation:
			refused(t, op.Name+" by an IAM user", err, chime.Forbidden, "root of the installation")
		case err != nil && strings.Contains(err.Error(), "is not authorized to perform"):
			t.Errorf("%s by one who may do all: %v", op.Name, err)
		}
	}
}
