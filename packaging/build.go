package main

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// target is an operating system and a processor, as Go names them.
type target struct{ os, arch string }

var allTargets = []target{
	{"linux", "amd64"}, {"linux", "arm64"},
	{"darwin", "amd64"}, {"darwin", "arm64"},
	{"windows", "amd64"}, {"windows", "arm64"},
}

func parseTarget(name string) (target, error) {
	system, arch, _ := strings.Cut(name, "/")
	if t := (target{system, arch}); slices.Contains(allTargets, t) {
		return t, nil
	}
	return target{}, fmt.Errorf("%s is no target; these are: %v", name, allTargets)
}

// binary is a built program.
type binary struct {
	target
	path     string
	info     *buildinfo.BuildInfo
	licenses []byte // of everything that is linked into it
}

const program = "github.com/carillon-server/carillon/cmd/carillon"

// build builds the program. Nothing of this machine gets into it: no C compiler takes part, and paths, the link's id and
// the state of the repository are left out.
func (r *release) build(ctx context.Context, t target, folder string) (*binary, error) {
	path := filepath.Join(folder, "carillon")
	if t.os == "windows" {
		path += ".exe"
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-mod=readonly",
		"-ldflags=-s -w -buildid= -X main.released=v"+r.version, "-o", path, program)
	cmd.Dir = r.source
	cmd.Stderr = os.Stderr
	cmd.Env = append(os.Environ(), "GOOS="+t.os, "GOARCH="+t.arch, "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOEXPERIMENT=",
		"GOAMD64=v1", "GOARM64=v8.0", "GOFIPS140=off")
	cmd.Env = append(cmd.Env, r.env...)
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("build for %s/%s: %w", t.os, t.arch, err)
	}
	info, err := buildinfo.ReadFile(path)
	return &binary{target: t, path: path, info: info}, err
}
