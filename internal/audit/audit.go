// Package audit writes what became of a call into a record, and shows a record in the form of AWS CloudTrail.
//
// A record is compact: members are kept by a hash of their names, IDs by their 16 bytes, and what follows from the rest is
// left out. What is sensitive is never in it, not even masked in place: the record says that something was there. Long
// values are cut, and the record says so. The package is pure.
package audit

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
)

// hiddenText stands for what is sensitive, as Amazon's service had it (documented).
const hiddenText = "HIDDEN_DUE_TO_SECURITY_REASONS"

// The bounds of a record.
const (
	maxText  = 256     // bytes of a value
	maxItems = 50      // of a list
	maxBody  = 4 << 10 // bytes after which lists and structures are cut
	maxAgent = 512     // bytes of a user agent
)

// Call is a call, to be recorded.
type Call struct {
	Operation    *api.Operation // nil if the request was for none
	Caller       chime.Caller
	RequestID    string
	InvocationID string
	Address      netip.Addr
	UserAgent    string
	Secure       bool

	Input  any // a pointer to the operation's input, nil if it could not be read
	Output any // a pointer to the output of a change, nil of anything else

	ErrorCode, ErrorMessage string // of a call that was refused
	Unchanged               bool   // the call succeeded and found nothing to change
}

// Work is what the server did on its own, or for whoever has a link.
type Work struct {
	Name    string // such as FulfillPhoneNumberOrder
	Agent   string // who did it: the server, or in whose name
	Account chime.ID
	Details []Detail

	RequestID string     // of the request that brought it about, empty if none did
	Address   netip.Addr // where that came from
}

// Detail says something of what was done. It is nothing sensitive.
type Detail struct{ Name, Value string }

// hidden reports whether the values of a member must not be kept. The model marks most of them; PINs, tokens and the URLs of
// webhooks are it does not mark.
func hidden(f *api.Field) bool {
	if f.Shape.Sensitive || f.Shape.Elem != nil && f.Shape.Elem.Sensitive {
		return true
	}
	return f.Name == "PersonalPIN" || f.Name == "Url" || f.Name == "Body" || strings.HasSuffix(f.Name, "Token") || strings.Contains(f.Name, "Secret")
}

// hiddenValue reports whether a text may hold an e-mail address, wherever it stands.
func hiddenValue(s string) bool { return strings.IndexByte(s, '@') >= 0 }

// nameHash is what a member or a word of an enumeration is kept by. It is never 0.
func nameHash(s string) uint16 {
	h := uint32(2166136261) // FNV-1a
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return max(uint16(h>>16)^uint16(h), 1)
}

// tag says what kind of value follows.
type tag byte

const (
	tagHidden tag = iota
	tagText
	tagID      // a text that is an ID
	tagAccount // a text that is the ID of the record's account
	tagInteger
	tagFalse
	tagTrue
	tagTime // milliseconds after the event
	tagList
	tagStructure
	tagCutText // how long it was, then the beginning
	tagWord    // of an enumeration, by its hash
	tagAbsent
)

// The flags of a record.
const (
	flagSecure = 1 << iota
	flagReadOnly
	flagExtension
	flagUnchanged
	flagWork
	flagError
	flagOwnContext // the context is in the record
)

// form tells the form of a record from others to come.
const form = 1

// accountAt is where the account stands in a record, which has the form, the flags, the account, and then the rest.
const accountAt = 2

// cut returns at most n bytes of a text, whole characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// maskAddresses hides each word that may be an e-mail address.
func maskAddresses(s string) string {
	if !hiddenValue(s) {
		return s
	}
	words := strings.Fields(s)
	for i, w := range words {
		if hiddenValue(w) {
			words[i] = hiddenText
		}
	}
	return strings.Join(words, " ")
}

// stored returns a time as records keep it.
func stored(t time.Time) int64 { return t.UnixMilli() }

// Count is the detail that says how many.
func Count(n int) Detail { return Detail{"count", strconv.Itoa(n)} }

// Level says what is recorded.
type Level uint8

// The levels: changes and what was refused; reads too; nothing.
const (
	Changes Level = iota
	Reads
	Off
)
