package server

import (
	"errors"
	"strings"

	"github.com/carillon-server/carillon/api"
)

// originForm returns the path and query of a request's target, which proxies may also send with a scheme and a host in
// front.
func originForm(target string) string {
	if strings.HasPrefix(target, "/") {
		return target
	}
	_, rest, absolute := strings.Cut(target, "://")
	if !absolute {
		return target
	}
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		if rest[i] == '?' {
			return "/" + rest[i:]
		}
		return rest[i:]
	}
	return "/"
}

// isRemoved reports whether the path is that of an operation which Amazon took out of this API.
func isRemoved(err error) bool {
	if err == nil {
		return false
	}
	var route *api.RouteError
	return errors.As(err, &route) && route.Kind == api.Removed
}
