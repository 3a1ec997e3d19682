package walwrite

import "unsafe"

// SQLite, translated from C, names its functions and its memory by numbers. Its memory is not the garbage collector's, and
// what of ours it is given by number stays where it is, as nothing in Go's heap moves, and is kept by this package.

// at is what stands at an address of SQLite's.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// function is what SQLite calls by the given number.
func function[F any](number uintptr) F { return *(*F)(unsafe.Pointer(&struct{ uintptr }{number})) }

// pointer is the number by which SQLite calls a function.
func pointer[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) }
