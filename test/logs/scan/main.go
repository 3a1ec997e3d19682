// Command scan looks through the logs that tests have kept in a folder, and fails if it finds a secret, a PIN, a token or an
// e-mail address, or fewer lines than there must be.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/carillon-server/carillon/test/logs"
)

func main() {
	least := flag.Int("least", 0, "how many `lines` there must be")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: scan [-least LINES] FOLDER")
		os.Exit(2)
	}
	files, err := filepath.Glob(filepath.Join(flag.Arg(0), "*.log"))
	total, bad := 0, 0
	for _, name := range files {
		found, lines, err := scan(name)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			bad++
		}
		for _, f := range found {
			fmt.Fprintf(os.Stderr, "%s:%d: %s\n", name, f.Line, f.Is)
			bad++
		}
		total += lines
	}
	switch {
	case err != nil || bad > 0:
		fmt.Fprintf(os.Stderr, "scan: %d lines of the logs have what must not be in a log\n", bad)
		os.Exit(1)
	case total < *least:
		fmt.Fprintf(os.Stderr, "scan: there are only %d lines in %d logs: they are not kept where they should be\n", total, len(files))
		os.Exit(1)
	}
	fmt.Printf("%d lines in %d logs, and nothing in them that must not be\n", total, len(files))
}

func scan(name string) ([]logs.Finding, int, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	defer file.Close()
	return logs.Scan(file)
}
