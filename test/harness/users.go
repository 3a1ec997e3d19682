package harness

import "fmt"

// Email returns the n-th address of a series. Addresses of different numbers differ, and their order has nothing to do with
// the numbers': an index over them grows all over, as with real ones.
func Email(series string, n uint64) string {
	return fmt.Sprintf("%016x.%s@example.com", scatter(n), series)
}

// scatter maps numbers one to one onto numbers without visible order. Source: the finalizer of SplitMix64 (Steele, Lea
// and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
func scatter(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}
