package sheet

import (
	"bufio"
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Writer writes a table. A value is a string, a bool, an int or a list of strings.
type Writer struct {
	csv    *csv.Writer   // nil for JSON lines
	out    *bufio.Writer // nil for CSV
	record []string
	line   []byte
}

// NewCSV returns a writer of CSV, which begins with the names of the columns.
func NewCSV(out io.Writer, separator byte, columns []string) *Writer {
	w := csv.NewWriter(out)
	w.Comma = rune(separator)
	_ = w.Write(columns) // Flush returns the error
	return &Writer{csv: w, record: make([]string, 0, len(columns))}
}

// NewJSONLines returns a writer of JSON lines: an object for each row, without the members that are empty.
func NewJSONLines(out io.Writer) *Writer {
	return &Writer{out: bufio.NewWriter(out)}
}

// Write writes a row: the values of the columns, which are those of the table where that is CSV.
func (w *Writer) Write(columns []string, values ...any) error {
	if w.csv == nil {
		return w.writeObject(columns, values)
	}
	w.record = w.record[:0]
	for _, v := range values {
		w.record = append(w.record, guard(text(v)))
	}
	return w.csv.Write(w.record)
}

func text(v any) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case int:
		return strconv.Itoa(v)
	case []string:
		return strings.Join(v, " ")
	}
	return v.(string)
}

func (w *Writer) writeObject(columns []string, values []any) error {
	w.line = append(w.line[:0], '{')
	for i, v := range values {
		if text(v) == "" {
			continue
		}
		if len(w.line) > 1 {
			w.line = append(w.line, ',')
		}
		w.line = append(quote(w.line, columns[i]), ':')
		switch v := v.(type) {
		case bool, int:
			w.line = append(w.line, text(v)...)
		case []string:
			w.line = append(w.line, '[')
			for i, s := range v {
				if i > 0 {
					w.line = append(w.line, ',')
				}
				w.line = quote(w.line, s)
			}
			w.line = append(w.line, ']')
		default:
			w.line = quote(w.line, text(v))
		}
	}
	_, err := w.out.Write(append(w.line, "}\n"...))
	return err
}

// quote appends a text as JSON. What is no UTF-8 in it is replaced, which is all that its error says.
func quote(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

// Flush writes what is still in memory and returns the first error there was.
func (w *Writer) Flush() error {
	if w.csv == nil {
		return w.out.Flush()
	}
	w.csv.Flush()
	return w.csv.Error()
}
