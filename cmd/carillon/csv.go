package main

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/carillon-server/carillon/api"
)

const (
	maxImport      = 5000      // numbers of a request
	maxImportBytes = 900 << 10 // of a request's body, of which the server takes a mebibyte
	rowBytes       = 128       // of a number in the body, without its values
)

// importColumns are the columns of a file of numbers, in their order where no row names them.
var importColumns = []string{"number", "country", "type", "city", "state", "product types"}

// batch is the numbers of a request.
type batch struct {
	rows   []api.ImportPhoneNumber
	lines  []int // of the file
	offset int64 // how far the file was read
}

// rowReader reads a CSV file of numbers, as much of it at a time as a request takes.
type rowReader struct {
	csv     *csv.Reader
	columns []int // of the row, for each of importColumns; -1 if it has none
	begun   bool
}

func newRowReader(file io.Reader) *rowReader {
	r := csv.NewReader(file)
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	r.TrimLeadingSpace = true
	return &rowReader{csv: r, columns: []int{0, 1, 2, 3, 4, 5}}
}

// next returns the next batch, and io.EOF with the last one. Rows that are no rows are told to problem.
func (r *rowReader) next(problem func(line int, text string)) (b batch, err error) {
	for size := 0; len(b.rows) < maxImport && size < maxImportBytes; {
		record, err := r.csv.Read()
		var malformed *csv.ParseError
		if errors.As(err, &malformed) {
			problem(malformed.Line, malformed.Err.Error())
			continue
		}
		if err != nil {
			b.offset = r.csv.InputOffset()
			return b, err
		}
		line, _ := r.csv.FieldPos(0)
		if !r.begun {
			r.begun = true
			if isHeader(record) {
				if err := r.name(record); err != nil {
					return b, err
				}
				continue
			}
		}
		b.rows, b.lines = append(b.rows, r.number(record)), append(b.lines, line)
		size += rowBytes
		for _, field := range record {
			size += len(field)
		}
	}
	b.offset = r.csv.InputOffset()
	return b, nil
}

func isHeader(record []string) bool {
	return slices.ContainsFunc(record, func(s string) bool { return columnName(s) == importColumns[0] })
}

func columnName(s string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(strings.TrimSpace(s), "\ufeff"), "_", " "))
}

// name takes the columns from the row that names them.
func (r *rowReader) name(record []string) error {
	for i := range r.columns {
		r.columns[i] = -1
	}
	for at, s := range record {
		i := slices.Index(importColumns, columnName(s))
		if i < 0 {
			return usagef("the column %q is none of %s", s, strings.Join(importColumns, ", "))
		}
		r.columns[i] = at
	}
	for i, name := range importColumns[:3] {
		if r.columns[i] < 0 {
			return usagef("the column %q is missing", name)
		}
	}
	return nil
}

func (r *rowReader) number(record []string) api.ImportPhoneNumber {
	field := func(column int) string {
		if at := r.columns[column]; at >= 0 && at < len(record) {
			return strings.Clone(strings.TrimSpace(record[at])) // the record is one string, which would be kept whole
		}
		return ""
	}
	return api.ImportPhoneNumber{
		E164PhoneNumber: field(0), Country: field(1), Type: field(2), City: field(3), State: field(4),
		ProductTypes: strings.Fields(field(5)),
	}
}
