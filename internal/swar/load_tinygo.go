//go:build tinygo

package swar

import "unsafe"

// load is eight bytes of s from i on, the first one lowest, as WebAssembly has
// it. TinyGo does not make one instruction of eight. Callers have looked that
// the bytes are there.
func load(s string, i int) uint64 {
	return *(*uint64)(unsafe.Add(unsafe.Pointer(unsafe.StringData(s)), i))
}
