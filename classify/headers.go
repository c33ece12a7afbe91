//go:build !tinygo

package classify

// Headers are the headers of a request or a response. In the module, where
// code for maps would be a part of its weight, they are a list.
type Headers = map[string]string

// eachHeader calls f with each header, in no order.
func eachHeader(headers Headers, f func(name, value string)) {
	for name, value := range headers {
		f(name, value)
	}
}
