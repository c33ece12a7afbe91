//go:build !tinygo

package retry

import (
	"errors"

	"github.com/steadfetch/steadfetch/classify/jsonscan"
)

// MarshalJSON writes p as it is written in files and on the wire, where a
// field that is left out is the default and 0 is off: what is 0 in p is left
// out, and what is negative is written as 0.
func (p Policy) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	key := func(name string) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(jsonscan.AppendString(b, name), ':')
	}
	for name, field := range p.fields {
		switch field := field.(type) {
		case *string:
			if *field != "" {
				key(name)
				b = jsonscan.AppendString(b, *field)
			}
		case *bool:
			if *field {
				key(name)
				b = append(b, "true"...)
			}
		case *int:
			if *field != 0 {
				key(name)
				b = jsonscan.AppendInt(b, int64(max(*field, 0)))
			}
		case *int64:
			if *field != 0 {
				key(name)
				b = jsonscan.AppendInt(b, max(*field, 0))
			}
		}
	}
	return append(b, '}'), nil
}

// UnmarshalJSON reads what MarshalJSON writes: a 0 becomes negative, and what
// is missing or null becomes 0. Unlike what Go does by default, it refuses
// names that it does not know: an option that is misspelt would be an option
// that is not heard. Negative numbers are refused too. It does not check
// whether the policy makes sense; Filled does.
func (p *Policy) UnmarshalJSON(text []byte) error {
	v := jsonscan.Parse(string(text))
	switch v.Kind() {
	case jsonscan.Null:
		return nil
	case jsonscan.Object:
	default:
		return errors.New("retry: a policy must be a JSON object")
	}
	var read Policy
	for it := v.Iter(); it.Next(); {
		name, known := it.Key.Str(), false
		for candidate, field := range read.fields {
			if candidate != name {
				continue
			}
			known = true
			if !assign(field, it.Value) {
				return errors.New("retry: " + name + " must be " + expected(field))
			}
		}
		if !known {
			return errors.New("retry: unknown option: " + name)
		}
	}
	*p = read
	return nil
}

// assign puts a value of the wire into a field, if it is of its kind.
func assign(field any, v jsonscan.Value) bool {
	if v.Kind() == jsonscan.Null {
		return true
	}
	n, whole := v.Int()
	if n == 0 {
		n = -1 // off
	}
	number := v.Kind() == jsonscan.Number && whole && v[0] != '-'
	switch field := field.(type) {
	case *string:
		*field = v.Str()
		return v.Kind() == jsonscan.String
	case *bool:
		*field = v.True()
		return v.Kind() == jsonscan.Bool
	case *int:
		*field = int(min(n, 1<<30)) // on every platform
		return number
	case *int64:
		*field = n
		return number
	}
	return false
}

func expected(field any) string {
	switch field.(type) {
	case *string:
		return "a string"
	case *bool:
		return "true or false"
	}
	return "a number of at least 0"
}

// fields gives each field of p by its name on the wire.
func (p *Policy) fields(yield func(name string, field any) bool) {
	_ = yield("preset", &p.Preset) &&
		yield("max_attempts", &p.MaxAttempts) &&
		yield("initial_delay_ms", &p.InitialDelayMs) &&
		yield("max_delay_ms", &p.MaxDelayMs) &&
		yield("jitter", &p.Jitter) &&
		yield("max_retry_after_ms", &p.MaxRetryAfterMs) &&
		yield("max_elapsed_ms", &p.MaxElapsedMs) &&
		yield("first_byte_timeout_ms", &p.FirstByteTimeoutMs) &&
		yield("silence_timeout_ms", &p.SilenceTimeoutMs) &&
		yield("content_timeout_ms", &p.ContentTimeoutMs) &&
		yield("after_commit", &p.AfterCommit) &&
		yield("resume", &p.Resume) &&
		yield("lenient", &p.Lenient) &&
		yield("unknown_retryable", &p.UnknownRetryable) &&
		yield("no_cooldown", &p.NoCooldown) &&
		yield("budget_tokens", &p.BudgetTokens) &&
		yield("budget_ratio", &p.BudgetRatio) &&
		yield("max_replay_bytes", &p.MaxReplayBytes)
}
