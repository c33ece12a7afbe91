//go:build !linux

package growth

import "time"

// cost is the time that work takes.
func cost(work func()) time.Duration {
	began := time.Now()
	work()
	return time.Since(began)
}
