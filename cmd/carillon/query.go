package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

var queryPattern = regexp.MustCompile(`^[A-Za-z0-9]+(\[(\d+|\*)\])?(\.[A-Za-z0-9]+(\[(\d+|\*)\])?)*$`)

// printAnswer prints an answer as indented JSON, or what the path finds in it: strings bare, a line each.
// A path is names with dots between, [0] for an item of a list and [*] for all of them.
func printAnswer(w io.Writer, body []byte, path string) error {
	if path == "" {
		var b bytes.Buffer
		if err := json.Indent(&b, body, "", "  "); err != nil {
			return fmt.Errorf("the answer is not JSON: %w", err)
		}
		b.WriteByte('\n')
		_, err := b.WriteTo(w)
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var answer any
	if err := d.Decode(&answer); err != nil {
		return fmt.Errorf("the answer is not JSON: %w", err)
	}
	found := []any{answer}
	for step := range strings.SplitSeq(strings.ReplaceAll(path, "[", ".["), ".") {
		found = follow(found, step)
	}
	if len(found) == 0 {
		return fmt.Errorf("the answer has nothing at %s", path)
	}
	for _, v := range found {
		if s, ok := v.(string); ok {
			fmt.Fprintln(w, s)
			continue
		}
		text, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			return err
		}
		fmt.Fprintln(w, string(text))
	}
	return nil
}

// follow takes one step of a path from each value: a name, [3] or [*].
func follow(from []any, step string) []any {
	var found []any
	for _, v := range from {
		if object, ok := v.(map[string]any); ok {
			if below, ok := object[step]; ok {
				found = append(found, below)
			}
			continue
		}
		list, ok := v.([]any)
		if !ok {
			continue
		}
		if step == "[*]" {
			found = append(found, list...)
		} else if i, err := strconv.Atoi(strings.Trim(step, "[]")); err == nil && i < len(list) {
			found = append(found, list[i])
		}
	}
	return found
}
