//go:build !tinygo

package classify

import (
	"context"
	"errors"
	"strings"
)

// IsRetryable says whether the same call is worth another try after err. An
// error with a method Retryable() bool knows that itself, as retry.Error does.
// For others it is Classify(FromError(err)).Retryable: nil, a done context and
// an error that no rule knows are not retryable.
func IsRetryable(err error) bool {
	var judged interface{ Retryable() bool }
	if errors.As(err, &judged) {
		return judged.Retryable()
	}
	return err != nil && Classify(FromError(err)).Retryable
}

// FromError reduces a Go error to the facts that Classify judges: whether a
// context was done, an HTTP status, an answer's body and the text. Status and
// body are found anywhere in the chain of wrapped errors, by the methods that
// SDKs give theirs: StatusCode() int, HTTPStatusCode() int and RawJSON() string;
// so is Retryable() bool. The errors of net, net/url, net/http, crypto/tls,
// crypto/x509 and syscall are told by their texts, and by Timeout() bool. An
// error that is none of these is taken for foreign.
//
// A context that is canceled or past its deadline is the caller's cancel,
// unless the text tells of http.Client's own time-out, or the error came as a
// response of 500 or above: then it was the server's context.
func FromError(err error) Failure {
	if err == nil {
		return Failure{}
	}
	f := Failure{Error: &ErrorInfo{Message: err.Error()}}
	var status interface{ StatusCode() int }
	var httpStatus interface{ HTTPStatusCode() int }
	var raw interface{ RawJSON() string }
	var judged interface{ Retryable() bool }
	var transport interface { // net.Error
		Timeout() bool
		Temporary() bool
	}
	switch {
	case errors.As(err, &status):
		f.Status = status.StatusCode()
	case errors.As(err, &httpStatus):
		f.Status = httpStatus.HTTPStatusCode()
	}
	if errors.As(err, &raw) {
		f.Body = raw.RawJSON()
	}
	if errors.As(err, &judged) {
		f.Error.Retryable = "false"
		if judged.Retryable() {
			f.Error.Retryable = "true"
		}
	}
	f.Foreign = !errors.As(err, &transport)
	var timeout interface{ Timeout() bool }
	done := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	switch {
	case done && f.Status < 500 && !strings.Contains(f.Error.Message, "Client.Timeout"):
		f.Canceled = true
	case errors.As(err, &timeout) && timeout.Timeout():
		f.Error.Code = "ETIMEDOUT"
	}
	return f
}
