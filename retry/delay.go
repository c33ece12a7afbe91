package retry

import "time"

const (
	initialDelay = time.Second
	maxDelay     = time.Minute
	// maxTimerMs is the longest wait that every host's timer can hold: browsers
	// and Node.js keep it in a signed 32-bit integer (WHATWG HTML §8.6).
	maxTimerMs = 1<<31 - 1
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

// scale is d times a random fraction in [0, 1]. Waits are below 2^31 ms, so
// the product fits.
func scale(d int64, state *uint32) int64 { return d * int64(next(state)>>1) / (1<<31 - 1) }

// next steps a xorshift generator (Marsaglia 2003). Its state is never 0.
func next(state *uint32) uint32 {
	x := *state
	x ^= x << 13
	x ^= x >> 17
	x ^= x << 5
	*state = x
	return x
}
