package policy

import (
	"embed"
	"fmt"
	"strings"
)

// managed are the policies that are there for every tenant, a file each: Amazon's three for Chime as they were in 2026
// (documented), and two for what only Carillon has (decided).
//
//go:embed managed
var managed embed.FS

// ManagedNames are the names of the policies that come with the server, sorted.
func ManagedNames() []string {
	entries, err := managed.ReadDir("managed")
	if err != nil {
		panic(fmt.Errorf("list the embedded policies: %w", err))
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), ".json")
	}
	return names
}

// Managed returns the document of a policy that comes with the server.
func Managed(name string) (document string, ok bool) {
	b, err := managed.ReadFile("managed/" + name + ".json")
	return string(b), err == nil
}
