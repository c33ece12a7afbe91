package retry

import (
	"time"

	"github.com/steadfetch/steadfetch/classify"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
)

// ChatStreamEventType is the type of an event of a stream. In the wire form, an event
// is an object with its type and a member of that name: {"type":"retry","retry":{…}}.
type ChatStreamEventType string

const (
	ChatStreamEventTypeMessage ChatStreamEventType = "message" // an event of the provider's stream
	ChatStreamEventTypeRetry   ChatStreamEventType = "retry"   // an attempt failed, another follows
	ChatStreamEventTypeReset   ChatStreamEventType = "reset"   // drop all messages so far: the answer starts again
	ChatStreamEventTypeFinish  ChatStreamEventType = "finish"  // the answer is complete
	ChatStreamEventTypeError   ChatStreamEventType = "error"   // the request failed for good
)

// ChatStreamError is the event to show when a request has failed for good. All its
// texts are safe to show. It is a wire form, not a Go error: that is [Error].
type ChatStreamError struct {
	Message    string        `json:"message"`
	Detail     string        `json:"detail,omitempty"`
	Kind       classify.Kind `json:"kind,omitempty"`
	Provider   string        `json:"provider,omitempty"`
	Retryable  bool          `json:"retryable"`
	StatusCode int           `json:"status_code,omitempty"`
	Title      string        `json:"title,omitempty"`
	// Party says whose failure it was, if not the provider's.
	Party classify.Party `json:"party,omitempty"`
	// RetryAfterMs is how long the server asked to wait, nil if it did not ask.
	RetryAfterMs *int64 `json:"retry_after_ms,omitempty"`
}

// ChatStreamRetry is the event to show while a session waits.
type ChatStreamRetry struct {
	// Attempt is the number of failures so far, from 1; 0 for a request that waits
	// because of a limit that others have met.
	Attempt int `json:"attempt"`
	// DelayMs is the wait, in milliseconds.
	DelayMs int64 `json:"delay_ms"`
	// Error describes the failure in a sentence that is safe to show.
	Error string `json:"error"`
	// RetryingAt is when the next attempt starts, in RFC 3339 on the wire.
	RetryingAt time.Time `json:"retrying_at"`
	// Kind is the kind of failure.
	Kind classify.Kind `json:"kind,omitempty"`
	// Provider is the provider's short name, empty if not known.
	Provider string `json:"provider,omitempty"`
	// StatusCode is the HTTP status that decided, 0 if none did.
	StatusCode int `json:"status_code,omitempty"`
	// Title names the failure in two or three words.
	Title string `json:"title,omitempty"`
	// Party says whose failure it was, if not the provider's.
	Party classify.Party `json:"party,omitempty"`
	// Before is how many requests go before this one while it waits because of a limit.
	Before int `json:"before,omitempty"`
}

// wireTime is the form of a time on the wire: RFC 3339 in UTC with milliseconds, as
// JavaScript's toISOString returns it.
const wireTime = "2006-01-02T15:04:05.000Z"

// MarshalJSON returns the form of r on the wire and in stored snapshots. Only the form
// of the time differs from what Go does by default.
func (r ChatStreamRetry) MarshalJSON() ([]byte, error) {
	b := jsonscan.AppendInt([]byte(`{"attempt":`), int64(r.Attempt))
	b = jsonscan.AppendInt(append(b, `,"delay_ms":`...), r.DelayMs)
	b = jsonscan.AppendString(append(b, `,"error":`...), r.Error)
	b = jsonscan.AppendString(append(b, `,"retrying_at":`...), r.RetryingAt.UTC().Format(wireTime))
	if r.Kind != "" {
		b = jsonscan.AppendString(append(b, `,"kind":`...), string(r.Kind))
	}
	if r.Provider != "" {
		b = jsonscan.AppendString(append(b, `,"provider":`...), r.Provider)
	}
	if r.StatusCode != 0 {
		b = jsonscan.AppendInt(append(b, `,"status_code":`...), int64(r.StatusCode))
	}
	if r.Title != "" {
		b = jsonscan.AppendString(append(b, `,"title":`...), r.Title)
	}
	if r.Party != "" {
		b = jsonscan.AppendString(append(b, `,"party":`...), string(r.Party))
	}
	if r.Before != 0 {
		b = jsonscan.AppendInt(append(b, `,"before":`...), int64(r.Before))
	}
	return append(b, '}'), nil
}
