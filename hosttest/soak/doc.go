// Package soak plays seeded chaos: streams of every protocol that meet random
// faults of chattest at random moments, cut into random chunks, while their
// caller aborts, stops, retries and dawdles. What the provider was scripted to
// send decides what must come of it: the answer, byte for byte and once, or the
// right error. The engine is not asked.
//
// A script is made from its seed alone, and played on a clock that jumps from
// one moment to the next, so a seed that fails once fails always:
//
//	go test ./hosttest/soak -seed 4711
//
// The faults are rendered by chattest's own handlers, in memory. What only a
// connection can do (gzip, redirects, RST or FIN) is met over sockets by
// hosttest/faults and retry/transport.
package soak
