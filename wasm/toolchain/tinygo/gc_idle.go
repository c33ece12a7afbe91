//go:build gc.idle

package runtime

// The garbage collector of the steadfetch module: TinyGo's block collector with precise layouts, but it collects only when an
// exported function is entered.
//
// Layouts say which words of an object are pointers, so that bytes are not read at all: without them every word of a text counts
// as one, and a search for the object that it would lie in takes minutes where megabytes of random bytes are held.
//
// A WebAssembly program cannot look at its own call stack, so a collection in mid-call needs every function to keep a second copy
// of its pointers in memory: a fifth of the module's code. When the host calls in, no Go function is running and no pointer is
// on any stack, so the globals are the only roots. (The module imports nothing, so the host can never call in while a call is
// under way; there are no goroutines.) Within a call the heap grows when it is full.
//
// A collection is due when a third of what the last one left free was allocated since, and a sixteenth of the heap. So much stays
// free because much of it is holes that are too small: where thousands of sessions come and go, a heap that is used to four fifths
// can have no room for one more, although half of what is in it is dead.
//
// Only //go:wasmexport functions collect; //export would not.

// totalWhenDue is what gcTotalBlocks is when the next collection is due.
var totalWhenDue uint64

// collectIfDue is called by wasmExportCheckRun. It stays out of line, since that is inlined into every export.
//
//go:noinline
func collectIfDue() {
	if gcTotalBlocks < totalWhenDue {
		return
	}
	free := runGC() / bytesPerBlock
	totalWhenDue = gcTotalBlocks + uint64(free/3+uintptr(endBlock/16))
	nextAlloc = 0 // first fit from the bottom, so that the heap stays dense
}

func gcMarkReachable() {
	findGlobals(markRoots)
}

func gcResumeWorld() {
	// There are no other threads.
}
