package transport

import (
	"slices"
	"sync"

	"github.com/steadfetch/steadfetch/retry/session"
)

// Controller is what a "Retry now" and a "Stop" button need. It controls the current
// requests of all transports that it is set in. The zero Controller is ready to use.
// It is safe for concurrent use and must not be copied.
type Controller struct {
	mu     sync.Mutex
	rounds []*round
	stops  int // how often Stop was called: a request may be in preparation then
}

// RetryNow ends all waits, and resets the failure counts of those requests to 0. It
// does nothing to requests that are not waiting.
func (c *Controller) RetryNow() { c.ask(askRetryNow) }

// Stop ends all requests. errors.Is finds [retry.ErrStopped] in their errors; what
// was received before can still be read.
func (c *Controller) Stop() {
	c.mu.Lock()
	c.stops++
	c.mu.Unlock()
	c.ask(askStop)
}

// Snapshots returns the states of the requests that are not over, oldest first.
func (c *Controller) Snapshots() []session.Snapshot {
	var all []session.Snapshot
	for _, r := range c.list() {
		if s, err := r.session.Snapshot(); err == nil { // otherwise it has just ended
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

func (c *Controller) ask(what uint32) {
	for _, r := range c.list() {
		r.asked.Or(what)
		r.wakeUp()
	}
}

// stopped returns how often Stop was called.
func (c *Controller) stopped() int {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stops
}

// add adds a request, which was made when stopped returned stops.
func (c *Controller) add(r *round, stops int) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rounds = append(c.rounds, r)
	if c.stops != stops {
		r.asked.Or(askStop)
		r.wakeUp()
	}
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
