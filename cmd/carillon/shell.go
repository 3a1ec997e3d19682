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
	run      func(program string) string       // the words that start a program whose path is a quoted word
	evaluate func(command string) string       // runs what a command prints
	assign   func(name, command string) string // a variable of what a command prints
	exported func(name string) string          // the value of such a variable, within double quotes
	curl     func(arguments, data string) string
}

// shells are those that env knows, by name.
func shells() map[string]shell {
	posix := shell{
		quote:    quotePOSIX,
		export:   func(name, word string) string { return "export " + name + "=" + word },
		unset:    func(name string) string { return "unset " + name },
		run:      func(program string) string { return program },
		evaluate: func(command string) string { return `eval "$(` + command + `)"` },
		assign:   func(name, command string) string { return name + "=$(" + command + ")" },
		exported: func(name string) string { return "$" + name },
		curl:     curlWithData,
	}
	return map[string]shell{
		"sh":   posix,
		"bash": posix,
		"zsh":  posix,
		"fish": {
			quote:    quoteFish,
			export:   func(name, word string) string { return "set -gx " + name + " " + word },
			unset:    func(name string) string { return "set -e " + name },
			run:      func(program string) string { return program },
			evaluate: func(command string) string { return command + " | source" },
			assign:   func(name, command string) string { return "set " + name + " (" + command + ")" },
			exported: func(name string) string { return "$" + name },
			curl:     curlWithData,
		},
		"powershell": {
			quote:    quotePowerShell,
			export:   func(name, word string) string { return "$env:" + name + " = " + word },
			unset:    func(name string) string { return "Remove-Item Env:" + name + " -ErrorAction SilentlyContinue" },
			run:      func(program string) string { return "& " + program }, // a quoted word alone is only a string
			evaluate: func(command string) string { return command + " | Out-String | Invoke-Expression" },
			assign:   func(name, command string) string { return "$" + name + " = " + command },
			exported: func(name string) string { return "$($env:" + name + ")" },
			// Editions of PowerShell differ in how they pass on the quotes in an argument, and curl may be an alias.
			curl: func(arguments, data string) string {
				return quotePowerShell(data) + " | curl.exe " + arguments + " --data '@-'"
			},
		},
	}
}

func curlWithData(arguments, data string) string {
	return "curl " + arguments + " --data " + quotePOSIX(data)
}

// guessShell returns the shell that is likely in use. PowerShell does not say its name in SHELL; it has
// PSModulePath, which on Windows every program has.
func guessShell(env func(string) (string, bool)) shell {
	name, _ := env("SHELL")
	name = strings.TrimSuffix(path.Base(strings.ReplaceAll(name, `\`, "/")), ".exe")
	if sh, known := shells()[name]; known {
		return sh
	}
	if _, powershell := env("PSModulePath"); powershell || runtime.GOOS == "windows" {
		return shells()["powershell"]
	}
	return shells()["sh"]
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
