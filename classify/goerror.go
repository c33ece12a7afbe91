//go:build !tinygo

package classify

import (
	"context"
	"errors"
	"strings"
)

// IsRetryable says whether the same call is worth another try after err. It is
// Classify(FromError(err)).Retryable: nil, a done context and an error that no
// rule knows are not retryable.
func IsRetryable(err error) bool {
	return err != nil && Classify(FromError(err)).Retryable
}

// FromError reduces a Go error to the facts that Classify judges: whether a
// context was done, an HTTP status, an answer's body and the text. The status
// and the body are found anywhere in the chain of wrapped errors, by the
// methods that SDKs give theirs: StatusCode() int, HTTPStatusCode() int and
// RawJSON() string. Everything else of net, net/url, crypto/tls, crypto/x509,
// net/http and syscall is told by the text.
//
// A done context is the caller's cancel, and so is a deadline, unless the text
// tells that it was http.Client's own time-out.
func FromError(err error) Failure {
	if err == nil {
		return Failure{}
	}
	text := err.Error()
	f := Failure{Error: &ErrorInfo{Message: text}}
	f.Canceled = errors.Is(err, context.Canceled) ||
		errors.Is(err, context.DeadlineExceeded) && !strings.Contains(text, "Client.Timeout")
	var status interface{ StatusCode() int }
	var httpStatus interface{ HTTPStatusCode() int }
	switch {
	case errors.As(err, &status):
		f.Status = status.StatusCode()
	case errors.As(err, &httpStatus):
		f.Status = httpStatus.HTTPStatusCode()
	}
	var raw interface{ RawJSON() string }
	if errors.As(err, &raw) {
		f.Body = raw.RawJSON()
	}
	return f
}
