package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// secret is part of bad values: no message may repeat it.
const secret = "hunter2"

// A violation is a raw JSON value that breaks a rule.
type violation struct {
	rule, value string
	at          string // where in the value, if not as a whole: [0]
}

// violations are values that break the rules of a shape, each in one way.
func violations(s *Shape, required bool) []violation {
	list := []violation{}
	add := func(rule, value string) { list = append(list, violation{rule: rule, value: value}) }
	switch s.Kind {
	case KindString:
		add("type", `{"a":"`+secret+`"}`)
		add("type", "1")
		add("NUL", `"`+secret+`\u0000"`)
		add("UTF-8", `"`+secret+"\xff\"")
		add("UTF-8", `"`+secret+`\ud800"`)
		add("JSON", `"`+secret+`\q"`)
		switch {
		case len(s.Enum) > 0:
			add("enum", `"`+secret+`"`)
			add("enum", `""`)
		case s.Pattern != nil:
			for _, v := range []string{"", " ", "\n", "ab\ncd", secret + "!", "!" + secret} {
				if !s.Pattern.Regexp.MatchString(v) {
					add("pattern", string(quoteJSON(v)))
				}
			}
		case required:
			add("empty", `""`)
		}
		if s.Max > 0 {
			add("max", `"`+strings.Repeat("a", s.Max+1)+`"`)
		}
		if s.Min > 1 {
			add("min", `"`+strings.Repeat("a", s.Min-1)+`"`)
		}
	case KindInteger:
		for _, v := range []string{`"` + secret + `"`, `"1"`, "true", "1.5", "1.0", "1e0", "{}"} {
			add("type", v)
		}
		if s.Min > 0 {
			add("min", fmt.Sprint(s.Min-1))
			add("min", "-0")
			add("min", "-99999999999999999999")
		}
		if s.Max > 0 {
			add("max", fmt.Sprint(s.Max+1))
			add("max", "99999999999999999999")
		}
	case KindBoolean:
		add("type", `"`+secret+`"`)
		add("type", `"true"`)
		add("type", "1")
	case KindList:
		add("type", `"`+secret+`"`)
		add("type", `{}`)
		list = append(list, violation{"type", `[null]`, "[0]"}, violation{"JSON", `[}`, "[0]"})
		if s.Min > 0 {
			add("min", "[]")
		}
	case KindStructure:
		add("type", `"`+secret+`"`)
		add("type", `[]`)
		add("type", "true")
	}
	return list
}

func quoteJSON(v string) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// TestViolations breaks every rule of every member of every input in turn, in a request that is otherwise valid and
// has every member, and expects an error that names the member.
func TestViolations(t *testing.T) {
	t.Parallel()
	each(t, AllOperations, func(op *Operation) string { return op.Name }, func(t *testing.T, op *Operation) {
		if len(op.Input.Fields) == 0 {
			return
		}
		in := rapid.Custom(func(t *rapid.T) any { return draw(t, op.Input, every) }).Example(1)
		r := op.NewRequest(in)
		route, err := Match(r.Method, r.Target)
		if err != nil {
			t.Fatal(err)
		}
		v := violator{T: t, op: op, route: route}
		if r.Body != nil {
			if err := json.Unmarshal(r.Body, &v.body); err != nil {
				t.Fatal(err)
			}
		}
		for i := range op.Input.Fields {
			f := &op.Input.Fields[i]
			switch f.In {
			case Path:
				v.path(f)
			case Query:
				v.query(f)
			case Body:
				v.member(f, f.Name, v.body)
			}
		}
		if v.count == 0 {
			t.Error("broke no rule")
		}
	})
}

type violator struct {
	*testing.T
	op    *Operation
	route Route
	body  map[string]any
	count int
}

// refused expects that the request is refused for the member, in words that hold no value.
func (v *violator) refused(member, what string, route Route, body []byte) {
	v.Helper()
	v.count++
	in, err := v.op.Decode(route, body)
	var invalid *InvalidError
	if !errors.As(err, &invalid) {
		v.Errorf("%s: %s: Decode(%v ?%s, %s) = %+v, %v, want an error", member, what, route.Labels, route.Query, body, in, err)
		return
	}
	if invalid.Member != member {
		v.Errorf("%s: %s: Decode(%v ?%s, %s): %v", member, what, route.Labels, route.Query, body, err)
	}
	if invalid.Reason == "" || strings.Contains(err.Error(), secret) {
		v.Errorf("%s: %s: bad message: %v", member, what, err)
	}
}

func (v *violator) path(f *Field) {
	for i := range v.op.labels {
		if v.op.labels[i] != f {
			continue
		}
		for _, bad := range violations(f.Shape, f.Required) {
			var value string
			if bad.rule != "pattern" && bad.rule != "empty" || json.Unmarshal([]byte(bad.value), &value) != nil {
				continue // what has no form in a path
			}
			route := v.route
			route.Labels = append([]string{}, v.route.Labels...)
			route.Labels[i] = value
			v.refused(f.Name, bad.rule, route, v.marshal())
		}
	}
}

func (v *violator) query(f *Field) {
	items, err := url.ParseQuery(v.route.Query)
	if err != nil {
		v.Fatal(err)
	}
	valid := items.Get(f.WireName)
	items.Del(f.WireName)
	others := items.Encode()
	try := func(rule, value string) {
		v.Helper()
		route := v.route
		route.Query = others + "&" + f.WireName + "=" + value
		v.refused(f.Name, rule, route, nil)
	}
	for _, bad := range violations(f.Shape, f.Required) {
		if f.Shape.Kind == KindInteger {
			if bad.rule != "type" || bad.value != `"1"` { // in a query, that is an integer
				try(bad.rule, url.QueryEscape(strings.Trim(bad.value, `"`)))
			}
			continue
		}
		var value string
		if bad.rule == "UTF-8" || json.Unmarshal([]byte(bad.value), &value) != nil {
			continue
		}
		try(bad.rule, url.QueryEscape(value))
	}
	if f.Shape.Kind == KindInteger {
		for _, value := range []string{"", "%201", "%2B1", "+1", "0x1", "1_0", "-", "--1", "\u0661"} {
			try("type", value)
		}
	} else {
		try("UTF-8", "%ff")
		try("UTF-8", "\xff")
	}
	try("encoding", "%")
	try("encoding", "%4")
	try("encoding", "%gg")
	try("repeated", url.QueryEscape(valid)+"&"+f.WireName+"="+url.QueryEscape(valid))
	if f.Required {
		route := v.route
		route.Query = others
		v.refused(f.Name, "missing", route, nil)
	}
}

// member breaks the rules of a member of an object in the body.
func (v *violator) member(f *Field, path string, object map[string]any) {
	valid, ok := object[f.Name]
	if !ok {
		v.Fatalf("%s is not in the body", path)
	}
	defer func() { object[f.Name] = valid }()
	for _, bad := range violations(f.Shape, f.Required) {
		object[f.Name] = placeholder
		v.replace(path, bad)
	}
	v.absent(f, path, object)
	object[f.Name] = valid
	v.repeated(f, path)
	v.inside(f.Shape, path, valid)
	if list, ok := valid.([]any); ok {
		if f.Shape.Max > 0 {
			for len(list) <= f.Shape.Max {
				list = append(list, list[0])
			}
			object[f.Name] = list
			v.refused(path, "max", v.route, v.marshal())
		}
	}
}

// inside breaks the rules of what a list or a structure holds.
func (v *violator) inside(s *Shape, path string, value any) {
	switch s.Kind {
	case KindStructure:
		for i := range s.Struct.Fields {
			f := &s.Struct.Fields[i]
			v.member(f, path+"."+f.Name, value.(map[string]any))
		}
	case KindList:
		list := value.([]any)
		last := len(list) - 1
		path = fmt.Sprintf("%s[%d]", path, last)
		valid := list[last]
		for _, bad := range violations(s.Elem, false) {
			list[last] = placeholder
			v.replace(path, bad)
		}
		list[last] = nil
		v.refused(path, "null", v.route, v.marshal())
		list[last] = valid
		v.inside(s.Elem, path, valid)
	}
}

// placeholder stands where a violation goes in.
const placeholder = "@@"

// replace puts a violation in the place of the placeholder.
func (v *violator) replace(path string, bad violation) {
	v.Helper()
	body := bytes.Replace(v.marshal(), []byte(`"`+placeholder+`"`), []byte(bad.value), 1)
	v.refused(path+bad.at, bad.rule, v.route, body)
}

// absent checks that a member that is missing or null is absent, which only a required one may not be.
func (v *violator) absent(f *Field, path string, object map[string]any) {
	delete(object, f.Name)
	missing := v.marshal()
	object[f.Name] = nil
	null := v.marshal()
	if f.Required {
		v.refused(path, "missing", v.route, missing)
		v.refused(path, "null", v.route, null)
		return
	}
	want, err := v.op.Decode(v.route, missing)
	if err != nil {
		v.Errorf("%s missing: %v", path, err)
		return
	}
	got, err := v.op.Decode(v.route, null)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		v.Errorf("%s null: %v %s", path, err, diff)
	}
}

// repeated gives a member twice.
func (v *violator) repeated(f *Field, path string) {
	name := []byte(`"` + f.Name + `":`)
	body := v.marshal()
	if bytes.Count(body, name) == 1 { // or it may be another structure's
		twice := append(append([]byte{}, name...), "null,"...)
		v.refused(path, "repeated", v.route, bytes.Replace(body, name, append(twice, name...), 1))
	}
}

func (v *violator) marshal() []byte {
	if v.body == nil {
		return nil
	}
	body, err := json.Marshal(v.body)
	if err != nil {
		v.Fatal(err)
	}
	return body
}
