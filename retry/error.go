//go:build !tinygo

package retry

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/steadfetch/steadfetch/classify"
)

// The causes with which the engine itself gives up, for errors.Is. A failure
// that is not worth another try has none of them: its Verdict says it all.
//
// They come from Do, from transport.Transport.Stream, and from http.Client where
// there is no response to give. Where the last failure was a status, or an error
// event in a 200, an http.Client gives that response and no error.
var (
	// ErrExhausted is kind attempts_exhausted: Policy.MaxAttempts or the retry
	// budget is used up.
	ErrExhausted = errors.New("retry: attempts exhausted")
	// ErrMaxElapsed is kind max_elapsed_exceeded: the next wait would not fit
	// into Policy.MaxElapsed.
	ErrMaxElapsed = errors.New("retry: no time left")
	// ErrRetryAfterTooLong is kind retry_after_too_long: the server asked for a
	// longer wait than Policy.MaxRetryAfter.
	ErrRetryAfterTooLong = errors.New("retry: asked to wait too long")
	// ErrStopped is kind stopped_by_user: a person pressed Stop.
	ErrStopped = errors.New("retry: stopped")
)

// Error is why a request failed for good: why the retrying stopped, and what
// failed last.
//
// errors.Is finds the engine's cause (ErrExhausted, …), what the last attempt's
// transport said, and for a cancel the context's error and its cause. Wrapped or
// not, classify.Classify(classify.FromError(err)) gives Verdict back.
type Error struct {
	// Verdict is the failure, or the engine's own reason to give up.
	Verdict classify.Verdict
	// Last is the verdict on the last failure where Verdict is the engine's
	// own, else nil. The error's text tells of it.
	Last *classify.Verdict
	// Attempts is how many requests were opened.
	Attempts int
	// Elapsed is the time from the call to the failure, waits included.
	Elapsed time.Duration
	// Err is the error of the last attempt, nil if the failure came as a
	// status or as an event. For kind canceled it is the context's error, with
	// its cause. Its text may hold addresses; Error does not show it, and JSON
	// leaves it out.
	Err error `json:"-"`
}

// Error is one line that is safe to show: no key, no token, no URL beyond its
// host, no address of this machine.
func (e *Error) Error() string {
	text := "retry: "
	if cause := e.cause(); cause != nil {
		text = cause.Error()
		if asked := e.Verdict.RetryAfterMs; cause == ErrRetryAfterTooLong && asked != nil {
			text += ", " + (time.Duration(*asked) * time.Millisecond).String() + ","
		}
		text += " after " + strconv.Itoa(e.Attempts)
		if text += " attempts"; e.Attempts == 1 {
			text = text[:len(text)-1]
		}
		text += ": "
	}
	v := &e.Verdict
	if e.Last != nil {
		v = e.Last
	}
	if v.Message == "" {
		text += string(v.Kind)
	}
	text += v.Message
	if detail := e.detail(v); detail != "" {
		text += " (" + detail + ")"
	}
	return text
}

// detail is what is shown of a verdict's detail. Where the failure is Go's own
// network error ("read tcp 10.0.0.7:53422->…:443: connection reset by peer"),
// that is what stands behind its addresses.
func (e *Error) detail(v *classify.Verdict) string {
	if e.Err != nil && v.Status == 0 {
		switch v.Kind {
		case classify.Network, classify.NetworkOrCORS, classify.Timeout, classify.TLS:
			return strings.TrimSpace(v.Detail[strings.LastIndex(v.Detail, ": ")+1:])
		}
	}
	return v.Detail
}

// Unwrap gives the cause, if it is the engine's own, and Err.
func (e *Error) Unwrap() []error {
	var chain []error
	if cause := e.cause(); cause != nil {
		chain = append(chain, cause)
	}
	if e.Err != nil {
		chain = append(chain, e.Err)
	}
	return chain
}

// Timeout says that the caller's own deadline ended the request, for code that
// asks errors by the method of that name, as net/url.Error does.
func (e *Error) Timeout() bool {
	return e.Verdict.Kind == classify.Canceled && errors.Is(e.Err, context.DeadlineExceeded)
}

// Retryable is the Verdict's: whether the same call is worth another try. Where
// the engine itself gave up it is not, so loops around it do not multiply.
func (e *Error) Retryable() bool { return e.Verdict.Retryable }

func (e *Error) cause() error {
	switch e.Verdict.Kind {
	case classify.AttemptsExhausted:
		return ErrExhausted
	case classify.MaxElapsedExceeded:
		return ErrMaxElapsed
	case classify.RetryAfterTooLong:
		return ErrRetryAfterTooLong
	case classify.StoppedByUser:
		return ErrStopped
	}
	return nil
}
