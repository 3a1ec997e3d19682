package carillontest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/carillon-server/carillon/api"
)

// Request is a call that came over HTTP, and what was answered.
type Request struct {
	Operation   string         // empty if the request meant none
	Input       map[string]any // the members, wherever in the request they were; nil where they break a rule of the API
	AccessKeyID string         // who signed it, whether well or not; empty if nobody did
	Status      int            // of the answer; 0 if the connection was lost on order
	Error       string         // the exception that was answered; empty after success
	UserAgent   string         // of the client, with the version of the SDK
}

// Requests returns the calls that were answered so far, in the order in which they were. A call is among them before its
// answer reaches the client. An attempt that an SDK makes by itself after an error is a call of its own.
func (s *Server) Requests() []Request {
	s.record.mu.Lock()
	defer s.record.mu.Unlock()
	return slices.Clone(s.record.all)
}

// ClearRequests forgets the calls so far.
func (s *Server) ClearRequests() {
	s.record.mu.Lock()
	defer s.record.mu.Unlock()
	s.record.all = nil
}

// recorder notes the requests that a handler answers.
type recorder struct {
	mu  sync.Mutex
	all []Request
}

func (rec *recorder) around(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failed{err}))
		n := note{ResponseWriter: w, recorder: rec, request: describe(r, body)}
		defer n.end() // also when the connection is to be lost, which is a panic
		h.ServeHTTP(&n, r)
	})
}

// failed is the end of a body that could not be read.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) {
	if f.err == nil {
		return 0, io.EOF
	}
	return 0, f.err
}

// describe returns what there is to say of a request before its answer.
func describe(r *http.Request, body []byte) Request {
	d := Request{UserAgent: r.UserAgent()}
	if _, credential, ok := strings.Cut(r.Header.Get("Authorization"), "Credential="); ok {
		d.AccessKeyID, _, _ = strings.Cut(credential, "/")
	}
	route, err := api.Match(r.Method, r.RequestURI)
	if err != nil {
		return d
	}
	d.Operation = route.Op.Name
	in, err := route.Op.Decode(route, body)
	if err != nil {
		return d
	}
	if err := json.Unmarshal(api.Append(nil, route.Op.Input, in), &d.Input); err != nil {
		panic(errors.New("the members of " + d.Operation + " are no JSON object")) // Append promises one
	}
	return d
}

// note is the answer to a request, which it completes and hands to the recorder as soon as it begins.
type note struct {
	http.ResponseWriter
	recorder *recorder
	request  Request
	done     bool
}

func (n *note) WriteHeader(status int) {
	n.request.Status = status
	//lint:ignore SA1008 the server writes it so, as Amazon's did
	if name := n.Header()["x-amzn-ErrorType"]; len(name) > 0 {
		n.request.Error = name[0]
	}
	n.end()
	n.ResponseWriter.WriteHeader(status)
}

func (n *note) end() {
	if n.done {
		return
	}
	n.done = true
	n.recorder.mu.Lock()
	defer n.recorder.mu.Unlock()
	n.recorder.all = append(n.recorder.all, n.request)
}
