package audit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
)

// Event is a record that was read.
type Event struct {
	ID        chime.ID
	Tenant    chime.Tenant
	Name      string
	At        time.Time
	ARN       string
	AccessKey string
	Account   chime.ID // zero if it is about none
	ErrorCode string
	RequestID string
	ReadOnly  bool
	Extension bool
	Work      bool

	userAgent    string
	invocation   string
	address      string
	errorMessage string
	secure       bool
	unchanged    bool
	details      []Detail
	rest         decoder // stands before the parameters
}

var errForm = errors.New("a record of an unknown form")

// Read reads a record but for its parameters and its answer, which [Event.AppendJSON] shows.
func Read(tenant chime.Tenant, id chime.ID, context, body []byte) (_ *Event, err error) {
	d := decoder{b: body}
	e := &Event{ID: id, Tenant: tenant}
	if d.byte() != form {
		return nil, errForm
	}
	flags := d.byte()
	e.Account = chime.ID(d.take(16))
	d.account = e.Account
	e.Name = d.text()
	e.At = time.UnixMilli(d.varint()).UTC()
	d.at = e.At
	if flags&flagWork != 0 {
		e.Work = true
		e.ARN = d.text()
		e.RequestID, e.address = d.plain(), d.address()
		for range min(d.uvarint(), maxItems) {
			e.details = append(e.details, Detail{d.text(), d.plain()})
		}
		return e, d.err
	}
	e.ReadOnly, e.Extension = flags&flagReadOnly != 0, flags&flagExtension != 0
	e.secure, e.unchanged = flags&flagSecure != 0, flags&flagUnchanged != 0
	e.RequestID, e.invocation, e.address = d.plain(), d.plain(), d.address()
	if flags&flagError != 0 {
		e.ErrorCode, e.errorMessage = d.text(), d.text()
	}
	if flags&flagOwnContext != 0 {
		context = []byte(d.text())
	}
	if len(context) > 0 {
		c := decoder{b: context}
		if c.byte() != form {
			return nil, errForm
		}
		e.ARN, e.AccessKey, e.userAgent = c.text(), c.text(), c.text()
		if c.err != nil {
			return nil, c.err
		}
	}
	e.rest = d
	return e, d.err
}

// Identity is who did something, as CloudTrail has it.
type Identity struct{ Type, PrincipalID, ARN, AccountID, UserName, InvokedBy string }

// IdentityOf returns whom an ARN names. What is no ARN is the server itself, or whoever has a link.
func IdentityOf(tenant chime.Tenant, arn string) Identity {
	account := tenant.String()
	resource, isIAM := strings.CutPrefix(arn, "arn:aws:iam::"+account+":")
	user, isUser := strings.CutPrefix(resource, "user/")
	switch {
	case arn == "":
		return Identity{Type: "Unknown"}
	case !isIAM:
		return Identity{Type: "AWSService", InvokedBy: arn}
	case isUser:
		return Identity{Type: "IAMUser", PrincipalID: user, ARN: arn, AccountID: account, UserName: user[strings.LastIndexByte(user, '/')+1:]}
	}
	return Identity{Type: "Root", PrincipalID: account, ARN: arn, AccountID: account}
}

// timeForm is how records show times.
const timeForm = "2006-01-02T15:04:05.000Z"

// AppendJSON appends the event as CloudTrail shows one (documented: administration guide, and CloudTrail's own).
func (e *Event) AppendJSON(dst []byte) ([]byte, error) {
	o := object{b: append(dst, '{')}
	o.string("eventVersion", "1.08")
	o.identity(IdentityOf(e.Tenant, e.ARN), e.AccessKey)
	o.string("eventTime", e.At.Format(timeForm))
	o.string("eventSource", e.Source())
	o.string("eventName", e.Name)
	o.string("awsRegion", "us-east-1")
	o.some("sourceIPAddress", e.address)
	o.some("userAgent", e.userAgent)
	o.some("errorCode", e.ErrorCode)
	o.some("errorMessage", e.errorMessage)
	var err error
	if !e.Work {
		err = e.appendCall(&o)
	} else {
		o.name("requestParameters")
		o.b = append(o.b, "null"...)
		o.name("responseElements")
		o.b = append(o.b, "null"...)
		o.name("serviceEventDetails")
		inner := object{b: append(o.b, '{')}
		for _, d := range e.details {
			inner.string(d.Name, d.Value)
		}
		o.b = append(inner.b, '}')
	}
	o.some("requestID", e.RequestID)
	o.string("eventID", e.ID.String())
	o.boolean("readOnly", e.ReadOnly)
	kind := "AwsApiCall"
	if e.Work {
		kind = "AwsServiceEvent"
	}
	o.string("eventType", kind)
	o.boolean("managementEvent", true)
	o.string("recipientAccountId", e.Tenant.String())
	return append(o.b, '}'), err
}

// Source says whose operation it is: that of Amazon's service, or of what that did not have.
func (e *Event) Source() string {
	if e.Extension || e.Work {
		return "carillon"
	}
	return "chime.amazonaws.com"
}

// appendCall appends what only calls have.
func (e *Event) appendCall(o *object) error {
	op := api.ByName(e.Name)
	var input, output *api.Structure // nil of an operation that is not known any more
	if op != nil {
		input, output = op.Input, op.Output
	}
	d := e.rest
	o.name("requestParameters")
	o.b = d.json(o.b, input, nil)
	o.name("responseElements")
	o.b = d.json(o.b, output, nil)
	o.name("additionalEventData")
	inner := object{b: append(o.b, '{')}
	inner.some("invocationId", e.invocation)
	inner.boolean("tls", e.secure)
	if e.unchanged {
		inner.boolean("directoryChanged", false)
	}
	o.b = append(inner.b, '}')
	return d.err
}

// decoder reads what encoder wrote. After an error it returns nothing but zeros.
type decoder struct {
	b       []byte
	at      time.Time
	account chime.ID
	depth   int
	err     error
}

func (d *decoder) take(n int) []byte {
	if d.err != nil || n < 0 || n > len(d.b) {
		d.err = errForm
		return make([]byte, min(max(n, 0), 1024))
	}
	taken := d.b[:n]
	d.b = d.b[n:]
	return taken
}

func (d *decoder) byte() byte { return d.take(1)[0] }

func (d *decoder) hash() uint16 { return binary.BigEndian.Uint16(d.take(2)) }

func (d *decoder) uvarint() uint64 {
	n, size := binary.Uvarint(d.b)
	if size <= 0 {
		d.err = errForm
		return 0
	}
	d.take(size)
	return n
}

func (d *decoder) varint() int64 {
	n, size := binary.Varint(d.b)
	if size <= 0 {
		d.err = errForm
		return 0
	}
	d.take(size)
	return n
}

func (d *decoder) text() string {
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		d.err = errForm
		return ""
	}
	return string(d.take(int(n)))
}

// address reads an IP address; nothing if there is none.
func (d *decoder) address() string {
	a, ok := netip.AddrFromSlice(d.take(int(min(d.uvarint(), 16))))
	if !ok {
		return ""
	}
	return a.String()
}

// plain reads a text with its tag.
func (d *decoder) plain() string {
	switch t := tag(d.byte()); t {
	case tagID:
		return chime.ID(d.take(16)).String()
	case tagAccount:
		return d.account.String()
	case tagHidden:
		return hiddenText
	case tagCutText:
		n := d.uvarint()
		return fmt.Sprintf("%s... (%d bytes)", d.text(), n)
	case tagText:
		return d.text()
	default:
		d.err = errForm
		return ""
	}
}

// maxDepth is deeper than any structure of the API.
const maxDepth = 16

// json appends the next value. It is a structure or a list of that form, or has that shape; each may be nil where it is not
// known any more.
func (d *decoder) json(dst []byte, s *api.Structure, shape *api.Shape) []byte {
	if d.depth++; d.depth > maxDepth || d.err != nil || len(d.b) == 0 {
		d.err = errForm
		return append(dst, "null"...)
	}
	defer func() { d.depth-- }()
	switch t := tag(d.b[0]); t {
	case tagInteger:
		d.take(1)
		return fmt.Appendf(dst, "%d", d.varint())
	case tagFalse:
		d.take(1)
		return append(dst, "false"...)
	case tagTrue:
		d.take(1)
		return append(dst, "true"...)
	case tagAbsent:
		d.take(1)
		return append(dst, "null"...)
	case tagTime:
		d.take(1)
		return appendString(dst, time.UnixMilli(stored(d.at)+d.varint()).UTC().Format(timeForm))
	case tagWord:
		d.take(1)
		return appendString(dst, word(shape, d.hash()))
	case tagList:
		d.take(1)
		return d.list(dst, shape)
	case tagStructure:
		d.take(1)
		if shape != nil && s == nil {
			s = shape.Struct
		}
		return d.structure(dst, s)
	default:
		return appendString(dst, d.plain())
	}
}

func (d *decoder) list(dst []byte, shape *api.Shape) []byte {
	var elem *api.Shape
	if shape != nil {
		elem = shape.Elem
	}
	n, shown := d.uvarint(), uint64(0)
	dst = append(dst, '[')
	for d.err == nil && len(d.b) > 0 && tag(d.b[0]) != tagAbsent {
		if shown > 0 {
			dst = append(dst, ',')
		}
		dst = d.json(dst, nil, elem)
		shown++
	}
	d.take(1)
	if shown < n {
		if shown > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, fmt.Sprintf("... (%d more)", n-shown))
	}
	return append(dst, ']')
}

func (d *decoder) structure(dst []byte, s *api.Structure) []byte {
	o := object{b: append(dst, '{')}
	for d.err == nil {
		h := d.hash()
		if h == 0 {
			break
		}
		name, shape := member(s, h)
		o.name(name)
		o.b = d.json(o.b, nil, shape)
	}
	return append(o.b, '}')
}

// member returns the member of a structure that has the hash, by the name that CloudTrail shows.
func member(s *api.Structure, hash uint16) (string, *api.Shape) {
	if s != nil {
		for i := range s.Fields {
			if f := &s.Fields[i]; nameHash(f.Name) == hash {
				return lowerCamel(f.Name), f.Shape
			}
		}
	}
	return fmt.Sprintf("member%04x", hash), nil
}

func word(s *api.Shape, hash uint16) string {
	if s != nil {
		for _, w := range s.Enum {
			if nameHash(w) == hash {
				return w
			}
		}
	}
	return fmt.Sprintf("word%04x", hash)
}

func lowerCamel(name string) string { return strings.ToLower(name[:1]) + name[1:] }
