//go:build !tinygo

package classify

import "github.com/steadfetch/steadfetch/internal/ascii"

// Headers are the headers of a request or a response. In the WebAssembly module they
// are a list, since the code for maps would make it larger.
type Headers map[string]string

type headerField struct{ Name, Value string }

// fields returns all headers, in no particular order.
func fields(headers Headers) []headerField {
	list := make([]headerField, 0, len(headers))
	for name, value := range headers {
		list = append(list, headerField{name, value})
	}
	return list
}

// Get returns the value of a header, or "". name must be in lower case. Of names that
// differ only in case, the first in byte order counts.
func (headers Headers) Get(name string) (value string) {
	best := ""
	for k, v := range headers {
		if ascii.EqualFold(k, name) && (best == "" || k < best) {
			best, value = k, v
		}
	}
	return value
}
