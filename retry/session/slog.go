//go:build !tinygo

package session

import "log/slog"

// LogValue groups the fields of the state for log/slog.
func (s Snapshot) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("state", string(s.State)), slog.Int("attempt", s.Attempt), slog.Int("failures", s.Failures)}
	if s.WaitingFor != "" {
		attrs = append(attrs, slog.String("waiting_for", string(s.WaitingFor)))
	}
	if s.Retry != nil {
		attrs = append(attrs, slog.Any("retry", *s.Retry))
	}
	if s.Verdict != nil {
		attrs = append(attrs, slog.String("kind", string(s.Verdict.Kind)))
	}
	return slog.GroupValue(attrs...)
}
