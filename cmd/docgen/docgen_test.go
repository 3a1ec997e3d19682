package main

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/api"
)

func TestPagesAreUpToDate(t *testing.T) {
	t.Parallel()
	all, err := pages()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range all {
		got, err := os.ReadFile(filepath.Join(root, "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("docs/%s is out of date: run go generate ./cmd/docgen (-generated +file):\n%s", name, diff)
		}
	}
}

// TestReadmeCounts holds the README to the number of operations that are built.
func TestReadmeCounts(t *testing.T) {
	t.Parallel()
	all, err := pages()
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	count := regexp.MustCompile(`\d+ of the 62 operations are built`)
	if got, want := count.Find(readme), count.Find(all["compatibility.md"]); !bytes.Equal(got, want) {
		t.Errorf("the README says %q, want %q", got, want)
	}
}

// TestExamples decodes the arguments of every example, as the server would.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, op := range api.AllOperations {
		if !op.Extension {
			continue
		}
		in := map[string]any{}
		for _, arg := range example(op) {
			name, value, _ := strings.Cut(arg, "=")
			var v any = strings.Trim(value, "'")
			i := slices.IndexFunc(op.Input.Fields, func(f api.Field) bool { return f.Name == name })
			if i < 0 {
				t.Fatalf("the example of %s has a member %s", op.Name, name)
			}
			switch op.Input.Fields[i].Shape.Kind {
			case api.KindInteger:
				v = json.Number(value)
			case api.KindList:
				if item := v.(string); strings.HasPrefix(item, "{") {
					v = []json.RawMessage{json.RawMessage(item)}
				} else {
					v = strings.Split(value, ",")
				}
			}
			if s, ok := v.(string); ok && strings.HasPrefix(s, "$") {
				v = "x" // what the variable holds
			}
			in[name] = v
		}
		body, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		route, err := api.Match(op.Method, op.Path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := op.Decode(route, body); err != nil {
			t.Errorf("carillon call %s %s: %v", op.Name, strings.Join(example(op), " "), err)
		}
	}
}

// TestExtensionsAreDescribed finds extension operations, and members of their input, of which nobody says what they are for.
func TestExtensionsAreDescribed(t *testing.T) {
	t.Parallel()
	for _, op := range api.AllOperations {
		if !op.Extension {
			continue
		}
		if op.Doc == "" {
			t.Errorf("api/model/carillon.json does not say what %s does", op.Name)
		}
		for _, f := range op.Input.Fields {
			if f.Doc == "" {
				t.Errorf("api/model/carillon.json does not say what %s of %s means", f.Name, op.Name)
			}
		}
	}
}

func TestMarksAreRequired(t *testing.T) {
	t.Parallel()
	page := func(comment string) (string, error) {
		f := &function{receiver: "Call", name: "GetUser", doc: comment, body: &ast.BlockStmt{}}
		text, err := compatibility(&source{[]*function{f}}, &source{})
		return string(text), err
	}
	if _, err := page("GetUser returns a user."); err == nil || !strings.Contains(err.Error(), "GetUser must say what it rests on") {
		t.Errorf("an operation whose comment has no mark: %v", err)
	}
	text, err := page("GetUser returns a user (inferred).")
	if err != nil || !strings.Contains(text, "**1 of the 62 operations are built.**") || !strings.Contains(text, "| yes | 200 | NotFound | inferred |") {
		t.Errorf("one operation: %v\n%s", err, text)
	}
}

func TestRulesOfOperations(t *testing.T) {
	t.Parallel()
	operations, err := parse(filepath.Join(root, "internal", "ops"))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := parse(filepath.Join(root, "internal", "chime"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"GetUser":            nil,
		"UpdateAccount":      {"Account.Update"},
		"BatchUnsuspendUser": {"Account.CheckUnsuspend", "User.Unsuspend"},
		"UpdateUser":         {"Account.checkLicense", "AccountType.managed", "User.Update"},
	} {
		var got []string
		for _, r := range rulesOf(operations.method("Call", name), operations, rules) {
			got = append(got, r.fullName())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
