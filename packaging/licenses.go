package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// modules returns the folders of the modules that the server may be built of.
func (r *release) modules(ctx context.Context) (folders map[string]string, err error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-mod=readonly", "-m", "-f", "{{.Path}}\t{{.Dir}}", "all")
	cmd.Dir = r.source
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list the modules: %w", err)
	}
	folders = map[string]string{}
	for line := range strings.Lines(string(text)) {
		path, folder, _ := strings.Cut(strings.TrimSpace(line), "\t")
		folders[path] = folder
	}
	return folders, nil
}

// readLicenses collects the texts that the licenses of what is linked into the binary ask to be given along with it.
func (b *binary) readLicenses(ctx context.Context, folders map[string]string) error {
	var all bytes.Buffer
	fmt.Fprintf(&all, "The licenses of what is linked into this program.\n")
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return err
	}
	if err := appendLicenses(&all, "The Go standard library, "+runtime.Version(), strings.TrimSpace(string(root))); err != nil {
		return err
	}
	for _, m := range b.info.Deps {
		if err := appendLicenses(&all, m.Path+" "+m.Version, folders[m.Path]); err != nil {
			return err
		}
	}
	b.licenses = all.Bytes()
	return nil
}

func appendLicenses(all *bytes.Buffer, name, folder string) error {
	var files []string
	for _, pattern := range []string{"LICEN[CS]E*", "COPYING*", "NOTICE*"} {
		found, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			return err
		}
		files = append(files, found...)
	}
	slices.Sort(files)
	written := 0
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.IsDir() {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		fmt.Fprintf(all, "\n==== %s: %s\n\n%s\n", name, filepath.Base(file), bytes.TrimSpace(text))
		written++
	}
	if folder == "" || written == 0 {
		return fmt.Errorf("%s has no file with its license", name)
	}
	return nil
}
