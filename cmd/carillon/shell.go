package main

import (
	"path"
	"regexp"
	"runtime"
	"strings"
)

// shell is how a command line interpreter writes what Carillon prints for it.
type shell struct {
	quote    func(string) string            // one word, whatever is in it
	export   func(name, word string) string // a variable for the programs that the shell starts
	unset    func(name string) string
	evaluate func(command string) string       // runs what a command prints
	assign   func(name, command string) string // a variable of what a command prints
	call     string                            // what has to stand before a quoted program
}

// shells are those that env knows, by name.
func shells() map[string]shell {
	posix := shell{
		quote:    quotePOSIX,
		export:   func(name, word string) string { return "export " + name + "=" + word },
		unset:    func(name string) string { return "unset " + name },
		evaluate: func(command string) string { return `eval "$(` + command + `)"` },
		assign:   func(name, command string) string { return name + "=$(" + command + ")" },
	}
	return map[string]shell{
		"sh":   posix,
		"bash": posix,
		"zsh":  posix,
		"fish": {
			quote:    quoteFish,
			export:   func(name, word string) string { return "set -gx " + name + " " + word },
			unset:    func(name string) string { return "set -e " + name },
			evaluate: func(command string) string { return command + " | source" },
			assign:   func(name, command string) string { return "set " + name + " (" + command + ")" },
		},
		"powershell": {
			quote:    quotePowerShell,
			export:   func(name, word string) string { return "$env:" + name + " = " + word },
			unset:    func(name string) string { return "Remove-Item Env:" + name + " -ErrorAction SilentlyContinue" },
			evaluate: func(command string) string { return command + " | Out-String | Invoke-Expression" },
			assign:   func(name, command string) string { return "$" + name + " = " + command },
			call:     "& ",
		},
	}
}

// guessShell returns the name of the shell that is likely in use. PowerShell does not say its name in SHELL; it has
// PSModulePath, which on Windows every program has.
func guessShell(env func(string) (string, bool)) string {
	name, _ := env("SHELL")
	name = strings.TrimSuffix(path.Base(strings.ReplaceAll(name, `\`, "/")), ".exe")
	if _, known := shells()[name]; known {
		return name
	}
	if _, powershell := env("PSModulePath"); powershell || runtime.GOOS == "windows" {
		return "powershell"
	}
	return "sh"
}

// plain words need no quotes in any of the shells.
var plain = regexp.MustCompile(`^[A-Za-z0-9_./:-]+$`)

func quotePOSIX(s string) string {
	if plain.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func quoteFish(s string) string {
	if plain.MatchString(s) {
		return s
	}
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}

// quotePowerShell quotes every word, since a bare one is a command. The typographic quotes end a string there as well.
func quotePowerShell(s string) string {
	return "'" + strings.NewReplacer("'", "''", "\u2018", "\u2018\u2018", "\u2019", "\u2019\u2019", "\u201a", "\u201a\u201a", "\u201b", "\u201b\u201b").Replace(s) + "'"
}
