package retry_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/steadfetch/steadfetch/retry"
)

var errTransient = errors.New("status 503: service unavailable")

// failing is a function that fails with these errors and then succeeds. It records
// when it was called.
type failing struct {
	errs  []error
	began time.Time
	calls []time.Duration
}

func (f *failing) call(context.Context) error {
	if f.began.IsZero() {
		f.began = time.Now()
	}
	f.calls = append(f.calls, time.Since(f.began))
	if n := len(f.calls); n <= len(f.errs) {
		return f.errs[n-1]
	}
	return nil
}

func TestASuccessIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := failing{}
		require.NoError(t, retry.Retry(t.Context(), f.call, nil))
		require.Equal(t, []time.Duration{0}, f.calls)
	})
}

func TestTransientFailuresAreRetriedAfterTheirDelays(t *testing.T) {
	for n, want := range map[int][]time.Duration{
		1: {0, time.Second},
		3: {0, time.Second, 3 * time.Second, 7 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := failing{errs: []error{errTransient, errTransient, errTransient}[:n]}
			require.NoError(t, retry.Retry(t.Context(), f.call, nil))
			require.Equal(t, want, f.calls)
		})
	}
}

func TestAFailureThatIsNotRetryableIsReturnedUnchanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := errors.New("401 Unauthorized: invalid api key")
		f := failing{errs: []error{errTransient, bad}}
		called := 0
		err := retry.Retry(t.Context(), f.call, func(int, error, time.Duration) { called++ })
		require.Equal(t, bad, err) // the same value, not one that wraps it
		require.Len(t, f.calls, 2)
		require.Equal(t, 1, called)
	})
}

func TestACancelByTheCallEndsTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		err := retry.Retry(ctx, func(context.Context) error {
			calls++
			cancel()
			return errTransient
		}, func(int, error, time.Duration) { t.Error("onRetry after the cancel") })
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 1, calls)
	})
}

func TestACancelDuringTheWaitEndsTheLoopAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		left := errors.New("the user left")
		f := failing{errs: []error{errTransient, errTransient, errTransient}}
		began := time.Now()
		err := retry.Retry(ctx, f.call, func(attempt int, _ error, _ time.Duration) {
			if attempt == 2 {
				time.AfterFunc(300*time.Millisecond, func() { cancel(left) })
			}
		})
		require.Equal(t, left, err)
		require.Equal(t, 1300*time.Millisecond, time.Since(began))
		require.Len(t, f.calls, 2)

		ctx, stop := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer stop()
		require.ErrorIs(t, retry.Retry(ctx, (&failing{errs: []error{errTransient}}).call, nil), context.DeadlineExceeded)
	})
}

func TestTheCallIsMadeAtLeastOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		f := failing{}
		require.NoError(t, retry.Retry(ctx, f.call, nil))
		require.Len(t, f.calls, 1)
		f = failing{errs: []error{errTransient}}
		require.ErrorIs(t, retry.Retry(ctx, f.call, nil), context.Canceled)
		require.Len(t, f.calls, 1)
		bad := errors.New("invalid api key")
		f = failing{errs: []error{bad}}
		require.Equal(t, bad, retry.Retry(ctx, f.call, nil))
	})
}

func TestOnRetryIsCalledForEachFailureBeforeItsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := errors.New("model is overloaded, please try again"), fmt.Errorf("provider call failed: %w", errTransient)
		f := failing{errs: []error{first, second}}
		type heard struct {
			attempt int
			err     error
			delay   time.Duration
			at      time.Duration
		}
		var all []heard
		began := time.Now()
		require.NoError(t, retry.Retry(t.Context(), f.call, func(attempt int, err error, delay time.Duration) {
			all = append(all, heard{attempt, err, delay, time.Since(began)})
		}))
		require.Equal(t, []heard{{1, first, time.Second, 0}, {2, second, 2 * time.Second, time.Second}}, all)
	})
}

func TestDelayDoublesUpToAMinute(t *testing.T) {
	for attempt, seconds := range map[int]int{
		math.MinInt: 1, -1: 1, 0: 1, 1: 2, 2: 4, 3: 8, 4: 16, 5: 32, 6: 60, 7: 60, 10: 60, 62: 60, 63: 60, 64: 60, 100: 60, math.MaxInt: 60,
	} {
		require.Equal(t, time.Duration(seconds)*time.Second, retry.Delay(attempt), "attempt %d", attempt)
	}
}
