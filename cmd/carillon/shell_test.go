package main

import (
	"os/exec"
	"strings"
	"testing"
)

// words are hard to quote for one shell or another.
var hardWords = []string{
	"plain-word_1.txt", "", " ", "two words", "it's", `"double"`, `back\slash`, `ends in \`, `\'`, "$HOME", "$(id)", "`id`",
	"a;b&c|d", "star*?[x]", "~", "-flag", "#", "!", "tab\there", "new\nline", "Ünïcode ☎", "‘typographic’ ‚quotes‛", "%s%n", "{a,b}",
}

func TestQuoteInRealShells(t *testing.T) {
	t.Parallel()
	for name, line := range map[string][]string{
		"sh":   {"sh", "-c"},
		"bash": {"bash", "-c"},
		"zsh":  {"zsh", "-f", "-c"},
		"fish": {"fish", "--no-config", "-c"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(line[0]); err != nil {
				t.Skip(err)
			}
			script := "printf '%s\\0'"
			for _, w := range hardWords {
				script += " " + shells()[name].quote(w)
			}
			out, err := exec.Command(line[0], append(line[1:], script)...).Output()
			if err != nil {
				t.Fatal(err)
			}
			if got, want := string(out), strings.Join(hardWords, "\x00")+"\x00"; got != want {
				t.Errorf("the shell read %q, want %q", got, want)
			}
		})
	}
}

func TestQuotePowerShell(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"plain": "'plain'", "": "''", "it's": "'it''s'", `$env:X "q"`: `'$env:X "q"'`, "‘a’ ‚b‛": "'‘‘a’’ ‚‚b‛‛'",
	} {
		if got := quotePowerShell(word); got != want {
			t.Errorf("quotePowerShell(%q) = %s, want %s", word, got, want)
		}
	}
}

func TestHints(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"sh": {
			`eval "$('/opt/my programs/carillon' env --data /data)"`,
			`A=$('/opt/my programs/carillon' call CreateAccount Name=Demo --query Account.AccountId --data /data)`,
			`'/opt/my programs/carillon' call CreateUser AccountId=$A Email=jane@example.com --data /data`,
			`--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"`,
			`--data '{"Email":"jim@example.com"}'`,
		},
		"fish": {
			`'/opt/my programs/carillon' env --data /data | source`,
			`set A ('/opt/my programs/carillon' call CreateAccount Name=Demo --query Account.AccountId --data /data)`,
			`--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"`,
		},
		"powershell": {
			`& '/opt/my programs/carillon' env --data '/data' | Out-String | Invoke-Expression`,
			`$A = & '/opt/my programs/carillon' call CreateAccount Name=Demo --query Account.AccountId --data '/data'`,
			`'{"Email":"jim@example.com"}' | curl.exe `,
			`--user "$($env:AWS_ACCESS_KEY_ID):$($env:AWS_SECRET_ACCESS_KEY)"`,
		},
	} {
		var b strings.Builder
		printHints(&b, command{program: "/opt/my programs/carillon", data: "/data", shell: shells()[name]}, running{URL: "http://127.0.0.1:24463"})
		for _, line := range want {
			if !strings.Contains(b.String(), line) {
				t.Errorf("%s: %s\nis not in\n%s", name, line, b.String())
			}
		}
	}
}

func TestLineOfGoRun(t *testing.T) {
	t.Parallel()
	for name, sh := range shells() {
		if got, want := (command{shell: sh}).line("serve"), "go run ./cmd/carillon serve"; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestGuessShell(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ env, want string }{
		{"SHELL=/usr/bin/fish", "set -e X"},
		{"SHELL=/bin/zsh", "unset X"},
		{`SHELL=C:\Program Files\Git\usr\bin\bash.exe`, "unset X"},
		{"SHELL=/bin/tcsh", "unset X"},
		{"PSModulePath=x", "Remove-Item Env:X -ErrorAction SilentlyContinue"},
	} {
		if got := guessShell(environment(c.env)).unset("X"); got != c.want {
			t.Errorf("%s: %s, want %s", c.env, got, c.want)
		}
	}
}
