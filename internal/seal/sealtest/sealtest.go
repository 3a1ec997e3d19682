// Package sealtest has a key for tests, to seal what is of no worth.
package sealtest

import "github.com/carillon-server/carillon/internal/seal"

// Keys holds the same key in every run.
const Keys seal.Text = "dGVzdHMgc2VhbCB3aGF0IGlzIG9mIG5vIHdvcnRoLi4="
