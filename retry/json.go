//go:build !tinygo

package retry

import (
	"errors"
	"strings"

	"github.com/steadfetch/steadfetch/internal/jsonscan"
)

// MarshalJSON writes p as it is written in files and on the wire, where a
// field that is left out is the default and 0 is off: what is 0 in p is left
// out, and what is negative is written as 0.
func (p Policy) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	key := func(list string, at int) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(jsonscan.AppendString(b, word(list, at)), ':')
	}
	for i, n := range p.Numbers() {
		if n != 0 {
			key(PolicyNumbers, i)
			b = jsonscan.AppendInt(b, max(n, 0))
		}
	}
	for i, s := range p.Strings() {
		if s != "" {
			key(PolicyStrings, i)
			b = jsonscan.AppendString(b, s)
		}
	}
	for i, on := range p.Bools() {
		if on {
			key(PolicyBools, i)
			b = append(b, "true"...)
		}
	}
	return append(b, '}'), nil
}

// word is the word at a place of a list.
func word(list string, at int) string {
	for ; at > 0; at-- {
		_, list, _ = strings.Cut(list, " ")
	}
	first, _, _ := strings.Cut(list, " ")
	return first
}

// UnmarshalJSON reads what MarshalJSON writes: a 0 becomes negative, and what
// is missing or null becomes 0. Unlike what Go does by default, it refuses
// names that it does not know: an option that is misspelt would be an option
// that is not heard. Negative numbers are refused too. It does not check
// whether the policy makes sense; Fill does.
func (p *Policy) UnmarshalJSON(text []byte) error {
	policy := jsonscan.Parse(string(text))
	switch policy.Kind() {
	case jsonscan.Null:
		return nil
	case jsonscan.Object:
	default:
		return errors.New("retry: a policy must be a JSON object")
	}
	var read Policy
	for it := policy.Iter(); it.Next(); {
		v, expected := it.Value, ""
		if at := it.Key.In(PolicyNumbers); at >= 0 {
			n, ok := v.Int()
			if v.Kind() != jsonscan.Number || !ok || n < 0 {
				expected = "a number of at least 0"
			} else if n == 0 {
				n = -1 // off
			}
			read.Numbers()[at] = n
		} else if at := it.Key.In(PolicyStrings); at >= 0 {
			if v.Kind() != jsonscan.String {
				expected = "a string"
			}
			read.Strings()[at] = v.Str()
		} else if at := it.Key.In(PolicyBools); at >= 0 {
			if v.Kind() != jsonscan.Bool {
				expected = "true or false"
			}
			read.Bools()[at] = v.True()
		} else {
			return errors.New("retry: there is no option " + it.Key.Str())
		}
		if v.Kind() == jsonscan.Null {
			continue // Numbers, Strings and Bools gave it its zero value
		}
		if expected != "" {
			return errors.New("retry: " + it.Key.Str() + " must be " + expected)
		}
	}
	*p = read
	return nil
}

// wireTime is how a time is written on the wire, as JavaScript's toISOString
// does: RFC 3339 in UTC with milliseconds.
const wireTime = "2006-01-02T15:04:05.000Z"

// MarshalJSON writes r as it is written on the wire and in stored snapshots.
// It differs from what Go does by default in the form of the time alone.
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
	return append(b, '}'), nil
}
