package retry

import (
	"errors"

	"github.com/steadfetch/steadfetch/internal/jsonscan"
)

// MarshalJSON returns the form of p in files and on the wire, where a field that is
// left out is the default and 0 is off: it leaves out what is 0 in p, and writes 0 for
// what is negative.
func (p Policy) MarshalJSON() ([]byte, error) {
	text := "{"
	for i := range options {
		if value := options[i].json(&p); value != "" {
			if text != "{" {
				text += ","
			}
			text += `"` + options[i].name + `":` + value
		}
	}
	return []byte(text + "}"), nil
}

// json returns the option's value on the wire, "" for the default.
func (o *option) json(p *Policy) string {
	switch {
	case o.kind == word && *o.word(p) != "":
		return string(jsonscan.AppendString(nil, *o.word(p)))
	case o.kind == flag && *o.flag(p):
		return "true"
	case o.kind <= wait && o.number(p) != 0:
		return string(jsonscan.AppendInt(nil, max(o.number(p), 0)))
	}
	return ""
}

// UnmarshalJSON reads the form that MarshalJSON returns: a 0 becomes negative, and a
// field that is missing or null becomes 0. Other than Go does by default, it refuses
// unknown names, since a misspelled option would have no effect, and negative
// numbers. It does not check the values of words: Fill does.
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
		var o *option
		for i := range options {
			if it.Key.Is(options[i].name) {
				o = &options[i]
			}
		}
		if o == nil {
			return errors.New("retry: there is no option " + it.Key.Str())
		}
		if !o.read(&read, it.Value) {
			return o.mistake()
		}
	}
	*p = read
	return nil
}

// read sets the option to a value from the wire, and reports whether it is of the
// option's type.
func (o *option) read(p *Policy, v jsonscan.Value) bool {
	switch {
	case v.Kind() == jsonscan.Null:
		return true
	case o.kind == word:
		*o.word(p) = v.Str()
		return v.Kind() == jsonscan.String
	case o.kind == flag:
		*o.flag(p) = v.True()
		return v.Kind() == jsonscan.Bool
	}
	n, ok := v.Int()
	if v.Kind() != jsonscan.Number || !ok || n < 0 {
		return false
	}
	if n == 0 {
		n = off
	}
	o.setNumber(p, n)
	return true
}
