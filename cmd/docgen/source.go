package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// function is a function or method of a package.
type function struct {
	receiver string // its type, empty for a function
	name     string
	doc      string // as one line
	body     *ast.BlockStmt
}

// fullName is Account.Suspend, or NewAccount.
func (f *function) fullName() string {
	if f.receiver == "" {
		return f.name
	}
	return f.receiver + "." + f.name
}

var mark = regexp.MustCompile(`\b(documented|observed|probed|inferred|decided)\b`)

// marks are the words by which a comment says what a rule rests on, in the order from firm to free.
func (f *function) marks() []string {
	found := mark.FindAllString(f.doc, -1)
	return slices.DeleteFunc([]string{"documented", "observed", "probed", "inferred", "decided"}, func(m string) bool { return !slices.Contains(found, m) })
}

// source is what a package has of functions.
type source struct{ functions []*function }

// parse reads the package in a folder, but for its tests.
func parse(folder string) (*source, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	var s source
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range file.Decls {
			if d, ok := d.(*ast.FuncDecl); ok {
				s.functions = append(s.functions, &function{receiverOf(d), d.Name.Name, strings.Join(strings.Fields(d.Doc.Text()), " "), d.Body})
			}
		}
	}
	if len(s.functions) == 0 {
		return nil, fmt.Errorf("%s has no functions", folder)
	}
	return &s, nil
}

func receiverOf(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	switch t := d.Recv.List[0].Type.(type) {
	case *ast.StarExpr:
		return fmt.Sprint(t.X)
	default:
		return fmt.Sprint(t)
	}
}

// method returns the function of that name, nil if there is none.
func (s *source) method(receiver, name string) *function {
	for _, f := range s.functions {
		if f.receiver == receiver && f.name == name {
			return f
		}
	}
	return nil
}

// call is a call in a function's body: on.name(...), or name(...).
type call struct{ on, name string }

// calls are all calls in a body. Of what they are on, the last word counts: Tx for c.Tx.User(...).
func calls(body *ast.BlockStmt) (all []call) {
	ast.Inspect(body, func(n ast.Node) bool {
		c, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		switch f := c.Fun.(type) {
		case *ast.Ident:
			all = append(all, call{"", f.Name})
		case *ast.SelectorExpr:
			switch x := f.X.(type) {
			case *ast.Ident:
				all = append(all, call{x.Name, f.Sel.Name})
			case *ast.SelectorExpr:
				all = append(all, call{x.Sel.Name, f.Sel.Name})
			}
		}
		return true
	})
	return all
}

// types are what the house calls variables of types that share the name of a method.
var types = map[string]string{"a": "Account", "account": "Account", "u": "User", "user": "User", "User": "User"}

// meant returns the function of the package that a call means, nil if it means none. It goes by names, which suffices where
// they are used in one way.
func (s *source) meant(c call) *function {
	var found []*function
	for _, f := range s.functions {
		if f.name == c.name {
			found = append(found, f)
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	return s.method(types[c.on], c.name)
}

// rulesOf returns the rules with a mark that an operation leads to, through helpers of either package, by name.
func rulesOf(operation *function, operations, rules *source) []*function {
	seen := map[*function]bool{operation: true}
	var found []*function
	var walk func(f *function, in *source)
	visit := func(f *function, in *source) {
		if f == nil || seen[f] {
			return
		}
		seen[f] = true
		if in == rules && len(f.marks()) > 0 {
			found = append(found, f)
		}
		walk(f, in)
	}
	walk = func(f *function, in *source) {
		for _, c := range calls(f.body) {
			switch exported := ast.IsExported(c.name); {
			case c.on == "Tx": // the store's
			case exported || in == rules:
				visit(rules.meant(c), rules)
			default:
				visit(operations.meant(c), operations)
			}
		}
	}
	walk(operation, operations)
	slices.SortFunc(found, func(a, b *function) int { return strings.Compare(a.fullName(), b.fullName()) })
	return found
}
