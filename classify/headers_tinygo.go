//go:build tinygo

package classify

import "github.com/steadfetch/steadfetch/internal/ascii"

// Headers are the headers of a request or a response.
type Headers []HeaderField

// HeaderField is one header.
type HeaderField struct{ Name, Value string }

func fields(headers Headers) []HeaderField { return headers }

// Get returns the value of a header, or "". name must be in lower case. Of names that
// differ only in case, the first in byte order counts; of equal ones the last.
func (headers Headers) Get(name string) (value string) {
	best := ""
	for i := range headers {
		h := &headers[i]
		if ascii.EqualFold(h.Name, name) && (best == "" || h.Name <= best) {
			best, value = h.Name, h.Value
		}
	}
	return value
}
