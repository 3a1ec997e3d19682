package sheet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// object reads a line that is a JSON object. Names that were not there before become columns.
func (r *Reader) object(line []byte) *Row {
	row := &Row{Line: r.line, Values: make([]string, len(r.columns))}
	text := strings.TrimSpace(string(line))
	r.take(len(line))
	var members map[string]any
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	if err := d.Decode(&members); err != nil || members == nil {
		row.Values, row.Problem = []string{text}, "the line is not a JSON object"
		return row
	}
	if d.More() {
		row.Values, row.Problem = []string{text}, "there is more than one JSON object in the line"
		return row
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		at, known := r.known[name]
		if !known {
			at = len(r.columns)
			r.known[name] = at
			r.columns = append(r.columns, name)
			row.Values = append(row.Values, "")
		}
		value, ok := scalar(members[name])
		if !ok {
			row.Problem, row.Column = "must be a text, a number, true, false or a list of these", name
		}
		row.Values[at] = value
	}
	return row
}

// scalar returns a JSON value as the text that a column of CSV has for it.
func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "", true
	case string:
		return strings.TrimSpace(v), true
	case []any:
		words := make([]string, len(v))
		for i, item := range v {
			if _, isList := item.([]any); isList {
				return "", false
			}
			word, ok := scalar(item)
			if !ok {
				return "", false
			}
			words[i] = word
		}
		return strings.Join(words, " "), true
	case map[string]any:
		return "", false
	}
	return fmt.Sprint(v), true
}
