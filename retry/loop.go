//go:build !tinygo

package retry

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/steadfetch/steadfetch/classify"
)

// Retry is [Do] with the default policy: it retries after 1s -> 2s -> 4s … 60s, forever.
// Only ctx limits the attempts and the time.
func Retry(ctx context.Context, fn func(context.Context) error, onRetry func(attempt int, err error, delay time.Duration)) error {
	return Do(ctx, Policy{}, fn, onRetry)
}

// Do calls fn until it succeeds, fails for good, ctx ends, or policy gives up.
//
// It calls fn at least once, even if ctx has ended. A failure that is not retryable is
// returned unchanged, even if it is an [*Error], such as a transport returns. After any
// other, it calls onRetry, if not nil, with the number of failures so far, the error
// and the wait, and then waits. If ctx ends, it returns the cause of that. If policy
// gives up, it returns an [*Error] that wraps the last failure. It does not start a wait
// that does not fit into MaxElapsed. An invalid policy is an error, and fn is not called.
//
// [classify.IsRetryable] says what is retryable: failures of the network, and what
// providers report. An error of your own is unknown, and so not retried, unless it has
// a method Retryable() bool or the policy sets UnknownRetryable.
//
// Do waits as long as the server asked for, up to MaxRetryAfter. The errors of SDKs keep
// the response that says so ([classify.FromError] lists how). An error of your own can
// have a method Header() http.Header, or say it in its text ("try again in 20s"). For a
// plain response, return &Error{Verdict: transport.ClassifyResponse(response)}.
//
// A deadline that fn sets for one call is a retryable failure as long as ctx itself has
// not ended. Any other error of a context is not retryable.
//
// Options for streams have no effect here: the timeouts, AfterCommit, Resume, Lenient,
// the budget and the cool-down. Do does not end a call that takes too long; ctx does.
func Do(ctx context.Context, policy Policy, fn func(context.Context) error, onRetry func(attempt int, err error, delay time.Duration)) error {
	if err := policy.Fill(); err != nil {
		return err
	}
	began := time.Now()
	for failures := 1; ; failures++ {
		err := fn(ctx)
		if err == nil {
			return nil
		}
		verdict := policy.judge(ctx, err)
		if !verdict.Retryable && verdict.Rule != classify.RuleLongWait { // Wait decides how long is too long
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		elapsed := time.Since(began)
		delay, stop := policy.Wait(failures, &verdict, rand.Uint32())
		if stop == "" && policy.MaxElapsed > 0 && delay > policy.MaxElapsed-elapsed {
			stop = classify.MaxElapsedExceeded
		}
		if stop != "" {
			return &Error{Verdict: gaveUp(stop, &verdict), Last: &verdict, Attempts: failures, Elapsed: elapsed, Err: err}
		}
		if onRetry != nil {
			onRetry(failures, err, delay)
		}
		if !sleep(ctx, delay) {
			return context.Cause(ctx)
		}
	}
}

// gaveUp returns the engine's own verdict, with the facts of the last failure.
func gaveUp(kind classify.Kind, last *classify.Verdict) classify.Verdict {
	v := classify.NewVerdict(kind, &classify.Failure{Provider: last.Provider})
	v.Status, v.RetryAfterMs, v.Detail = last.Status, last.RetryAfterMs, last.Detail
	return *v
}

// judge returns the verdict on the error of a call. ctx is the caller's.
func (p *Policy) judge(ctx context.Context, err error) classify.Verdict {
	var inner *Error
	if errors.As(err, &inner) {
		if inner.Timeout() && ctx.Err() == nil {
			return *classify.NewVerdict(classify.Timeout, &classify.Failure{Provider: inner.Verdict.Provider})
		}
		return inner.Verdict
	}
	f := classify.FromError(err)
	f.UnknownRetryable, f.Now = p.UnknownRetryable, time.Now().UnixMilli()
	if f.Canceled && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return *classify.NewVerdict(classify.Timeout, &classify.Failure{})
	}
	v := classify.Classify(f)
	var says interface{ Retryable() bool }
	if errors.As(err, &says) {
		v.Retryable = says.Retryable()
	}
	return v
}

// sleep waits for d, and reports whether ctx has not ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
	return ctx.Err() == nil
}
