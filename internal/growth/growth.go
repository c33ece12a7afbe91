// Package growth lets tests distinguish linear from quadratic time, even on slow
// or busy machines: it compares the same work at two sizes, and sets no absolute
// time limit.
package growth

import (
	"testing"
	"time"
)

const (
	// times is the ratio of the two sizes.
	times = 16
	// most is the largest ratio of the two times that passes: twice linear, an eighth of quadratic.
	most = 2 * times
	// tries is how many comparisons are made at most. Interference makes work look slower, so one good comparison is enough.
	tries = 10
)

// Linear fails the test if work takes more than linear time. It calls work with
// small and with 16 times small; work(small) should take about a millisecond.
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
