package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// released is the version of a released binary. The linker sets it; in every other build it is empty.
var released string

type versionCommand struct{}

// Run prints the version, where it was built from and with what.
func (versionCommand) Run(p *process) error {
	build, _ := debug.ReadBuildInfo()
	fmt.Fprintf(p.stdout, "carillon %s%s %s %s/%s\n", version(build), revision(build), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}

// version returns the version of a release, else the module's, or "devel" for a build of a working tree. build may be nil.
func version(build *debug.BuildInfo) string {
	if released != "" {
		return released
	}
	if build == nil || build.Main.Version == "" || build.Main.Version == "(devel)" {
		return "devel"
	}
	return build.Main.Version
}

// revision returns the commit that was built, in brackets with a space in front, or nothing if it is not known.
func revision(build *debug.BuildInfo) string {
	if build == nil {
		return ""
	}
	var commit, modified string
	for _, s := range build.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = ", modified"
		}
	}
	if commit == "" {
		return ""
	}
	return " (" + commit + modified + ")"
}
