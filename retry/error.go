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

// The causes for which the engine itself gives up, for errors.Is. A permanent failure
// has none of them: its Verdict says why.
//
// They come from Do, from transport.Transport.Stream, and from an http.Client if there
// is no response to return. If the last failure was a status, or an error event in a
// 200, an http.Client returns that response and no error.
var (
	// ErrExhausted is the cause for kind attempts_exhausted: Policy.MaxAttempts or
	// the retry budget is used up.
	ErrExhausted = errors.New("retry: attempts exhausted")
	// ErrMaxElapsed is the cause for kind max_elapsed_exceeded: the next wait does
	// not fit into Policy.MaxElapsed.
	ErrMaxElapsed = errors.New("retry: no time left")
	// ErrRetryAfterTooLong is the cause for kind retry_after_too_long: the server
	// asked for a longer wait than Policy.MaxRetryAfter.
	ErrRetryAfterTooLong = errors.New("retry: asked to wait too long")
	// ErrStopped is the cause for kind stopped_by_user: a person pressed Stop.
	ErrStopped = errors.New("retry: stopped")
)

// Error says why a request failed for good: why the retrying stopped, and what failed
// last.
//
// errors.Is finds the engine's cause (ErrExhausted, …), the error of the last attempt's
// transport and, for a cancel, the context's error and its cause. Even if it is
// wrapped, classify.Classify(classify.FromError(err)) returns Verdict.
type Error struct {
	// Verdict is the verdict on the failure, or the engine's own reason to give up.
	Verdict classify.Verdict
	// Last is the verdict on the last failure if Verdict is the engine's own, else
	// nil. The error's text names that failure.
	Last *classify.Verdict
	// Attempts is how many attempts were made.
	Attempts int
	// Elapsed is the time from the call to the failure, including the waits.
	Elapsed time.Duration
	// Err is the error of the last attempt, nil if the failure was a status or an
	// event. For kind canceled it is the context's error with its cause. Its text may
	// have addresses in it, so the method Error does not show it, and JSON leaves it
	// out.
	Err error `json:"-"`
}

// Error returns one line that is safe to show: no key, no token, of a URL only the
// host, and no address of this machine.
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

// detail returns the part of v.Detail that is safe to show. Of Go's network errors
// ("read tcp 10.0.0.7:53422->…:443: connection reset by peer"), that is the text after
// the addresses.
func (e *Error) detail(v *classify.Verdict) string {
	if e.Err != nil && v.Status == 0 {
		switch v.Kind {
		case classify.Network, classify.NetworkOrCORS, classify.Timeout, classify.TLS:
			return strings.TrimSpace(v.Detail[strings.LastIndex(v.Detail, ": ")+1:])
		}
	}
	return v.Detail
}

// Unwrap returns the engine's cause, if it has one, and Err, if it is not nil.
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

// Timeout reports whether the caller's own deadline ended the request. Code that
// handles net.Error calls it.
func (e *Error) Timeout() bool {
	return e.Verdict.Kind == classify.Canceled && errors.Is(e.Err, context.DeadlineExceeded)
}

// Retryable reports whether the same call is worth another attempt, as Verdict says. It
// is false if the engine itself gave up, so that a loop around it does not multiply
// the attempts.
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
