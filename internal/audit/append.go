package audit

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
)

// encoder appends a record.
type encoder struct {
	b       []byte
	at      time.Time
	account chime.ID // of the record, zero before one was seen
}

// AppendContext appends what a call has in common with others: who made it, by what program.
func AppendContext(dst []byte, c *Call) []byte {
	e := encoder{b: append(dst, form)}
	e.text(c.Caller.ARN)
	e.text(c.Caller.AccessKeyID)
	e.text(cut(c.UserAgent, maxAgent))
	return e.b
}

// AppendCall appends the record of a call that is made at a time. The context is kept apart, unless it is given.
func AppendCall(dst []byte, c *Call, at time.Time, context []byte) []byte {
	flags := byte(0)
	name := "-"
	if op := c.Operation; op != nil {
		name = op.Name
		if op.ReadOnly {
			flags |= flagReadOnly
		}
		if op.Extension {
			flags |= flagExtension
		}
	}
	if c.Secure {
		flags |= flagSecure
	}
	if c.Unchanged {
		flags |= flagUnchanged
	}
	if c.ErrorCode != "" {
		flags |= flagError
	}
	if context != nil {
		flags |= flagOwnContext
	}
	start := len(dst)
	e := encoder{b: append(dst, form, flags), at: at}
	e.b = append(e.b, e.account[:]...) // it is filled in at the end
	e.text(name)
	e.b = binary.AppendVarint(e.b, stored(at))
	e.value(c.RequestID)
	e.value(c.InvocationID)
	e.bytes(c.Address.AsSlice())
	if c.ErrorCode != "" {
		e.text(c.ErrorCode)
		e.text(cut(maskAddresses(c.ErrorMessage), maxText))
	}
	if context != nil {
		e.bytes(context)
	}
	if c.Input == nil || c.Operation.Input == nil {
		e.tag(tagAbsent)
	} else {
		e.structure(c.Operation.Input, c.Input)
	}
	if c.Output == nil || c.Operation.Output == nil {
		e.tag(tagAbsent)
	} else {
		e.structure(c.Operation.Output, c.Output)
	}
	copy(e.b[start+accountAt:], e.account[:])
	return e.b
}

// AppendWork appends the record of work that is done at a time. Its context is empty.
func AppendWork(dst []byte, w *Work, at time.Time) []byte {
	e := encoder{b: append(dst, form, flagWork), at: at, account: w.Account}
	e.b = append(e.b, e.account[:]...)
	e.text(w.Name)
	e.b = binary.AppendVarint(e.b, stored(at))
	e.text(w.Agent)
	e.value(w.RequestID)
	e.bytes(w.Address.AsSlice())
	e.b = binary.AppendUvarint(e.b, uint64(len(w.Details)))
	for _, d := range w.Details {
		e.text(d.Name)
		e.value(d.Value)
	}
	return e.b
}

func (e *encoder) tag(t tag) { e.b = append(e.b, byte(t)) }

func (e *encoder) hash(s string) { e.b = binary.BigEndian.AppendUint16(e.b, nameHash(s)) }

func (e *encoder) bytes(b []byte) { e.b = append(binary.AppendUvarint(e.b, uint64(len(b))), b...) }

func (e *encoder) text(s string) { e.b = append(binary.AppendUvarint(e.b, uint64(len(s))), s...) }

// value appends a text with its tag.
func (e *encoder) value(s string) {
	if id, ok := parseID(s); ok {
		if id == e.account && id != (chime.ID{}) {
			e.tag(tagAccount)
			return
		}
		e.tag(tagID)
		e.b = append(e.b, id[:]...)
		return
	}
	if hiddenValue(s) {
		e.tag(tagHidden)
		return
	}
	if len(s) > maxText {
		e.tag(tagCutText)
		e.b = binary.AppendUvarint(e.b, uint64(len(s)))
		e.text(cut(s, maxText))
		return
	}
	e.tag(tagText)
	e.text(s)
}

// parseID reads an ID that is written as [chime.ID.String] does.
func parseID(s string) (id chime.ID, ok bool) {
	if len(s) != 36 {
		return id, false
	}
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'F' {
			return id, false
		}
	}
	return chime.ParseID(s)
}

// structure appends the members of a structure that are there, and a zero hash.
func (e *encoder) structure(s *api.Structure, v any) {
	e.tag(tagStructure)
	for i := range s.Fields {
		f := &s.Fields[i]
		start := len(e.b)
		e.hash(f.Name)
		after := len(e.b)
		e.member(f, f.At(v))
		if len(e.b) == after {
			e.b = e.b[:start]
		}
	}
	e.b = append(e.b, 0, 0)
}

// member appends the value at p, or nothing if it is absent.
func (e *encoder) member(f *api.Field, p any) {
	switch p := p.(type) {
	case *string:
		if *p != "" {
			e.string(f, *p)
		}
	case **string:
		if *p != nil {
			e.string(f, **p)
		}
	case *int:
		if *p != 0 {
			e.tag(tagInteger)
			e.b = binary.AppendVarint(e.b, int64(*p))
		}
	case *bool:
		e.boolean(*p)
	case **bool:
		if *p != nil {
			e.boolean(**p)
		}
	case *time.Time:
		if !p.IsZero() {
			e.tag(tagTime)
			e.b = binary.AppendVarint(e.b, stored(*p)-stored(e.at))
		}
	case *[]string:
		if *p == nil {
			return
		}
		if hidden(f) {
			e.tag(tagHidden)
			return
		}
		e.list(len(*p), func(i int) { e.word(f.Shape.Elem, (*p)[i]) })
	default:
		e.nested(f, p)
	}
}

func (e *encoder) boolean(b bool) {
	if b {
		e.tag(tagTrue)
	} else {
		e.tag(tagFalse)
	}
}

func (e *encoder) string(f *api.Field, s string) {
	if hidden(f) {
		e.tag(tagHidden)
		return
	}
	if f.Name == "AccountId" && e.account == (chime.ID{}) {
		e.account, _ = parseID(s)
	}
	e.word(f.Shape, s)
}

// word appends a text, by its hash where the shape knows it.
func (e *encoder) word(s *api.Shape, text string) {
	if len(s.Enum) > 0 && slices.Contains(s.Enum, text) {
		e.tag(tagWord)
		e.hash(text)
		return
	}
	e.value(text)
}

// nested appends the structure or the structures at p.
func (e *encoder) nested(f *api.Field, p any) {
	if f.Shape.Kind == api.KindStructure {
		if v := f.Shape.Struct.Load(p); v != nil {
			e.structure(f.Shape.Struct, v)
		}
		return
	}
	s := f.Shape.Elem.Struct
	if n := s.Len(p); n >= 0 {
		e.list(n, func(i int) { e.structure(s, s.Item(p, i)) })
	}
}

// list appends how many items there are, each with the tag in front, and a mark where it is cut: tagAbsent stands behind the
// last item.
func (e *encoder) list(n int, item func(i int)) {
	e.tag(tagList)
	e.b = binary.AppendUvarint(e.b, uint64(n))
	for i := range n {
		if i == maxItems || len(e.b) > maxBody {
			break
		}
		item(i)
	}
	e.tag(tagAbsent)
}
