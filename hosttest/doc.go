// Package hosttest runs the same vectors on every host of the engine: Go natively,
// the committed module on wazero by its ABI and through wasm.Engine, the same sources
// built by Go's own compiler, and Node.js. Browsers run the same vectors.mjs from web.
//
// It also compares the module's verdicts with Go's on random failures, and checks that
// the module's memory stays flat, that no bytes make it trap, and that the core
// imports nothing that is too large for it.
//
// STEADFETCH_ALL=1 runs the long form of these tests, which takes some minutes; make
// test-builds runs it for the builds of Go's own compiler. Without node the tests that
// need it are skipped, or fail if CI is set.
package hosttest
