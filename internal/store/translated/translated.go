// Package translated is how Go code of ours meets SQLite, which is translated from C: there functions and memory are numbers.
// SQLite's memory is not the garbage collector's. What of ours it is given by number stays where it is, as nothing in Go's
// heap moves, and has to be kept by whoever gave it.
package translated

import "unsafe"

// At is what stands at an address of SQLite's.
func At[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// Function is what SQLite calls by the given number.
func Function[F any](number uintptr) F { return *(*F)(unsafe.Pointer(&struct{ uintptr }{number})) }

// Pointer is the number by which SQLite calls a function.
func Pointer[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) }
