package ops_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/ops/opstest"
)

var link = regexp.MustCompile(`http://carillon\.example\.com/invites/([A-Za-z0-9_-]+)`)

// tokens returns the tokens of the links in the tenant's mails to an address, the oldest first.
func tokens(t *testing.T, c *opstest.Caller, to string) (all []string) {
	t.Helper()
	for _, m := range opstest.Must(c, api.Operations.ListMail, &api.ListMailInput{}).Mail {
		if m.To != to {
			continue
		}
		mail := opstest.Must(c, api.Operations.GetMail, &api.GetMailInput{MailID: m.MailID}).Mail
		found := link.FindStringSubmatch(mail.TextBody)
		if found == nil {
			t.Fatalf("no link in the mail:\n%s", mail.TextBody)
		}
		all = append(all, found[1])
	}
	return all
}

func accept(c *opstest.Caller, token string) (*api.User, error) {
	out, err := opstest.Do(c, api.Operations.AcceptInvite, &api.AcceptInviteInput{InviteToken: token})
	if err != nil {
		return nil, err
	}
	return out.User, nil
}

func TestInviteAndAccept(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	in := &api.InviteUsersInput{AccountID: c.Account, UserEmailList: []string{"Jane.Doe@example.com"}, UserType: "SharedDevice"}
	invites := opstest.Must(c, api.Operations.InviteUsers, in).Invites
	id := invites[0].InviteID
	want := []api.Invite{{InviteID: id, Status: "Pending", EmailAddress: "Jane.Doe@example.com", EmailStatus: "Sent"}}
	if diff := cmp.Diff(want, invites); diff != "" || id == "" {
		t.Errorf("InviteUsers (-want +got):\n%s", diff)
	}
	off, invited := false, c.Clock.Now()
	user := &api.User{
		UserID: id, AccountID: c.Account, PrimaryEmail: "Jane.Doe@example.com", UserType: "SharedDevice",
		UserRegistrationStatus: "Unregistered", UserInvitationStatus: "Pending", InvitedOn: invited,
		AlexaForBusinessMetadata: &api.AlexaForBusinessMetadata{IsAlexaForBusinessEnabled: &off},
	}
	if diff := cmp.Diff(user, getUser(c, id)); diff != "" {
		t.Errorf("who is invited (-want +got):\n%s", diff)
	}
	invitation := &api.Invitation{
		InviteID: id, UserID: id, AccountID: c.Account, AccountName: "Example", EmailAddress: "Jane.Doe@example.com", Status: "Pending",
		InvitedBy: "arn:aws:iam::123456789012:root", InvitedOn: invited, ExpiresOn: invited.Add(30 * 24 * time.Hour),
	}
	token := tokens(t, c, "Jane.Doe@example.com")[0]
	for _, in := range []*api.GetInviteInput{{InviteToken: token}, {AccountID: c.Account, InviteID: id}} {
		if diff := cmp.Diff(invitation, opstest.Must(c, api.Operations.GetInvite, in).Invitation); diff != "" {
			t.Errorf("GetInvite (-want +got):\n%s", diff)
		}
	}
	list := opstest.Must(c, api.Operations.ListInvites, &api.ListInvitesInput{AccountID: c.Account}).Invitations
	if diff := cmp.Diff([]api.Invitation{*invitation}, list); diff != "" {
		t.Errorf("ListInvites (-want +got):\n%s", diff)
	}

	c.Clock.Move(time.Hour)
	got, err := accept(c, token)
	if err != nil {
		t.Fatalf("AcceptInvite: %v", err)
	}
	user.UserRegistrationStatus, user.UserInvitationStatus, user.RegisteredOn = "Registered", "Accepted", c.Clock.Now()
	user.DisplayName, user.LicenseType, user.PersonalPIN = "Jane Doe", "Pro", got.PersonalPIN
	if diff := cmp.Diff(user, got); diff != "" || len(got.PersonalPIN) != 10 {
		t.Errorf("AcceptInvite (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(user, getUser(c, id)); diff != "" {
		t.Errorf("GetUser (-want +got):\n%s", diff)
	}
	if list := opstest.Must(c, api.Operations.ListInvites, &api.ListInvitesInput{AccountID: c.Account}).Invitations; list == nil || len(list) != 0 {
		t.Errorf("ListInvites after it: %+v, want an empty list", list)
	}
	_, err = accept(c, token)
	refused(t, "AcceptInvite a second time", err, chime.BadRequest, "accepted already")
	_, err = opstest.Do(c, api.Operations.DeclineInvite, &api.DeclineInviteInput{InviteToken: token})
	refused(t, "DeclineInvite after it", err, chime.BadRequest, "accepted already")
	if got := opstest.Must(c, api.Operations.GetInvite, &api.GetInviteInput{InviteToken: token}).Invitation.Status; got != "Accepted" {
		t.Errorf("GetInvite after it: %s", got)
	}
	again := invite(c, "jane.doe@example.com")
	want = []api.Invite{{InviteID: id, Status: "Accepted", EmailAddress: "jane.doe@example.com", EmailStatus: "NotSent"}}
	if diff := cmp.Diff(want, again); diff != "" {
		t.Errorf("InviteUsers of a member (-want +got):\n%s", diff)
	}
}

func TestInviteAgainEndsEarlierLinks(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	first := invite(c, "jane@example.com")[0]
	c.Clock.Move(24 * time.Hour)
	second := invite(c, "Jane@example.com")[0]
	if first.InviteID != second.InviteID || second.Status != "Pending" || second.EmailStatus != "Sent" {
		t.Errorf("invited as %+v, then as %+v", first, second)
	}
	links := tokens(t, c, "jane@example.com")
	if len(links) != 2 || links[0] == links[1] {
		t.Fatalf("the links are %q, want two", links)
	}
	_, err := accept(c, links[0])
	refused(t, "the earlier link", err, chime.BadRequest, "was sent again", "latest mail")
	if u := getUser(c, first.InviteID); u.UserRegistrationStatus != "Unregistered" || u.InvitedOn != c.Clock.Now() {
		t.Errorf("the user is %+v", u)
	}
	if _, err := accept(c, links[1]); err != nil {
		t.Errorf("the latest link: %v", err)
	}
}

func TestWrongLinks(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	id := invite(c, "jane@example.com")[0].InviteID
	token := tokens(t, c, "jane@example.com")[0]
	if tenant, ok := ops.LinkTenant(token); !ok || tenant != c.Tenant {
		t.Errorf("LinkTenant = %v, %t", tenant, ok)
	}
	if tenant, ok := ops.LinkTenant(token[1:]); ok {
		t.Errorf("LinkTenant of a part = %v", tenant)
	}
	_, err := accept(c.Of(999999999999), token)
	refused(t, "another tenant's link", err, chime.NotFound, "copy the whole link")
	for i := range token {
		other := "A"
		if token[i] == 'A' {
			other = "B"
		}
		for _, s := range []string{token[:i] + token[i+1:], token[:i] + other + token[i+1:], token[:i] + "\n" + token[i:]} {
			_, err := accept(c, s)
			refused(t, fmt.Sprintf("the link %q", s), err, chime.NotFound, "copy the whole link")
		}
	}
	for _, in := range []api.AcceptInviteInput{
		{}, {AccountID: c.Account}, {InviteID: id}, {InviteToken: token, AccountID: c.Account, InviteID: id},
	} {
		_, err := opstest.Do(c, api.Operations.AcceptInvite, &in)
		refused(t, fmt.Sprintf("%+v", in), err, chime.BadRequest, "either InviteToken is required, or AccountId and InviteId are")
	}
	member := c.CreateUser("joe@example.com").UserID
	_, err = opstest.Do(c, api.Operations.AcceptInvite, &api.AcceptInviteInput{AccountID: c.Account, InviteID: member})
	refused(t, "an invitation that never was", err, chime.NotFound, "invitation "+member+" is not in account")
	opstest.Must(c, api.Operations.BatchSuspendUser, &api.BatchSuspendUserInput{AccountID: c.Account, UserIDList: []string{id}})
	_, err = accept(c, token)
	refused(t, "a withdrawn invitation", err, chime.NotFound, "ask to be invited again")
}

// TestInvitationFails goes through every way in which an invitation fails, and what mends it.
func TestInvitationFails(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*opstest.Caller, string){
		"declined by link": func(c *opstest.Caller, _ string) {
			opstest.Must(c, api.Operations.DeclineInvite, &api.DeclineInviteInput{InviteToken: tokens(t, c, "jane@example.com")[0]})
		},
		"declined by id": func(c *opstest.Caller, id string) {
			out := opstest.Must(c, api.Operations.DeclineInvite, &api.DeclineInviteInput{AccountID: c.Account, InviteID: id})
			if out.Invitation.Status != "Failed" {
				t.Errorf("DeclineInvite: %+v", out.Invitation)
			}
		},
		"undeliverable": func(c *opstest.Caller, _ string) {
			err := c.Gate.Work(t.Context(), c.Tenant, func(call *ops.Call) error {
				jobs, err := call.Tx.JobsOfKind(ops.MailJob, "", chime.ID{}, 1)
				return errors.Join(err, call.GiveUpMail(jobs[0]))
			})
			if err != nil {
				t.Error(err)
			}
		},
		"expired": func(c *opstest.Caller, _ string) { c.Clock.Move(30 * 24 * time.Hour) },
	} {
		c := opstest.New(t)
		id := invite(c, "jane@example.com")[0].InviteID
		token := tokens(t, c, "jane@example.com")[0]
		fail(c, id)
		if u := getUser(c, id); u.UserInvitationStatus != "Failed" || u.UserRegistrationStatus != "Unregistered" {
			t.Errorf("%s: the user is %+v", name, u)
		}
		if u := opstest.Must(c, api.Operations.ListUsers, &api.ListUsersInput{AccountID: c.Account}).Users[0]; u.UserInvitationStatus != "Failed" {
			t.Errorf("%s: ListUsers shows %+v", name, u)
		}
		if list := opstest.Must(c, api.Operations.ListInvites, &api.ListInvitesInput{AccountID: c.Account}).Invitations; len(list) != 1 || list[0].Status != "Failed" {
			t.Errorf("%s: ListInvites = %+v", name, list)
		}
		_, err := accept(c, token)
		refused(t, name+": AcceptInvite", err, chime.BadRequest, "ask to be invited again")
		_, err = opstest.Do(c, api.Operations.CreateUser, &api.CreateUserInput{AccountID: c.Account, Email: "jane@example.com"})
		refused(t, name+": CreateUser", err, chime.Conflict, "has an invitation", "BatchSuspendUser")

		if again := invite(c, "jane@example.com")[0]; again.InviteID != id || again.Status != "Pending" {
			t.Errorf("%s: invited again: %+v", name, again)
		}
		if u := getUser(c, id); u.UserInvitationStatus != "Pending" || u.InvitedOn != c.Clock.Now() {
			t.Errorf("%s: invited again, the user is %+v", name, u)
		}
		links := tokens(t, c, "jane@example.com")
		if _, err := accept(c, links[len(links)-1]); err != nil {
			t.Errorf("%s: AcceptInvite of the new invitation: %v", name, err)
		}
	}
}

// TestInviteUsersOfAllSorts invites in one call who is new, a member, suspended, somebody else's, and twice.
func TestInviteUsersOfAllSorts(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	setType(c, "EnterpriseLWA")
	member, suspended := c.CreateUser("member@example.com").UserID, c.CreateUser("suspended@example.com").UserID
	opstest.Must(c, api.Operations.BatchSuspendUser, &api.BatchSuspendUserInput{AccountID: c.Account, UserIDList: []string{suspended}})
	another := *c
	another.Account = c.NewAccount("Another")
	another.CreateUser("elsewhere@example.com")
	c.Of(999999999999).CreateUser("new@example.com") // which is no matter
	got := invite(c, "new@example.com", "member@example.com", "suspended@example.com", "elsewhere@example.com", "NEW@example.com")
	id := got[0].InviteID
	want := []api.Invite{
		{InviteID: id, Status: "Pending", EmailAddress: "new@example.com", EmailStatus: "Sent"},
		{InviteID: member, Status: "Accepted", EmailAddress: "member@example.com", EmailStatus: "NotSent"},
		{Status: "Failed", EmailAddress: "suspended@example.com", EmailStatus: "NotSent"},
		{Status: "Failed", EmailAddress: "elsewhere@example.com", EmailStatus: "NotSent"},
		{InviteID: id, Status: "Pending", EmailAddress: "new@example.com", EmailStatus: "Sent"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("InviteUsers (-want +got):\n%s", diff)
	}
	if mail := opstest.Must(c, api.Operations.ListMail, &api.ListMailInput{}).Mail; len(mail) != 1 {
		t.Errorf("%d mails, want 1", len(mail))
	}
	in := &api.InviteUsersInput{AccountID: c.Account, UserEmailList: []string{"good@example.com", "no address"}}
	_, err := opstest.Do(c, api.Operations.InviteUsers, in)
	refused(t, "an address that is none", err, chime.BadRequest, "UserEmailList[1] must be an e-mail address")
	opstest.Must(&another, api.Operations.ClaimDomain, &api.ClaimDomainInput{AccountID: another.Account, DomainName: "example.org"})
	in.UserEmailList = []string{"good@example.com", "jane@example.org"}
	_, err = opstest.Do(c, api.Operations.InviteUsers, in)
	refused(t, "another account's domain", err, chime.BadRequest, "UserEmailList: another account of this AWS account has claimed the domain")
	_, err = opstest.Do(c, api.Operations.InviteUsers, &api.InviteUsersInput{AccountID: c.Account})
	refused(t, "nobody", err, chime.BadRequest, "UserEmailList must have at least 1 item")
	if found := opstest.Must(c, api.Operations.ListUsers, &api.ListUsersInput{AccountID: c.Account, UserEmail: "good@example.com"}).Users; len(found) != 0 {
		t.Errorf("a refused call left %+v", found)
	}
}

func TestInviteUsersRepeated(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	in := &api.InviteUsersInput{AccountID: c.Account, UserEmailList: []string{"jane@example.com", "joe@example.com"}}
	invites := func(c *opstest.Caller) []api.Invite {
		t.Helper()
		return opstest.Must(c, api.Operations.InviteUsers, in).Invites
	}
	first := invites(c.Attempt("one"))
	c.Clock.Move(15*time.Minute - time.Second)
	if diff := cmp.Diff(first, invites(c.Attempt("one"))); diff != "" {
		t.Errorf("a repetition (-first +again):\n%s", diff)
	}
	if links := tokens(t, c, "jane@example.com"); len(links) != 1 {
		t.Errorf("%d mails after a repetition, want 1", len(links))
	}
	invites(c.Attempt("two"))
	if links := tokens(t, c, "jane@example.com"); len(links) != 2 {
		t.Errorf("%d mails after another call, want 2", len(links))
	}
	c.Clock.Move(2 * time.Second)
	invites(c.Attempt("one"))
	invites(c.Attempt("one"))
	if links := tokens(t, c, "jane@example.com"); len(links) != 3 {
		t.Errorf("%d mails after a repetition that came too late, want 3", len(links))
	}
	_, err := accept(c, tokens(t, c, "jane@example.com")[2])
	if err != nil {
		t.Errorf("the latest link: %v", err)
	}
}

// TestClaimedDomainIsNotJoined accepts an invitation to an account after another one has claimed the address's domain.
func TestClaimedDomainIsNotJoined(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	id := invite(c, "jane@example.com")[0].InviteID
	another := c.NewAccount("Another")
	opstest.Must(c, api.Operations.ClaimDomain, &api.ClaimDomainInput{AccountID: another, DomainName: "example.com"})
	_, err := accept(c, tokens(t, c, "jane@example.com")[0])
	refused(t, "AcceptInvite", err, chime.BadRequest, "another account of this AWS account has claimed the domain")
	if got := getUser(c, id).UserRegistrationStatus; got != "Unregistered" {
		t.Errorf("the user is %s", got)
	}
	opstest.Must(c, api.Operations.DeclineInvite, &api.DeclineInviteInput{AccountID: c.Account, InviteID: id})
}

func TestInviteInStrictMode(t *testing.T) {
	t.Parallel()
	c := opstest.New(t, opstest.Strict)
	in := &api.InviteUsersInput{AccountID: c.Account, UserEmailList: []string{"jane@example.com"}}
	for _, accountType := range accountTypes {
		setType(c, accountType)
		_, err := opstest.Do(c, api.Operations.InviteUsers, in)
		if accountType != "Team" {
			asAmazon(t, "InviteUsers in "+accountType, err)
		} else if err != nil {
			t.Errorf("InviteUsers in Team: %v", err)
		}
	}
}

func TestMail(t *testing.T) {
	t.Parallel()
	c := opstest.New(t)
	id := invite(c, "jane@example.com")[0].InviteID
	list := opstest.Must(c, api.Operations.ListMail, &api.ListMailInput{Status: "Sent"}).Mail
	if len(list) != 1 || list[0].To != "jane@example.com" || list[0].UserID != id || list[0].AccountID != c.Account || list[0].FinishedOn != c.Clock.Now() {
		t.Fatalf("ListMail = %+v", list)
	}
	mail := opstest.Must(c, api.Operations.GetMail, &api.GetMailInput{MailID: list[0].MailID}).Mail
	if !strings.Contains(mail.Subject, "Example") || !link.MatchString(mail.TextBody) || !link.MatchString(mail.HTMLBody) {
		t.Errorf("GetMail = %+v", mail)
	}
	if list := opstest.Must(c, api.Operations.ListMail, &api.ListMailInput{Status: "Queued"}).Mail; list == nil || len(list) != 0 {
		t.Errorf("ListMail of what is queued = %+v, want an empty list", list)
	}
	other := c.Of(999999999999)
	if list := opstest.Must(other, api.Operations.ListMail, &api.ListMailInput{}).Mail; len(list) != 0 {
		t.Errorf("another tenant sees %+v", list)
	}
	for _, who := range []*opstest.Caller{c, other} {
		mailID := list[0].MailID
		if who == c {
			mailID = "x"
		}
		_, err := opstest.Do(who, api.Operations.GetMail, &api.GetMailInput{MailID: mailID})
		refused(t, "GetMail of "+mailID, err, chime.NotFound, "mail "+mailID)
	}
	opstest.Must(c, api.Operations.DeleteUser, &api.DeleteUserInput{AccountID: c.Account, UserID: id})
	mail = opstest.Must(c, api.Operations.GetMail, &api.GetMailInput{MailID: list[0].MailID}).Mail
	if mail.To != "" || mail.UserID != "" || mail.TextBody != "" || mail.Subject != "" || mail.Status != "Sent" {
		t.Errorf("the mail to a user who is gone: %+v", mail)
	}
}

// TestQueuedMail looks at mails that wait for an SMTP server: what became of the invitation decides what they are worth.
func TestQueuedMail(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		meanwhile func(c *opstest.Caller, id string)
		worth     bool
	}{
		"nothing": {func(*opstest.Caller, string) {}, true},
		"accepted": {func(c *opstest.Caller, id string) {
			opstest.Must(c, api.Operations.AcceptInvite, &api.AcceptInviteInput{AccountID: c.Account, InviteID: id})
		}, false},
		"declined": {func(c *opstest.Caller, id string) {
			opstest.Must(c, api.Operations.DeclineInvite, &api.DeclineInviteInput{AccountID: c.Account, InviteID: id})
		}, false},
		"invited again": {func(c *opstest.Caller, _ string) { invite(c, "jane@example.com") }, false},
		"expired":       {func(c *opstest.Caller, _ string) { c.Clock.Move(30 * 24 * time.Hour) }, false},
		"deleted": {func(c *opstest.Caller, id string) {
			opstest.Must(c, api.Operations.DeleteUser, &api.DeleteUserInput{AccountID: c.Account, UserID: id})
		}, false},
	} {
		c := opstest.New(t, func(s *ops.Settings) { s.Mailbox = false })
		id := invite(c, "jane@example.com")[0].InviteID
		list := opstest.Must(c, api.Operations.ListMail, &api.ListMailInput{Status: "Queued"}).Mail
		if len(list) != 1 || list[0].NextAttemptOn != c.Clock.Now() || !list[0].FinishedOn.IsZero() {
			t.Fatalf("%s: ListMail = %+v", name, list)
		}
		test.meanwhile(c, id)
		jobs := queued(t, c, ops.MailJob)
		err := c.Gate.Look(t.Context(), c.Tenant, func(call *ops.Call) error {
			mail, err := call.WriteMail(jobs[0])
			if (mail != nil) != test.worth {
				t.Errorf("%s: WriteMail = %+v, want one: %t", name, mail, test.worth)
			}
			return err
		})
		if err != nil {
			t.Errorf("%s: WriteMail: %v", name, err)
		}
	}
}
