package ops

import (
	"context"
	"errors"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/store"
)

// ImportUsers adds the users of many rows to an account, each as CreateUser would have made it but for what its row says
// (decided). What is wrong is told for each row, and does not keep the others out. A user who is there already is left
// alone, or changed with Update, so an import that was interrupted is just made again. A repetition of the call says
// Created of those whom the first one made.
func (c *Call) ImportUsers(_ context.Context, in *api.ImportUsersInput) (*api.ImportUsersOutput, error) {
	a, err := c.account(in.AccountID)
	if err != nil {
		return nil, err
	}
	if err := a.CheckCreateUser(c.Rules, "given"); err != nil {
		return nil, err
	}
	if a.Status == chime.AccountSuspended {
		return nil, chime.Forbidden.Errorf("account %s is suspended", a.ID)
	}
	i := &importing{Call: c, account: a, update: isTrue(in.Update), dryRun: isTrue(in.DryRun), owners: map[string]error{}}
	if err := i.find(in.Users); err != nil {
		return nil, err
	}
	out := &api.ImportUsersOutput{Outcomes: make([]api.RowOutcome, len(in.Users))}
	for n := range in.Users {
		if err := i.row(&out.Outcomes[n], &in.Users[n], n); err != nil {
			return nil, err
		}
	}
	if i.dryRun || len(i.created) == 0 {
		return out, nil
	}
	if err := i.givePINs(); err != nil {
		return nil, err
	}
	c.Tx.InsertUsers(i.created, c.Mark)
	return out, nil
}

func isTrue(b *bool) bool { return b != nil && *b }

// importing is an ImportUsers under way.
type importing struct {
	*Call
	account        *chime.Account
	update, dryRun bool
	owners         map[string]error           // by domain: what CheckDomain says
	there          map[string]*store.MadeUser // by folded address
	seen           map[string]int             // by folded address: the row
	created        []*chime.User
}

// find looks for the users of all rows.
func (i *importing) find(rows []api.ImportUser) error {
	emails := make([]string, len(rows))
	for n := range rows {
		emails[n] = chime.Email(rows[n].Email).Fold()
	}
	found, err := i.Tx.UsersByEmail(emails)
	if err != nil {
		return err
	}
	i.seen = make(map[string]int, len(rows))
	i.there = make(map[string]*store.MadeUser, len(found))
	for _, u := range found {
		i.there[u.Email.Fold()] = u
	}
	return nil
}

// row does what a row asks for and says what became of it. The error is for the whole call.
func (i *importing) row(out *api.RowOutcome, in *api.ImportUser, n int) error {
	err := i.take(out, in, n)
	var refused *chime.Error
	if !errors.As(err, &refused) {
		return err
	}
	*out = api.RowOutcome{Outcome: api.ImportOutcomeRefused, Message: refused.Message}
	if out.Message == "" { // refused as Amazon did, in the words that a whole call would get
		out.Message = "Service received a bad request"
	}
	if r := (*chime.Refusal)(nil); errors.As(err, &r) {
		out.Member = r.Member
	}
	return nil
}

func (i *importing) take(out *api.RowOutcome, in *api.ImportUser, n int) error {
	row := chime.UserRow{
		Email: in.Email, DisplayName: in.DisplayName, License: chime.License(in.LicenseType), Type: chime.UserType(in.UserType),
		Registration: chime.Registration(in.UserRegistrationStatus), AlexaEnabled: in.IsAlexaForBusinessEnabled,
		AlexaRoomARN: in.AlexaForBusinessRoomARN,
	}
	if err := row.Check(i.account); err != nil {
		return err
	}
	key := chime.Email(in.Email).Fold()
	if first, given := i.seen[key]; given {
		return &chime.Refusal{Member: "Email", Reason: chime.BadRequest.Errorf("Email was given before, in row %d of the request", first+1)}
	}
	i.seen[key] = n
	if u := i.there[key]; u != nil {
		return i.exists(out, u, &row)
	}
	if err := i.checkOwner(chime.Email(in.Email)); err != nil {
		return &chime.Refusal{Member: "Email", Reason: err}
	}
	u, err := i.account.ImportUser(i.Source, i.Rules, &row)
	if err != nil {
		return err
	}
	i.created = append(i.created, u)
	out.Outcome = api.ImportOutcomeCreated
	if !i.dryRun {
		out.UserID = u.ID.String()
	}
	return nil
}

// exists says of a user who is there how the row compares, and changes the user where that is asked for.
func (i *importing) exists(out *api.RowOutcome, u *store.MadeUser, row *chime.UserRow) error {
	switch {
	case u.AccountID != i.account.ID:
		return &chime.Refusal{Member: "Email", Reason: chime.Conflict.Errorf("Email belongs to a user of another account")}
	case u.Registration == chime.Unregistered:
		return &chime.Refusal{Member: "Email", Reason: chime.Conflict.Errorf("Email has an invitation, pending or failed; withdraw it with BatchSuspendUser, or wait until it is accepted")}
	}
	out.UserID = u.ID.String()
	differs := u.Differs(row)
	switch {
	case i.repeats(u.ID, u.Mark):
		out.Outcome = api.ImportOutcomeCreated
	case len(differs) == 0:
		out.Outcome = api.ImportOutcomeExists
	case !i.update:
		out.Outcome, out.Member = api.ImportOutcomeDiffers, differs[0]
	default:
		if _, err := u.Amend(i.account, i.Rules, row); err != nil {
			return err
		}
		if !i.dryRun {
			i.Tx.UpdateUser(&u.User)
		}
		out.Outcome = api.ImportOutcomeUpdated
	}
	return nil
}

// checkOwner looks each domain up once.
func (i *importing) checkOwner(email chime.Email) error {
	domain := email.Domain()
	refused, known := i.owners[domain]
	if !known {
		refused = i.checkDomain(i.account, email, "Email")
		if kind := (*chime.Error)(nil); refused != nil && !errors.As(refused, &kind) {
			return refused
		}
		i.owners[domain] = refused
	}
	return refused
}

// givePINs replaces the PINs that were drawn by the next in order, or draws again those that somebody has: among thousands
// there may well be one.
func (i *importing) givePINs() error {
	next, ordered, err := i.Tx.NextPINs(len(i.created))
	if err != nil {
		return err
	}
	if !ordered {
		return i.drawPINs()
	}
	for n, u := range i.created {
		u.PIN = next + chime.PIN(n)
	}
	return nil
}

// drawPINs draws PINs again until none is given twice and nobody has one.
func (i *importing) drawPINs() error {
	given := make(map[chime.PIN]bool, len(i.created))
	for users := i.created; len(users) > 0; {
		pins := make([]chime.PIN, len(users))
		for n, u := range users {
			pins[n] = u.PIN
		}
		taken, err := i.Tx.TakenPINs(pins)
		if err != nil {
			return err
		}
		var again []*chime.User
		for _, u := range users {
			if taken[u.PIN] || given[u.PIN] {
				u.PIN = chime.NewPIN(i.Source)
				again = append(again, u)
				continue
			}
			given[u.PIN] = true
		}
		users = again
	}
	return nil
}
