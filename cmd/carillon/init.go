package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/gate"
	"github.com/carillon-server/carillon/internal/store"
)

// initCall is a call of a file that --init names.
type initCall struct {
	line    int
	op      *api.Operation
	members any    // as they are written: strings may refer to answers of earlier calls
	as      string // the name of its answer, empty for none
}

// begun is a call that was made, as the installation notes it. A file that goes on with others than those that were made is
// refused.
type begun struct {
	Sum    string
	As     string `json:",omitempty"`
	Answer any    `json:",omitempty"` // of a call whose answer has a name, without what is sensitive
}

// begin makes the calls of the file that were not made yet.
func begin(ctx context.Context, path string, g *gate.Gate, db *store.DB, root chime.Caller) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("--init: %w", err)
	}
	calls, err := readCalls(data)
	if err != nil {
		return fmt.Errorf("--init %s: %w", path, err)
	}
	var made []begun
	note, err := db.Begun(ctx)
	if err == nil && note != nil {
		err = json.Unmarshal(note, &made)
	}
	if err != nil {
		return fmt.Errorf("read what this installation began with: %w", err)
	}
	answers := map[string]any{}
	for i, c := range calls {
		at := func(err error) error { return fmt.Errorf("--init %s: line %d: %s: %w", path, c.line, c.op.Name, err) }
		sum, err := c.sum(i)
		if err != nil {
			return at(err)
		}
		if i < len(made) {
			if made[i].Sum != sum {
				return at(errors.New("another call was made here when the data was new, and calls are made once; leave it as it was and put new ones at the end of the file, or begin anew with another folder"))
			}
			if c.as != "" {
				answers[c.as] = made[i].Answer
			}
			continue
		}
		answer, err := c.make(ctx, g, root, sum, answers)
		if err != nil {
			return at(err)
		}
		done := begun{Sum: sum, As: c.as}
		if c.as != "" {
			answers[c.as] = answer
			done.Answer = withoutSensitive(c.op.Output, answer)
		}
		made = append(made, done)
		if note, err = json.Marshal(made); err != nil {
			return at(err)
		}
		if err := db.NoteBegun(ctx, note); err != nil {
			return at(err)
		}
	}
	if len(made) > len(calls) {
		return fmt.Errorf("--init %s: the file has %d calls, and %d were made already: some are missing; put them back", path, len(calls), len(made))
	}
	return nil
}

// sum tells the call from others, and from the same one at another place.
func (c *initCall) sum(place int) (string, error) {
	text, err := json.Marshal([]any{place, c.op.Name, c.members})
	sum := sha256.Sum256(text)
	return base64.StdEncoding.EncodeToString(sum[:]), err
}

// make makes the call. The mark lets the server know it again if it was made and not noted, because the server was killed.
func (c *initCall) make(ctx context.Context, g *gate.Gate, root chime.Caller, sum string, answers map[string]any) (any, error) {
	members, err := resolve(c.members, answers)
	if err != nil {
		return nil, err
	}
	if err := checkNames(c.op.Name, c.op.Input, members); err != nil {
		return nil, err
	}
	text, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	in, err := c.op.ReadInput(text)
	if err != nil {
		return nil, err
	}
	mark := store.Mark([]byte(sum)[:len(store.Mark{})])
	out, err := g.Do(ctx, &gate.Request{Operation: c.op, Input: in, Caller: root, Mark: mark})
	if err != nil {
		return nil, err
	}
	var answer any
	return answer, parseJSON(string(api.Append(nil, c.op.Output, out)), &answer)
}

// readCalls reads a list of calls: - CreateAccount: {Name: Demo}, and as: demo beside it to name the answer.
func readCalls(data []byte) ([]*initCall, error) {
	var file yaml.Node
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, err
	}
	if file.Kind == 0 { // an empty file
		return nil, nil
	}
	list := file.Content[0]
	if list.Kind != yaml.SequenceNode {
		return nil, fmt.Errorf("line %d: the file must be a list of calls, such as - CreateAccount: {Name: Demo}", list.Line)
	}
	var calls []*initCall
	names := map[string]bool{}
	for _, node := range list.Content {
		c, err := readCall(node)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", node.Line, err)
		}
		if c.as != "" && names[c.as] {
			return nil, fmt.Errorf("line %d: an earlier answer is called %s already", node.Line, c.as)
		}
		names[c.as] = true
		calls = append(calls, c)
	}
	return calls, nil
}

func readCall(node *yaml.Node) (*initCall, error) {
	var fields map[string]any
	if err := node.Decode(&fields); err != nil {
		return nil, errors.New("a call must be the name of an operation and its members, such as CreateAccount: {Name: Demo}")
	}
	c := &initCall{line: node.Line}
	for name, value := range fields {
		if name == "as" {
			as, ok := value.(string)
			if !ok || !isAnswerName(as) {
				return nil, errors.New("as must be a name of letters, digits and underscores")
			}
			c.as = as
			continue
		}
		if c.op != nil {
			return nil, fmt.Errorf("%s and %s are two calls; put each into an item of its own", min(c.op.Name, name), max(c.op.Name, name))
		}
		if c.op = api.ByName(name); c.op == nil {
			return nil, unknownOperation(name)
		}
		if c.members = value; value == nil {
			c.members = map[string]any{}
		}
	}
	if c.op == nil {
		return nil, errors.New("there is no operation")
	}
	return c, nil
}

// reference is a part of an earlier answer: ${demo.Account.AccountId}. Most servers never need it.
var reference = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\$\{(\w+)((?:\.[A-Za-z0-9]+|\[\d+\])+)\}`)
})

// isAnswerName reports whether a reference could name an answer so.
func isAnswerName(s string) bool {
	found := reference().FindStringSubmatch("${" + s + ".X}")
	return found != nil && found[1] == s
}

// resolve puts what they refer to in the place of references. A string that is nothing but a reference becomes what that is:
// a list stays a list.
func resolve(v any, answers map[string]any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		resolved := map[string]any{}
		for name, member := range v {
			var err error
			if resolved[name], err = resolve(member, answers); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		return resolved, nil
	case []any:
		resolved := make([]any, len(v))
		for i, item := range v {
			var err error
			if resolved[i], err = resolve(item, answers); err != nil {
				return nil, err
			}
		}
		return resolved, nil
	case string:
		return resolveText(v, answers)
	}
	return v, nil
}

func resolveText(text string, answers map[string]any) (any, error) {
	var whole any
	var failed error
	replaced := reference().ReplaceAllStringFunc(text, func(ref string) string {
		parts := reference().FindStringSubmatch(ref)
		answer, ok := answers[parts[1]]
		if !ok {
			failed = errors.Join(failed, fmt.Errorf("no earlier call says as: %s", parts[1]))
			return ""
		}
		found := []any{answer}
		for step := range strings.SplitSeq(strings.ReplaceAll(parts[2][1:], "[", ".["), ".") {
			found = follow(found, step)
		}
		if len(found) == 0 {
			failed = errors.Join(failed, fmt.Errorf("the answer %s has nothing at %s", parts[1], parts[2][1:]))
			return ""
		}
		whole = found[0]
		return fmt.Sprint(found[0])
	})
	switch {
	case failed != nil:
		return nil, failed
	case reference().FindString(text) == text && text != "":
		return whole, nil
	}
	return replaced, nil
}

// checkNames refuses members that the operation does not have: a slip would go unnoticed otherwise.
func checkNames(owner string, s *api.Structure, v any) error {
	members, ok := v.(map[string]any)
	if !ok {
		return nil // its form is checked with the rest
	}
	for name, value := range members {
		f := findField(s, name)
		if f == nil {
			return unknownMember(owner, s, name)
		}
		items := []any{value}
		shape := f.Shape
		if shape.Kind == api.KindList {
			items, _ = value.([]any)
			shape = shape.Elem
		}
		if shape.Kind != api.KindStructure {
			continue
		}
		for _, item := range items {
			if err := checkNames(name, shape.Struct, item); err != nil {
				return err
			}
		}
	}
	return nil
}

// withoutSensitive returns an answer without the members that must not be kept in the open.
func withoutSensitive(s *api.Structure, v any) any {
	members, ok := v.(map[string]any)
	if !ok {
		return v
	}
	kept := map[string]any{}
	for name, value := range members {
		f := findField(s, name)
		switch {
		case f == nil || f.Shape.Sensitive:
			continue
		case f.Shape.Kind == api.KindStructure:
			value = withoutSensitive(f.Shape.Struct, value)
		case f.Shape.Kind == api.KindList && f.Shape.Elem.Sensitive:
			continue
		case f.Shape.Kind == api.KindList && f.Shape.Elem.Kind == api.KindStructure:
			items, _ := value.([]any)
			items = slices.Clone(items)
			for i := range items {
				items[i] = withoutSensitive(f.Shape.Elem.Struct, items[i])
			}
			value = items
		}
		kept[name] = value
	}
	return kept
}
