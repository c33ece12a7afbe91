package retry

import (
	"time"

	"github.com/steadfetch/steadfetch/classify"
)

// ChatStreamRetry is the event to show while a session waits.
type ChatStreamRetry struct {
	// Attempt is the number of failures so far, from 1.
	Attempt int   `json:"attempt"`
	DelayMs int64 `json:"delay_ms"`
	// Error is safe to show.
	Error string `json:"error"`
	// RetryingAt is when the next attempt begins, in RFC 3339 on the wire.
	RetryingAt time.Time     `json:"retrying_at"`
	Kind       classify.Kind `json:"kind,omitempty"`
	Provider   string        `json:"provider,omitempty"`
	StatusCode int           `json:"status_code,omitempty"`
	Title      string        `json:"title,omitempty"`
}
