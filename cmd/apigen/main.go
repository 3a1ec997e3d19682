// Command apigen writes the declarations of package api from the models in api/model.
//
// It is run by `go generate` in the folder of package api and takes no arguments. It writes types.gen.go
// (structures and enum constants), tables.gen.go (rules, members, operations, exceptions) and operations.gen.go
// (the interface). The same models always give the same bytes. A model it does not
// understand completely is refused, and nothing is written.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "apigen:", err)
		os.Exit(1)
	}
}

// run generates the declarations of the package in dir.
func run(dir string) error {
	files, err := generate(os.DirFS(dir))
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, f := range files {
		if err := root.WriteFile(f.name, f.text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
