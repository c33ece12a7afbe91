// Package growth tells linear from quadratic time in tests, on machines that
// are slow or busy: it compares the same work on two sizes, and asks no clock
// how long anything may take.
package growth

import (
	"testing"
	"time"
)

const (
	// times is how much larger the large work is.
	times = 16
	// most is how much longer it may take: twice what is linear, an eighth of what is quadratic.
	most = 2 * times
	// tries is how often the two are compared. Being disturbed makes work look slower, so one good comparison is enough.
	tries = 10
)

// Linear fails the test if work takes more than linear time. It is called with
// a size, and with 16 times that size; small should take a millisecond or so.
func Linear(t testing.TB, name string, small int, work func(size int)) {
	t.Helper()
	least := func(size int) time.Duration {
		best := time.Duration(1<<63 - 1)
		for range 5 {
			best = min(best, cost(func() { work(size) }))
		}
		return best
	}
	ratio := 0.0
	for range tries {
		ratio = float64(least(times*small)) / float64(max(least(small), time.Microsecond))
		if ratio <= most {
			return
		}
	}
	t.Errorf("%s: %d times the size takes %.0f times as long", name, times, ratio)
}
