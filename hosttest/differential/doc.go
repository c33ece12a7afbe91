// Package differential makes the same random calls to every build of the engine, and
// compares the answers byte by byte: the engine compiled by Go, the module on wazero
// and in Node.js, the module as plain JavaScript, and the builds by Go's own compiler
// for WASI and for JavaScript. A call is a failure to classify, a step or a chunk of
// a session, or an event to read.
//
//	make differential N=1000000
package differential
