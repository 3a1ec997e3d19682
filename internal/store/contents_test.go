package store

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
)

// TestDirectoryHasEveryTable finds tables that a migration added and that Contents does not know.
func TestDirectoryHasEveryTable(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, name := range names {
		data, err := fs.ReadFile(migrationFiles, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range tables.FindAllStringSubmatch(comment.ReplaceAllString(string(data), ""), -1) {
			ofTenant := strings.Contains(table[2], "tenant ")
			if ofTenant && !slices.Contains(outsideDirectory, table[1]) {
				all = append(all, table[1])
			}
		}
	}
	slices.Sort(all)
	if got := slices.Sorted(slices.Values(directory)); !slices.Equal(got, all) {
		t.Errorf("the directory is %v, want %v; a table that is for something else belongs into outsideDirectory", got, all)
	}
}

// outsideDirectory are tables of a tenant that hold nothing of its directory: who may call, who did, and which PINs were given.
var outsideDirectory = []string{"marks", "tenants", "principals", "access_keys", "policies", "audit", "audit_contexts", "audit_seals", "audit_heads", "pin_blocks"}
