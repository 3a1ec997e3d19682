// Package sheet reads and writes tables as people have them: CSV as spreadsheets and directories write it, and JSON lines.
//
// A reader holds little more than a row in memory, and goes on after a row that it cannot read. A value that it reads is what
// the people meant: without the space around it, without what spreadsheets wrap around a value to keep it as it is, and
// without the mark that a [Writer] puts before a value that a spreadsheet would run as a formula.
package sheet

import "strings"

// formulas are the characters with which a spreadsheet's formula begins.
const formulas = "=+-@\t\r"

// guard puts an apostrophe before a value that a spreadsheet would take for a formula, or that looks as if it had been put
// there. A telephone number is left as it is.
func guard(s string) string {
	bare := strings.TrimLeft(s, "'")
	if bare == "" || strings.IndexByte(formulas, bare[0]) < 0 || len(bare) == len(s) && isE164(s) {
		return s
	}
	return "'" + s
}

// unguard is the inverse of guard.
func unguard(s string) string {
	if s == "" || s[0] != '\'' {
		return s
	}
	bare := strings.TrimLeft(s, "'")
	if bare == "" || strings.IndexByte(formulas, bare[0]) < 0 {
		return s
	}
	return s[1:]
}

// isE164 reports whether s is a plus and digits, which no spreadsheet runs.
func isE164(s string) bool {
	if len(s) < 2 || s[0] != '+' {
		return false
	}
	for _, c := range []byte(s[1:]) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// plain takes the space off a value, and the ="..." in which spreadsheets keep digits as they are.
func plain(s string) string {
	s = strings.TrimSpace(s)
	if len(s) >= 3 && s[0] == '=' && s[1] == '"' && s[len(s)-1] == '"' {
		s = strings.TrimSpace(strings.ReplaceAll(s[2:len(s)-1], `""`, `"`))
	}
	return unguard(s)
}
