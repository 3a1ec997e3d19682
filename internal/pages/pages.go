// Package pages shows the page behind the link of an invitation, where somebody who is invited accepts or declines.
//
// It is a client of the gate like any other, but unsigned: the token in the link is what shows that somebody may. Opening a
// page changes nothing. The pages need no JavaScript, load nothing and keep nothing in the browser, and the token reaches
// no log.
package pages

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/gate"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/store"
)

// Prefix begins the path of every page; the token follows.
const Prefix = "/invites/"

// maxForm bounds a form, in bytes.
const maxForm = 8 << 10

// caller is in whose name the page calls: that of whoever has the link.
const caller = "carillon:invitation-link"

//go:embed invite.html style.css
var files embed.FS

// Pages answers requests for the pages.
type Pages struct {
	gate     *gate.Gate
	source   chime.Source
	log      *slog.Logger
	template *template.Template
	style    template.CSS
	policy   string // the Content-Security-Policy
}

// New returns the pages.
func New(g *gate.Gate, source chime.Source, log *slog.Logger) (*Pages, error) {
	style, err := files.ReadFile("style.css")
	if err != nil {
		return nil, err
	}
	parsed, err := template.ParseFS(files, "invite.html")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(style)
	return &Pages{
		gate: g, source: source, log: log, template: parsed, style: template.CSS(style),
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
	}, nil
}

// Serve answers a request for a page below [Prefix].
func (p *Pages) Serve(w http.ResponseWriter, r *http.Request, from gate.Origin) {
	x := visit{p, from, strings.TrimPrefix(r.URL.Path, Prefix)}
	var v view
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		v = x.look(r.Context())
	case http.MethodPost:
		v = x.answer(w, r)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		v = view{Status: http.StatusMethodNotAllowed, Title: "This page is for browsers", Text: "Open the link from the mail in a browser."}
	}
	x.write(w, r, v)
}

// visit is somebody at a page.
type visit struct {
	*Pages
	from  gate.Origin
	token string // of the link
}

// look shows an invitation.
func (x *visit) look(ctx context.Context) view {
	i, refused := x.invitation(ctx)
	if refused != nil {
		return *refused
	}
	if v := x.over(i); v != nil {
		return *v
	}
	return view{Status: http.StatusOK, Title: "You are invited to " + i.AccountName, Invitation: i}
}

// answer accepts or declines, as the form says.
func (x *visit) answer(w http.ResponseWriter, r *http.Request) view {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return view{Status: http.StatusBadRequest, Title: "The form did not arrive", Text: "Nothing has changed. Open the link from the mail again."}
	}
	i, refused := x.invitation(r.Context())
	if refused != nil {
		return *refused
	}
	if v := x.over(i); v != nil {
		return *v
	}
	switch r.PostForm.Get("answer") {
	case "accept":
		return x.accept(r.Context(), r.PostForm.Get("name"), i)
	case "decline":
		return x.decline(r.Context(), i)
	}
	return view{Status: http.StatusBadRequest, Title: "You are invited to " + i.AccountName, Invitation: i, Problem: "Choose Accept or Decline."}
}

func (x *visit) accept(ctx context.Context, name string, i *api.Invitation) view {
	members := map[string]string{}
	if name := strings.TrimSpace(name); name != "" {
		members["DisplayName"] = name
	}
	out, err := x.call(ctx, "AcceptInvite", members)
	if err == nil {
		u := out.(*api.AcceptInviteOutput).User
		return view{Status: http.StatusOK, Title: "You are now a member of " + i.AccountName,
			Text: "You joined as " + u.DisplayName + ", with the address " + i.EmailAddress + ". You can close this page."}
	}
	var invalid *api.InvalidError
	if errors.Is(err, chime.BadRequest) || errors.As(err, &invalid) {
		// Either the name is at fault, or somebody answered meanwhile.
		if v := x.look(ctx); v.Status != http.StatusOK {
			return v
		}
		return view{Status: http.StatusBadRequest, Title: "You are invited to " + i.AccountName, Invitation: i, Name: name,
			Problem: "Your name cannot be taken like this. It may have at most 256 letters, digits and signs."}
	}
	return refusal(err)
}

func (x *visit) decline(ctx context.Context, i *api.Invitation) view {
	_, err := x.call(ctx, "DeclineInvite", map[string]string{})
	if err == nil {
		return view{Status: http.StatusOK, Title: "You have declined",
			Text: "You are not a member of " + i.AccountName + ", and the link in the mail is used up. You can close this page."}
	}
	if errors.Is(err, chime.BadRequest) { // somebody answered meanwhile
		if v := x.look(ctx); v.Status != http.StatusOK {
			return v
		}
	}
	return refusal(err)
}

// invitation returns the invitation of a link, or what to show instead.
func (x *visit) invitation(ctx context.Context) (*api.Invitation, *view) {
	out, err := x.call(ctx, "GetInvite", map[string]string{})
	if err != nil {
		v := refusal(err)
		return nil, &v
	}
	return out.(*api.GetInviteOutput).Invitation, nil
}

// over returns what to show of an invitation that cannot be answered any more, nil of one that can.
func (x *visit) over(i *api.Invitation) *view {
	switch {
	case i.Status == api.InviteStatusAccepted:
		return &view{Status: http.StatusGone, Title: "This invitation has been accepted",
			Text: "The address " + i.EmailAddress + " belongs to a member of " + i.AccountName + ". There is nothing left to do."}
	case i.Status == api.InviteStatusPending:
		return nil
	case !x.source.Now().Before(i.ExpiresOn):
		return &view{Status: http.StatusGone, Title: "This invitation has run out",
			Text: "It could be accepted until " + date(i.ExpiresOn) + ". Ask whoever invited you to invite you again."}
	}
	return &view{Status: http.StatusGone, Title: "This invitation is closed",
		Text: "It was declined, or its mail could not be delivered. If you want to join " + i.AccountName + ", ask to be invited again."}
}

// refusal returns what to show of a call that was refused.
func refusal(err error) view {
	var invalid *api.InvalidError
	switch {
	case errors.Is(err, chime.NotFound), errors.As(err, &invalid):
		return view{Status: http.StatusNotFound, Title: "This link leads nowhere",
			Text: "Copy the whole link from the mail: a part may be missing. If it still does not work, the invitation was withdrawn; ask to be invited again."}
	case errors.Is(err, chime.BadRequest):
		return view{Status: http.StatusGone, Title: "There is a newer mail",
			Text: "You were invited again later, which ended this link. Use the link in the latest mail."}
	case isUnknown(err):
		return view{Status: http.StatusServiceUnavailable, Title: "Please look again",
			Text: "The answer may or may not have been kept. Open the link once more: it says what is now the case.", internal: err}
	case errors.Is(err, chime.Unavailable), errors.Is(err, context.Canceled):
		return view{Status: http.StatusServiceUnavailable, Title: "Please try again in a minute",
			Text: "The server is busy or about to restart.", internal: errors.Unwrap(err)}
	}
	return view{Status: http.StatusInternalServerError, Title: "Something went wrong here", Text: "Try again later.", internal: err}
}

// isUnknown reports whether nobody knows what became of a change.
func isUnknown(err error) bool {
	var unknown *store.Unknown
	return errors.As(err, &unknown)
}

// call makes a call for the tenant that the token names, with the checks that every client's call passes.
func (x *visit) call(ctx context.Context, operation string, members map[string]string) (any, error) {
	tenant, ok := ops.LinkTenant(x.token)
	if !ok {
		return nil, chime.NotFound.Errorf("no invitation has this link")
	}
	members["InviteToken"] = x.token
	body, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	op := api.ByName(operation)
	in, err := op.Decode(api.Route{Op: op}, body)
	if err != nil {
		return nil, err
	}
	return x.gate.Do(ctx, &gate.Request{
		Operation: op,
		Input:     in,
		Caller:    chime.Caller{Tenant: tenant, Kind: chime.ServerItself, ARN: caller},
		Origin:    x.from,
	})
}

// view is what a page shows.
type view struct {
	Status     int
	Title      string
	Text       string
	Invitation *api.Invitation // with the form to answer it, nil without
	Name       string          // as it was typed
	Problem    string          // what is wrong with the form
	RequestID  string          // shown where the log has more
	Style      template.CSS
	internal   error
}

// Expires returns until when the invitation can be answered.
func (v view) Expires() string { return date(v.Invitation.ExpiresOn) }

func date(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

func (x *visit) write(w http.ResponseWriter, r *http.Request, v view) {
	if v.internal != nil {
		x.log.LogAttrs(r.Context(), slog.LevelError, "page failed", slog.String("request", x.from.RequestID), slog.Any("error", v.internal))
		v.RequestID = x.from.RequestID
	}
	v.Style = x.style
	var page strings.Builder
	if err := x.template.Execute(&page, v); err != nil {
		panic(err) // the template and its data are this package's own
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(page.Len()))
	h.Set("Content-Security-Policy", x.policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex")
	w.WriteHeader(v.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(page.String())) // an error means that the browser has gone
	}
}
