//go:build !tinygo

package classify

import (
	"context"
	"errors"
	"strings"
)

// IsRetryable reports whether the same call is worth another attempt after err. If the
// error or one that it wraps has a method Retryable() bool, such as retry.Error, that
// decides. Otherwise it is Classify(FromError(err)).Retryable: nil, the error of a
// context and an error that no rule knows are not retryable.
func IsRetryable(err error) bool {
	var judged interface{ Retryable() bool }
	if errors.As(err, &judged) {
		return judged.Retryable()
	}
	return err != nil && Classify(FromError(err)).Retryable
}

// FromError extracts from a Go error the facts that Classify judges. It looks for them
// in the whole chain of wrapped errors, where the errors of SDKs have them:
//
//   - the status: StatusCode() or HTTPStatusCode(), or fields with these names
//   - the headers, including Retry-After: Header(), or the field Header or
//     Response.Header. FromError reads no clock: set Now if the headers can have a date
//     in them without the header Date
//   - the body: RawJSON(), or the field Body. It does not read Response.Body, so it
//     misses what an SDK leaves there, as openai-go does with an error that is not JSON
//   - the address: the field Request.URL, or a text that begins like net/url's
//   - what it says of itself: Retryable() bool and Timeout() bool
//   - a field Verdict of type Verdict, as in retry.Error: Classify returns it
//
// The rest is judged by its text: the errors of net, net/url, net/http, crypto/tls,
// crypto/x509 and syscall. An error that is none of these is Foreign.
//
// An error of a context, canceled or past its deadline, counts as the caller's
// cancel. There are two exceptions: the text names http.Client's own timeout, or the
// error came with a status of 500 or above, so that it was the server's context. nil
// gives the zero Failure.
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

// cutAddress cuts the address out of a text like net/url's, which some SDKs have too:
// 'Post "https://host/path": connection refused'. The words in an address say nothing
// about the failure.
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
