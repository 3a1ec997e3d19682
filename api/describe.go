package api

import (
	"fmt"
	"strings"
)

// Describe says in a few words what a value of the shape looks like, for help and documentation.
func (s *Shape) Describe() string {
	switch s.Kind {
	case KindInteger:
		if s.Max > 0 {
			return fmt.Sprintf("whole number from %d to %d", s.Min, s.Max)
		}
		return "whole number"
	case KindBoolean:
		return "true or false"
	case KindTimestamp:
		return "time"
	case KindStructure:
		return "structure"
	case KindList:
		if s.Max > 0 {
			return fmt.Sprintf("list of at most %d of %s", s.Max, s.Elem.Describe())
		}
		return "list of " + s.Elem.Describe()
	}
	switch phrase, isNoun := strings.CutPrefix(phrases[s.Name], "must be "); {
	case len(s.Enum) > 0:
		return "one of " + strings.Join(s.Enum, ", ")
	case isNoun:
		return phrase
	case s.Min > 0 && s.Max > 0:
		return fmt.Sprintf("text of %d to %d characters", s.Min, s.Max)
	case s.Max > 0:
		return fmt.Sprintf("text of at most %d characters", s.Max)
	}
	return "text"
}
