package policy

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// pattern is a text with wildcards and variables, compiled.
type pattern struct {
	prefix string   // what comes before the first wildcard or variable
	middle []uint16 // from that to the last one: bytes, wildcards, and holes for variables
	suffix string   // what comes after the last one
	within string   // the middle is a star, this and another star; empty if it is not
	holes  []variable
}

// What middle can hold besides bytes. A star of a segment, or a question mark, does not match a colon.
const (
	anyRune = 0x100 + iota
	anyRuneOfSegment
	star
	starOfSegment
	hole = 0x200 // and above: that hole
)

// variable is ${key} or ${key, 'fallback'}.
type variable struct {
	key
	fallback    string
	hasFallback bool
}

// wildcards says what * and ? mean in a text.
type wildcards uint8

const (
	literal  wildcards = iota // themselves
	anything                  // any characters
	resource                  // characters of a segment of an ARN, but for a * that ends one: it matches beyond the colon
	segments                  // characters of one of an ARN's six components; the last one may have colons
)

// arnColons are those that divide an ARN into its six components.
const arnColons = 5

// compile makes a pattern of a text. Variables are understood where variables is set.
func compile(s string, w wildcards, variables bool) (pattern, error) {
	var p pattern
	var code []uint16
	for colons := 0; s != ""; {
		switch c := s[0]; {
		case variables && strings.HasPrefix(s, "${"):
			text, v, length, err := parseVariable(s)
			if err != nil {
				return pattern{}, err
			}
			if v == nil {
				code = append(code, uint16(text))
			} else {
				code = append(code, hole+uint16(len(p.holes)))
				p.holes = append(p.holes, *v)
			}
			s = s[length:]
			continue
		case c == '*':
			code = append(code, w.star(colons, s[1:]))
		case c == '?':
			code = append(code, w.question(colons))
		default:
			if c == ':' {
				colons++
			}
			code = append(code, uint16(c))
		}
		s = s[1:]
	}
	special := func(c uint16) bool { return c >= 0x100 }
	first := slices.IndexFunc(code, special)
	if first < 0 {
		p.prefix = bytesOf(code)
		return p, nil
	}
	last := first
	for i := first; i < len(code); i++ {
		if special(code[i]) {
			last = i
		}
	}
	p.prefix, p.middle, p.suffix = bytesOf(code[:first]), slices.Clone(code[first:last+1]), bytesOf(code[last+1:])
	if inner := code[first+1 : max(first+1, last)]; code[first] == star && code[last] == star && !slices.ContainsFunc(inner, special) {
		p.within = bytesOf(inner)
	}
	return p, nil
}

func bytesOf(code []uint16) string {
	b := make([]byte, len(code))
	for i, c := range code {
		b[i] = byte(c)
	}
	return string(b)
}

func (w wildcards) star(colons int, rest string) uint16 {
	switch {
	case w == literal:
		return '*'
	case w == anything, w == resource && (rest == "" || rest[0] == ':'), w == segments && colons >= arnColons:
		return star
	}
	return starOfSegment
}

func (w wildcards) question(colons int) uint16 {
	switch {
	case w == literal:
		return '?'
	case w == anything, w == segments && colons >= arnColons:
		return anyRune
	}
	return anyRuneOfSegment
}

const variableForm = "a variable must be like ${aws:username} or ${aws:username, 'anybody'}; ${*}, ${?} and ${$} stand for the characters themselves"

// parseVariable reads the variable with which s begins, and returns its length: a character that stands for itself, or one
// that the request has a value for.
func parseVariable(s string) (text byte, _ *variable, length int, _ error) {
	if len(s) >= 4 && s[3] == '}' && strings.IndexByte("*?$", s[2]) >= 0 {
		return s[2], nil, 4, nil
	}
	name := s[2:]
	end := strings.IndexAny(name, "},'")
	if end < 0 {
		return 0, nil, 0, badPart(variableForm)
	}
	v := &variable{}
	rest := name[end:]
	name = strings.TrimRight(name[:end], " ")
	if rest[0] == ',' {
		quoted := strings.TrimLeft(rest[1:], " ")
		var closed bool
		if quoted, v.hasFallback = strings.CutPrefix(quoted, "'"); v.hasFallback {
			v.fallback, rest, closed = strings.Cut(quoted, "'")
		}
		if !closed || !strings.HasPrefix(rest, "}") {
			return 0, nil, 0, badPart(variableForm)
		}
	}
	if rest[0] != '}' || !validKey(name) {
		return 0, nil, 0, badPart(variableForm)
	}
	v.key = keyOf(name)
	return 0, v, len(s) - len(rest) + 1, nil
}

func anyMatches(list []pattern, s string, c *Context) bool {
	for i := range list {
		if list[i].matches(s, c) {
			return true
		}
	}
	return false
}

// matches reports whether the whole of s fits. A variable without a value fits nothing.
func (p *pattern) matches(s string, c *Context) bool {
	if len(p.middle) == 0 {
		return len(s) == len(p.prefix) && begins(s, p.prefix)
	}
	if len(s) < len(p.prefix)+len(p.suffix) || !begins(s, p.prefix) || !ends(s, p.suffix) {
		return false
	}
	s = s[len(p.prefix) : len(s)-len(p.suffix)]
	switch {
	case len(p.middle) == 1 && p.middle[0] == star:
		return true
	case p.within != "":
		return strings.Contains(s, p.within)
	case len(p.holes) == 0:
		return match(p.middle, s)
	}
	var space [256]uint16
	code, ok := p.fill(space[:0], c, len(s))
	return ok && match(code, s)
}

// begins is strings.HasPrefix for an s that is long enough. It looks at the last byte first: ARNs differ at their ends.
func begins(s, prefix string) bool {
	n := len(prefix)
	return n == 0 || s[n-1] == prefix[n-1] && s[:n] == prefix
}

// ends is strings.HasSuffix for an s that is long enough.
func ends(s, suffix string) bool {
	n := len(suffix)
	return n == 0 || s[len(s)-n] == suffix[0] && s[len(s)-n:] == suffix
}

// equalsFold is matches for a text without wildcards, where case does not matter.
func (p *pattern) equalsFold(s string, c *Context) bool {
	if len(p.middle) == 0 {
		return strings.EqualFold(p.prefix, s)
	}
	code, ok := p.fill(nil, c, utf8.UTFMax*len(s)) // the other case of a character may take more bytes
	return ok && strings.EqualFold(p.prefix+bytesOf(code)+p.suffix, s)
}

// fill appends the middle with the variables' values in the holes. What is in a value stands for itself. It gives up where
// more bytes would have to fit than there is room for: callers choose some of the values, and policies may repeat them.
func (p *pattern) fill(code []uint16, c *Context, room int) ([]uint16, bool) {
	for _, b := range p.middle {
		if b < hole {
			if code = append(code, b); b != star && b != starOfSegment {
				room--
			}
			continue
		}
		v := &p.holes[b-hole]
		text, ok := c.single(v.key)
		if !ok {
			text, ok = v.fallback, v.hasFallback
		}
		if !ok || len(text) > room {
			return nil, false
		}
		room -= len(text)
		for i := range len(text) {
			code = append(code, uint16(text[i]))
		}
	}
	return code, room >= 0
}

// match reports whether the whole of s fits the code. Of the stars before a place only the last wide one, and the last
// narrow one after it, can still matter: what comes between two wide stars fits nowhere better than where it fits first, and
// after a narrow one the next colon has but one place. So the effort is bounded.
func match(code []uint16, s string) bool {
	wide, wideEnd := -1, 0 // the last star, and where what it stands for ends
	narrow, narrowEnd := -1, 0
	for p, i := 0, 0; ; {
		if p < len(code) {
			switch code[p] {
			case star:
				wide, wideEnd, narrow = p, i, -1
				p++
				continue
			case starOfSegment:
				narrow, narrowEnd = p, i
				p++
				continue
			}
			if n := matchOne(code[p], s[i:]); n > 0 {
				p, i = p+1, i+n
				continue
			}
		} else if i == len(s) {
			return true
		}
		switch {
		case narrow >= 0 && narrowEnd < len(s) && s[narrowEnd] != ':':
			narrowEnd += nextPlace(code[narrow+1:], segment(s[narrowEnd:]))
			p, i = narrow+1, narrowEnd
		case wide >= 0 && wideEnd < len(s):
			wideEnd += nextPlace(code[wide+1:], s[wideEnd:])
			p, i, narrow = wide+1, wideEnd, -1
		default:
			return false
		}
	}
}

// nextPlace returns where code may fit the rest of s next: after its first character, where the byte with which code begins
// comes again, or at the end.
func nextPlace(code []uint16, s string) int {
	i := runeLength(s)
	if len(code) == 0 || code[0] >= 0x100 {
		return i
	}
	if j := strings.IndexByte(s[i:], byte(code[0])); j >= 0 {
		return i + j
	}
	return len(s)
}

// segment returns s up to its first colon.
func segment(s string) string {
	s, _, _ = strings.Cut(s, ":")
	return s
}

// matchOne returns how many bytes at the beginning of s fit, 0 if none do.
func matchOne(code uint16, s string) int {
	switch {
	case s == "":
		return 0
	case code == anyRune, code == anyRuneOfSegment && s[0] != ':':
		return runeLength(s)
	case code == uint16(s[0]):
		return 1
	}
	return 0
}

func runeLength(s string) int {
	if s[0] < utf8.RuneSelf {
		return 1
	}
	_, n := utf8.DecodeRuneInString(s)
	return n
}
