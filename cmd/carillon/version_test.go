package main

import (
	"runtime/debug"
	"testing"
)

func TestVersion(t *testing.T) {
	t.Parallel()
	build := func(version string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: version}, Settings: settings}
	}
	commit := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef0123456789abcdef01234567"}
	modified := debug.BuildSetting{Key: "vcs.modified", Value: "true"}
	for _, c := range []struct {
		build *debug.BuildInfo
		want  string
	}{
		{nil, "devel"},
		{build(""), "devel"},
		{build("(devel)"), "devel"},
		{build("v1.2.3"), "v1.2.3"},
		{build("(devel)", commit), "devel (0123456789ab)"},
		{build("(devel)", commit, modified), "devel (0123456789ab, modified)"},
		{build("(devel)", modified), "devel"},
		{build("(devel)", debug.BuildSetting{Key: "vcs.revision", Value: "abc"}), "devel (abc)"},
	} {
		if got := version(c.build) + revision(c.build); got != c.want {
			t.Errorf("%v: %s, want %s", c.build, got, c.want)
		}
	}
}
