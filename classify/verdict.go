// Package classify answers one question about a failed request to an LLM provider: is
// the same request worth another attempt? It has no I/O, no clock and no state, so the
// same Failure gives the same Verdict in Go and in every browser.
package classify

// Phase is how far a request had come when it failed.
type Phase string

const (
	PhaseConnect   Phase = "connect"   // no response headers were received
	PhaseResponse  Phase = "response"  // a response was received, and it is an error
	PhaseMidstream Phase = "midstream" // the body failed after good headers
)

// Failure is what a host knows of a failed request. Every field may be left zero; the
// zero Failure is judged unknown.
type Failure struct {
	// Phase is PhaseConnect, PhaseResponse, PhaseMidstream or empty.
	Phase Phase `json:"phase,omitempty"`
	// Status is the HTTP status, 0 if there was no response.
	Status int `json:"status,omitempty"`
	// Headers are the headers of the response. The case of names does not matter.
	Headers Headers `json:"headers,omitempty"`
	// Body is the body of an error, or a JSON answer. The first 64 KiB are enough.
	Body string `json:"body,omitempty"`
	// Event is the event of a stream that reported the error, nil if none did.
	Event *Event `json:"event,omitempty"`
	// Error is the error that was thrown or returned, nil if none was.
	Error *ErrorInfo `json:"error,omitempty"`
	// Provider is the provider's short name ("anthropic", "openai", …) if the host
	// knows it. Default: what URL and Headers show.
	Provider string `json:"provider,omitempty"`
	// URL is the address of the request. It shows the provider, and is never shown
	// itself.
	URL string `json:"url,omitempty"`
	// Foreign says that code which is not the retry engine's threw the error. It can be
	// about anything, so without a status only full phrases of a transport or a
	// provider count.
	Foreign bool `json:"foreign,omitempty"`
	// Canceled says that the caller's own signal or context ended the request.
	Canceled bool `json:"canceled,omitempty"`
	// Timer is the timeout of the retry engine that ended the attempt: TimerFirstByte,
	// TimerSilence, TimerContent, or empty. The abort that it caused is not a cancel,
	// whatever its text says.
	Timer Timer `json:"timer,omitempty"`
	// Now is the host's wall clock in milliseconds since the Unix epoch. It is needed
	// only to read a date as a wait if the response has no Date header; with 0 such a
	// date is ignored.
	Now int64 `json:"now,omitempty"`
	// UnknownRetryable makes a failure that no rule knows retryable.
	UnknownRetryable bool `json:"unknown_retryable,omitempty"`
	// Verdict is an earlier verdict, if the error is the retry engine's own. Classify
	// returns it; only the header x-should-retry can change it.
	Verdict *Verdict `json:"verdict,omitempty"`
}

// Timer is a timeout of the retry engine.
type Timer string

const (
	TimerFirstByte Timer = "first_byte" // nothing at all arrived in time
	TimerSilence   Timer = "silence"    // no byte for too long
	TimerContent   Timer = "content"    // bytes, but no event for too long
)

// Event is one event of a stream, as framed by Server-Sent Events (WHATWG
// HTML §9.2).
type Event struct {
	Event string `json:"event,omitempty"` // the field event: the type
	Data  string `json:"data,omitempty"`
}

// ErrorInfo is what is known of an error that was thrown or returned.
type ErrorInfo struct {
	Name    string `json:"name,omitempty"`
	Message string `json:"message,omitempty"`
	Code    string `json:"code,omitempty"` // a number is in decimal
	// Retryable is "true" or "false" if the error itself says so, else empty.
	Retryable string     `json:"retryable,omitempty"`
	Cause     *ErrorInfo `json:"cause,omitempty"`
}

// Kind groups failures by what a person can do about them.
type Kind string

// The kinds. The first block is what a provider or a network reports, the second what
// the retry engine itself finds.
const (
	RateLimit      Kind = "rate_limit"      // too many requests or tokens for now
	Overloaded     Kind = "overloaded"      // no capacity for now
	Server         Kind = "server"          // an internal error, or an answer that makes no sense
	Timeout        Kind = "timeout"         // no answer in time
	Network        Kind = "network"         // no connection, or one that broke
	Auth           Kind = "auth"            // no key, a wrong one, or an expired one
	Permission     Kind = "permission"      // the key or the account may not do this
	Quota          Kind = "quota"           // credit or a plan is used up, or a limit by the day
	ContextLength  Kind = "context_length"  // the conversation is longer than the model can take
	ModelNotFound  Kind = "model_not_found" // no such model here
	InvalidRequest Kind = "invalid_request" // the request is wrong
	ContentPolicy  Kind = "content_policy"  // a filter refused the request or withheld the answer
	Canceled       Kind = "canceled"        // by the caller's own signal or context
	TooLarge       Kind = "too_large"       // the request has too many bytes
	TLS            Kind = "tls"             // a certificate that is not trusted
	Conflict       Kind = "conflict"        // another request is in the way
	Unknown        Kind = "unknown"         // no rule knows it

	Silence            Kind = "silence"              // a timeout passed after the answer had started
	Truncated          Kind = "truncated"            // the answer ended without its end marker
	EmptyOutput        Kind = "empty_output"         // the answer ended without output
	Unreadable         Kind = "unreadable"           // an event that cannot be parsed
	NetworkOrCORS      Kind = "network_or_cors"      // a dead network or CORS: a browser does not say which
	RetryAfterTooLong  Kind = "retry_after_too_long" // the server asked for a longer wait than Policy.MaxRetryAfter
	AttemptsExhausted  Kind = "attempts_exhausted"   // Policy.MaxAttempts or the retry budget is used up
	MaxElapsedExceeded Kind = "max_elapsed_exceeded" // the next wait does not fit into Policy.MaxElapsed
	StoppedByUser      Kind = "stopped_by_user"      // a person pressed Stop
	SeamMismatch       Kind = "seam_mismatch"        // a resumed answer did not fit what was delivered
	NotReplayable      Kind = "not_replayable"       // the request body can be read only once
)

// Verdict is the judgment on a Failure.
type Verdict struct {
	// Retryable says that the same request has a realistic chance within minutes,
	// without a change by the user.
	Retryable bool `json:"retryable"`
	// Kind is the kind of failure.
	Kind Kind `json:"kind"`
	// Provider is the provider's short name, empty if not known.
	Provider string `json:"provider,omitempty"`
	// Status is the HTTP status that decided, 0 if none did. It can differ
	// from the response's: a 200 may carry a 529 in its stream.
	Status int `json:"status,omitempty"`
	// RetryAfterMs is the wait that the server asked for, in milliseconds; nil if it
	// asked for none, 0 if it asked for a retry at once. It never makes a failure
	// retryable.
	RetryAfterMs *int64 `json:"retry_after_ms,omitempty"`
	// Rule names the rule that decided.
	Rule string `json:"rule,omitempty"`
	// ChainBroken says that the provider no longer has the previous_response_id: the
	// caller should send the whole history once.
	ChainBroken bool `json:"chain_broken,omitempty"`
	// Party says whose failure it is, if not the provider's: PartyServer,
	// PartyProxy, PartyFirewall, or empty.
	Party Party `json:"party,omitempty"`
	// Title names the failure in two or three words. Title, Message and Detail are safe
	// to show: no key, no token, and of a URL only the host.
	Title string `json:"title,omitempty"`
	// Message describes the failure in an English sentence.
	Message string `json:"message,omitempty"`
	// Detail is the provider's own text, in one line of at most 500 characters. Of an
	// authentication error it is only the missing scope.
	Detail string `json:"detail,omitempty"`
}

// Party is who failed, if not the provider. Message names it.
type Party string

const (
	PartyServer   Party = "server"   // the application's own, such as /api/chat, which is not a provider's address
	PartyProxy    Party = "proxy"    // a proxy on the way that asks for credentials of its own
	PartyFirewall Party = "firewall" // a filter on the way
)
