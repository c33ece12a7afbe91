package transport

import (
	"slices"
	"sync"

	"github.com/steadfetch/steadfetch/retry/session"
)

// Controller is what a "Retry now" and a "Stop" button need. Requests of all
// transports that it is given to count; a request leaves when it is over. The
// zero Controller is ready; it is safe for concurrent use and must not be copied.
type Controller struct {
	mu     sync.Mutex
	rounds []*round
}

// RetryNow ends the waits and sets the counts of failures to 0. Requests that
// are not waiting are not touched.
func (c *Controller) RetryNow() { c.tell(askRetryNow) }

// Stop ends the requests. Their errors are [retry.ErrStopped]; what was
// received before can still be read.
func (c *Controller) Stop() { c.tell(askStop) }

// Snapshots are the states of the requests that are not over, oldest first.
func (c *Controller) Snapshots() []session.Snapshot {
	var all []session.Snapshot
	for _, r := range c.list() {
		if s, err := r.session.Snapshot(); err == nil { // else it was freed just now
			all = append(all, s)
		}
	}
	return all
}

func (c *Controller) list() []*round {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.rounds)
}

func (c *Controller) tell(what uint32) {
	for _, r := range c.list() {
		r.asked.Or(what)
		r.rouse()
	}
}

func (c *Controller) add(r *round) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rounds = append(c.rounds, r)
}

func (c *Controller) remove(r *round) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.rounds, r); i >= 0 {
		c.rounds = slices.Delete(c.rounds, i, i+1)
	}
}
