// Package retry says when a failed request to an LLM provider is tried again.
//
// Delay is the default wait, Policy what can be changed about it, and Retry and
// Do the plain loop, for Go code whose attempts are function calls. Package
// session has the state machine that guards one streamed request, package
// transport an http.RoundTripper that drives it.
//
// The default policy retries forever, after 1s -> 2s -> 4s -> 8s -> 16s ->
// 32s -> 60s -> 60s …, without jitter.
package retry
