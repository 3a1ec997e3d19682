package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth is how deep the objects and arrays of a body may be nested, the body itself included.
const maxDepth = 32

// Unmarshal reads the JSON object data, or nothing, into a new T, the structure that s describes, and returns the
// *T. It takes every member, wherever a request would carry it, and checks types only: the result may break the
// model's rules. Errors are of type *InvalidError.
func Unmarshal(s *Structure, data []byte) (any, error) {
	v := s.New()
	r := newReader(data)
	defer r.release()
	r.lax = true
	if _, err := r.body(s, v); err != nil {
		return nil, err
	}
	return v, nil
}

// decodeBody reads a request's body into v and checks every rule. The members seen are those bound already.
func decodeBody(s *Structure, v any, seen uint64, data []byte) error {
	if len(data) == 0 {
		if err := s.missing(seen); err != nil {
			return err
		}
		return nil
	}
	r := newReader(data)
	defer r.release()
	r.scope = bodyMembers
	found, err := r.body(s, v)
	if err == nil {
		err = s.missing(seen | found)
	}
	if err != nil {
		return err
	}
	return nil
}

// A reader reads one JSON text by the tables.
type reader struct {
	dec   jsontext.Decoder
	buf   bytes.Buffer
	data  []byte
	lax   bool  // types are checked, rules are not
	scope scope // other members are unknown
}

// readers are kept for the buffers in them.
var readers = sync.Pool{New: func() any { return new(reader) }}

func newReader(data []byte) *reader {
	r := readers.Get().(*reader)
	r.data = data
	r.buf = *bytes.NewBuffer(data)
	r.dec.Reset(&r.buf)
	return r
}

func (r *reader) release() {
	r.data = nil
	r.buf = bytes.Buffer{}
	r.dec.Reset(&r.buf) // lets go of data
	r.lax, r.scope = false, allMembers
	readers.Put(r)
}

// body reads the whole text and returns the members it has seen.
func (r *reader) body(s *Structure, v any) (seen uint64, err *InvalidError) {
	switch kind := r.dec.PeekKind(); kind {
	case '{':
		seen, err = r.object(s, v)
	case 0:
		if _, e := r.dec.ReadToken(); e != io.EOF {
			err = r.syntax(e)
		}
		return 0, err.orBody()
	default:
		return 0, &InvalidError{"the body", "must be a JSON object"}
	}
	if err != nil {
		return 0, err.orBody()
	}
	if _, e := r.dec.ReadToken(); e != io.EOF {
		return 0, &InvalidError{"the body", "must be one JSON object and nothing after it"}
	}
	return seen, nil
}

// orBody names the body where no member is at fault.
func (e *InvalidError) orBody() *InvalidError {
	if e != nil && e.Member == "" {
		e.Member = "the body"
	}
	return e
}

// object reads an object into v and returns the members it has seen.
func (r *reader) object(s *Structure, v any) (seen uint64, err *InvalidError) {
	if _, e := r.dec.ReadToken(); e != nil {
		return 0, r.syntax(e)
	}
	for r.dec.PeekKind() != '}' {
		raw, e := r.dec.ReadValue()
		if e != nil {
			return 0, r.nameSyntax(s, e)
		}
		f := s.field(unquote(raw))
		if f == nil || r.scope == bodyMembers && f.In != Body {
			if err := r.skip(); err != nil {
				return 0, err
			}
			continue
		}
		if r.dec.PeekKind() == 'n' {
			if _, e := r.dec.ReadToken(); e != nil {
				return 0, r.syntax(e).within(f.Name)
			}
			continue
		}
		if err := r.value(f, f.At(v)); err != nil {
			return 0, err.within(f.Name)
		}
		seen |= f.bit
	}
	if _, e := r.dec.ReadToken(); e != nil {
		return 0, r.syntax(e)
	}
	return seen, nil
}

// nested reads an object that is a member or an item into v.
func (r *reader) nested(s *Structure, v any) *InvalidError {
	if err := r.expect('{', "must be an object"); err != nil {
		return err
	}
	seen, err := r.object(s, v)
	if err == nil && !r.lax {
		err = s.missing(seen)
	}
	return err
}

// value reads the value of a member into the place p.
func (r *reader) value(f *Field, p any) *InvalidError {
	switch p := p.(type) {
	case *string:
		v, err := r.text(f.Shape)
		if err != nil {
			return err
		}
		*p = v
		if !r.lax {
			return invalid(f.refuse(v))
		}
	case **string:
		v, err := r.text(f.Shape)
		if err != nil {
			return err
		}
		*p = &v
		if !r.lax {
			return invalid(f.refuse(v))
		}
	case *int:
		return r.integer(f.Shape, p)
	case *bool:
		return r.boolean(p)
	case **bool:
		*p = new(bool)
		return r.boolean(*p)
	case *time.Time:
		return r.time(p)
	case *[]string:
		*p = []string{}
		return r.list(f.Shape, func() *InvalidError {
			v, err := r.text(f.Shape.Elem)
			if err != nil {
				return err
			}
			*p = append(*p, v)
			if r.lax {
				return nil
			}
			return invalid(f.Shape.Elem.refuse(v))
		})
	default:
		if f.Shape.Kind == KindStructure {
			v := f.Shape.Struct.New()
			f.Shape.Struct.store(p, v)
			return r.nested(f.Shape.Struct, v)
		}
		s := f.Shape.Elem.Struct
		s.empty(p)
		return r.list(f.Shape, func() *InvalidError { return r.nested(s, s.grow(p)) })
	}
	return nil
}

// invalid is the error for a reason, or nil if there is none.
func invalid(reason string) *InvalidError {
	if reason == "" {
		return nil
	}
	return &InvalidError{Reason: reason}
}

// expect returns an error with the reason if the next value is of another kind.
func (r *reader) expect(kind jsontext.Kind, reason string) *InvalidError {
	switch r.dec.PeekKind() {
	case kind:
		return nil
	case 0, '}', ']':
		_, e := r.dec.ReadToken()
		return r.syntax(e)
	default:
		return invalid(reason)
	}
}

// text reads a string. Values of an enum take no memory.
func (r *reader) text(s *Shape) (string, *InvalidError) {
	if err := r.expect('"', "must be a string"); err != nil {
		return "", err
	}
	raw, e := r.dec.ReadValue()
	if e != nil {
		return "", r.syntax(e)
	}
	b := unquote(raw)
	for _, v := range s.Enum {
		if v == string(b) {
			return v, nil
		}
	}
	return string(b), nil
}

// unquote returns the content of a valid JSON string, within raw where nothing is escaped.
func unquote(raw jsontext.Value) []byte {
	b := raw[1 : len(raw)-1]
	if bytes.IndexByte(b, '\\') >= 0 {
		b, _ = jsontext.AppendUnquote(nil, raw) // valid, since the decoder read it
	}
	return b
}

func (r *reader) integer(s *Shape, p *int) *InvalidError {
	if err := r.expect('0', "must be an integer"); err != nil {
		return err
	}
	raw, e := r.dec.ReadValue()
	if e != nil {
		return r.syntax(e)
	}
	n, reason := parseInteger(s, string(raw))
	if reason == "" && !r.lax {
		reason = s.refuseSize(n)
	}
	*p = n
	return invalid(reason)
}

func (r *reader) boolean(p *bool) *InvalidError {
	if r.dec.PeekKind() == 't' {
		*p = true
	} else if err := r.expect('f', "must be true or false"); err != nil {
		return err
	}
	if _, e := r.dec.ReadToken(); e != nil {
		return r.syntax(e)
	}
	return nil
}

func (r *reader) time(p *time.Time) *InvalidError {
	const reason = "must be a time, like " + timeForm
	if err := r.expect('"', reason); err != nil {
		return err
	}
	raw, e := r.dec.ReadValue()
	if e != nil {
		return r.syntax(e)
	}
	t, ok := parseTime(string(unquote(raw)))
	if !ok {
		return invalid(reason)
	}
	*p = t
	return nil
}

// list reads an array, each item by the function.
func (r *reader) list(s *Shape, item func() *InvalidError) *InvalidError {
	if err := r.expect('[', "must be a list"); err != nil {
		return err
	}
	if _, e := r.dec.ReadToken(); e != nil {
		return r.syntax(e)
	}
	n := 0
	for r.dec.PeekKind() != ']' {
		if !r.lax && n == s.Max && s.Max > 0 {
			return invalid(s.sizePhrase()) // without reading on: there may be many
		}
		if err := item(); err != nil {
			return err.within("[" + strconv.Itoa(n) + "]")
		}
		n++
	}
	if _, e := r.dec.ReadToken(); e != nil {
		return r.syntax(e)
	}
	if r.lax {
		return nil
	}
	return invalid(s.refuseSize(n))
}

// skip reads a value that nobody wants.
func (r *reader) skip() *InvalidError {
	outside := r.dec.StackDepth()
	for {
		if _, e := r.dec.ReadToken(); e != nil {
			return r.syntax(e)
		}
		switch depth := r.dec.StackDepth(); {
		case depth > maxDepth:
			return &InvalidError{"the body", fmt.Sprintf("must not be nested more than %d deep", maxDepth)}
		case depth <= outside:
			return nil
		}
	}
}

// syntax is the error for text that is not JSON. It repeats nothing of the text and counts its bytes from 0.
func (r *reader) syntax(e error) *InvalidError {
	var s *jsontext.SyntacticError
	switch {
	case errors.Is(e, io.ErrUnexpectedEOF), !errors.As(e, &s):
		return invalid("is not valid JSON: the text ends early")
	case errors.Is(e, jsontext.ErrDuplicateName):
		return invalid("is not valid JSON: a name is given twice")
	case !utf8.Valid(r.data):
		return invalid("must be valid UTF-8")
	default:
		return invalid(fmt.Sprintf("is not valid JSON at byte %d", s.ByteOffset))
	}
}

// nameSyntax is the error for a bad name within an object. A known name given twice is named.
func (r *reader) nameSyntax(s *Structure, e error) *InvalidError {
	var se *jsontext.SyntacticError
	if errors.Is(e, jsontext.ErrDuplicateName) && errors.As(e, &se) {
		if f := s.field([]byte(se.JSONPointer.LastToken())); f != nil {
			return &InvalidError{f.Name, "must be given once"}
		}
	}
	return r.syntax(e)
}
