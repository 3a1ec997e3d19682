// Package server speaks HTTP: it matches a request to an operation, checks its signature, decodes it, lets the gate run
// it and writes the answer. It answers in JSON with a request id, whatever comes.
package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/gate"
	"github.com/carillon-server/carillon/internal/httpd"
	"github.com/carillon-server/carillon/internal/sigv4"
	"github.com/carillon-server/carillon/internal/store"
)

// maxBody bounds a request's body, in bytes.
const maxBody = 1 << 20

// promptBody is how long a body is given room for before it has come, in bytes. A longer one gets it as it comes: a client
// that only announces a body must not hold the room.
const promptBody = 4 << 10

// maxHeader bounds a request's line and headers, in bytes. Those of SDKs take about 1 kB.
const maxHeader = 16 << 10

// Config is what a server is made of.
type Config struct {
	Gate    *gate.Gate
	DB      *store.DB
	Log     *slog.Logger
	Source  chime.Source
	Auth    Auth
	Keys    Keys
	Tenant  chime.Tenant // whose the calls are that name no tenant, when signatures are not checked
	Proxies Proxies
	Rates   *Rates // nil for none
	Version string
	Pages   Unsigned // of people rather than clients, below /invites/; nil for none
	Hooks   Unsigned // of webhooks and the replies of bots, below /incomingwebhooks/; nil for none
	// Observe is told of each call that was answered, as the log is; nil for nobody.
	Observe func(operation string, status int, exception string, took time.Duration)
}

// Server answers the API and the health checks. It is safe for concurrent use.
type Server struct {
	Config
	verifier *sigv4.Verifier
	origins  *http.CrossOriginProtection
	stopping atomic.Bool
	load     load
	crowd    *crowd // nil without Limit
}

// New returns a server.
func New(c Config) *Server {
	return &Server{Config: c, verifier: sigv4.NewVerifier(service), origins: http.NewCrossOriginProtection()}
}

// HTTP returns the HTTP server around s, with its limits: a client that stalls is cut off, and headers are bounded.
//
// It is not one of HTTP/2: SDKs take a connection for each call under way, so that would bring them nothing, while a call that
// is to end without an answer could not lose its connection alone, and a client could have more calls under way than the limit
// to connections means.
func (s *Server) HTTP() *httpd.Server {
	return &httpd.Server{
		Handler:           s,
		Refuse:            s.refuseRequest,
		Log:               s.Log,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      90 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    maxHeader,
		ConnState:         changed,
		ConnContext:       withConn,
	}
}

// refuseRequest answers what is no request. It has no target and no method.
func (s *Server) refuseRequest(w http.ResponseWriter, r *http.Request, status int, reason string) {
	x := exchange{Server: s, w: w, r: r, id: s.Source.NewID().String()}
	a := answerOf(chime.BadRequest, reason)
	a.status = status
	x.refuse(a)
	x.answered(time.Now(), 0)
}

// Stop makes every new call a ServiceUnavailableException, so that clients try elsewhere while those under way finish.
func (s *Server) Stop() { s.stopping.Store(true) }

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := time.Now()
	x := exchange{Server: s, w: w, r: r, target: originForm(r.RequestURI), id: s.Source.NewID().String()}
	x.address, x.secure = s.Proxies.locate(r)
	x.conn, _ = r.Context().Value(connKey{}).(*conn) // none without Limit
	if x.health() {
		return
	}
	if u, _ := x.unsigned(); u != nil {
		x.answerUnsigned(u)
	} else {
		x.answer()
	}
	s.load.release(x.held)
	ended := time.Now()
	x.answered(ended, ended.Sub(begun))
	if x.dropped {
		panic(http.ErrAbortHandler) // loses the connection, and the server logs nothing
	}
}

// answered tells of a call that was answered.
func (x *exchange) answered(ended time.Time, took time.Duration) {
	x.logCall(ended, took)
	if x.Observe != nil {
		x.Observe(x.operation(), x.status, x.code, took)
	}
}

// logCall notes the call in the access log. The record is made by hand, as a Logger would look for the line of code.
func (x *exchange) logCall(ended time.Time, took time.Duration) {
	h, ctx := x.Log.Handler(), x.r.Context()
	if !h.Enabled(ctx, slog.LevelInfo) {
		return
	}
	record := slog.NewRecord(ended, slog.LevelInfo, "call", 0)
	record.AddAttrs(
		slog.String("request", x.id),
		slog.String("operation", x.operation()),
		slog.Int("status", x.status),
		slog.String("code", x.code),
		slog.String("key", x.caller.AccessKeyID),
		slog.Duration("took", took))
	_ = h.Handle(ctx, record) // a log that cannot be written stops no call
}

// exchange is one request and its answer.
type exchange struct {
	*Server
	w      http.ResponseWriter
	r      *http.Request
	target string // path and query as they came
	id     string
	route  api.Route
	caller chime.Caller
	input  any // of the operation, nil before it was read

	conn    *conn // nil without Limit
	body    waitingBody
	held    int64      // bytes of load that the body takes
	address netip.Addr // of who made it, behind the proxies
	secure  bool       // it came over TLS

	status  int
	code    string // the exception, empty after success
	dropped bool
}

func (x *exchange) operation() string {
	if u, name := x.unsigned(); u != nil {
		return name
	}
	if x.route.Op == nil {
		return "-"
	}
	return x.route.Op.Name
}

// answer runs the call and writes its answer, also when something panics.
func (x *exchange) answer() {
	defer func() {
		if v := recover(); v != nil {
			x.fail(panicError{v, debug.Stack()})
		}
	}()
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	out, err := x.call()
	if errors.Is(err, gate.ErrDrop) {
		x.dropped = true
		return
	}
	if unknown := (*store.Unknown)(nil); errors.As(err, &unknown) {
		// Neither a success nor an error may be answered: the client asks again, or looks.
		x.log("nobody knows whether the call was done", unknown)
		x.dropped = true
		return
	}
	if err != nil {
		x.fail(err)
		return
	}
	op := x.route.Op
	if op.Status == http.StatusNoContent {
		x.write(op.Status, nil)
		return
	}
	*buffer = api.Append((*buffer)[:0], op.Output, out)
	x.write(op.Status, *buffer)
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// call takes the request through the pipeline: match, authenticate, decode, and the gate.
func (x *exchange) call() (any, error) {
	var err error
	x.route, err = api.Match(x.r.Method, x.target)
	removed := isRemoved(err)
	if err != nil && !removed {
		return nil, err // also unsigned, so that who lost the way learns it at once (decided)
	}
	body, err2 := x.readBody()
	if err2 != nil {
		return nil, err2
	}
	if x.caller, err2 = x.authenticate(body); err2 != nil {
		return nil, err2
	}
	if removed {
		return nil, &removedError{x.caller.Tenant}
	}
	if x.stopping.Load() {
		return nil, chime.Unavailable.Errorf("the server is shutting down; nothing was done")
	}
	if err := x.throttle(); err != nil {
		return nil, err
	}
	if err := x.load.enter(); err != nil {
		return nil, err
	}
	defer x.load.leave()
	in, err := x.route.Op.Decode(x.route, body)
	if err != nil {
		return nil, err
	}
	x.input = in
	return x.Gate.Do(x.r.Context(), &gate.Request{
		Operation: x.route.Op,
		Input:     in,
		Caller:    x.caller,
		Origin:    x.origin(),
		Mark:      x.mark(body),
	})
}

// fail writes the answer to an error, and logs what the client is not told.
func (x *exchange) fail(err error) {
	a, internal := answerTo(err)
	if internal != nil {
		x.log("call failed", internal)
	}
	var route *api.RouteError
	if errors.As(err, &route) && len(route.Allow) > 0 {
		x.w.Header()["Allow"] = route.Allow
	}
	x.recordRefusal(err, a)
	x.refuse(a)
}

// log notes what the client is not told.
func (x *exchange) log(message string, err error) {
	x.Log.LogAttrs(x.r.Context(), slog.LevelError, message,
		slog.String("request", x.id),
		slog.String("operation", x.operation()),
		slog.Any("error", err))
}

// refuse writes the answer that is an error.
func (x *exchange) refuse(a answer) {
	x.code = a.exception
	x.w.Header()["x-amzn-ErrorType"] = []string{a.exception}
	x.mayRetry(a.status)
	x.write(a.status, a.appendJSON(nil))
}

// write writes the answer in one piece.
func (x *exchange) write(status int, body []byte) {
	x.status = status
	h := x.w.Header()
	values := [2]string{x.id, strconv.Itoa(len(body))}
	h["x-amzn-RequestId"] = values[:1:1]
	if status != http.StatusNoContent {
		h["Content-Type"] = jsonType
		h["Content-Length"] = values[1:]
	}
	x.w.WriteHeader(status)
	if len(body) > 0 && x.r.Method != http.MethodHead {
		_, _ = x.w.Write(body) // an error means that the client has gone
	}
}

var jsonType = []string{"application/json"}

// panicError is a panic that became an answer.
type panicError struct {
	value any
	stack []byte
}

func (p panicError) Error() string {
	return fmt.Sprintf("panic: %v\n%s", p.value, p.stack)
}
