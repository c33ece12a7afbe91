package session

import "github.com/steadfetch/steadfetch/internal/sse"

// Listener is called with an event among bytes that begin at from in the body.
// protocol.Hear says what it adds to the answer.
type Listener func(e *sse.Event, from int64)

// listening is which events of a Read a Listener has received.
type listening struct {
	by   Listener
	from int64 // the first byte that is held
	all  bool  // every event from there on
}

// Listen calls l with the events that Read finds, so that a host that passes events
// to its consumer needs no reader of its own.
func (s *Session) Listen(l Listener) { s.listening.by = l }

// Listened reports whether the Listener received exactly the events in the bytes
// that the last Read delivers.
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
