package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// named takes the first row as the names of the columns.
func named(first []string) ([]string, bool, error) { return first, false, nil }

// read reads a whole table and shows each row as its line and values, or its line, column and problem.
func read(t *testing.T, in io.Reader) (columns []string, rows []string) {
	t.Helper()
	r, err := NewReader(in, named)
	if err != nil {
		return nil, []string{err.Error()}
	}
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return r.Columns(), rows
		}
		if err != nil {
			t.Fatal(err)
		}
		if row.Problem != "" {
			rows = append(rows, fmt.Sprintf("%d %s! %s", row.Line, row.Column, row.Problem))
			continue
		}
		rows = append(rows, fmt.Sprintf("%d %s", row.Line, strings.Join(row.Values, "|")))
	}
}

func TestReader(t *testing.T) {
	t.Parallel()
	const closes = "a quote is opened that nothing closes"
	for _, c := range []struct {
		name, text string
		columns    []string
		rows       []string
	}{
		{"commas", "a,b\n1,2\n3\n", []string{"a", "b"}, []string{"2 1|2", "3 3"}},
		{"no end of the last line", "a,b\n1,2", []string{"a", "b"}, []string{"2 1|2"}},
		{"semicolons, CRLF and a BOM", "\ufeffa;b\r\n1;\"2;3\"\r\n", []string{"a", "b"}, []string{"2 1|2;3"}},
		{"tabs", "a\tb\n1\t\n", []string{"a", "b"}, []string{"2 1|"}},
		{"a separator between quotes does not count", "\"x,y,z\";b\n1;2\n", []string{"x,y,z", "b"}, []string{"2 1|2"}},
		{"what Excel says of the separator", "sep=;\r\na;b,c,d\r\n1;2\r\n", []string{"a", "b,c,d"}, []string{"3 1|2"}},
		{"old Macs", "a,b\r1,2\r3,4", []string{"a", "b"}, []string{"2 1|2", "3 3|4"}},
		{"space", " a , b \n  1,\u00a02 \n", []string{"a", "b"}, []string{"2 1|2"}},
		{"empty lines and rows", "\n\na,b\n\n,\n1,2\n,,,\n \n\n", []string{"a", "b"}, []string{"6 1|2"}},
		{"quotes", "a,b\n\"1\"\"2\", \"3\n4\" ,\n5\" pipe,x\n", []string{"a", "b"}, []string{"2 1\"2|3\n4|", "4 5\" pipe|x"}},
		{"values kept as they are", "a,b\n=\"007\",\"=\"\"1,2\"\"\"\n", []string{"a", "b"}, []string{"2 007|1,2"}},
		{"formulas", "a,b,c,d\n'=1+1,''-x,+4930,'x\n", []string{"a", "b", "c", "d"}, []string{"2 =1+1|'-x|+4930|'x"}},
		{"behind a quote", "a,b\n\"1\"2,3\n4,5\n", []string{"a", "b"}, []string{"2 ! a quoted value goes on behind its quote; write a quote within as two", "3 4|5"}},
		{"a quote that is not closed", "a,b\n\"1,2\n3,4\n", []string{"a", "b"}, []string{"2 ! " + closes, "3 3|4"}},
		{"too many values", "a,b\n1,2,3\n1,2,,\n", []string{"a", "b"}, []string{"2 ! the row has 3 values for 2 columns", "3 1|2||"}},
		{"Latin-1", "a,b\n1,J\xfcrgen\n2,x\n", []string{"a", "b"}, []string{`2 b! is not in UTF-8; save the file as "CSV UTF-8"`, "3 2|x"}},
		{"a NUL", "a,b\n" + strings.Repeat("1,2\n", 200) + "1,\x00\n", []string{"a", "b"}, nil},
		{"JSON lines", "{\"a\":\"1\",\"b\":true}\n\n{\"c\":[\"x\",2],\"a\":null}\r\n{\"a\":{}}\nx\n{} {}\n", []string{"a", "b", "c"},
			[]string{"1 1|true", "3 ||x 2", "4 a! must be a text, a number, true, false or a list of these", "5 ! the line is not a JSON object", "6 ! there is more than one JSON object in the line"}},
		{"nothing", "", nil, []string{"the file is empty"}},
		{"blank", "\n \n", nil, []string{"the file is empty"}},
		{"UTF-16", "\xff\xfea\x00,\x00b\x00", nil, []string{`the file is in UTF-16, or no text at all; save it as "CSV UTF-8"`}},
		{"UTF-16 without a mark", "\x00a\x00,\x00b", nil, []string{`the file is in UTF-16, or no text at all; save it as "CSV UTF-8"`}},
		{"a workbook", "PK\x03\x04....", nil, []string{`the file is a workbook; save it as "CSV UTF-8"`}},
		{"a JSON array", " [{}]", nil, []string{"the file is a JSON array; JSON lines are wanted, an object in each line: jq -c '.[]'"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.rows == nil { // many rows of which the last counts
				_, rows := read(t, strings.NewReader(c.text))
				if got := rows[len(rows)-1]; got != "202 b! has a NUL character in it" {
					t.Errorf("the last row is %q", got)
				}
				return
			}
			for name, in := range map[string]io.Reader{"at once": strings.NewReader(c.text), "byte by byte": iotest.OneByteReader(strings.NewReader(c.text))} {
				columns, rows := read(t, in)
				if diff := cmp.Diff(c.columns, columns); diff != "" {
					t.Errorf("%s, columns (-want +got):\n%s", name, diff)
				}
				if diff := cmp.Diff(c.rows, rows); diff != "" {
					t.Errorf("%s, rows (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

// TestLongFile reads rows across all the borders of the buffer, and past what is too long.
func TestLongFile(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	file.WriteString("a,b\n")
	const rows = 20_000
	for i := range rows {
		switch {
		case i == 10_000:
			fmt.Fprintf(&file, "%d,%s\n", i, strings.Repeat("x", 3*maxRow))
		case i == 15_000:
			fmt.Fprintf(&file, "\"%d,y\n", i)
		case i > 15_000:
			fmt.Fprintf(&file, "%d,y\n", i) // no quote more
		case i%2 == 0:
			fmt.Fprintf(&file, "%d,\"two\nlines, or \"\"so\"\"\"\n", i)
		default:
			fmt.Fprintf(&file, "%d,y\n", i)
		}
	}
	r, err := NewReader(strings.NewReader(file.String()), named)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		row, err := r.Next()
		if err != nil {
			t.Fatalf("row %d: %v", i, err)
		}
		bad := i == 10_000 || i == 15_000
		if bad != (row.Problem != "") || !bad && row.Values[0] != fmt.Sprint(i) {
			t.Fatalf("row %d in line %d: %.40q, %s", i, row.Line, row.Values, row.Problem)
		}
		if i%2 == 0 && i < 10_000 && row.Values[1] != "two\nlines, or \"so\"" {
			t.Fatalf("row %d: %q", i, row.Values)
		}
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
	if r.Offset() != int64(file.Len()) {
		t.Errorf("Offset = %d at the end of %d bytes", r.Offset(), file.Len())
	}
	if len(r.buf) > 4*maxRow {
		t.Errorf("the buffer has grown to %d bytes", len(r.buf))
	}
}

func TestWriter(t *testing.T) {
	t.Parallel()
	write := func(w *Writer) {
		for _, row := range [][]any{{"plain", true, []string{"x", "y"}}, {"=1+1", false, []string{}}, {"<a>, \"b\"\nü", 7, "+49 30"}, {"'@x", "+4930", ""}} {
			if err := w.Write([]string{"a", "b", "c"}, row...); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	write(NewCSV(&b, ';', []string{"a", "b", "c"}))
	if diff := cmp.Diff("a;b;c\nplain;true;x y\n'=1+1;false;\n\"<a>, \"\"b\"\"\nü\";7;'+49 30\n''@x;+4930;\n", b.String()); diff != "" {
		t.Errorf("CSV (-want +got):\n%s", diff)
	}
	b.Reset()
	write(NewJSONLines(&b))
	if diff := cmp.Diff(`{"a":"plain","b":true,"c":["x","y"]}
{"a":"=1+1","b":false}
{"a":"<a>, \"b\"\nü","b":7,"c":"+49 30"}
{"a":"'@x","b":"+4930"}
`, b.String()); diff != "" {
		t.Errorf("JSON lines (-want +got):\n%s", diff)
	}
}

// FuzzRoundTrip reads what was written.
func FuzzRoundTrip(f *testing.F) {
	for _, s := range []string{"x", "=1+1", "'=1", "''-", "+49", "+49 x", "@a", "\"q\"", "a;b,c\td|e", "a\nb", "a\r\nb", "=\"x\"", "'", "sep=;", "{", "ü"} {
		f.Add(s, "y", byte(0))
		f.Add("y", s, byte(1))
	}
	f.Fuzz(func(t *testing.T, a, b string, separator byte) {
		a, b = strings.TrimSpace(a), strings.TrimSpace(b)
		if !utf8.ValidString(a) || !utf8.ValidString(b) || strings.Contains(a+b, "\x00") || a == "" || b == "" || len(a+b) > 1000 {
			t.Skip()
		}
		var file bytes.Buffer
		w := NewCSV(&file, separators[int(separator)%len(separators)], []string{"first", "second"})
		for range 2 {
			if err := w.Write(nil, a, b); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		text := file.String()
		r, err := NewReader(&file, named)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			row, err := r.Next()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{a, b}, row.Values); diff != "" || row.Problem != "" {
				t.Fatalf("%q is read as %q %s", text, row.Values, row.Problem)
			}
		}
	})
}

// FuzzReader reads anything without losing its way.
func FuzzReader(f *testing.F) {
	f.Add("a,b\n\"1,2\n3,4\"x\n\"\"\n")
	f.Add("{\"a\":1}\n[]\n")
	f.Add("sep=|\r\n\r\n=\"")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := NewReader(strings.NewReader(text), named)
		if err != nil {
			t.Skip()
		}
		for line := 0; ; {
			row, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if row.Line <= line {
				t.Fatalf("line %d after line %d", row.Line, line)
			}
			line = row.Line
		}
		if r.Offset() != int64(len(text)) {
			t.Fatalf("Offset = %d at the end of %d bytes", r.Offset(), len(text))
		}
	})
}
