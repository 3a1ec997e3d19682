// Package model tests the server against a small model of its rules: random sequences of calls, after each of which all
// that can be seen must be the same.
package model

import (
	"slices"
	"strings"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
)

// world is what a tenant has, by the documentation and not by the code: nothing here calls the domain.
type world struct {
	strict   bool
	now      func() time.Time
	tenant   string
	accounts []*account // in the order in which they were made, deleted ones too
	users    []*user    // in the order in which they were made
	domains  []*domain  // in the order in which they were claimed
	gone     []*user    // the last few who are there no more
}

type account struct {
	shown   api.Account
	deleted time.Time
}

type user struct {
	account    *account
	shown      api.User // as GetUser shows it, but that an invitation may have run out
	wasInvited bool
	epoch      int
	telephony  api.TelephonySettings
}

type domain struct {
	account *account
	shown   api.Domain
}

// address is one that users may have, and the name that is made of it.
type address struct{ email, name string }

var addresses = []address{
	{"jane.doe@one.example", "Jane Doe"},
	{"JANE.DOE@One.example", "JANE DOE"},
	{"joe@one.example", "Joe"},
	{"room_12@two.example", "Room 12"},
	{"ann-marie+x@two.example", "Ann Marie X"},
	{"zoe@three.example", "Zoe"},
}

var domainNames = []string{"one.example", "two.example", "THREE.example"}

var accountTypes = []string{"Team", "EnterpriseDirectory", "EnterpriseLWA", "EnterpriseOIDC"}

func (a *account) lives() bool { return a != nil && a.deleted.IsZero() }

func (a *account) is(types ...string) bool { return slices.Contains(types, a.shown.AccountType) }

// managed accounts belong to a directory or an identity provider.
func (a *account) managed() bool { return a.is("EnterpriseDirectory", "EnterpriseOIDC") }

func (w *world) usersOf(a *account) (all []*user) {
	for _, u := range w.users {
		if u.account == a {
			all = append(all, u)
		}
	}
	return all
}

func (w *world) domainsOf(a *account) (all []*domain) {
	for _, d := range w.domains {
		if d.account == a {
			all = append(all, d)
		}
	}
	return all
}

func (w *world) userBy(email string) *user {
	for _, u := range w.users {
		if strings.EqualFold(u.shown.PrimaryEmail, email) {
			return u
		}
	}
	return nil
}

func (w *world) domainBy(name string) *domain {
	for _, d := range w.domains {
		if strings.EqualFold(d.shown.DomainName, name) {
			return d
		}
	}
	return nil
}

func (w *world) remove(u *user) {
	w.users = slices.DeleteFunc(w.users, func(other *user) bool { return other == u })
	w.gone = append(w.gone, u)
	w.gone = w.gone[max(0, len(w.gone)-3):]
}

// mayJoin says whether an address may belong to an account: not if another one claimed its domain; in strict mode an
// Enterprise account must have claimed it itself.
func (w *world) mayJoin(a *account, email string) bool {
	_, name, _ := strings.Cut(email, "@")
	d := w.domainBy(name)
	if d == nil {
		return !w.strict || a.is("Team")
	}
	return d.account == a
}

// invitation is what became of a user's invitation by now.
func (w *world) invitation(u *user) string {
	const life = 30 * 24 * time.Hour
	if u.shown.UserInvitationStatus == "Pending" && w.now().Sub(u.shown.InvitedOn) >= life {
		return "Failed"
	}
	return u.shown.UserInvitationStatus
}

// seen is the user as GetUser shows it now.
func (w *world) seen(u *user) *api.User {
	shown := u.shown
	shown.UserInvitationStatus = w.invitation(u)
	return &shown
}

// find says whether a user is in a living account.
func (w *world) find(a *account, u *user) error {
	if !a.lives() || u == nil || u.account != a || !slices.Contains(w.users, u) {
		return chime.NotFound
	}
	return nil
}

// registered says whether a user is there and has registered, suspended or not.
func (w *world) registered(a *account, u *user) error {
	if err := w.find(a, u); err != nil {
		return err
	}
	if u.shown.UserRegistrationStatus == "Unregistered" {
		return chime.BadRequest
	}
	return nil
}

// create says what comes of CreateUser, and whose address it would be.
func (w *world) create(a *account, email, username string) (address string, err error) {
	if !a.lives() {
		return "", chime.NotFound
	}
	if w.strict && (email == "" || !a.is("EnterpriseDirectory")) {
		return "", chime.BadRequest
	}
	if email == "" {
		email = strings.TrimSpace(username)
	}
	switch {
	case !strings.Contains(email, "@"), !w.mayJoin(a, email):
		return "", chime.BadRequest
	case w.userBy(email) != nil:
		return "", chime.Conflict
	}
	return email, nil
}

// invite says what InviteUsers answers for an address, in an account that invites.
func (w *world) invite(a *account, email string) (status, emailStatus string) {
	u := w.userBy(email)
	switch {
	case u == nil, u.account == a && u.shown.UserRegistrationStatus == "Unregistered":
		return "Pending", "Sent"
	case u.account == a && u.shown.UserRegistrationStatus == "Registered":
		return "Accepted", "NotSent"
	}
	return "Failed", "NotSent"
}

// open says whether an invitation can be accepted or declined.
func (w *world) open(a *account, u *user) error {
	switch err := w.find(a, u); {
	case err != nil:
		return err
	case !u.wasInvited:
		return chime.NotFound
	case u.shown.UserRegistrationStatus != "Unregistered", w.invitation(u) != "Pending":
		return chime.BadRequest
	}
	return nil
}

// suspend does it to one user, and returns the item's error code.
func (w *world) suspend(a *account, u *user) string {
	switch {
	case w.find(a, u) != nil:
		return "NotFound"
	case a.is("Team"), u.shown.UserRegistrationStatus == "Unregistered":
		w.remove(u)
	case u.shown.UserRegistrationStatus == "Registered":
		u.shown.UserRegistrationStatus = "Suspended"
		u.epoch++
	}
	return ""
}

func (w *world) unsuspend(a *account, u *user) string {
	if w.find(a, u) != nil {
		return "NotFound"
	}
	if u.shown.UserRegistrationStatus == "Suspended" {
		u.shown.UserRegistrationStatus = "Registered"
	}
	return ""
}

// update does UpdateUser, or says why not.
func (w *world) update(a *account, u *user, c change) error {
	if err := w.registered(a, u); err != nil {
		return err
	}
	if c.license != "" && (w.strict && a.managed() || !slices.Contains(a.shown.SupportedLicenses, c.license)) {
		return chime.BadRequest
	}
	if c.license != "" {
		u.shown.LicenseType = c.license
	}
	if c.userType != "" {
		u.shown.UserType = c.userType
	}
	if c.alexa != nil {
		alexa := *u.shown.AlexaForBusinessMetadata
		if c.alexa.IsAlexaForBusinessEnabled != nil {
			alexa.IsAlexaForBusinessEnabled = c.alexa.IsAlexaForBusinessEnabled
		}
		if c.alexa.AlexaForBusinessRoomARN != "" {
			alexa.AlexaForBusinessRoomARN = c.alexa.AlexaForBusinessRoomARN
		}
		u.shown.AlexaForBusinessMetadata = &alexa
	}
	return nil
}

// change is what UpdateUser is asked for.
type change struct {
	license, userType string
	alexa             *api.AlexaForBusinessMetadata
}

// release takes a domain from an account, with those whose address is in it: where a directory decides all of them,
// elsewhere those who are not suspended.
func (w *world) release(d *domain) {
	a := d.account
	for _, u := range w.usersOf(a) {
		in := strings.HasSuffix(strings.ToLower(u.shown.PrimaryEmail), "@"+d.shown.DomainName)
		if in && (a.managed() || u.shown.UserRegistrationStatus != "Suspended") {
			w.remove(u)
		}
	}
	w.domains = slices.DeleteFunc(w.domains, func(other *domain) bool { return other == d })
	if len(w.domainsOf(a)) == 0 {
		a.shown.AccountType = "Team"
	}
}

// delete deletes an account, or says why not.
func (w *world) delete(a *account) error {
	if !a.lives() {
		return chime.NotFound
	}
	users := w.usersOf(a)
	for _, u := range users {
		if u.shown.UserRegistrationStatus != "Suspended" {
			return chime.Unprocessable
		}
	}
	if len(w.domainsOf(a)) > 0 {
		return chime.Unprocessable
	}
	for _, u := range users {
		w.remove(u)
	}
	a.deleted = w.now()
	return nil
}

// restorable says whether a deleted account can come back.
func (w *world) restorable(a *account) bool {
	return a != nil && !a.lives() && w.now().Sub(a.deleted) < 90*24*time.Hour
}
