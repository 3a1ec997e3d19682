package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/carillon-server/carillon/api"
)

const compatibilityHead = `<!-- Written by cmd/docgen from the code and its comments. Do not edit: change those and run go generate ./... -->

# Compatibility with the Amazon Chime API

**%d of the %d operations are built.**

Each rule says what it rests on:

- *documented*: Amazon's API model, reference, guides or the examples of its command line say so;
- *observed*: Amazon's service was seen to do so, in public reports;
- *probed*: the real SDKs do so, against a server of our own;
- *inferred*: no source says so, but it follows from what is documented;
- *decided*: Amazon did otherwise, or nobody knows what it did. [differences.md](differences.md) has what matters of these.

All operations declare BadRequest, Forbidden, ServiceFailure, ServiceUnavailable and UnauthorizedClient, and all but three
ThrottledClient; the table has the other errors. A 2xx is sent with the body of the model.

| Operation | Built | Success | Other errors | Rests on |
| --- | --- | --- | --- | --- |
`

// common are errors that the table leaves out.
var common = []string{"BadRequestException", "ForbiddenException", "ServiceFailureException", "ServiceUnavailableException", "ThrottledClientException", "UnauthorizedClientException"}

// compatibility writes the page of Amazon's operations. An operation is built if it is a method of ops.Call.
func compatibility(operations, rules *source) ([]byte, error) {
	var table, texts bytes.Buffer
	built, total := 0, 0
	used := map[string]*function{}
	for _, op := range api.AllOperations {
		if op.Extension {
			continue
		}
		total++
		f := operations.method("Call", op.Name)
		if f == nil {
			fmt.Fprintf(&table, "| %s | no | %d | %s | |\n", op.Name, op.Status, others(op))
			continue
		}
		built++
		if len(f.marks()) == 0 {
			return nil, fmt.Errorf("the comment of %s must say what it rests on: documented, observed, probed, inferred or decided", op.Name)
		}
		marks, names := f.marks(), []string{}
		for _, r := range rulesOf(f, operations, rules) {
			used[r.fullName()] = r
			names = append(names, fmt.Sprintf("[%s](#%s)", r.fullName(), anchor(r)))
			marks = append(marks, r.marks()...)
		}
		fmt.Fprintf(&table, "| [%s](#%s) | yes | %d | %s | %s |\n", op.Name, strings.ToLower(op.Name), op.Status, others(op), strings.Join(inOrder(marks), ", "))
		fmt.Fprintf(&texts, "\n### %s\n\n%s\n", op.Name, f.doc)
		if len(names) > 0 {
			fmt.Fprintf(&texts, "\nRules: %s.\n", strings.Join(names, ", "))
		}
	}
	var page bytes.Buffer
	fmt.Fprintf(&page, compatibilityHead, built, total)
	page.Write(table.Bytes())
	page.WriteString("\n## Operations\n")
	page.Write(texts.Bytes())
	page.WriteString("\n## Rules\n")
	for _, r := range sorted(used) {
		fmt.Fprintf(&page, "\n### %s\n\n%s\n", r.fullName(), r.doc)
	}
	return page.Bytes(), nil
}

// others are the errors of an operation that the table shows, in short.
func others(op *api.Operation) string {
	var names []string
	for _, e := range op.Errors {
		if !slices.Contains(common, e) {
			names = append(names, strings.TrimSuffix(e, "Exception"))
		}
	}
	return strings.Join(names, ", ")
}

// anchor is what GitHub makes of a rule's heading.
func anchor(f *function) string { return strings.ToLower(strings.ReplaceAll(f.fullName(), ".", "")) }

// inOrder returns the marks without repeats, from firm to free.
func inOrder(marks []string) []string { return (&function{doc: strings.Join(marks, " ")}).marks() }

func sorted(used map[string]*function) []*function {
	all := make([]*function, 0, len(used))
	for _, f := range used {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b *function) int { return strings.Compare(a.fullName(), b.fullName()) })
	return all
}
