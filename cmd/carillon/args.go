package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/carillon-server/carillon/api"
)

// members turns the arguments of a call into a JSON object of the operation's members. An argument is Name=value,
// Name.Sub=value or a JSON object; file names a file with one, - is standard input. Later ones win, lists grow.
func members(op *api.Operation, args []string, file string, stdin io.Reader) ([]byte, error) {
	tree := map[string]any{}
	if file != "" {
		data, err := readJSON(file, stdin)
		if err != nil {
			return nil, usagef("--json: %v", err)
		}
		if err := parseJSON(string(data), &tree); err != nil {
			return nil, usagef("--json %s must be a JSON object: %v", file, err)
		}
	}
	for _, arg := range args {
		if strings.HasPrefix(strings.TrimSpace(arg), "{") {
			if err := parseJSON(arg, &tree); err != nil {
				return nil, usagef("%s is not a JSON object: %v", arg, err)
			}
			continue
		}
		name, value, ok := strings.Cut(arg, "=")
		if !ok {
			return nil, usagef("%q is neither Name=value nor a JSON object; see: carillon call %s --help", arg, op.Name)
		}
		if err := set(tree, op.Name, op.Input, strings.Split(name, "."), value); err != nil {
			return nil, err
		}
	}
	for name := range tree {
		if findField(op.Input, name) == nil {
			return nil, unknownMember(op.Name, op.Input, name)
		}
	}
	for _, f := range op.Input.Fields {
		if f.Required && tree[f.Name] == nil {
			return nil, usagef("%s is required; see: carillon call %s --help", f.Name, op.Name)
		}
	}
	return json.Marshal(tree)
}

func readJSON(file string, stdin io.Reader) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(file)
}

// set puts a value into the tree, as the kind that its member has. owner names the structure in messages.
func set(tree map[string]any, owner string, s *api.Structure, path []string, value string) error {
	f := findField(s, path[0])
	if f == nil {
		return unknownMember(owner, s, path[0])
	}
	if len(path) > 1 {
		if f.Shape.Kind != api.KindStructure {
			return usagef("%s has no members", f.Name)
		}
		below, ok := tree[f.Name].(map[string]any)
		if !ok {
			below = map[string]any{}
			tree[f.Name] = below
		}
		return set(below, owner+"."+f.Name, f.Shape.Struct, path[1:], value)
	}
	v, err := parseValue(f, value)
	if err != nil {
		return err
	}
	if more, ok := v.([]any); ok {
		earlier, _ := tree[f.Name].([]any)
		v = append(earlier, more...)
	}
	tree[f.Name] = v
	return nil
}

func parseValue(f *api.Field, value string) (any, error) {
	switch f.Shape.Kind {
	case api.KindInteger:
		if _, err := strconv.Atoi(value); err != nil {
			return nil, usagef("%s must be a whole number", f.Name)
		}
		return json.Number(value), nil
	case api.KindBoolean:
		b, err := strconv.ParseBool(value)
		if err != nil {
			return nil, usagef("%s must be true or false", f.Name)
		}
		return b, nil
	case api.KindStructure:
		return memberJSON(f, value)
	case api.KindList:
		return parseList(f, value)
	}
	return value, nil
}

// parseList reads a JSON array, one JSON object, or strings between commas.
func parseList(f *api.Field, value string) (any, error) {
	if trimmed := strings.TrimSpace(value); strings.HasPrefix(trimmed, "[") {
		return memberJSON(f, value)
	}
	if f.Shape.Elem.Kind == api.KindStructure {
		item, err := memberJSON(f, value)
		return []any{item}, err
	}
	list := []any{}
	for item := range strings.SplitSeq(value, ",") {
		list = append(list, item)
	}
	return list, nil
}

func memberJSON(f *api.Field, value string) (v any, err error) {
	if err := parseJSON(value, &v); err != nil {
		return nil, usagef("%s must be JSON: %v", f.Name, err)
	}
	return v, nil
}

// parseJSON reads one JSON value and keeps its numbers as they are written.
func parseJSON(text string, v any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	err := d.Decode(v)
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return fmt.Errorf("it is a JSON %s", wrong.Value)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it ends early")
	}
	if err == nil && d.More() {
		return errors.New("there is more after its end")
	}
	return err
}

func findField(s *api.Structure, name string) *api.Field {
	for i := range s.Fields {
		if s.Fields[i].Name == name {
			return &s.Fields[i]
		}
	}
	return nil
}

func unknownMember(owner string, s *api.Structure, name string) error {
	known := make([]string, len(s.Fields))
	for i := range s.Fields {
		known[i] = s.Fields[i].Name
	}
	if len(known) == 0 {
		return usagef("%s has no members", owner)
	}
	return usagef("%s has no member %s; it has %s%s", owner, name, strings.Join(known, ", "), didYouMean(name, known))
}
