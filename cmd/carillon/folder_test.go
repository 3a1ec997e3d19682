package main

import (
	"net"
	"path/filepath"
	"runtime"
	"testing"
)

func TestPlatformFolder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, goos, want string
		env              []string
	}{
		{"XDG", "linux", "/x/data/carillon", []string{"XDG_DATA_HOME=/x/data", "HOME=/home/jane"}},
		{"a relative XDG path is ignored", "linux", "/home/jane/.local/share/carillon", []string{"XDG_DATA_HOME=data", "HOME=/home/jane"}},
		{"an empty XDG path is ignored", "linux", "/home/jane/.local/share/carillon", []string{"XDG_DATA_HOME=", "HOME=/home/jane"}},
		{"BSD", "freebsd", "/home/jane/.local/share/carillon", []string{"HOME=/home/jane"}},
		{"macOS", "darwin", "/Users/jane/Library/Application Support/Carillon", []string{"HOME=/Users/jane"}},
		{"Windows", "windows", `C:\Users\jane\AppData\Local/Carillon`, []string{`LocalAppData=C:\Users\jane\AppData\Local`}},
		{"no home", "linux", "", nil},
		{"no home on Windows", "windows", "", []string{"HOME=/home/jane"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if runtime.GOOS == "windows" || c.goos == "linux" && runtime.GOOS != "linux" {
				t.Skip("the paths are written for Linux")
			}
			if got := platformFolder(c.goos, environment(c.env...)); got != c.want {
				t.Errorf("platformFolder = %q, want %q", got, c.want)
			}
		})
	}
}

func TestDataFolder(t *testing.T) {
	t.Parallel()
	env := environment("XDG_DATA_HOME="+t.TempDir(), "HOME="+t.TempDir(), "LocalAppData="+t.TempDir())
	usual := defaultFolder(env)
	here, err := filepath.Abs("data")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		given, want string
		isDefault   bool
	}{
		{"", usual, true},
		{usual, usual, true},
		{"data", here, false},
	} {
		got, isDefault, err := (&globals{Data: c.given}).dataFolder(env)
		if got != c.want || isDefault != c.isDefault || err != nil {
			t.Errorf("dataFolder of %q = %q, %v, %v; want %q, %v", c.given, got, isDefault, err, c.want, c.isDefault)
		}
	}
	if got := defaultFolder(environment()); got != "carillon-data" {
		t.Errorf("without a home the data folder is %q, want carillon-data", got)
	}
}

func TestReachable(t *testing.T) {
	t.Parallel()
	for want, ip := range map[string]string{"127.0.0.1:80": "0.0.0.0", "192.0.2.1:80": "192.0.2.1", "[::1]:80": "::1"} {
		if got := reachable(&net.TCPAddr{IP: net.ParseIP(ip), Port: 80}); got != want {
			t.Errorf("reachable(%s) = %s, want %s", ip, got, want)
		}
	}
	if got := reachable(&net.TCPAddr{IP: net.IPv6unspecified, Port: 80}); got != "127.0.0.1:80" {
		t.Errorf("reachable(::) = %s", got)
	}
}
