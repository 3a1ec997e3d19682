package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// maxMembers is the most members a structure may have: the decoder notes those it has seen in 64 bits.
const maxMembers = 64

// maxLabels is the most labels a path may have: the router keeps them in an array.
const maxLabels = 4

// A model is what the two files describe together. Their shapes share one set of names.
type model struct {
	operations []*operation // by name
	shapes     map[string]*shape
}

type operation struct {
	name      string
	extension bool

	HTTP struct {
		Method       string `json:"method"`
		RequestURI   string `json:"requestUri"`
		ResponseCode int    `json:"responseCode"`
	} `json:"http"`
	ReadOnly      bool   `json:"readonly"`
	Installation  bool   `json:"installation"`
	Documentation string `json:"documentation"`
	Input         *ref   `json:"input"`
	Output        *ref   `json:"output"`
	Errors        []ref  `json:"errors"`
}

type ref struct {
	Shape string `json:"shape"`
}

type shape struct {
	name string

	Type            string             `json:"type"`
	Required        []string           `json:"required"`
	Members         map[string]*member `json:"members"`
	Member          *ref               `json:"member"`
	Enum            []string           `json:"enum"`
	Min             int                `json:"min"`
	Max             int                `json:"max"`
	Pattern         string             `json:"pattern"`
	Sensitive       bool               `json:"sensitive"`
	TimestampFormat string             `json:"timestampFormat"`
	Exception       bool               `json:"exception"`
	Error           struct {
		HTTPStatusCode int `json:"httpStatusCode"`
	} `json:"error"`
}

type member struct {
	Shape            string `json:"shape"`
	Location         string `json:"location"`
	LocationName     string `json:"locationName"`
	Box              bool   `json:"box"`
	IdempotencyToken bool   `json:"idempotencyToken"`
	Documentation    string `json:"documentation"`
}

// path is the template without its fixed query item.
func (op *operation) path() string {
	path, _, _ := strings.Cut(op.HTTP.RequestURI, "?")
	return path
}

// query is the fixed query item, or two empty strings.
func (op *operation) query() (name, value string) {
	_, query, _ := strings.Cut(op.HTTP.RequestURI, "?")
	name, value, _ = strings.Cut(query, "=")
	return name, value
}

// labels are the names in braces, in the order of the template.
func (op *operation) labels() []string {
	var names []string
	for segment := range strings.SplitSeq(op.path(), "/") {
		if isLabel(segment) {
			names = append(names, segment[1:len(segment)-1])
		}
	}
	return names
}

func isLabel(segment string) bool {
	return len(segment) > 2 && strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}")
}

func (s *shape) required(name string) bool { return slices.Contains(s.Required, name) }

// readModel reads both files. An error lists everything that is wrong with them.
func readModel(files fs.FS) (*model, error) {
	m := &model{shapes: map[string]*shape{}}
	var errs []error
	for _, name := range []string{"model/chime.json", "model/carillon.json"} {
		if err := m.read(files, name); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	slices.SortFunc(m.operations, func(a, b *operation) int { return strings.Compare(a.name, b.name) })
	c := checker{model: m}
	c.check()
	return m, errors.Join(c.errs...)
}

func (m *model) read(files fs.FS, name string) error {
	data, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	var file struct {
		Operations map[string]*operation `json:"operations"`
		Shapes     map[string]*shape     `json:"shapes"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields() // what the generator does not know would be lost without a word
	if err := d.Decode(&file); err != nil {
		return err
	}
	for _, n := range sortedKeys(file.Shapes) {
		if m.shapes[n] != nil {
			return fmt.Errorf("shape %s is described twice", n)
		}
		file.Shapes[n].name = n
		m.shapes[n] = file.Shapes[n]
	}
	for _, n := range sortedKeys(file.Operations) {
		if slices.ContainsFunc(m.operations, func(op *operation) bool { return op.name == n }) {
			return fmt.Errorf("operation %s is described twice", n)
		}
		op := file.Operations[n]
		op.name, op.extension = n, strings.HasSuffix(name, "carillon.json")
		m.operations = append(m.operations, op)
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// A checker collects what is wrong with a model.
type checker struct {
	*model
	errs []error
	used map[string]bool // shapes reached from an operation
}

func (c *checker) complain(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf(format, args...))
}

func (c *checker) check() {
	c.used = map[string]bool{}
	for _, name := range sortedKeys(c.shapes) {
		c.checkShape(c.shapes[name])
	}
	c.checkPaths()
	tops := map[string]string{}
	for _, op := range c.operations {
		c.checkOperation(op)
		for _, r := range []*ref{op.Input, op.Output} {
			if r == nil {
				continue
			}
			if other := tops[r.Shape]; other != "" {
				c.complain("shape %s belongs to operation %s and cannot also serve %s", r.Shape, other, op.name)
			}
			tops[r.Shape] = op.name
			c.reach(r.Shape, nil)
		}
	}
	for _, name := range sortedKeys(c.shapes) {
		if !c.used[name] {
			c.complain("shape %s is used by no operation", name)
		}
	}
	for _, name := range sortedKeys(c.shapes) {
		for _, r := range c.refs(c.shapes[name]) {
			if tops[r] != "" {
				c.complain("shape %s belongs to operation %s and cannot also be inside %s", r, tops[r], name)
			}
		}
	}
	c.checkNames()
}

// checkPaths refuses paths between which the router could not decide: it tells operations apart by the path's form,
// the method and the value of one query item, and takes a segment for a name wherever it can.
func (c *checker) checkPaths() {
	places := map[string]string{} // operation by method, path and query item
	items := map[string]string{}  // name of the query item by method and path
	names := map[string]bool{}    // path up to a segment: is that segment a name?
	for _, op := range c.operations {
		form := labelName.ReplaceAllString(op.path(), "{}")
		item, value := op.query()
		place := op.HTTP.Method + " " + form
		if other := places[place+"?"+value]; other != "" {
			c.complain("operations %s and %s cannot be told apart", other, op.name)
		}
		places[place+"?"+value] = op.name
		if other := items[place]; item != "" && other != "" && other != item {
			c.complain("operation %s: others at %s have the query item %s", op.name, place, other)
		}
		items[place] = cmp.Or(item, items[place])
		before := ""
		for segment := range strings.SplitSeq(strings.TrimPrefix(form, "/"), "/") {
			isName, seen := names[before]
			if seen && isName != (segment != "{}") {
				c.complain("operation %s: after %s/ come both names and labels", op.name, before)
			}
			names[before] = segment != "{}"
			before += "/" + segment
		}
		if n := len(op.labels()); n > maxLabels {
			c.complain("operation %s: more than %d labels", op.name, maxLabels)
		}
	}
}

var labelName = regexp.MustCompile(`\{[^}]*\}`)

// refs are the shapes that s names.
func (c *checker) refs(s *shape) []string {
	var names []string
	for _, n := range sortedKeys(s.Members) {
		names = append(names, s.Members[n].Shape)
	}
	if s.Member != nil {
		names = append(names, s.Member.Shape)
	}
	return names
}

// reach marks a shape and what it is made of as used. A shape that contains itself is refused, because the
// tables are Go variables that are initialized from one another.
func (c *checker) reach(name string, within []string) {
	s := c.shapes[name]
	if s == nil {
		return // complained about where it is named
	}
	if slices.Contains(within, name) {
		c.complain("shape %s contains itself", name)
		return
	}
	c.used[name] = true
	for _, r := range c.refs(s) {
		c.reach(r, append(within, name))
	}
}

func (c *checker) checkShape(s *shape) {
	for _, r := range c.refs(s) {
		if c.shapes[r] == nil {
			c.complain("shape %s: unknown shape %s", s.name, r)
		}
	}
	if s.Type != "structure" && (len(s.Members) > 0 || len(s.Required) > 0 || s.Exception) {
		c.complain("shape %s: type %s has no members and is no exception", s.name, s.Type)
	}
	if s.Type != "string" && (s.Pattern != "" || len(s.Enum) > 0) {
		c.complain("shape %s: type %s has no pattern and no enum", s.name, s.Type)
	}
	if s.Max < 0 || s.Min < 0 || s.Max > 0 && s.Min > s.Max {
		c.complain("shape %s: no value lies between %d and %d", s.name, s.Min, s.Max)
	}
	switch s.Type {
	case "structure":
		c.checkStructure(s)
	case "string":
		if _, err := regexp.Compile(s.Pattern); err != nil {
			c.complain("shape %s: %w", s.name, err)
		}
	case "integer", "boolean":
	case "timestamp":
		if s.TimestampFormat != "iso8601" {
			c.complain("shape %s: timestamp format %q is not iso8601", s.name, s.TimestampFormat)
		}
	case "list":
		if s.Member == nil {
			c.complain("shape %s: a list needs a member", s.name)
		} else if e := c.shapes[s.Member.Shape]; e != nil && e.Type != "string" && e.Type != "structure" {
			c.complain("shape %s: a list of %s is not supported", s.name, e.Type)
		}
	default:
		c.complain("shape %s: unknown type %q", s.name, s.Type)
	}
}

func (c *checker) checkStructure(s *shape) {
	if s.Exception != (s.Error.HTTPStatusCode >= 400) {
		c.complain("shape %s: an exception, and nothing else, has an HTTP status of 400 or more", s.name)
	}
	if len(s.Members) > maxMembers {
		c.complain("shape %s: more than %d members", s.name, maxMembers)
	}
	for _, r := range s.Required {
		if s.Members[r] == nil {
			c.complain("shape %s: requires %s, which is no member", s.name, r)
		}
	}
	for _, name := range sortedKeys(s.Members) {
		mb := s.Members[name]
		kind := ""
		if ms := c.shapes[mb.Shape]; ms != nil {
			kind = ms.Type
		}
		switch {
		case kind == "":
			// An unknown shape is complained about by checkShape.
		case mb.Location != "" && mb.LocationName == "":
			c.complain("%s.%s: location without a name", s.name, name)
		case mb.Location == "" && mb.LocationName != "":
			c.complain("%s.%s: a member of the body goes by its own name", s.name, name)
		case mb.Location == "uri" && (kind != "string" || !s.required(name)):
			c.complain("%s.%s: a path label is a required string", s.name, name)
		case mb.Location == "querystring" && kind != "string" && kind != "integer":
			c.complain("%s.%s: a %s cannot be a query item", s.name, name, kind)
		case mb.Location != "" && mb.Location != "uri" && mb.Location != "querystring":
			c.complain("%s.%s: unknown location %q", s.name, name, mb.Location)
		case mb.Box && (kind != "string" || mb.Location != "" || s.required(name)):
			c.complain("%s.%s: only an optional string in the body can be boxed", s.name, name)
		}
	}
}

func (c *checker) checkOperation(op *operation) {
	if !slices.Contains([]string{"GET", "POST", "PUT", "DELETE"}, op.HTTP.Method) {
		c.complain("operation %s: unknown method %q", op.name, op.HTTP.Method)
	}
	if !uriForm.MatchString(op.HTTP.RequestURI) {
		c.complain("operation %s: %q is not a path of names and labels with at most one query item", op.name, op.HTTP.RequestURI)
	}
	if op.HTTP.ResponseCode < 200 || op.HTTP.ResponseCode > 299 {
		c.complain("operation %s: status %d is no success", op.name, op.HTTP.ResponseCode)
	}
	for _, e := range op.Errors {
		if s := c.shapes[e.Shape]; s == nil || !s.Exception {
			c.complain("operation %s: unknown exception %s", op.name, e.Shape)
			continue
		}
		c.used[e.Shape] = true
		c.reach(e.Shape, nil)
	}
	var bound []string
	for _, r := range []*ref{op.Input, op.Output} {
		if r == nil {
			continue
		}
		s := c.shapes[r.Shape]
		if s == nil || s.Type != "structure" || s.Exception {
			c.complain("operation %s: unknown structure %s", op.name, r.Shape)
			continue
		}
		for _, name := range sortedKeys(s.Members) {
			mb := s.Members[name]
			switch {
			case mb.Location != "" && r == op.Output:
				c.complain("%s.%s: an output is all body", s.name, name)
			case mb.Location != "" && op.extension:
				c.complain("%s.%s: an extension takes all members in the body", s.name, name)
			case mb.Location == "uri":
				bound = append(bound, mb.LocationName)
			}
		}
	}
	labels := op.labels()
	slices.Sort(labels)
	slices.Sort(bound)
	if !slices.Equal(labels, bound) {
		c.complain("operation %s: the path has labels %q, the input binds %q", op.name, labels, bound)
	}
	if op.extension && op.Documentation == "" {
		c.complain("operation %s: an extension needs documentation, since nobody else has any", op.name)
	}
	extensionForm := op.HTTP.Method == "POST" && op.HTTP.RequestURI == "/carillon/"+op.name && op.HTTP.ResponseCode == 200
	if op.extension && !extensionForm {
		c.complain("operation %s: an extension is POST /carillon/%s and answers 200", op.name, op.name)
	}
	if !op.extension && strings.HasPrefix(op.HTTP.RequestURI, "/carillon") {
		c.complain("operation %s: /carillon is for extensions", op.name)
	}
}

var uriForm = regexp.MustCompile(`^(/([A-Za-z-]+|\{[A-Za-z]+\}))+(\?[a-z-]+=[a-z-]+)?$`)

// checkNames refuses what would declare a Go name twice.
func (c *checker) checkNames() {
	seen := map[string]string{}
	declare := func(name, what string) {
		if other := seen[name]; other != "" {
			c.complain("%s and %s both declare %s in Go", other, what, name)
		}
		seen[name] = what
	}
	for _, op := range c.operations {
		declare(op.name+"Input", "the input of operation "+op.name)
		declare(op.name+"Output", "the output of operation "+op.name)
	}
	for _, s := range c.nested() {
		declare(goName(s.name), "shape "+s.name)
	}
	for _, s := range c.enums() {
		for _, v := range s.Enum {
			declare(goName(s.name)+goName(v), "enum "+s.name)
		}
	}
	for _, name := range sortedKeys(c.shapes) {
		fields := map[string]string{}
		for _, mb := range sortedKeys(c.shapes[name].Members) {
			if other := fields[goName(mb)]; other != "" {
				c.complain("%s.%s and %s.%s have one Go name", name, other, name, mb)
			}
			fields[goName(mb)] = mb
		}
	}
}

// nested are the structures that are neither an input nor an output nor an exception, by name.
func (m *model) nested() []*shape {
	tops := map[string]bool{}
	for _, op := range m.operations {
		for _, r := range []*ref{op.Input, op.Output} {
			if r != nil {
				tops[r.Shape] = true
			}
		}
	}
	var list []*shape
	for _, name := range sortedKeys(m.shapes) {
		if s := m.shapes[name]; s.Type == "structure" && !s.Exception && !tops[name] {
			list = append(list, s)
		}
	}
	return list
}

// enums are the shapes with an enum, by name.
func (m *model) enums() []*shape {
	var list []*shape
	for _, name := range sortedKeys(m.shapes) {
		if s := m.shapes[name]; len(s.Enum) > 0 {
			list = append(list, s)
		}
	}
	return list
}
