//go:build tinygo

package swar

import "unsafe"

//go:linkname memmove runtime.memmove
func memmove(to, from unsafe.Pointer, size uintptr)

// load is eight bytes of s from i on, the first one lowest, as WebAssembly has
// it. TinyGo does not make one instruction of eight, but of a copy of eight; a
// plain load of a uint64 would promise an alignment that is not there, and the
// JavaScript that is made of the module believes such promises. Callers have
// looked that the bytes are there.
func load(s string, i int) (w uint64) {
	memmove(unsafe.Pointer(&w), unsafe.Add(unsafe.Pointer(unsafe.StringData(s)), i), 8)
	return w
}
