// Package differential asks every build of the engine the same random
// questions, and compares the answers byte by byte: the engine as Go compiles
// it, the module on wazero and in Node.js, the module as plain JavaScript, and
// what Go's own compiler makes for WASI and for JavaScript. A question is one
// call: a failure to judge, a step or a chunk of a session, an event to read.
//
//	make differential N=1000000
package differential
