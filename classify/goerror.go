//go:build !tinygo

package classify

import (
	"context"
	"errors"
	"strings"
)

// IsRetryable reports whether the same call is worth another try after err. An
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

// FromError reduces a Go error to the facts that Classify judges. It looks for
// them in the whole chain of wrapped errors, where the SDKs' errors have them:
//
//   - the status: StatusCode() or HTTPStatusCode(), or fields of these names
//   - the headers, Retry-After among them: Header(), or the field Header or
//     Response.Header. It reads no clock: set Now, if a date is to be understood
//     that comes without the header Date
//   - the body: RawJSON(), or the field Body. Response.Body is not read, so what an
//     SDK leaves there, as openai-go does with an error that is not JSON, is not seen
//   - the address: the field Request.URL, or a text that begins like net/url's
//   - what it says itself: Retryable() bool, and Timeout() bool
//   - a field Verdict of type Verdict, as retry.Error has: it was judged before,
//     and Classify gives that verdict back
//
// The rest is told by its text: the errors of net, net/url, net/http,
// crypto/tls, crypto/x509 and syscall. An error that is none of these is
// Foreign.
//
// A context that is canceled or past its deadline is the caller's cancel,
// unless the text tells of http.Client's own time-out, or the error came as a
// response of 500 or above: then it was the server's context.
func FromError(err error) Failure {
	if err == nil {
		return Failure{}
	}
	f := Failure{}
	gather(err, &f)
	url, text := cutAddress(err.Error())
	f.Error = &ErrorInfo{Message: text}
	if f.URL == "" {
		f.URL = url
	}
	var judged interface{ Retryable() bool }
	if errors.As(err, &judged) {
		f.Error.Retryable = "false"
		if judged.Retryable() {
			f.Error.Retryable = "true"
		}
	}
	var transport interface { // net.Error
		Timeout() bool
		Temporary() bool
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

// cutAddress takes the address out of a text like net/url's and some SDKs',
// 'Post "https://host/path": connection refused'. What is written in an address
// is no news of a failure.
func cutAddress(text string) (url, rest string) {
	at := strings.Index(text, ` "http`)
	if at < 0 {
		return "", text
	}
	url, rest, found := strings.Cut(text[at+2:], `": `)
	if !found || strings.ContainsAny(url, " \"") || !strings.Contains(url, "://") {
		return "", text
	}
	return url, text[:strings.LastIndexByte(text[:at], ' ')+1] + rest
}
