// Command packaging makes what is released of Carillon, in one folder: archives of static binaries, packages for Debian
// and for RPM, an image for containers, a bill of materials of each binary, and checksums of all of them.
//
//	cd packaging && go run . -version 0.1.0
//
// The same commit and the same Go make the same bytes, wherever the folder is. It is a module of its own, so that what
// packages are made with is no dependency of the server.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "packaging: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	version := flag.String("version", "0.0.0-devel", "the version, as in 0.1.0 or 0.1.0-rc.1")
	out := flag.String("out", "../dist", "the folder to make, or to empty")
	only := flag.String("targets", "", "only these, such as linux/amd64,darwin/arm64")
	flag.Parse()
	targets := allTargets
	if *only != "" {
		targets = nil
		for _, name := range strings.Split(*only, ",") {
			t, err := parseTarget(name)
			if err != nil {
				return err
			}
			targets = append(targets, t)
		}
	}
	source, err := filepath.Abs("..")
	if err != nil {
		return err
	}
	made, err := commitTime(ctx, source)
	if err != nil {
		return err
	}
	r := &release{source: source, out: *out, version: *version, made: made, targets: targets}
	if err := r.make(ctx); err != nil {
		return err
	}
	entries, err := os.ReadDir(*out)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return err
		}
		fmt.Printf("%10d  %s\n", info.Size(), e.Name())
	}
	return nil
}
