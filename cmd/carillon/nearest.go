package main

import (
	"cmp"
	"slices"
	"strings"
)

// didYouMean is the end of a message about an unknown name: the known ones that are like it, if there are any.
func didYouMean(name string, known []string) string {
	near := nearest(name, known)
	if len(near) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(near, " or ") + "?"
}

// nearest returns up to three of the known names that are likely meant, the likeliest first. Case, hyphens and
// underscores do not count, so that create-user finds CreateUser.
func nearest(name string, known []string) []string {
	type candidate struct {
		name  string
		edits int
	}
	plain := strings.NewReplacer("-", "", "_", "").Replace
	given := strings.ToLower(plain(name))
	var near []candidate
	for _, k := range known {
		edits := distance(given, strings.ToLower(plain(k)))
		if edits == 0 {
			return []string{k}
		}
		if edits <= max(1, len(given)/3) {
			near = append(near, candidate{k, edits})
		}
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return cmp.Compare(a.edits, b.edits) })
	var names []string
	for _, c := range near[:min(3, len(near))] {
		names = append(names, c.name)
	}
	return names
}

// distance returns how many insertions, deletions and replacements of a byte lead from a to b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
