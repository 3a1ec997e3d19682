package server

import (
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/carillon-server/carillon/internal/gate"
)

// What is unsigned begins with one of these: the pages are for people with a link, the webhooks for whoever has the URL. No
// operation's path begins so.
const (
	pagesPrefix = "/invites/"
	hooksPrefix = "/incomingwebhooks/"
)

// Unsigned answers requests that need no signature. It is told where each comes from, also behind proxies.
type Unsigned interface {
	Serve(w http.ResponseWriter, r *http.Request, from gate.Origin)
}

// unsigned returns who answers a request that needs no signature, and what the log calls it; nil for any other request.
func (x *exchange) unsigned() (Unsigned, string) {
	switch {
	case x.Pages != nil && strings.HasPrefix(x.target, pagesPrefix):
		return x.Pages, "page"
	case x.Hooks != nil && strings.HasPrefix(x.target, hooksPrefix):
		return x.Hooks, "webhook"
	}
	return nil, ""
}

// answerUnsigned lets another answer, with a request id like every call.
func (x *exchange) answerUnsigned(u Unsigned) {
	defer func() {
		switch v := recover(); v {
		case nil:
		case http.ErrAbortHandler: // nobody knows what became of the call
			x.dropped = true
		default:
			x.fail(panicError{v, debug.Stack()})
		}
	}()
	x.w.Header()["x-amzn-RequestId"] = []string{x.id}
	if x.secure {
		x.w.Header().Set("Strict-Transport-Security", "max-age=31536000")
	}
	if err := x.load.enter(); err != nil {
		x.fail(err)
		return
	}
	defer x.load.leave()
	r := *x.r
	r.Body = x.sent()
	u.Serve(&statusWriter{x.w, &x.status}, &r, x.origin())
}

// statusWriter notes the status for the log.
type statusWriter struct {
	http.ResponseWriter
	status *int
}

func (w *statusWriter) WriteHeader(status int) {
	*w.status = status
	w.ResponseWriter.WriteHeader(status)
}
