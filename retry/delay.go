package retry

import (
	"time"

	"github.com/steadfetch/steadfetch/classify"
)

const (
	initialDelay = time.Second
	maxDelay     = time.Minute
	// MaxTimerMs is the longest wait that every host's timer can hold: browsers
	// and Node.js keep it in a signed 32-bit integer (WHATWG HTML §8.6).
	MaxTimerMs = 1<<31 - 1
)

// Delay is the default wait before retry number attempt, counted from 0:
// 1s -> 2s -> 4s -> 8s -> 16s -> 32s -> 60s -> 60s …. A negative attempt
// counts as 0. There is no jitter.
func Delay(attempt int) time.Duration {
	return time.Duration(backoff(attempt, initialDelay.Milliseconds(), maxDelay.Milliseconds())) * time.Millisecond
}

// backoff doubles first attempt times and stops at most, both in ms. It cannot
// overflow: most is below half of what an int64 holds.
func backoff(attempt int, first, most int64) int64 {
	d := min(first, most)
	for ; attempt > 0 && d < most && d > 0; attempt-- {
		d = min(d*2, most)
	}
	return d
}

// Wait is how long to wait after a failure with verdict v, in milliseconds, or
// the kind of verdict that ends the retrying instead. failures counts it too,
// from 1. p must be filled. It looks at no clock: MaxElapsedMs is its caller's.
//
// The wait is the longer one of the backoff, jittered, and what the server
// asked for, which jitter only lengthens.
func (p *Policy) Wait(failures int, v *classify.Verdict, random *Random) (ms int64, stop classify.Kind) {
	if p.MaxAttempts > 0 && int64(failures) >= p.MaxAttempts {
		return 0, classify.AttemptsExhausted
	}
	ms = backoff(failures-1, p.InitialDelayMs, p.MaxDelayMs)
	switch p.Jitter {
	case JitterFull:
		ms = random.scale(ms)
	case JitterEqual:
		ms -= random.scale(ms / 2)
	}
	if v.Kind == classify.EmptyOutput && failures == 1 {
		ms = 0 // likely to have been a slip: the first retry goes at once
	}
	if v.RetryAfterMs == nil {
		return ms, ""
	}
	asked := *v.RetryAfterMs
	if p.MaxRetryAfterMs > 0 && asked > p.MaxRetryAfterMs || asked > MaxTimerMs {
		return 0, classify.RetryAfterTooLong
	}
	if asked >= ms {
		ms = asked
		if p.Jitter != JitterNone {
			ms = min(ms+random.scale(asked/10), MaxTimerMs)
		}
	}
	return ms, ""
}

// Random is the state of the jitter. NewRandom makes one.
type Random uint32

// NewRandom is a Random from any seed. The same seed gives the same waits.
func NewRandom(seed int64) Random {
	r := Random(uint32(seed)*2654435761 | 1)
	r.next() // small seeds begin with small numbers
	return r
}

// scale is d times a random fraction in [0, 1]. Waits are below 2^31 ms, so
// the product fits.
func (r *Random) scale(d int64) int64 { return d * int64(r.next()>>1) / (1<<31 - 1) }

// next steps a xorshift generator (Marsaglia 2003). Its state is never 0.
func (r *Random) next() uint32 {
	x := uint32(*r)
	x ^= x << 13
	x ^= x >> 17
	x ^= x << 5
	*r = Random(x)
	return x
}
