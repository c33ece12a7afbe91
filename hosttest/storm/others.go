package main

import "math"

// formula is a client that coordinates with nobody: how long it waits after so
// many failures in a row, from 1, when the server wishes for wish ms (-1: for nothing).
type formula struct {
	w        *world
	failures []int32
	wait     func(w *world, failures int, wish int64) int64
}

func waits(wait func(w *world, failures int, wish int64) int64) func(*world) clients {
	return func(w *world) clients {
		return &formula{w: w, failures: fill32(len(w.born)), wait: wait}
	}
}

func (f *formula) start(c int) { f.w.send(c) }
func (f *formula) timer(c int) { f.w.send(c) }
func (f *formula) end(int)     {}

func (f *formula) headers(c, status int, wish int64) {
	if status >= 400 {
		f.failures[c]++
		f.w.wake(c, f.wait(f.w, int(f.failures[c]), wish))
	}
}

// backoff is first ms, doubled with each failure, at most most.
func backoff(failures int, first, most float64) float64 {
	return min(most, first*math.Pow(2, float64(failures-1)))
}

// alone is the default policy, without what sessions share.
func alone(_ *world, failures int, wish int64) int64 {
	return max(int64(backoff(failures, 1000, 60_000)), wish)
}

// fullJitter is the same with any wait up to it (AWS Architecture Blog,
// "Exponential Backoff And Jitter").
func fullJitter(w *world, failures int, wish int64) int64 {
	return max(int64(w.random.Float64()*backoff(failures, 1000, 60_000)), wish)
}

// openaiSDK is openai-node's calculateDefaultRetryTimeoutMillis; it does as the
// server wishes, up to a minute.
func openaiSDK(w *world, failures int, wish int64) int64 {
	if wish >= 0 && wish < 60_000 {
		return wish
	}
	return int64(backoff(failures, 500, 8000) * (1 - w.random.Float64()*0.25))
}

// aiSDK is the AI SDK's retryWithExponentialBackoffRespectingRetryHeaders.
func aiSDK(_ *world, failures int, wish int64) int64 {
	own := backoff(failures, 2000, math.MaxInt32)
	if wish >= 0 && (wish < 60_000 || float64(wish) < own) {
		return wish
	}
	return int64(own)
}

// pRetry is p-retry with its defaults.
func pRetry(_ *world, failures int, _ int64) int64 {
	return int64(backoff(failures, 1000, math.MaxInt32))
}
