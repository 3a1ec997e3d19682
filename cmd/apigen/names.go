package main

import (
	"strings"
	"unicode"
)

// initialisms are the words of the model that Go writes in one case.
var initialisms = map[string]string{
	"Arn":  "ARN",
	"Aws":  "AWS",
	"Html": "HTML",
	"Id":   "ID",
	"Ids":  "IDs",
	"Url":  "URL",
}

// goName is the Go form of a name of the model: UserIdList becomes UserIDList.
func goName(name string) string {
	var b strings.Builder
	for _, word := range words(name) {
		if s, ok := initialisms[word]; ok {
			word = s
		}
		b.WriteString(word)
	}
	return b.String()
}

// words splits a name before each upper-case letter that follows anything but an upper-case letter.
func words(name string) []string {
	var list []string
	start, prev := 0, rune(0)
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) && !unicode.IsUpper(prev) {
			list = append(list, name[start:i])
			start = i
		}
		prev = r
	}
	return append(list, name[start:])
}
