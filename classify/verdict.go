// Package classify answers one question about a failed request to an LLM
// provider: is the same request worth another try? It is pure: no I/O, no clock,
// no state, so the same Failure gives the same Verdict in Go and in every browser.
package classify

// Phase says how far a request had come when it failed.
type Phase string

const (
	PhaseConnect   Phase = "connect"   // no response headers were seen
	PhaseResponse  Phase = "response"  // a response arrived, and it is an error
	PhaseMidstream Phase = "midstream" // the body failed after good headers
)

// Failure is what a host saw of a failed request. Every field may be missing;
// the zero Failure is legal and is judged unknown.
type Failure struct {
	// Phase is PhaseConnect, PhaseResponse, PhaseMidstream or empty.
	Phase Phase `json:"phase,omitempty"`
	// Status is the HTTP status, 0 if there was no response.
	Status int `json:"status,omitempty"`
	// Headers are the response's. Names are compared without regard to case.
	Headers Headers `json:"headers,omitempty"`
	// Body is the first 64 KiB of an error body, or a whole JSON answer.
	Body string `json:"body,omitempty"`
	// Event is the stream event that carried the error, if one did.
	Event *Event `json:"event,omitempty"`
	// Error is the thrown error, if one was.
	Error *ErrorInfo `json:"error,omitempty"`
	// Provider is a hint ("anthropic", "openai", …) for hosts that know it.
	Provider string `json:"provider,omitempty"`
	// URL is the request's. It tells the provider and is never shown.
	URL string `json:"url,omitempty"`
	// Foreign says that the error was thrown by code that is not the retry
	// engine's. Such an error may be about anything, so that without a status
	// only a transport's or a provider's full phrase counts.
	Foreign bool `json:"foreign,omitempty"`
	// Canceled says that the caller's own signal or context ended the request.
	Canceled bool `json:"canceled,omitempty"`
	// Timer names the clock of the retry engine that ended the attempt:
	// TimerFirstByte, TimerSilence, TimerContent, or empty. An abort that
	// such a clock caused is no cancel, whatever its text says.
	Timer Timer `json:"timer,omitempty"`
	// Now is the host's wall clock in milliseconds since the Unix epoch. It is
	// needed only to read dates in hints when the response has no Date header;
	// 0 leaves such a hint unread.
	Now int64 `json:"now,omitempty"`
	// UnknownRetryable turns the verdict on an error that no rule knows from
	// stop to retry.
	UnknownRetryable bool `json:"unknown_retryable,omitempty"`
	// Verdict is the one that was given before, where the error is the retry
	// engine's own. It stands, but for what the header x-should-retry says.
	Verdict *Verdict `json:"verdict,omitempty"`
}

// Timer is a clock of the retry engine.
type Timer string

const (
	TimerFirstByte Timer = "first_byte" // nothing at all arrived in time
	TimerSilence   Timer = "silence"    // no byte for too long
	TimerContent   Timer = "content"    // bytes, but no event for too long
)

// Event is one event of a stream, as framed by Server-Sent Events (WHATWG
// HTML §9.2).
type Event struct {
	Event string `json:"event,omitempty"`
	Data  string `json:"data,omitempty"`
}

// ErrorInfo is a thrown error, reduced to its facts.
type ErrorInfo struct {
	Name    string `json:"name,omitempty"`
	Message string `json:"message,omitempty"`
	Code    string `json:"code,omitempty"` // numbers are given in decimal
	// Retryable is "true" or "false" where the error itself says so, as
	// error.retryable, error.isRetryable or Retryable() bool.
	Retryable string     `json:"retryable,omitempty"`
	Cause     *ErrorInfo `json:"cause,omitempty"`
}

// Kind groups failures by what a person can do about them.
type Kind string

// The kinds. The first block comes from what a provider or a network says,
// the second from what the retry engine itself finds.
const (
	RateLimit      Kind = "rate_limit"      // too many requests or tokens for now
	Overloaded     Kind = "overloaded"      // no capacity for now
	Server         Kind = "server"          // an internal error, or an answer that makes no sense
	Timeout        Kind = "timeout"         // nothing in time
	Network        Kind = "network"         // no connection, or one that broke
	Auth           Kind = "auth"            // no key, a wrong one, or an expired one
	Permission     Kind = "permission"      // the key or account may not do this
	Quota          Kind = "quota"           // credit or a plan is used up, or a limit by the day
	ContextLength  Kind = "context_length"  // the conversation is longer than the model can take
	ModelNotFound  Kind = "model_not_found" // no such model here
	InvalidRequest Kind = "invalid_request" // a mistake in the request
	ContentPolicy  Kind = "content_policy"  // refused or withheld by a filter
	Canceled       Kind = "canceled"        // by the caller's own signal or context
	TooLarge       Kind = "too_large"       // the request has too many bytes
	TLS            Kind = "tls"             // a certificate that is not trusted
	Conflict       Kind = "conflict"        // another request is in the way
	Unknown        Kind = "unknown"         // no rule knows it

	Silence            Kind = "silence"              // a clock ran out after the answer had begun
	Truncated          Kind = "truncated"            // the answer ended without its end marker
	EmptyOutput        Kind = "empty_output"         // the answer ended without output
	Unreadable         Kind = "unreadable"           // an event that cannot be parsed
	NetworkOrCORS      Kind = "network_or_cors"      // a browser cannot tell a dead network from CORS
	RetryAfterTooLong  Kind = "retry_after_too_long" // the server asked for more than Policy.MaxRetryAfter
	AttemptsExhausted  Kind = "attempts_exhausted"   // Policy.MaxAttempts or the retry budget is used up
	MaxElapsedExceeded Kind = "max_elapsed_exceeded" // the next wait would not fit into Policy.MaxElapsed
	StoppedByUser      Kind = "stopped_by_user"      // a person pressed Stop
	SeamMismatch       Kind = "seam_mismatch"        // a resumed answer did not fit what was delivered
	NotReplayable      Kind = "not_replayable"       // the request body could be read only once
)

// Verdict is the answer to a Failure.
type Verdict struct {
	// Retryable says that the same request, sent again within minutes, has a
	// realistic chance with no change by the user.
	Retryable bool `json:"retryable"`
	// Kind is the group of failures that this one belongs to.
	Kind Kind `json:"kind"`
	// Provider is the provider's short name, empty if not known.
	Provider string `json:"provider,omitempty"`
	// Status is the HTTP status that decided, 0 if none did. It can differ
	// from the response's: a 200 may carry a 529 in its stream.
	Status int `json:"status,omitempty"`
	// RetryAfterMs is how long the server asked to wait; nil if it did not ask,
	// 0 if it asked for a retry at once. It never makes a failure retryable.
	RetryAfterMs *int64 `json:"retry_after_ms,omitempty"`
	// Rule names the rule that decided.
	Rule string `json:"rule,omitempty"`
	// ChainBroken says that a previous_response_id is lost: the caller should
	// send the whole history once.
	ChainBroken bool `json:"chain_broken,omitempty"`
	// Party says whose failure it is, if not the provider's: PartyServer,
	// PartyProxy, PartyFirewall, or empty.
	Party Party `json:"party,omitempty"`
	// Title is the failure in two or three words. Title, Message and Detail are
	// safe to show: no key, no token, no URL beyond its host.
	Title string `json:"title,omitempty"`
	// Message is the failure in a sentence, in English.
	Message string `json:"message,omitempty"`
	// Detail is the provider's own text, one line, at most 500 characters; of an
	// authentication error, only what is missing.
	Detail string `json:"detail,omitempty"`
}

// Party is who failed, if not the provider. Message names them.
type Party string

const (
	PartyServer   Party = "server"   // one's own, such as /api/chat, which is no provider's address
	PartyProxy    Party = "proxy"    // one on the way, which wants credentials of its own
	PartyFirewall Party = "firewall" // a filter on the way
)
