// Package hooks takes what is POSTed to the webhooks of rooms and to the reply endpoints of bots.
//
// It is a client of the gate like any other, but unsigned: the token in the URL is what shows that somebody may. What is
// answered is what Amazon's service answered, so that tools need no more than another host. Neither the token nor what is
// said reaches a log. Browsers get no help: there is no CORS.
package hooks

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/gate"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/store"
	"github.com/carillon-server/carillon/internal/throttle"
)

// maxBody bounds a body, in bytes: what may be said, with each character escaped.
const maxBody = 8 * chime.MaxInboundLength

// Hooks answers requests below [ops.InboundPath].
type Hooks struct {
	gate *gate.Gate
	log  *slog.Logger
	// ended bounds how often the store is asked for the sake of a URL that has ended. By the token: neither can whoever holds
	// one run out of others, nor does that touch who calls from the same address.
	ended *throttle.Buckets[[sha256.Size]byte]
}

// endedLimit and maxEnded bound the calls with URLs that have ended.
var endedLimit = throttle.Limit{PerSecond: 0.2, Burst: 5}

const maxEnded = 1 << 12

// New returns the hooks.
func New(g *gate.Gate, log *slog.Logger) *Hooks {
	return &Hooks{g, log, throttle.New[[sha256.Size]byte](endedLimit, maxEnded, throttle.Clock())}
}

// statuses are what the refusals are here (documented: developer guide).
var statuses = map[chime.Kind]int{
	chime.BadRequest:  http.StatusBadRequest,
	chime.Forbidden:   http.StatusForbidden, // the URL is not valid
	chime.NotFound:    http.StatusNotFound,  // the URL has ended
	chime.Throttled:   http.StatusTooManyRequests,
	chime.Unavailable: http.StatusServiceUnavailable,
}

// Serve answers one request.
func (h *Hooks) Serve(w http.ResponseWriter, r *http.Request, from gate.Origin) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		refuse(w, http.StatusMethodNotAllowed, "a webhook is for POST")
		return
	}
	id, token := strings.TrimPrefix(r.URL.Path, ops.InboundPath), r.URL.Query().Get("token")
	tenant, ok := h.gate.InboundTenant(id, token)
	if !ok { // made elsewhere: neither the store nor the body is looked at
		refuse(w, http.StatusForbidden, "the URL is not valid; copy it as it was shown")
		return
	}
	hash := sha256.Sum256([]byte(token))
	if wait := h.ended.Wait(hash); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		refuse(w, http.StatusTooManyRequests, "the URL has ended; ask for the new one")
		return
	}
	content, status, reason := read(w, r)
	if status != 0 {
		refuse(w, status, reason)
		return
	}
	var said *chime.Message
	err := h.gate.WorkFor(r.Context(), tenant, &from, func(c *ops.Call) (err error) {
		said, err = c.Receive(id, token, content)
		return err
	})
	if errors.Is(err, chime.NotFound) {
		h.ended.Take(hash)
	}
	if err != nil {
		h.fail(w, r, from.RequestID, err)
		return
	}
	write(w, http.StatusOK, posted{said.ID.String(), said.PlaceID.String()})
}

// posted is the answer to what was taken.
type posted struct {
	MessageID string `json:"MessageId"`
	RoomID    string `json:"RoomId"`
}

// read returns what is to be said, or the status and the reason of a refusal.
func read(w http.ResponseWriter, r *http.Request) (content string, status int, reason string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return "", http.StatusRequestEntityTooLarge, "Content must be at most 4096 bytes"
	}
	var in struct{ Content *string }
	switch {
	case err != nil:
		return "", http.StatusBadRequest, "the body ended early or did not come in time"
	case json.Unmarshal(body, &in) != nil || in.Content == nil:
		return "", http.StatusBadRequest, `the body must be JSON like {"Content": "hello"}`
	case len(*in.Content) > chime.MaxInboundLength:
		return "", http.StatusRequestEntityTooLarge, "Content must be at most 4096 bytes"
	}
	return *in.Content, 0, ""
}

// fail answers an error, and logs what the client is not told.
func (h *Hooks) fail(w http.ResponseWriter, r *http.Request, requestID string, err error) {
	for kind, status := range statuses {
		if !errors.Is(err, kind) {
			continue
		}
		if kind == chime.Throttled {
			w.Header().Set("Retry-After", "1")
		}
		if cause := errors.Unwrap(err); cause != nil {
			h.note(r, requestID, cause)
		}
		refuse(w, status, err.Error())
		return
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		refuse(w, http.StatusServiceUnavailable, "the call ended before its answer")
		return
	}
	h.note(r, requestID, err)
	if unknown := (*store.Unknown)(nil); errors.As(err, &unknown) {
		panic(http.ErrAbortHandler) // neither a success nor an error may be answered
	}
	refuse(w, http.StatusInternalServerError, "the service failed; the log has the reason under this request id")
}

func (h *Hooks) note(r *http.Request, requestID string, err error) {
	h.log.LogAttrs(r.Context(), slog.LevelError, "webhook failed", slog.String("request", requestID), slog.Any("error", err))
}

func refuse(w http.ResponseWriter, status int, message string) {
	write(w, status, struct{ Message string }{message})
}

// write writes the answer in one piece.
func write(w http.ResponseWriter, status int, answer any) {
	body, err := json.Marshal(answer)
	if err != nil {
		panic(err) // a bug: these are strings
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // an error means that the client has gone
}
