package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// release is one run of this program.
type release struct {
	source  string    // the folder of the server's module
	out     string    // where everything goes
	version string    // without a v in front
	made    time.Time // stands in everything that bears a time
	targets []target
	env     []string // more variables for go build
}

var versionPattern = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$`)

// make makes everything, one thing after the other.
func (r *release) make(ctx context.Context) error {
	if !versionPattern.MatchString(r.version) {
		return fmt.Errorf("the version must be like 0.1.0 or 0.1.0-rc.1, not %q", r.version)
	}
	if err := errors.Join(os.RemoveAll(r.out), os.MkdirAll(r.out, 0o755)); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "carillon-packaging-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	modules, err := r.modules(ctx)
	if err != nil {
		return err
	}
	var linux []*binary
	for _, t := range r.targets {
		b, err := r.build(ctx, t, filepath.Join(work, t.os+"-"+t.arch))
		if err != nil {
			return err
		}
		if err := b.readLicenses(ctx, modules); err != nil {
			return err
		}
		if err := errors.Join(r.archive(b), r.billOfMaterials(b)); err != nil {
			return err
		}
		if t.os != "linux" {
			continue
		}
		linux = append(linux, b)
		if err := r.packages(b); err != nil {
			return err
		}
	}
	if len(linux) > 0 {
		if err := r.image(linux, work); err != nil {
			return err
		}
	}
	return r.checksums()
}

// name returns the path of a file of the release for a target.
func (r *release) name(t target, suffix string) string {
	return filepath.Join(r.out, fmt.Sprintf("carillon_%s_%s_%s%s", r.version, t.os, t.arch, suffix))
}

// checksums writes SHA256SUMS, which sha256sum --check reads.
func (r *release) checksums() error {
	entries, err := os.ReadDir(r.out) // in the order of their names
	if err != nil {
		return err
	}
	var sums bytes.Buffer
	for _, e := range entries {
		f, err := os.Open(filepath.Join(r.out, e.Name()))
		if err != nil {
			return err
		}
		h := sha256.New()
		_, err = io.Copy(h, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", h.Sum(nil), e.Name())
	}
	return os.WriteFile(filepath.Join(r.out, "SHA256SUMS"), sums.Bytes(), 0o644)
}

// commitTime returns when the commit was made that is packaged.
func commitTime(ctx context.Context, source string) (time.Time, error) {
	cmd := exec.CommandContext(ctx, "git", "log", "-1", "--format=%ct")
	cmd.Dir = source
	text, err := cmd.Output()
	if err != nil {
		return time.Time{}, fmt.Errorf("read the time of the commit: %w", err)
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return time.Unix(seconds, 0).UTC(), err
}
