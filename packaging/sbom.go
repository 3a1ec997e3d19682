package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"
)

// The parts of a CycloneDX 1.6 document that are used here.
type (
	bom struct {
		Format       string       `json:"bomFormat"`
		SpecVersion  string       `json:"specVersion"`
		Version      int          `json:"version"`
		Metadata     metadata     `json:"metadata"`
		Components   []component  `json:"components"`
		Dependencies []dependency `json:"dependencies"`
	}
	metadata struct {
		Timestamp string    `json:"timestamp"`
		Component component `json:"component"`
	}
	component struct {
		Type       string     `json:"type"`
		Ref        string     `json:"bom-ref"`
		Name       string     `json:"name"`
		Version    string     `json:"version"`
		PURL       string     `json:"purl"`
		Hashes     []hash     `json:"hashes,omitempty"`
		Properties []property `json:"properties,omitempty"`
	}
	hash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	property struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	dependency struct {
		Ref       string   `json:"ref"`
		DependsOn []string `json:"dependsOn"`
	}
)

// billOfMaterials writes what is linked into a binary, from what the linker noted in it, in CycloneDX's form. The sum of a
// module is the one in go.sum: of the list of its files, and so no hash in CycloneDX's sense.
func (r *release) billOfMaterials(b *binary) error {
	content, err := os.ReadFile(b.path)
	if err != nil {
		return err
	}
	main := component{
		Type: "application", Name: "carillon", Version: r.version,
		PURL:       purl(b.info.Main.Path, "v"+r.version),
		Hashes:     []hash{{"SHA-256", fmt.Sprintf("%x", sha256.Sum256(content))}},
		Properties: []property{{"goos", b.os}, {"goarch", b.arch}},
	}
	main.Ref = main.PURL
	goVersion := strings.TrimPrefix(b.info.GoVersion, "go")
	std := component{Type: "library", Name: "std", Version: goVersion, PURL: purl("std", goVersion)}
	std.Ref = std.PURL
	doc := bom{
		Format: "CycloneDX", SpecVersion: "1.6", Version: 1,
		Metadata:   metadata{r.made.Format(time.RFC3339), main},
		Components: []component{std},
	}
	for _, m := range b.info.Deps {
		doc.Components = append(doc.Components, library(m))
	}
	linked := dependency{Ref: main.Ref}
	for _, c := range doc.Components {
		linked.DependsOn = append(linked.DependsOn, c.Ref)
	}
	doc.Dependencies = []dependency{linked}
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(r.name(b.target, ".cdx.json"), append(text, '\n'), 0o644)
}

func library(m *debug.Module) component {
	if m.Replace != nil {
		m = m.Replace
	}
	c := component{Type: "library", Name: m.Path, Version: m.Version, PURL: purl(m.Path, m.Version)}
	c.Ref = c.PURL
	c.Properties = []property{{"go.sum", m.Sum}}
	return c
}

func purl(path, version string) string { return "pkg:golang/" + path + "@" + version }
