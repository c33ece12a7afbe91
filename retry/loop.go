//go:build !tinygo

package retry

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/steadfetch/steadfetch/classify"
)

// Retry is [Do] with the default policy: after 1s -> 2s -> 4s … 60s, forever.
// It bounds neither the number of attempts nor the time: ctx does.
func Retry(ctx context.Context, fn func(context.Context) error, onRetry func(attempt int, err error, delay time.Duration)) error {
	return Do(ctx, Policy{}, fn, onRetry)
}

// Do calls fn until it succeeds, fails for good, ctx ends or policy gives up.
//
// It calls fn at least once, even if ctx is done already. A failure that is
// not retryable is returned unchanged, also if it is an [*Error], as a transport
// gives it. Otherwise onRetry, if not nil, is called with the number of failures
// so far, the error and the wait, before the wait. When ctx ends first, its cause
// is returned; when policy gives up, an [*Error] that wraps the last failure. A
// wait that does not fit into MaxElapsed is not begun.
//
// What is retryable, [classify.IsRetryable] says: failures of networks and what
// providers say in their own words. An error of your own is unknown, and so not
// retried, unless it has a method Retryable() bool or the policy says
// UnknownRetryable.
//
// A server's wait is honoured, up to MaxRetryAfter. Errors of SDKs tell it by the
// response that they keep ([classify.FromError] says how), an error of your own by
// a method Header() http.Header, or by its text ("try again in 20s"). For a plain
// response it is &Error{Verdict: transport.ClassifyResponse(response)}.
//
// A deadline that fn sets for one call is a failure like any other: it is
// retryable as long as ctx itself lives. Any other done context that fn gives
// back is not.
//
// What a policy says of streams does nothing here: its time-outs, AfterCommit,
// Resume, Lenient, the budget and the cool-down. Do does not stop a call that
// takes long; ctx does.
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
		if !verdict.Retryable && verdict.Rule != classify.RuleLongWait { // how long is too long, Wait says
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

// gaveUp is the engine's own verdict, with the facts of the last failure.
func gaveUp(kind classify.Kind, last *classify.Verdict) classify.Verdict {
	v := classify.NewVerdict(kind, &classify.Failure{Provider: last.Provider})
	v.Status, v.RetryAfterMs, v.Detail = last.Status, last.RetryAfterMs, last.Detail
	return *v
}

// judge is the verdict on what a call gave back while ctx was the caller's.
func (p *Policy) judge(ctx context.Context, err error) classify.Verdict {
	var own *Error
	if errors.As(err, &own) {
		if own.Timeout() && ctx.Err() == nil {
			return *classify.NewVerdict(classify.Timeout, &classify.Failure{Provider: own.Verdict.Provider})
		}
		return own.Verdict
	}
	f := classify.FromError(err)
	f.UnknownRetryable, f.Now = p.UnknownRetryable, time.Now().UnixMilli()
	if f.Canceled && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return *classify.NewVerdict(classify.Timeout, &classify.Failure{})
	}
	v := classify.Classify(f)
	var judged interface{ Retryable() bool }
	if errors.As(err, &judged) {
		v.Retryable = judged.Retryable()
	}
	return v
}

// sleep reports whether ctx outlived d.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
	return ctx.Err() == nil
}
