//go:build tinygo

package classify

// Headers are the headers of a request or a response.
type Headers []HeaderField

// HeaderField is one header.
type HeaderField struct{ Name, Value string }

func eachHeader(headers Headers, f func(name, value string)) {
	for i := range headers {
		f(headers[i].Name, headers[i].Value)
	}
}
