//go:build !tinygo

package retry

import (
	"log/slog"
	"time"
)

// LogValue groups the event's fields for log/slog:
// slog.WarnContext(ctx, "retrying", "retry", event).
func (r ChatStreamRetry) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.Int("attempt", r.Attempt),
		slog.Duration("delay", time.Duration(r.DelayMs)*time.Millisecond),
		slog.String("kind", string(r.Kind)),
		slog.String("error", r.Error),
	}
	if r.Provider != "" {
		attrs = append(attrs, slog.String("provider", r.Provider))
	}
	if r.StatusCode != 0 {
		attrs = append(attrs, slog.Int("status_code", r.StatusCode))
	}
	return slog.GroupValue(attrs...)
}

// LogValue groups the error's text and facts for log/slog.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("error", e.Error()),
		slog.String("kind", string(e.Verdict.Kind)),
		slog.Int("attempts", e.Attempts),
		slog.Duration("elapsed", e.Elapsed),
	}
	if e.Last != nil {
		attrs = append(attrs, slog.String("last_kind", string(e.Last.Kind)))
	}
	if e.Verdict.Provider != "" {
		attrs = append(attrs, slog.String("provider", e.Verdict.Provider))
	}
	if e.Verdict.Status != 0 {
		attrs = append(attrs, slog.Int("status_code", e.Verdict.Status))
	}
	return slog.GroupValue(attrs...)
}
