// Package internal holds what only this module may import. Its test keeps the arrows between the packages pointing
// one way.
package internal

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/carillon-server/carillon/"

// arrows says which of the module's packages a package may import. Packages that are not named may import anything: the
// program, and the tests that run it.
var arrows = map[string][]string{
	"api":                       {},
	"carillontest":              {"api", "internal/callout", "internal/chime", "internal/gate", "internal/hooks", "internal/httpd", "internal/jobs", "internal/letter", "internal/ops", "internal/pages", "internal/seal", "internal/server", "internal/store"},
	"internal/chime":            {},
	"internal/chime/chimetest":  {"internal/chime"},
	"internal/policy":           {},
	"internal/sigv4":            {},
	"internal/seal":             {},
	"internal/seal/sealtest":    {"internal/seal"},
	"internal/durable":          {},
	"internal/store":            {"internal/chime", "internal/durable", "internal/seal", "internal/store/pagecache", "internal/store/walwrite"},
	"internal/store/walwrite":   {"internal/store/translated"},
	"internal/store/pagecache":  {"internal/store/translated"},
	"internal/store/translated": {},
	"internal/backup":           {"internal/chime", "internal/durable", "internal/store"},
	"internal/store/pgtest":     {},
	"internal/store/storetest":  {"internal/chime", "internal/chime/chimetest", "internal/seal/sealtest", "internal/store", "internal/store/pgtest"},
	"internal/stock":            {"internal/chime"},
	"internal/letter":           {},
	"internal/callout":          {},
	"internal/audit":            {"api", "internal/chime"},
	"internal/ops":              {"api", "internal/audit", "internal/backup", "internal/callout", "internal/chime", "internal/letter", "internal/policy", "internal/stock", "internal/store"},
	"internal/ops/opstest":      {"api", "internal/backup", "internal/chime", "internal/chime/chimetest", "internal/gate", "internal/letter", "internal/ops", "internal/store", "internal/store/storetest"},
	"internal/gate":             {"api", "internal/audit", "internal/chime", "internal/policy", "internal/store", "internal/throttle", "internal/ops"},
	"internal/keypair":          {},
	"internal/keypair/keytest":  {},
	"internal/sheet":            {},
	"internal/mail":             {"internal/letter"},
	"internal/mail/mailtest":    {},
	"internal/jobs":             {"internal/audit", "internal/callout", "internal/chime", "internal/store", "internal/ops", "internal/gate", "internal/mail"},
	"internal/pages":            {"api", "internal/chime", "internal/ops", "internal/gate", "internal/store"},
	"internal/hooks":            {"internal/chime", "internal/ops", "internal/gate", "internal/store", "internal/throttle"},
	"internal/admin":            {"api", "internal/store"},
	"internal/httpd":            {},
	"internal/throttle":         {},
	"internal/server":           {"api", "internal/chime", "internal/sigv4", "internal/store", "internal/ops", "internal/gate", "internal/httpd", "internal/throttle"},
}

// pure are the packages that import the standard library alone, but for what is named.
var pure = map[string][]string{
	"api":              {"github.com/go-json-experiment/json/jsontext"},
	"internal/audit":   {"github.com/go-json-experiment/json/jsontext"},
	"internal/callout": {},
	"internal/chime":   {},
	"internal/durable": {},
	"internal/httpd":   {},
	"internal/keypair": {},
	"internal/letter":  {},
	"internal/policy":  {"github.com/go-json-experiment/json/jsontext"},
	"internal/seal":    {},
	"internal/sigv4":   {},
	"internal/stock":   {},

	"internal/store/translated": {},

	"internal/throttle": {},
	"internal/sheet":    {"github.com/go-json-experiment/json/jsontext"},
}

type pkg struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("read the list of packages: %v", err)
		}
		all = append(all, p)
	}
}

func TestArrowsPointOneWay(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		allowed, ruled := arrows[name]
		if !ruled {
			if strings.HasPrefix(name, "internal/") {
				t.Errorf("%s is not in the list of arrows", name)
			}
			continue
		}
		seen++
		for _, i := range p.Imports {
			target, ours := strings.CutPrefix(i, module)
			if ours && !slices.Contains(allowed, target) {
				t.Errorf("%s imports %s", name, target)
			}
			others, isPure := pure[name]
			if first, _, _ := strings.Cut(i, "/"); !ours && isPure && strings.Contains(first, ".") && !slices.Contains(others, i) {
				t.Errorf("%s imports %s, and should need the standard library only", name, i)
			}
		}
	}
	if seen != len(arrows) {
		t.Errorf("saw %d of the %d packages in the list of arrows", seen, len(arrows))
	}
}
