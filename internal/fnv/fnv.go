// Package fnv is the FNV-1a hash of 64 bits (Fowler, Noll and Vo), as a
// function of a string. Unlike hash/fnv it needs no allocation, no interface
// and no copy of the string.
package fnv

const (
	// Offset is the hash of nothing: what a new hash starts from.
	Offset = 14695981039346656037
	// Prime is what each step multiplies by.
	Prime = 1099511628211
)

// Add returns the hash of the bytes behind h, followed by s.
func Add(h uint64, s string) uint64 {
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * Prime
	}
	return h
}
