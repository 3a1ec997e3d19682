package api

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// structures are all structures of the tables, nested ones too, each once.
func structures() []*Structure {
	var list []*Structure
	var visit func(*Structure)
	visit = func(s *Structure) {
		if slices.Contains(list, s) {
			return
		}
		list = append(list, s)
		for _, f := range s.Fields {
			if inner := f.Shape.structure(); inner != nil {
				visit(inner)
			}
		}
	}
	for _, op := range AllOperations {
		visit(op.Input)
		visit(op.Output)
	}
	return list
}

// structure is the structure that a shape is or lists, or nil.
func (s *Shape) structure() *Structure {
	if s.Kind == KindList {
		return s.Elem.Struct
	}
	return s.Struct
}

// shapes are all shapes of the tables, each once.
func shapes() []*Shape {
	var list []*Shape
	for _, s := range structures() {
		for _, f := range s.Fields {
			for shape := f.Shape; shape != nil && !slices.Contains(list, shape); shape = shape.Elem {
				list = append(list, shape)
			}
		}
	}
	return list
}

// presence says which optional members a drawn value has.
type presence uint8

const (
	some presence = iota
	every
)

// draw makes a valid value of the structure.
func draw(t *rapid.T, s *Structure, has presence) any {
	v := s.New()
	drawInto(t, s, v, has)
	return v
}

func drawInto(t *rapid.T, s *Structure, v any, has presence) {
	for i := range s.Fields {
		f := &s.Fields[i]
		if !f.Required && has == some && !rapid.Bool().Draw(t, f.Name+" present") {
			continue
		}
		drawMember(t, f, f.At(v), has)
	}
}

func drawMember(t *rapid.T, f *Field, p any, has presence) {
	switch p := p.(type) {
	case *string:
		*p = drawString(t, f.Shape, func(v string) bool {
			// A segment of dots means something else in a path, and clients do not encode it.
			return f.refuse(v) == "" && (f.In != Path || v != "." && v != "..") && (has != every || v != "") // which is absent
		})
	case **string:
		v := drawString(t, f.Shape, func(v string) bool { return f.refuse(v) == "" })
		*p = &v
	case *int:
		top := f.Shape.Max
		if top == 0 {
			top = 1 << 40
		}
		*p = rapid.IntRange(max(f.Shape.Min, 1), top).Draw(t, f.Name)
	case *bool:
		*p = rapid.Bool().Draw(t, f.Name)
	case **bool:
		v := rapid.Bool().Draw(t, f.Name)
		*p = &v
	case *time.Time:
		const lastMillisecond = 253402300799999 // of the year 9999
		*p = time.UnixMilli(rapid.Int64Range(-62135596799999, lastMillisecond).Draw(t, f.Name)).UTC()
	case *[]string:
		*p = []string{}
		for range drawSize(t, f.Shape, has) {
			*p = append(*p, drawString(t, f.Shape.Elem, func(v string) bool { return f.Shape.Elem.refuse(v) == "" }))
		}
	default:
		if f.Shape.Kind == KindStructure {
			f.Shape.Struct.store(p, draw(t, f.Shape.Struct, has))
			return
		}
		s := f.Shape.Elem.Struct
		s.empty(p)
		for range drawSize(t, f.Shape, has) {
			drawInto(t, s, s.grow(p), has)
		}
	}
}

func drawSize(t *rapid.T, list *Shape, has presence) int {
	least := list.Min
	if has == every {
		least = max(least, 1)
	}
	return rapid.IntRange(least, 3).Draw(t, "size")
}

func drawString(t *rapid.T, s *Shape, fits func(string) bool) string {
	var g *rapid.Generator[string]
	switch {
	case len(s.Enum) > 0:
		g = rapid.SampledFrom(s.Enum)
	case s.Pattern != nil:
		g = rapid.StringMatching(s.Pattern.String())
	default:
		g = rapid.String()
	}
	return g.Filter(fits).Draw(t, s.Name)
}

// each runs f in a subtest for each element.
func each[T any](t *testing.T, list []T, name func(T) string, f func(*testing.T, T)) {
	t.Helper()
	for _, v := range list {
		t.Run(name(v), func(t *testing.T) {
			t.Parallel()
			f(t, v)
		})
	}
}
