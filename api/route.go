package api

import (
	"slices"
	"strings"
)

// A Route is what the request line of a request says.
type Route struct {
	Op          *Operation
	Labels      []string // the values in the path, percent-decoded once, in the order of the template
	Path, Query string   // as sent, but without the prefix /console
}

// A RouteError says why a request line means no operation.
type RouteError struct {
	Kind    RouteKind
	Allow   []string // of NoMethod: the methods that the path has
	Message string
}

func (e *RouteError) Error() string { return e.Message }

// RouteKind is the sort of a RouteError.
type RouteKind uint8

const (
	NoPath     RouteKind = iota // no operation has such a path
	NoMethod                    // the path has operations, but not with this method
	BadRequest                  // an operation is meant, but its path or fixed query item is malformed
	Removed                     // Amazon took the operations at this path out of the API
)

// Match finds the operation that a request means by its method and its raw target, which may be in origin form
// (/accounts) or absolute form (http://host/accounts). Errors are of type *RouteError.
//
// The raw path is split at its slashes before anything is decoded, so an encoded slash stays within its label, and
// each label is decoded once (probed: clients send + as %2B and an already encoded %2B as %252B). Names in the path
// must be spelt plainly. The prefix /console is ignored: the first edition of the API had it, and samples still set
// endpoints with it (documented and observed).
func Match(method, target string) (Route, error) {
	path, query, err := splitTarget(target)
	if err != nil {
		return Route{}, err
	}
	if rest, ok := strings.CutPrefix(path, "/console"); ok && (rest == "" || rest[0] == '/') {
		path = rest
	}
	n := router
	var labels [maxLabels]string
	count := 0
	for rest, more := strings.CutPrefix(path, "/"); more; {
		var segment string
		segment, rest, more = strings.Cut(rest, "/")
		if segment == "." || segment == ".." {
			return Route{}, badRequest("the path must not contain the segment . or ..")
		}
		switch {
		case n == nil:
		case n.names[segment] != nil:
			n = n.names[segment]
		default:
			if n = n.label; n != nil {
				labels[count] = segment
				count++
			}
		}
	}
	if n == nil || n.methods == nil {
		return Route{}, noOperation(path)
	}
	c := n.methods[method]
	if c == nil {
		return Route{}, &RouteError{Kind: NoMethod, Allow: n.allow, Message: "the method must be " + oneOf(n.allow)}
	}
	op, rerr := c.choose(query)
	if rerr != nil {
		return Route{}, rerr
	}
	r := Route{Op: op, Path: path, Query: query}
	if count > 0 {
		r.Labels = make([]string, count)
	}
	for i, raw := range labels[:count] {
		label, reason := decodeLabel(raw)
		if reason != "" {
			return Route{}, badRequest(op.labels[i].Name + " " + reason)
		}
		r.Labels[i] = label
	}
	return r, nil
}

// splitTarget returns the raw path, which begins with a slash, and the raw query.
func splitTarget(target string) (path, query string, err error) {
	for i := range len(target) {
		if c := target[i]; c <= ' ' || c == 0x7f || c == '#' {
			return "", "", badRequest("the request target must not contain spaces, control characters or #")
		}
	}
	path, query, _ = strings.Cut(target, "?")
	if scheme, rest, ok := strings.Cut(path, "://"); ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")) {
		path = "/"
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			path = rest[i:]
		}
	}
	if path == "" || path[0] != '/' { // * and the authority form are for other servers
		return "", "", &RouteError{Kind: NoPath, Message: "the request target must be a path"}
	}
	return path, query, nil
}

func badRequest(message string) *RouteError {
	return &RouteError{Kind: BadRequest, Message: message}
}

// removed are the first segments of the paths that the API had until its operations moved to the namespaces of the
// Amazon Chime SDK. /meetings/{meetingId}/dial-outs stayed.
var removed = map[string]bool{
	"app-instance-users":      true,
	"app-instances":           true,
	"channels":                true,
	"emergency-calling":       true,
	"endpoints":               true,
	"media-capture-pipelines": true,
	"meetings":                true,
	"sip-media-applications":  true,
	"sip-rules":               true,
	"tags":                    true,
	"voice-connector-groups":  true,
	"voice-connectors":        true,
}

func noOperation(path string) *RouteError {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if removed[first] {
		return &RouteError{Kind: Removed, Message: "the operations at this path were removed from the API"}
	}
	return &RouteError{Kind: NoPath, Message: "no operation has this path"}
}

// maxLabels is the most labels that a path has; apigen refuses more.
const maxLabels = 4

// A node is a place in the tree of path templates.
type node struct {
	names   map[string]*node   // the next segment is this name
	label   *node              // the next segment is a value
	methods map[string]*choice // the operations that end here, if any
	allow   []string           // the keys of methods, sorted
}

// A choice is the operations with one path and method. The value of one query item tells them apart.
type choice struct {
	item    string                // operation, or type for searches
	plain   *Operation            // the operation without the item, or nil
	valued  map[string]*Operation // the operations with it
	allowed string                // what the item may be, in words
}

// router is the tree of all operations' paths. It does not change.
var router = newRouter(AllOperations)

func newRouter(list []*Operation) *node {
	root := &node{}
	for _, op := range list {
		n := root
		for segment := range strings.SplitSeq(op.Path[1:], "/") {
			n = n.next(segment)
		}
		if n.methods == nil {
			n.methods = map[string]*choice{}
		}
		c := n.methods[op.Method]
		if c == nil {
			c = &choice{item: "operation", valued: map[string]*Operation{}}
			n.methods[op.Method] = c
			n.allow = append(n.allow, op.Method)
			slices.Sort(n.allow)
		}
		c.add(op)
	}
	return root
}

// next returns the node for a segment of a template below n.
func (n *node) next(segment string) *node {
	if _, ok := labelName(segment); ok {
		if n.label == nil {
			n.label = &node{}
		}
		return n.label
	}
	if n.names == nil {
		n.names = map[string]*node{}
	}
	if n.names[segment] == nil {
		n.names[segment] = &node{}
	}
	return n.names[segment]
}

func (c *choice) add(op *Operation) {
	if op.QueryName == "" {
		c.plain = op
	} else {
		c.item = op.QueryName
		c.valued[op.QueryValue] = op
	}
	values := make([]string, 0, len(c.valued))
	for v := range c.valued {
		values = append(values, v)
	}
	slices.Sort(values)
	switch {
	case len(values) == 0:
		c.allowed = "must be absent here"
	case c.plain != nil:
		c.allowed = "must be absent or " + oneOf(values)
	default:
		c.allowed = "must be " + oneOf(values)
	}
}

// choose finds the operation by the query. An item that is there must be right even where no operation needs it: a
// request that says operation=create never becomes another operation.
func (c *choice) choose(query string) (*Operation, *RouteError) {
	op, found := c.plain, false
	for query != "" {
		var rawName, rawValue string
		rawName, rawValue, query = nextItem(query)
		name, ok := decodeQuery(rawName)
		if !ok {
			return nil, badRequest("the query " + badEncoding)
		}
		if name != c.item {
			continue
		}
		if found {
			return nil, badRequest(c.item + " must be given once")
		}
		value, ok := decodeQuery(rawValue)
		if !ok {
			return nil, badRequest(c.item + " " + badEncoding)
		}
		if op = c.valued[value]; op == nil {
			return nil, badRequest(c.item + " " + c.allowed)
		}
		found = true
	}
	if op == nil {
		return nil, badRequest(c.item + " " + c.allowed)
	}
	return op, nil
}

// oneOf lists values in words.
func oneOf(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	return "one of " + strings.Join(values, ", ")
}
