// Package steadfetch has no code, it names the packages. They make streamed LLM
// answers survive faults, in Go as in a page.
//
//   - [github.com/steadfetch/steadfetch/retry/transport]: start here. An
//     http.RoundTripper for an http.Client or an SDK, and Stream, which gives the
//     events of an answer
//   - [github.com/steadfetch/steadfetch/retry]: the policy, the errors, and Do, the
//     plain loop for calls of functions
//   - [github.com/steadfetch/steadfetch/classify]: is a failure worth another try,
//     when, and why
//   - [github.com/steadfetch/steadfetch/retry/session]: the state machine behind a
//     Transport, for other hosts
//   - [github.com/steadfetch/steadfetch/wasm]: the module that pages run, for a
//     program that is to decide byte for byte as they do
//   - [github.com/steadfetch/steadfetch/hosttest/chattest]: a provider that fails on
//     command, for tests
//
// They need Go 1.25 and the standard library; package wasm alone needs wazero.
package steadfetch
