package server

import (
	"net/http"
	"runtime/debug"
	"strings"
)

// pagesPrefix begins the paths of the pages. No operation's path begins so.
const pagesPrefix = "/invites/"

// page reports whether the request is for a page. Pages are unsigned: they are for people with a link.
func (x *exchange) page() bool { return x.Pages != nil && strings.HasPrefix(x.target, pagesPrefix) }

// answerPage lets the page be answered, with a request id like every call.
func (x *exchange) answerPage() {
	defer func() {
		if v := recover(); v != nil {
			x.fail(panicError{v, debug.Stack()})
		}
	}()
	x.w.Header()["x-amzn-RequestId"] = []string{x.id}
	x.Pages.ServeHTTP(&statusWriter{x.w, &x.status}, x.r)
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
