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

// distance returns how many insertions, deletions, replacements and swaps of neighbours lead from a to b, counting bytes
// (optimal string alignment).
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replaced := last[j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			row[j] = min(replaced, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
