package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// SyntaxError says where a document is wrong, and what would be right there.
type SyntaxError struct {
	Line, Column int // from 1; columns count characters
	Message      string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// offsetError is a SyntaxError whose line nobody has counted yet.
type offsetError struct {
	at      int
	message string
}

func (e *offsetError) Error() string { return e.message }

// badPart is an error about a part of a value, before it is known where that stands.
type badPart string

func (e badPart) Error() string { return string(e) }

// node is a value in a document, and where it begins there.
type node struct {
	raw jsontext.Value
	at  int
}

func (n node) errorf(format string, args ...any) error {
	return &offsetError{n.at, fmt.Sprintf(format, args...)}
}

// readDocument reads the one value of a document. What is in it is then known to be well-formed, with no name given twice.
func readDocument(document []byte) (node, error) {
	d := jsontext.NewDecoder(bytes.NewReader(document))
	raw, err := d.ReadValue()
	if err != nil {
		return node{}, asOffset(err, len(document))
	}
	n := node{raw.Clone(), int(d.InputOffset()) - len(raw)}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return node{}, &offsetError{n.at + len(raw), "nothing may come after the policy"}
	}
	return n, nil
}

func asOffset(err error, end int) error {
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntax):
		return &offsetError{int(syntax.ByteOffset), fmt.Sprintf("%s is given twice", syntax.JSONPointer.LastToken())}
	case errors.Is(err, io.EOF):
		return &offsetError{0, "the policy is empty; it must be a JSON object with Version and Statement"}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &offsetError{end, "the policy ends too early; it must be a JSON object with Version and Statement"}
	case errors.As(err, &syntax):
		return &offsetError{int(syntax.ByteOffset), "this is not JSON: " + syntax.Err.Error()}
	}
	return &offsetError{0, "this is not JSON: " + err.Error()}
}

// decoder reads into the node, after its first token.
func (n node) decoder() *jsontext.Decoder {
	d := jsontext.NewDecoder(bytes.NewReader(n.raw))
	_, _ = d.ReadToken() // it was read before, as all that follows was
	return d
}

func (n node) next(d *jsontext.Decoder) node {
	raw, _ := d.ReadValue()
	return node{raw.Clone(), n.at + int(d.InputOffset()) - len(raw)}
}

// members shows fn the members of an object, in their order.
func (n node) members(fn func(name string, at node, v node) error) error {
	for d := n.decoder(); d.PeekKind() != '}'; {
		name := n.next(d)
		if err := fn(name.text(), name, n.next(d)); err != nil {
			return err
		}
	}
	return nil
}

// items shows fn the items of a list, or the value itself if it is none.
func (n node) items(fn func(node) error) error {
	if n.raw.Kind() != '[' {
		return fn(n)
	}
	for d := n.decoder(); d.PeekKind() != ']'; {
		if err := fn(n.next(d)); err != nil {
			return err
		}
	}
	return nil
}

// text returns a string as it is meant, and anything else as it is written.
func (n node) text() string {
	if n.raw.Kind() != '"' {
		return string(n.raw)
	}
	b, _ := jsontext.AppendUnquote(nil, n.raw) // which was read before
	return string(b)
}

// position counts the lines of a document up to a place in it.
func position(document []byte, at int) (line, column int) {
	before := document[:min(max(at, 0), len(document))]
	line = 1 + bytes.Count(before, []byte{'\n'})
	column = 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
	return line, column
}
