package transport

import (
	"sync"

	"github.com/steadfetch/steadfetch/retry/session"
)

// Group is what the requests that one limit of a server holds together share:
// where one meets it the others wait, one goes first when the time is up, and
// more follow, first come, first served. They share the retry budget too. The
// zero Group is ready; it is safe for concurrent use and must not be copied.
//
// All transports share one group unless they are given another. A test in a
// testing/synctest bubble should give its transports one, since time and
// channels of a bubble must not leave it.
type Group struct {
	mu     sync.Mutex // guards what the sessions of this group decide, not what they read
	shared session.Group
	last   int
	rounds map[int]*round // those that are not over, by their session's ID
}

var everyone Group

// join gives r a number.
func (g *Group) join(r *round) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.rounds == nil {
		g.rounds = map[int]*round{}
	}
	g.last++
	g.rounds[g.last] = r
	return g.last
}

// leave forgets a round that is over.
func (g *Group) leave(id int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.rounds, id)
}

// wake rouses those whose turn it is. One that does not wait yet sees it as soon
// as it does.
func (g *Group) wake(ids []int) {
	if len(ids) == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, id := range ids {
		if r := g.rounds[id]; r != nil {
			r.rouse()
		}
	}
}
