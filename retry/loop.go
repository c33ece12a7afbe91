//go:build !tinygo

package retry

import (
	"context"
	"time"

	"github.com/steadfetch/steadfetch/classify"
)

// Retry calls fn until it succeeds, fails for good or ctx ends.
//
// It calls fn at least once, even if ctx is done already. A failure that is
// not retryable is returned unchanged. Otherwise onRetry, if not nil, is called
// with the number of failures so far, the error and the wait, before the wait,
// which is Delay's: 1s -> 2s -> 4s … 60s, for ever. When ctx ends first, its
// cause is returned.
//
// Retry bounds neither the number of attempts nor the time: ctx does.
func Retry(ctx context.Context, fn func(context.Context) error, onRetry func(attempt int, err error, delay time.Duration)) error {
	for failures := 0; ; failures++ {
		err := fn(ctx)
		if err == nil || !classify.IsRetryable(err) {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		delay := Delay(failures)
		if onRetry != nil {
			onRetry(failures+1, err, delay)
		}
		timer := time.NewTimer(delay)
		select {
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-timer.C:
		}
	}
}
