//go:build tinygo

package swar

import "unsafe"

//go:linkname memmove runtime.memmove
func memmove(to, from unsafe.Pointer, size uintptr)

// load returns eight bytes of s from i on, little-endian as WebAssembly is. TinyGo
// does not merge eight loads into one instruction, but it does so for a copy of
// eight bytes. A plain load of a uint64 would promise an alignment that is not
// there, and the JavaScript version of the module relies on such promises. There
// is no bounds check: the caller makes sure that i+8 <= len(s).
func load(s string, i int) (w uint64) {
	memmove(unsafe.Pointer(&w), unsafe.Add(unsafe.Pointer(unsafe.StringData(s)), i), 8)
	return w
}
