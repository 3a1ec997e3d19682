// Command docgen writes the pages of docs that say what there is: docs/extensions.md from the tables of package api, and
// docs/compatibility.md from those and the doc comments of the operations and their rules.
//
// It is run by `go generate` in its own folder and takes no arguments. The same sources always give the same bytes. A built
// operation whose comment does not say what it rests on is refused, and nothing is written.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

//go:generate go run .

// root is the module's folder, seen from this one.
const root = "../.."

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "docgen:", err)
		os.Exit(1)
	}
}

func run() error {
	all, err := pages()
	if err != nil {
		return err
	}
	for name, text := range all {
		if err := os.WriteFile(filepath.Join(root, "docs", name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// pages writes the pages, by their names in docs.
func pages() (map[string][]byte, error) {
	operations, err := parse(filepath.Join(root, "internal", "ops"))
	if err != nil {
		return nil, err
	}
	rules, err := parse(filepath.Join(root, "internal", "chime"))
	if err != nil {
		return nil, err
	}
	compatibility, err := compatibility(operations, rules)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"extensions.md": extensions(), "compatibility.md": compatibility}, nil
}
