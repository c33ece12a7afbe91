//go:build !tinygo

// Package httperror holds what every reader of net/http's error responses
// needs. Its build tag keeps it out of the module, whose hosts read responses
// themselves.
package httperror

import "strings"

// MaxBody is how much of an error body is read, in bytes: the classifier's
// limit (classify.Failure.Body).
const MaxBody = 64 << 10

// Headers returns an http.Header in the form that classify.Headers has: names in
// lower case, the lines of one name joined by ", " (RFC 9110 §5.3).
func Headers(lines map[string][]string) map[string]string {
	headers := make(map[string]string, len(lines))
	for name, values := range lines {
		headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	return headers
}
