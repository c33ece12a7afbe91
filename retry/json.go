package retry

import (
	"errors"

	"github.com/steadfetch/steadfetch/internal/jsonscan"
)

// MarshalJSON writes p as it is written in files and on the wire, where a
// field that is left out is the default and 0 is off: what is 0 in p is left
// out, and what is negative is written as 0.
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

// json is the option's value on the wire, "" for the default.
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

// UnmarshalJSON reads what MarshalJSON writes: a 0 becomes negative, and what
// is missing or null becomes 0. Unlike what Go does by default, it refuses
// names that it does not know, since a misspelt option would do nothing, and
// negative numbers. Whether the words make sense is for Fill to say.
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

// read takes a value from the wire, if it is of the option's type.
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
