// Package retry decides when a failed request to an LLM provider is retried.
//
// Delay is the default wait: 1s -> 2s -> 4s … 60s, forever. Policy changes that. Retry
// and Do call a function in a loop. For streams there is an http.RoundTripper in package
// transport.
package retry
