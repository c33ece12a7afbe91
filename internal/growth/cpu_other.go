//go:build !linux

package growth

import "time"

// cost returns the wall-clock time that work takes.
func cost(work func()) time.Duration {
	began := time.Now()
	work()
	return time.Since(began)
}
