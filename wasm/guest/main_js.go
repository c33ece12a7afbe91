//go:build js

package main

import (
	"syscall/js"
	"unsafe"
)

// main registers the calls of ABI.md as functions of a global object named
// steadfetch, for builds with GOOS=js, whose exports belong to wasm_exec.js.
// Addresses refer to the instance's export mem. Such a module includes Go's
// runtime and is fifty times as large. It exists to show that one source serves
// both, and for those who trust Go's own compiler only.
func main() {
	calls := map[string]any{}
	export := func(name string, call func(args []js.Value) any) {
		calls[name] = js.FuncOf(func(_ js.Value, args []js.Value) any { return call(args) })
	}
	int32At := func(args []js.Value, at int) int32 { return int32(args[at].Int()) }
	address := func(p unsafe.Pointer) any { return int(uintptr(p)) }

	export("abi_version", func([]js.Value) any { return abiVersionOf() })
	export("buffer", func(a []js.Value) any { return address(buffer(int32At(a, 0))) })
	export("result", func([]js.Value) any { return address(result()) })
	export("session_moves", func(a []js.Value) any { return address(sessionMoves(int32At(a, 0))) })
	export("reader_new", func([]js.Value) any { return readerNew() })
	export("reader_free", func(a []js.Value) any { readerFree(int32At(a, 0)); return nil })
	export("reader_rest", func(a []js.Value) any { return readerRest(int32At(a, 0)) })
	export("events", func([]js.Value) any { return address(eventsAt()) })
	export("session_chunk", func(a []js.Value) any {
		return sessionChunk(int32At(a, 0), int32At(a, 1), int32At(a, 2), a[3].Float())
	})
	export("session_free", func(a []js.Value) any { sessionFree(int32At(a, 0)); return nil })
	for name, call := range map[string]func(n int32) int32{
		"classify": classifyFailure, "explain": explain, "delay": delay, "policy": policyOf, "share": share,
		"said": said, "ended": ended, "session_new": sessionNew, "session_snapshot": sessionSnapshot, "session_about": sessionAbout, "session_ending": sessionEnding, "session_events": sessionEvents,
	} {
		export(name, func(a []js.Value) any { return call(int32At(a, 0)) })
	}
	for name, call := range map[string]func(h, n int32) int32{
		"session_body": sessionBody, "session_event": sessionEvent, "session_rewrite": sessionRewrite,
		"reader_feed": readerFeed, "reader_events": readerEvents,
	} {
		export(name, func(a []js.Value) any { return call(int32At(a, 0), int32At(a, 1)) })
	}
	js.Global().Set("steadfetch", calls)
	select {} // the functions work only while main runs
}
