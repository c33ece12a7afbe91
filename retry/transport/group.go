package transport

import (
	"sync"

	"github.com/steadfetch/steadfetch/retry/session"
)

// Group is what requests share that the same limit of a server applies to. When
// one of them meets the limit, the others wait. When the time is up, one goes first
// and more follow, first come, first served. They share the retry budget too. The
// zero Group is ready to use. It is safe for concurrent use and must not be copied.
//
// All transports share one group unless Transport.Group says otherwise. In a
// testing/synctest bubble, give the transports a group of their own, since
// channels and timers of a bubble must not be used outside it.
type Group struct {
	mu     sync.Mutex // held while a session decides, not while it reads
	shared session.Group
	last   int            // the last ID
	rounds map[int]*round // those that are not over, by their session's ID
}

var defaultGroup Group

// join registers r, and returns its ID.
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

// leave unregisters a round that is over.
func (g *Group) leave(id int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.rounds, id)
}

// wake wakes the rounds whose turn it is. One that is not waiting yet wakes as soon as
// it does.
func (g *Group) wake(ids []int) {
	if len(ids) == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, id := range ids {
		if r := g.rounds[id]; r != nil {
			r.wakeUp()
		}
	}
}
