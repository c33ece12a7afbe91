package session

import "github.com/steadfetch/steadfetch/internal/sse"

// Listener is called with an event among bytes that begin at from in the body.
// protocol.Hear says what it adds to the answer.
type Listener func(e *sse.Event, from int64)

// listening is what a Listener was told of in a Read.
type listening struct {
	by   Listener
	from int64 // the first byte that is held
	all  bool  // every event from there on
}

// Listen has l told of the events that Read finds, which spares a host that
// gives events to its consumer a reader of its own.
func (s *Session) Listen(l Listener) { s.listening.by = l }

// Listened reports whether the Listener was told of exactly the events in the
// bytes that go on after the last Read.
func (s *Session) Listened() bool {
	return s.listening.all && s.out > 0 && s.Moves() == nil
}

func (s *Session) listen() {
	l := &s.listening
	if l.by == nil || !l.all {
		return
	}
	if l.all = s.watch == watched && !s.ended; l.all { // else nothing matches a shape, and a reader is faster
		l.by(&s.reading.event, l.from)
	}
}
