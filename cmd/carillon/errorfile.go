package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/carillon-server/carillon/internal/sheet"
)

// problemColumns are behind the columns of a file of refused rows, and left out when that is imported.
var problemColumns = []string{"#line", "#column", "#reason"}

// errorFile holds the rows that were refused: as they were, in the form of the imported file, so that they can be mended and
// imported, and then where and why. The file is made with the first of them. Not for concurrent use.
type errorFile struct {
	path string // empty if there is none
	rows *sheet.Reader

	file  *os.File
	table *sheet.Writer
}

// errorPath returns where the refused rows of a file go if nobody says.
func errorPath(file string, rows *sheet.Reader) string {
	if file == "-" {
		return ""
	}
	ending := ".errors.csv"
	if rows.IsJSON() {
		ending = ".errors.jsonl"
	}
	return strings.TrimSuffix(file, filepath.Ext(file)) + ending
}

// clear moves what an earlier import left aside: somebody may have mended half of it.
func (f *errorFile) clear() error {
	if f.path == "" {
		return nil
	}
	if err := os.Rename(f.path, f.path+"~"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// add adds a row with the columns that the file has so far.
func (f *errorFile) add(names []string, r *sheet.Row, column, reason string) error {
	if f.path == "" {
		return nil
	}
	columns, values := f.named(names, r)
	columns, values = append(columns, problemColumns...), append(values, r.Line, column, reason)
	if f.file == nil {
		file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		f.file = file
		if f.rows.IsJSON() {
			f.table = sheet.NewJSONLines(file)
		} else {
			f.table = sheet.NewCSV(file, f.rows.Separator(), columns)
		}
	}
	return f.table.Write(columns, values...)
}

// named returns the columns and the values of a row, but for what an earlier import said of it.
func (f *errorFile) named(names []string, r *sheet.Row) (columns []string, values []any) {
	if f.rows.IsJSON() && r.Problem != "" && r.Column == "" {
		names = []string{"#text"} // it is no object
	}
	for at, name := range names {
		if slices.Contains(problemColumns, name) {
			continue
		}
		value := ""
		if at < len(r.Values) {
			value = r.Values[at]
		}
		columns, values = append(columns, name), append(values, value)
	}
	return columns, values
}

// flush writes what is in memory.
func (f *errorFile) flush() error {
	if f.file == nil {
		return nil
	}
	return f.table.Flush()
}

// close completes the file.
func (f *errorFile) close() error {
	if f.file == nil {
		return nil
	}
	return errors.Join(f.table.Flush(), f.file.Close())
}
