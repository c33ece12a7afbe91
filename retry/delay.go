package retry

import (
	"time"

	"github.com/steadfetch/steadfetch/classify"
)

const (
	initialDelay = time.Second
	maxDelay     = time.Minute
)

// Delay returns the default wait before retry number attempt, counted from 0:
// 1s -> 2s -> 4s -> 8s -> 16s -> 32s -> 60s -> 60s …. A negative attempt counts as 0.
// It adds no jitter.
func Delay(attempt int) time.Duration { return backoff(attempt, initialDelay, maxDelay) }

// backoff doubles first attempt times, up to most. It cannot overflow, since a policy
// has no wait above MaxWait.
func backoff(attempt int, first, most time.Duration) time.Duration {
	d := min(first, most)
	for ; attempt > 0 && d < most && d > 0; attempt-- {
		d = min(d*2, most)
	}
	return max(d, 0)
}

// Wait returns how long to wait after a failure with verdict v or, in stop, the kind
// of verdict that ends the retrying. failures is the number of failures including
// this one, from 1. random is 32 random bits for the jitter. p must have its defaults
// (see Fill). Wait reads no clock, so the caller must check MaxElapsed.
//
// The wait is the longer of two: the backoff with its jitter, and what the server asked
// for, which jitter can only make longer.
func (p *Policy) Wait(failures int, v *classify.Verdict, random uint32) (wait time.Duration, stop classify.Kind) {
	if p.MaxAttempts > 0 && failures >= p.MaxAttempts {
		return 0, classify.AttemptsExhausted
	}
	wait = backoff(max(failures, 1)-1, p.InitialDelay, p.MaxDelay)
	switch p.Jitter {
	case JitterFull:
		wait = fraction(wait, random)
	case JitterEqual:
		wait -= fraction(wait/2, random)
	}
	if v.Kind == classify.EmptyOutput && failures == 1 {
		wait = 0 // most likely a glitch, so the first retry goes at once
	}
	if v.RetryAfterMs == nil {
		return wait, ""
	}
	if *v.RetryAfterMs > MaxWait.Milliseconds() {
		return 0, classify.RetryAfterTooLong
	}
	asked := time.Duration(*v.RetryAfterMs) * time.Millisecond
	if p.MaxRetryAfter > 0 && asked > p.MaxRetryAfter {
		return 0, classify.RetryAfterTooLong
	}
	if asked >= wait {
		wait = asked
		if p.Jitter != JitterNone {
			wait = min(wait+fraction(asked/10, random), MaxWait)
		}
	}
	return wait, ""
}

// fraction returns d times a random fraction in [0, 1], in whole milliseconds so
// that every host waits equally long.
func fraction(d time.Duration, random uint32) time.Duration {
	ms := d.Milliseconds() // below 2^31, so the product fits
	return time.Duration(ms*int64(random>>1)/maxNumber) * time.Millisecond
}
