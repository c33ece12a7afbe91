package transport

import (
	"log/slog"
	"maps"
	"slices"
)

// LogValue groups the fields of the event for log/slog, with OpenTelemetry's names.
func (e AttemptEvent) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.Int("attempt", e.Attempt),
		slog.String("outcome", e.Outcome),
		slog.Duration("duration", e.End.Sub(e.Start)),
	}
	if e.Delay > 0 {
		attrs = append(attrs, slog.Duration("delay", e.Delay))
	}
	for _, name := range slices.Sorted(maps.Keys(e.Attributes)) {
		attrs = append(attrs, slog.Any(name, e.Attributes[name]))
	}
	return slog.GroupValue(attrs...)
}
