//go:build !tinygo

package classify

import "github.com/steadfetch/steadfetch/internal/ascii"

// Headers are the headers of a request or a response. In the module, where
// code for maps would be a part of its weight, they are a list.
type Headers map[string]string

type headerField struct{ Name, Value string }

// fields gives all headers, in no order.
func fields(headers Headers) []headerField {
	list := make([]headerField, 0, len(headers))
	for name, value := range headers {
		list = append(list, headerField{name, value})
	}
	return list
}

// Get gives a header's value, by its name in lower case, or "". Of names that
// differ in case only, the first in order counts.
func (headers Headers) Get(name string) (value string) {
	best := ""
	for k, v := range headers {
		if ascii.EqualFold(k, name) && (best == "" || k < best) {
			best, value = k, v
		}
	}
	return value
}
