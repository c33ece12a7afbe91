// Package retry says when a failed request to an LLM provider is tried again.
//
// Delay is the default wait: 1s -> 2s -> 4s … 60s, forever; Policy is what can be
// changed about it. Retry and Do are the plain loop for calls of functions. An
// http.RoundTripper for streams is in package transport.
package retry
