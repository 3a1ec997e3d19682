package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	readSize = 64 << 10 // bytes that are read at a time
	// maxRow is the longest row, in bytes. A quote that is not closed would take the rest of the file otherwise.
	maxRow = 256 << 10

	separators = ",;\t|"
)

// Row is a row of a table.
type Row struct {
	Line   int      // where it begins, from 1
	Values []string // by column; those at the end may be missing

	Problem string // why it cannot be read; empty if it can
	Column  string // where the problem is; empty if it is the row as a whole
}

// Reader reads the rows of a table.
type Reader struct {
	in         io.Reader
	buf        []byte // what was read of it
	start, end int    // what of buf is to come
	eof        bool
	offset     int64
	line       int // of the next row

	json    bool
	comma   byte
	eol     byte
	columns []string
	known   map[string]int // where a column is, for JSON lines
	first   *Row           // a first row that is no header
}

// A Header looks at the first row of a CSV file and returns the names of the columns, and whether the row is one like the
// others, as it is in a file that does not name its columns.
type Header func(first []string) (columns []string, isRow bool, err error)

// NewReader returns a reader. It finds out by itself whether the table is CSV, and with which separator, or JSON lines. A
// table in another encoding than UTF-8, or of another kind, is an error that says what to do.
func NewReader(in io.Reader, header Header) (*Reader, error) {
	r := &Reader{in: in, buf: make([]byte, readSize), line: 1, eol: '\n', comma: ','}
	for !r.eof && r.end-r.start < readSize/2 {
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
	if err := r.recognize(); err != nil {
		return nil, err
	}
	if r.json {
		r.known = map[string]int{}
		return r, nil
	}
	r.separate()
	first, err := r.Next()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty")
	}
	if err != nil {
		return nil, err
	}
	if first.Problem != "" {
		return nil, fmt.Errorf("line %d: %s", first.Line, first.Problem)
	}
	columns, isRow, err := header(first.Values)
	if err != nil {
		return nil, err
	}
	r.columns = columns
	if isRow {
		r.first = first
	}
	return r, nil
}

// recognize tells what kind of file this is by its first bytes.
func (r *Reader) recognize() error {
	head := r.buf[r.start:r.end]
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")), bytes.IndexByte(head[:min(len(head), 512)], 0) >= 0:
		return errors.New(`the file is in UTF-16, or no text at all; save it as "CSV UTF-8"`)
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return errors.New(`the file is a workbook; save it as "CSV UTF-8"`)
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		r.start, r.offset = r.start+3, r.offset+3
		head = head[3:]
	}
	if text := bytes.TrimSpace(head); len(text) > 0 && text[0] == '{' {
		r.json = true
	} else if len(text) > 0 && text[0] == '[' {
		return errors.New("the file is a JSON array; JSON lines are wanted, an object in each line: jq -c '.[]'")
	}
	if bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0 {
		r.eol = '\r' // as on old Macs
	}
	return nil
}

// separate finds the separator: what Excel says in a line of its own, or the one that the first line has most of.
func (r *Reader) separate() {
	for r.start < r.end && bytes.IndexByte([]byte("\r\n "), r.buf[r.start]) >= 0 {
		r.take(1)
	}
	line := r.buf[r.start:r.end]
	if i := bytes.IndexByte(line, r.eol); i >= 0 {
		line = line[:i]
	}
	if s := bytes.TrimRight(line, "\r"); len(s) == 5 && bytes.EqualFold(s[:4], []byte("sep=")) && strings.IndexByte(separators, s[4]) >= 0 {
		r.comma = s[4]
		r.take(min(len(line)+1, r.end-r.start))
		return
	}
	quoted, most := false, 0
	count := map[byte]int{}
	for _, c := range line {
		switch {
		case c == '"':
			quoted = !quoted
		case !quoted:
			count[c]++
		}
	}
	for _, c := range []byte(separators) {
		if count[c] > most {
			r.comma, most = c, count[c]
		}
	}
}

// Columns returns the names of the columns. With JSON lines there may be more after each row.
func (r *Reader) Columns() []string { return r.columns }

// IsJSON reports whether the table is JSON lines.
func (r *Reader) IsJSON() bool { return r.json }

// Separator returns what separates the values of CSV: a comma for JSON lines.
func (r *Reader) Separator() byte { return r.comma }

// Offset returns how many bytes the rows so far had.
func (r *Reader) Offset() int64 { return r.offset }

// Next returns the next row that is not empty, or io.EOF. What cannot be read is a row with a Problem.
func (r *Reader) Next() (*Row, error) {
	if first := r.first; first != nil {
		r.first = nil
		return first, nil
	}
	for {
		line, err := r.whole()
		if err != nil {
			return nil, err
		}
		var row *Row
		switch {
		case line == nil:
			row = &Row{Line: r.line, Values: []string{string(r.buf[r.start:r.end])}, Problem: fmt.Sprintf("the line is longer than %d KiB", maxRow>>10)}
			if err := r.skipLine(); err != nil {
				return nil, err
			}
		case len(bytes.TrimSpace(line)) == 0:
			r.take(len(line))
			continue
		case r.json:
			row = r.object(line)
		case bytes.IndexByte(line, '"') < 0:
			row = r.unquoted(line)
		default:
			if row, err = r.quoted(); err != nil {
				return nil, err
			}
		}
		if row.Problem != "" || r.check(row) {
			return row, nil
		}
	}
}

// check completes a row, and reports whether there is anything in it.
func (r *Reader) check(row *Row) bool {
	something := false
	for i, v := range row.Values {
		something = something || v != ""
		switch {
		case !utf8.ValidString(v):
			row.Problem = `is not in UTF-8; save the file as "CSV UTF-8"`
		case strings.IndexByte(v, 0) >= 0:
			row.Problem = "has a NUL character in it"
		default:
			continue
		}
		if i < len(r.columns) {
			row.Column = r.columns[i]
		}
	}
	if n := len(r.columns); n > 0 && len(row.Values) > n && row.Problem == "" {
		for _, v := range row.Values[n:] {
			if v != "" {
				row.Problem, row.Column = fmt.Sprintf("the row has %d values for %d columns", len(row.Values), n), ""
				break
			}
		}
	}
	return something
}

// fill reads more.
func (r *Reader) fill() error {
	if r.start > 0 {
		copy(r.buf, r.buf[r.start:r.end])
		r.start, r.end = 0, r.end-r.start
	}
	if r.end == len(r.buf) {
		r.buf = append(r.buf, make([]byte, len(r.buf))...)
	}
	n, err := r.in.Read(r.buf[r.end:])
	r.end += n
	if errors.Is(err, io.EOF) {
		r.eof = true
		return nil
	}
	return err
}

// take goes past n bytes.
func (r *Reader) take(n int) {
	r.line += bytes.Count(r.buf[r.start:r.start+n], []byte{r.eol})
	r.start += n
	r.offset += int64(n)
}

// whole returns the next line with its end, without going past it; nil if it is too long, io.EOF if there is none.
func (r *Reader) whole() ([]byte, error) {
	for {
		if i := bytes.IndexByte(r.buf[r.start:r.end], r.eol); i >= 0 {
			return r.buf[r.start : r.start+i+1], nil
		}
		switch {
		case r.end-r.start > maxRow:
			return nil, nil
		case r.eof && r.start == r.end:
			return nil, io.EOF
		case r.eof:
			return r.buf[r.start:r.end], nil
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
}

// skipLine goes past a line that is too long.
func (r *Reader) skipLine() error {
	for {
		i := bytes.IndexByte(r.buf[r.start:r.end], r.eol)
		if i >= 0 {
			r.take(i + 1)
			return nil
		}
		r.take(r.end - r.start)
		if r.eof {
			return nil
		}
		if err := r.fill(); err != nil {
			return err
		}
	}
}

// unquoted reads a row of CSV in which nothing is quoted, and so is a line.
func (r *Reader) unquoted(line []byte) *Row {
	row := &Row{Line: r.line, Values: make([]string, 0, len(r.columns)+1)}
	text := strings.TrimRight(string(line), "\r\n")
	r.take(len(line))
	for {
		i := strings.IndexByte(text, r.comma)
		if i < 0 {
			row.Values = append(row.Values, plain(text))
			return row
		}
		row.Values = append(row.Values, plain(text[:i]))
		text = text[i+1:]
	}
}

// quoted reads a row of CSV in which something is quoted, and which may have several lines.
func (r *Reader) quoted() (*Row, error) {
	for {
		row := &Row{Line: r.line, Values: make([]string, 0, len(r.columns)+1)}
		rest := r.buf[r.start:r.end]
		at, problem := r.parse(rest, row)
		switch {
		case at < 0 && !r.eof && len(rest) <= maxRow:
			if err := r.fill(); err != nil {
				return nil, err
			}
			continue
		case at < 0: // take one line for it, so that the others are not lost
			if at = bytes.IndexByte(rest, r.eol) + 1; at == 0 {
				at = len(rest)
			}
			problem = "a quote is opened that nothing closes"
		}
		if problem != "" {
			row.Values, row.Problem = []string{strings.TrimRight(string(rest[:at]), "\r\n")}, problem
		}
		r.take(at)
		return row, nil
	}
}

// parse reads the values of a row at the beginning of b and returns where it ends, or -1 if that is not in b.
func (r *Reader) parse(b []byte, row *Row) (end int, problem string) {
	at := 0
	for {
		for at < len(b) && (b[at] == ' ' || b[at] == '\t' && r.comma != '\t') {
			at++
		}
		if bytes.HasPrefix(b[at:], []byte(`="`)) {
			at++
		}
		if at == len(b) || b[at] != '"' {
			stop := at
			for stop < len(b) && b[stop] != r.comma && b[stop] != r.eol {
				stop++
			}
			row.Values = append(row.Values, plain(string(b[at:stop])))
			at = stop
		} else {
			value, n := unquote(b[at:])
			if n < 0 {
				return -1, ""
			}
			row.Values = append(row.Values, plain(value))
			at += n
			for at < len(b) && (b[at] == ' ' || b[at] == '\r' && r.eol != '\r' || b[at] == '\t' && r.comma != '\t') {
				at++
			}
		}
		switch {
		case at == len(b) && r.eof:
			return at, ""
		case at == len(b):
			return -1, ""
		case b[at] == r.comma:
			at++
		case b[at] == r.eol:
			return at + 1, ""
		default:
			if i := bytes.IndexByte(b[at:], r.eol); i >= 0 {
				return at + i + 1, "a quoted value goes on behind its quote; write a quote within as two"
			}
			if !r.eof {
				return -1, ""
			}
			return len(b), "a quoted value goes on behind its quote; write a quote within as two"
		}
	}
}

// unquote reads a quoted value at the beginning of b and returns its length with the quotes, -1 if b ends before it.
func unquote(b []byte) (string, int) {
	var value []byte
	for at := 1; ; {
		i := bytes.IndexByte(b[at:], '"')
		if i < 0 {
			return "", -1
		}
		value = append(value, b[at:at+i]...)
		at += i + 1
		if at == len(b) || b[at] != '"' {
			return string(value), at
		}
		value = append(value, '"')
		at++
	}
}
