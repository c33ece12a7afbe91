// Package retry says when a failed request to an LLM provider is tried again.
//
// Delay is the default wait, Policy what can be changed about it, and Session
// the state machine that guards one streamed request through any number of
// attempts. A Session does no I/O, reads no clock and rolls no dice: its host
// tells it what happened and does what it answers. Retry is the plain loop,
// for Go code whose attempts are function calls.
//
// The default policy retries for ever, after 1s -> 2s -> 4s -> 8s -> 16s ->
// 32s -> 60s -> 60s …, without jitter.
package retry
