package transport

import (
	"sync"

	"github.com/steadfetch/steadfetch/retry/session"
)

// Group is what the requests to one origin share: a cool-down (a 429 for one
// holds the others back, and one goes first when the time is up) and the retry
// budget. The zero Group is ready; it is safe for concurrent use and must not
// be copied.
//
// All transports share one group unless they are given another. A test in a
// testing/synctest bubble should give its transports one, since time and
// channels of a bubble must not leave it.
type Group struct {
	mu      sync.Mutex // guards what the sessions of this group decide, not what they read
	shared  session.Group
	waiting map[string]map[*round]struct{} // by origin
}

var everyone Group

// hold and release note who waits, and so is to hear when something about its
// origin changes. The lock is held.
func (g *Group) hold(r *round) {
	if g.waiting == nil {
		g.waiting = map[string]map[*round]struct{}{}
	}
	if g.waiting[r.origin] == nil {
		g.waiting[r.origin] = map[*round]struct{}{}
	}
	g.waiting[r.origin][r] = struct{}{}
}

func (g *Group) release(r *round) {
	delete(g.waiting[r.origin], r)
	if len(g.waiting[r.origin]) == 0 {
		delete(g.waiting, r.origin)
	}
}

// poke wakes the others that wait for r's origin. The lock is held.
func (g *Group) poke(r *round) {
	for other := range g.waiting[r.origin] {
		if other != r {
			other.rouse()
		}
	}
}
